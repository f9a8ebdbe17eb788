"""The command line as a stranger meets it: exit codes, one-line errors, JSON, progress."""

import io
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from evals.model_server import ModelServer, structured

PROGRAM = "from app.cli import main; main()"


def run(cli: Any, job: Any, *more: object) -> tuple[int, str, str]:
    return cli("run", job.contract, job.sources, "--out", job.out, *more)


def test_a_published_run_ends_with_0_and_says_where_everything_is(cli: Any, job: Any) -> None:
    code, out, err = run(cli, job, "--run-id", "first")
    assert code == 0, err
    assert "Published" in out
    assert str(job.out / "orders.parquet") in out
    assert str(job.out / "_runs" / "first" / "report.html") in out
    assert "landed 3 of 3 files" in err


def test_json_is_one_object_on_standard_output(cli: Any, job: Any) -> None:
    code, out, _ = run(cli, job, "--json")
    content = json.loads(out)
    assert code == 0
    assert {"run_id", "status", "tables", "checks", "decisions", "replans", "steps", "model", "seconds"} <= set(content)
    assert set(content["model"]) == {"requests", "prompt_tokens", "completion_tokens"}
    assert content["tables"]["orders"]["rows_published"] == 3
    assert {"kind", "subject", "answer", "method", "votes", "confidence", "decided_by"} <= set(content["decisions"][0])
    assert {"table", "column", "rule", "result", "count"} <= set(content["checks"][0])


def test_a_contract_not_met_ends_with_1_and_publishes_nothing(cli: Any, job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("value: 0.5", "value: 0.0"))
    code, out, _ = run(cli, job)
    assert code == 1
    assert "not met" in out
    assert not list(job.out.glob("*.parquet"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "missing.yaml", "x.csv", "--out", "o"), "missing.yaml"),
        (("resume", "nothing"), "there is no run 'nothing'"),
        (("resume", "../../etc"), "there is no run"),
        (("eval", "nothing"), "covid19"),
        (("check", "missing.yaml"), "missing.yaml"),
    ],
)
def test_wrong_use_is_one_line_and_2(cli: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = cli(*arguments)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err + out


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--engine", "spark"), "spark"),
        (("--approve", "everything"), "everything"),
        (("--approve", "plan,auto"), "plan,auto"),
        (("--run-id", "../x"), "../x"),
    ],
)
def test_options_that_cannot_be_followed_are_refused(cli: Any, job: Any, option: tuple[str, ...], said: str) -> None:
    code, _, err = run(cli, job, *option)
    assert code == 2
    assert said in err
    assert not job.out.exists()


def test_running_an_id_again_names_resume(cli: Any, job: Any) -> None:
    run(cli, job, "--run-id", "once")
    code, _, err = run(cli, job, "--run-id", "once")
    assert code == 2
    assert "millwright resume once" in err


def test_a_spent_budget_ends_with_4_and_resume_finishes(cli: Any, small_job: Any) -> None:
    code, out, _ = run(cli, small_job, "--run-id", "b", "--budget-seconds", "0.001")
    assert code == 4
    assert "millwright resume b" in out
    for _ in range(30):
        code, _, _ = cli("resume", "b")
        if code != 4:
            break
    assert code == 0


def test_runs_lists_status(cli: Any, job: Any) -> None:
    run(cli, job, "--run-id", "one")
    code, out, _ = cli("runs", "--json")
    assert code == 0
    assert [(entry["run_id"], entry["status"]) for entry in json.loads(out)["runs"]] == [("one", "published")]


def test_a_goal_without_a_model_is_said_not_to_be_used(cli: Any, job: Any) -> None:
    code, out, err = run(cli, job, "--goal", "tidy up", "--json")
    assert code == 0
    assert "goal: the goal was not used: no model is configured" in err
    assert "the goal was not used: no model is configured" in json.loads(out)["warnings"]


def test_sql_that_was_drafted_is_shown_whole_with_what_it_makes_of_the_data(
    cli: Any, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    column = '{name: amount, logicalType: number, physicalType: "DECIMAL(10,2)", logicalTypeOptions: {minimum: 0}}'
    text = job.contract.read_text()
    assert column in text
    more = "\n      - {name: cents, logicalType: integer, description: The amount in hundredths}"
    job.contract.write_text(text.replace(column, column + more))
    sql = "cast(amount * 100 as bigint)"
    with ModelServer(lambda request: structured(request, {"sql": sql, "reason": "a\x1b[31m reason"})) as server:
        monkeypatch.setenv("MILLWRIGHT_MODEL__BASE_URL", server.base_url)
        code, out, _ = run(cli, job, "--goal", "amounts in cents", "--model", "sim", "--run-id", "g")
    assert code == 3
    assert "SQL drafted for orders.cents" in out
    assert "goal: amounts in cents" in out
    assert f"SQL: {sql}\n" in out
    assert "amount '5.00' -> '500'" in out
    assert "\x1b" not in out
    assert cli("resume", "g", "--answer", '{"accept": ["orders.id"]}')[0] == 2
    code, out, _ = cli("resume", "g", "--answer", '{"accept": ["orders.cents"]}', "--json")
    assert code == 0
    assert "contract.drafted.yaml" in {path.name for path in (job.out / "_runs" / "g").iterdir()}


def test_a_goal_that_is_too_long_is_refused_in_one_line(cli: Any, job: Any) -> None:
    code, _, err = run(cli, job, "--goal", "x" * 2_001)
    assert (code, err.count("\n")) == (2, 1)


def test_doctor_finds_nothing_missing(cli: Any) -> None:
    code, out, _ = cli("doctor", "--json")
    assert code == 0
    assert json.loads(out)["problems"] == []


def test_a_bad_setting_is_named(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_THREADS", "none")
    code, _, err = cli("runs")
    assert code == 2
    assert "MILLWRIGHT_THREADS" in err


def test_a_list_that_is_no_json_is_said_in_one_line(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_MODEL__FALLBACK", "second")
    code, _, err = cli("runs")
    assert code == 2
    assert "lists are JSON" in err


def test_check_accepts_published_tables_and_names_what_is_wrong(cli: Any, job: Any) -> None:
    run(cli, job)
    published = sorted(job.out.glob("*.parquet"))
    code, out, err = cli("check", job.contract, *published)
    assert code == 0, out + err
    code, out, _ = cli("check", job.contract, job.sources / "customers.csv")
    assert code == 1
    assert "Atlantis" in out


def test_check_shows_the_place_of_a_fault(cli: Any, job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("logicalType: date", "logicalType: datum"))
    code, out, _ = cli("check", job.contract, "--json")
    assert code == 1
    assert [fault["place"] for fault in json.loads(out)["faults"]] == ["schema/1/properties/2/logicalType"]


def test_help_is_quick_and_loads_no_crew() -> None:
    program = "import sys; sys.argv = ['millwright', '--help']\nfrom app.cli import main\n"
    program += "try: main()\nexcept SystemExit: pass\n"
    program += "print([name for name in ('langgraph', 'duckdb', 'langchain_openai', 'sqlglot') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_a_run_without_a_model_loads_no_model_library(job: Any) -> None:
    program = (
        "import sys\nfrom graphs.session import run\nfrom state.run import RunContext\n"
        f"context = RunContext(home={str(job.home)!r})\n"
        f"run({str(job.contract)!r}, [{str(job.sources)!r}], {str(job.out)!r}, context=context)\n"
        "print([name for name in ('langchain_openai', 'openai', 'tiktoken') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_values_from_data_cannot_drive_the_terminal(cli: Any, job: Any) -> None:
    source = job.sources / "customers.csv"
    source.write_text(source.read_text() + "5,Mallory,\x1b[31mRed\n")
    _, out, err = run(cli, job)
    assert "\x1b" not in out + err


def test_report_escapes_values(cli: Any, job: Any) -> None:
    source = job.sources / "customers.csv"
    source.write_text(source.read_text() + "5,Mallory,<script>alert(1)</script>\n")
    run(cli, job, "--run-id", "x")
    report = (job.out / "_runs" / "x" / "report.html").read_text()
    assert "<script>" not in report
    assert "&lt;script&gt;" in report


@pytest.mark.parametrize("patience", [0.0, 0.3, 0.8, 1.5])
def test_killed_in_its_first_moments_a_run_can_be_resumed(cli: Any, job: Any, patience: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", job.contract, job.sources, "--out", job.out, "--run-id", "k"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "run k\n"
    time.sleep(patience)
    process.kill()
    process.stderr.close()
    process.wait()
    code, out, err = cli("resume", "k")
    assert code == 0, out + err
    assert sorted(path.stem for path in job.out.glob("*.parquet")) == ["customers", "orders", "totals"]


# ------------------------------------------------------------------ what a trial user met


def test_sql_no_run_could_use_is_found_by_check(cli: Any, job: Any) -> None:
    text = job.contract.read_text()
    bad = "quality: [{type: sql, query: drop table orders, mustBe: 0}]"
    job.contract.write_text(text.replace("c.country, count(*)", "c.land as country, count(*)").replace(
        "- name: totals\n", f"- name: totals\n    {bad}\n"
    ))  # fmt: skip
    code, out, _ = cli("check", job.contract, "--json")
    found = json.loads(out)
    assert code == 0, "the contract is valid, only its SQL cannot be run here"
    assert (found["valid"], found["usable"]) == (True, False)
    assert [fault["place"] for fault in found["faults"] if fault["error"]] == [
        "totals.transformLogic", "totals.quality[0]",
    ]  # fmt: skip
    code, out, _ = cli("check", job.contract)
    assert code == 0
    assert out.splitlines()[0].endswith("valid, but it cannot be run: its SQL is refused or cannot be read")


def test_check_says_that_rules_it_cannot_check_will_stop_publishing(cli: Any, job: Any) -> None:
    assert cli("check", job.contract)[1].splitlines()[0].endswith(": valid")
    custom = "quality: [{type: custom, engine: soda, implementation: x}, {type: text, description: be nice}]"
    job.contract.write_text(job.contract.read_text().replace("- name: totals\n", f"- name: totals\n    {custom}\n"))
    code, out, _ = cli("check", job.contract)
    assert code == 0
    assert out.splitlines()[0].endswith("valid, but 1 rule cannot be checked and will stop publishing")
    assert len(json.loads(cli("check", job.contract, "--json")[1])["not_checkable"]) == 2


def test_check_of_data_breaks_lines_and_cleans_values(cli: Any, job: Any) -> None:
    source = job.sources / "customers.csv"
    source.write_text(source.read_text().replace("UK", "\x1b[31mRed"))
    _, out, _ = cli("check", job.contract, source)
    assert any(line.strip().startswith("customers.csv:4") for line in out.splitlines())
    assert "\x1b" not in out
    assert "\ufffd" not in out  # which stands for what is not printable, such as a line break


def test_stopped_by_the_keyboard_a_run_says_how_it_goes_on(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.run_commands.list_runs", interrupt)
    code, _, err = cli("runs")
    assert code == 130
    assert "millwright resume" in err
    assert len(err.strip().splitlines()) == 1


def test_an_internal_error_is_not_taken_for_a_contract_not_met(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> int:
        raise KeyError("a bug")

    monkeypatch.setattr("app.run_commands.list_runs", fail)
    code, _, err = cli("runs")
    assert code == 70
    assert "internal error" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "c.yaml", "x.csv"), "millwright run: Missing option '--out' (millwright run --help)"),
        (("run",), "(millwright run --help)"),
        (("nothing",), "No such command 'nothing'"),
        (("runs", "--jsno"), "--jsno"),
        (("run", "c.yaml", "x.csv", "--out", "o", "--budget-tokens", "0"), "--budget-tokens"),
    ],
)
def test_misuse_of_the_command_line_is_one_line_that_names_the_help(
    cli: Any, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = cli(*arguments)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert "--help" in err
    assert out == ""


def test_help_ends_with_0_and_no_command_with_help_and_2(cli: Any) -> None:
    code, out, _ = cli("--help")
    assert code == 0
    assert "resume" in out
    assert cli("run", "--help")[0] == 0
    code, out, err = cli()
    assert code == 2
    assert "resume" in out + err


def test_the_summary_names_several_reasons_and_causes_first(cli: Any, job: Any) -> None:
    text = job.contract.read_text().replace("value: 0.5", "value: 0.0")
    job.contract.write_text(text)
    _, out, _ = run(cli, job)
    told = out.split("\n\n")[0].splitlines()
    assert told[0] == "The contract is not met."
    assert {line.split(":")[0].strip() for line in told[1:]} >= {"customers.maxQuarantine", "orders.maxQuarantine"}
    assert " 1 violations" not in out


def test_a_run_that_asks_ends_with_3_until_it_is_answered(cli: Any, job: Any, tmp_path: Any) -> None:
    code, out, _ = run(cli, job, "--run-id", "w", "--approve", "plan, changes")
    assert code == 3
    assert "Waiting for a person." in out
    assert """millwright resume w --answer '{"reply": "accept"}'""" in out
    code, out, _ = cli("resume", "w", "--json")
    asked = json.loads(out)
    assert (code, asked["status"]) == (3, "waiting")
    assert asked["asked"][0]["answer_schema"]["title"] == "PlanAnswer"
    code, out, _ = cli("resume", "w", "--answer", '{"reply": "accept"}')
    assert code == 3
    assert "customers: 6 changes" in out
    assert "country 'UK' -> 'United Kingdom'" in out
    (tmp_path / "answer.json").write_text('{"rest": "accept"}')
    code, out, _ = cli("resume", "w", "--answer", f"@{tmp_path / 'answer.json'}", "--by", "Ann")
    assert code == 3
    code, out, _ = cli("runs")
    assert "w  waiting" in out
    code, out, _ = cli("resume", "w", "--answer", '{"rest": "accept"}', "--json")
    content = json.loads(out)
    assert (code, content["status"]) == (0, "published")
    assert [approval["question_id"] for approval in content["approvals"]] == ["plan", "customers#1", "orders#1"]
    assert content["approvals"][1]["by"] == "Ann"


def test_a_rejected_plan_ends_with_1_and_says_so(cli: Any, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run(cli, job, "--run-id", "w", "--approve", "plan")
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"reply": "reject", "note": "not today"}'))
    code, out, _ = cli("resume", "w", "--answer", "-", "--by", "Ann")
    assert code == 1
    assert "the plan was rejected by Ann: not today" in out
    assert "w  rejected" in cli("runs")[1]
    assert cli("resume", "w")[0] == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "Waiting"),
        ("{", "--answer: it is no JSON"),
        ("null", "null is no answer"),
        ("@missing.json", "missing.json: it cannot be read"),
        ("[]", "answer: it must be a JSON object"),
        ('{"reply": "perhaps"}', "answer.reply"),
        ('{"rest": "accept"}', "answer.reply: Field required"),
    ],
)
def test_a_wrong_answer_is_one_line_and_2(cli: Any, job: Any, answer: str, said: str) -> None:
    run(cli, job, "--run-id", "w", "--approve", "plan")
    code, out, err = cli("resume", "w", "--answer", answer)
    assert code == (2 if answer else 3)
    assert said in (err if answer else out)
    assert err.count("\n") == bool(answer)
    assert "w  waiting" in cli("runs")[1]


def test_a_model_is_asked_with_its_key_and_the_key_is_written_nowhere(
    cli: Any, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evals.model_server import ModelServer, Say  # noqa: PLC0415  loads a server that other tests do not need

    source = job.sources / "customers.csv"
    source.write_text(source.read_text() + "5,Kim,Korea of the\n")
    with ModelServer(lambda _: Say("no")) as server:
        monkeypatch.setenv("MILLWRIGHT_MODEL__BASE_URL", server.base_url)
        monkeypatch.setenv("MILLWRIGHT_MODEL__API_KEY", "sk-secret-key")
        code, out, _ = cli("doctor")
        assert (code, "with a key" in out, "sk-secret" in out) == (0, False, False)
        run(cli, job, "--model", "sim", "--run-id", "m")
        monkeypatch.setenv("MILLWRIGHT_MODEL__NAME", "sim")
        code, out, _ = cli("doctor")
        assert "sim at http://127.0.0.1" in out
        assert "with a key" in out
    kept = [path for root in (job.home, job.out) for path in root.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"sk-secret-key" in path.read_bytes()]
    told = json.loads((job.out / "_runs" / "m" / "run.json").read_text())
    assert told["model"]["requests"] == server.count
