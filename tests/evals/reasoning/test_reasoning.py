"""Diagnoses of small tables written by hand, taken in by the product itself; cases, rows and answers of the suite."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from evals.model_server import ModelServer, Scripted, calls
from evals.reasoning.cases import KINDS, CaseSpec, Truth, bring_in, make_case, task_for
from evals.reasoning.minds import Mind, name_of
from evals.reasoning.models import EXPERT, ReasoningModels
from evals.reasoning.solving import Solved, solve
from evals.reasoning.specs import specs
from evals.reasoning.suite import rows_found
from evals.suites import find_suite, set_seeds
from nodes.react_acting import perform
from state.diagnosis import AffectedRows, Cause, Diagnosis, RemedyKind
from state.errors import SetupError
from state.models import ModelSettings
from state.reasoning import ActionCall, ReasoningTask
from tools.actions.bench import Bench
from tools.actions.toolbox import toolbox
from tools.diagnosis.answers import MOST_BYTES
from tools.diagnosis.subject import open_subject
from tools.diagnosis.validate import TESTS
from tools.sql.sandbox import SandboxLimits
from tools.workspace import open_workspace

HEADER = ("id", "sold_on", "status", "price", "city")
PROPERTIES = [
    {"name": "id", "logicalType": "string", "primaryKey": True, "primaryKeyPosition": 1},
    {"name": "sold_on", "logicalType": "date", "required": True},
    {
        "name": "status",
        "logicalType": "string",
        "required": True,
        "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["new", "used"]}, "mustBe": 0}],
    },
    {"name": "price", "logicalType": "number", "required": True, "logicalTypeOptions": {"minimum": 1, "maximum": 900}},
    {"name": "city", "logicalType": "string", "required": True},
]
Rows = list[list[str]]


def plain_rows(count: int = 120) -> Rows:
    cities = ("Köln", "Lyon", "Graz", "Århus")
    return [
        [
            f"S{1000 + n}",
            f"2024-03-{1 + n * 30 // count:02}",
            ("new", "used")[n % 2],
            f"{40 + n * 37 % 60}.50",
            cities[n % 4],
        ]
        for n in range(count)
    ]


def bring(folder: Path, contents: dict[str, str], properties: Sequence[dict[str, object]] = PROPERTIES) -> Path:
    (folder / "input").mkdir()
    for name, text in contents.items():
        (folder / "input" / name).write_text(text, encoding="utf-8")
    schema = [{"name": "sales", "properties": list(properties),
               "customProperties": [{"property": "millwright.sources", "value": "*"}]}]  # fmt: skip
    contract = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "name": "c", "version": "1.0.0",
                "status": "active", "schema": schema}  # fmt: skip
    (folder / "contract.odcs.yaml").write_text(yaml.safe_dump(contract))
    return bring_in(folder)


def text_of(rows: Rows, header: Sequence[str] = HEADER) -> str:
    return "\n".join(",".join(row) for row in [list(header), *rows]) + "\n"


def solved(task: ReasoningTask, run: Path, model: ModelSettings | None = None) -> Solved:
    return solve(task, str(run.parent.parent), run.name, model)


def named(run: Path) -> Diagnosis:
    return solved(task_for(run, "sales"), run).diagnosis


def lines(diagnosis: Diagnosis) -> list[int]:
    return [row & ((1 << 36) - 1) for row in diagnosis.rows.sample]


def placeholder(rows: Rows) -> list[int]:
    for at in (7, 33, 51, 90):
        rows[at][3] = "-999"
    return [7, 33, 51, 90]


def misplaced(rows: Rows) -> list[int]:
    for at in (5, 44, 70):
        rows[at] = ["", *rows[at][:-1]]
    return [5, 44, 70]


def repeated(rows: Rows) -> list[int]:
    rows += [list(row) for row in rows[20:40]]
    return list(range(120, 140))


def tenfold(rows: Rows) -> list[int]:
    for at in (10, 60, 61, 100):
        rows[at][3] = rows[at][3].replace(".50", "50")
    return [10, 60, 61, 100]


def later_unit(rows: Rows) -> list[int]:
    for row in rows[80:]:
        row[3] = f"{float(row[3]) * 1000:.2f}"
    return list(range(80, 120))


def other_value(rows: Rows) -> list[int]:
    for at in range(50, 110, 6):
        rows[at][2] = "rented"
    return list(range(50, 110, 6))


@pytest.mark.parametrize(
    ("damage", "cause", "remedy"),
    [
        (placeholder, Cause.SENTINEL, RemedyKind.RESOLVE),
        (misplaced, Cause.SHIFTED_COLUMNS, RemedyKind.SET_ASIDE),
        (repeated, Cause.DUPLICATED_LOAD, RemedyKind.MERGE),
        (tenfold, Cause.OUTLIERS_BY_FACTOR, RemedyKind.SET_ASIDE),
        (later_unit, Cause.CHANGED_UNIT, RemedyKind.REFORMAT),
        (other_value, Cause.NEW_CATEGORY, RemedyKind.ASK),
    ],
)
def test_a_table_written_by_hand(
    damage: Callable[[Rows], list[int]], cause: Cause, remedy: RemedyKind, tmp_path: Path
) -> None:
    rows = plain_rows()
    hit = damage(rows)
    found = named(bring(tmp_path, {"sales.csv": text_of(rows)}))
    assert (found.cause, found.remedy.kind) == (cause, remedy)
    assert lines(found) == [at + 2 for at in hit]
    assert found.confidence >= 0.5
    assert found.hypotheses[0].tested


def test_lines_of_another_delimiter_and_a_record_that_breaks_off(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = plain_rows()
    text = text_of(rows[:90]) + "".join(";".join(row) + "\n" for row in rows[90:])
    found = named(bring(tmp_path / "a", {"sales.csv": text}))
    assert (found.cause, found.remedy.parameters["delimiter"]) == (Cause.WRONG_DELIMITER, ";")
    assert found.rows.count == 30
    found = named(bring(tmp_path / "b", {"sales.csv": text_of(rows)[:-22]}))
    assert found.cause is Cause.TRUNCATED_FILE
    assert lines(found) == [121]


def test_sound_data_have_nothing_wrong_in_any_order(tmp_path: Path) -> None:
    for turn, rows in enumerate((plain_rows(), plain_rows()[::-1], sorted(plain_rows(), key=lambda row: row[4]))):
        (tmp_path / str(turn)).mkdir()
        found = named(bring(tmp_path / str(turn), {"sales.csv": text_of(rows)}))
        assert found.cause is Cause.NOTHING_WRONG, found.reason


def test_remarks_in_a_number_are_unknown(tmp_path: Path) -> None:
    rows = plain_rows()
    for at in range(0, 120, 15):
        rows[at][3] = f"ask {at} again"
    found = named(bring(tmp_path, {"sales.csv": text_of(rows)}))
    assert found.cause is Cause.UNKNOWN
    assert "sales.price" in found.reason


HOSTILE = "x\"'); drop schema land; --\x1b[31m"


def test_hostile_names_and_values_are_data(tmp_path: Path) -> None:
    properties = [
        PROPERTIES[0],
        {"name": "a\"b'c;--", "logicalType": "number"},
        {"name": "n'", "logicalType": "string"},
    ]
    rows = [f'S{n},{n % 7},"{(HOSTILE * 300 + str(n)).replace(chr(34), chr(34) * 2)}"' for n in range(60)]
    text = "\n".join(['id,"a""b\'c;--",n\'', *rows]) + "\n"
    run = bring(tmp_path, {"it's.csv": text}, properties)
    tools = toolbox(Bench(folder=run, home=tmp_path, limits=SandboxLimits()), "diagnose")
    asked: list[tuple[str, dict[str, str]]] = [("analyse_schema", {})]
    asked += [("validate_data", {"cause": cause.value}) for cause in TESTS]
    for name, arguments in asked:
        call = ActionCall(call_id="1", name=name, arguments=json.dumps({"table": "sales", **arguments}))
        answer = perform(call, tools)
        assert not answer.failed, answer.error
        assert (
            len(json.dumps(json.loads(answer.content), separators=(",", ":"), ensure_ascii=False).encode())
            <= MOST_BYTES
        )
        assert "\x1b" not in json.loads(answer.content).get("told", "")
    with open_workspace(run) as connection:
        assert connection.execute("select count(*) from land.files").fetchall() == [(1,)]


@pytest.mark.parametrize("arguments", [{"cause": "unknown"}, {"cause": "sentinel", "columns": ["nowhere"]}])
def test_what_cannot_be_tested_is_a_failed_observation(arguments: dict[str, object], tmp_path: Path) -> None:
    run = bring(tmp_path, {"sales.csv": text_of(plain_rows(30))})
    tools = toolbox(Bench(folder=run, home=tmp_path, limits=SandboxLimits()), "diagnose")
    call = ActionCall(call_id="7", name="validate_data", arguments=json.dumps({"table": "sales", **arguments}))
    answer = perform(call, tools)
    assert (answer.failed, answer.quality, answer.call_id) == (True, 0, "7")
    assert answer.error
    assert "\n" not in answer.error


def test_a_table_that_was_only_landed_is_diagnosed(tmp_path: Path) -> None:
    rows = plain_rows()
    placeholder(rows)
    run = bring(tmp_path, {"sales.csv": text_of(rows)})
    with open_workspace(run) as connection:
        connection.execute("drop view main.sales; drop view live.sales; drop view stage.sales; drop table typed.sales")
    task = ReasoningTask(kind="diagnose", goal="", subject="sales", details="{}")
    found = solved(task, run).diagnosis
    assert found.cause is Cause.SENTINEL
    assert found.rows.count == 4


def test_an_unknown_table_is_an_error_of_whoever_asks(tmp_path: Path) -> None:
    run = bring(tmp_path, {"sales.csv": text_of(plain_rows(30))})
    with pytest.raises(SetupError, match="no such table"):
        open_subject(run, "nothing")


def test_every_case_is_the_same_again_and_says_where_it_is_wrong(tmp_path: Path) -> None:
    for kind in KINDS:
        spec = specs(kind, 1)[0]
        truth = make_case(spec, tmp_path / "a")
        assert truth == make_case(spec, tmp_path / "b")
        assert truth is not None
        clean = truth.cause is Cause.NOTHING_WRONG
        assert bool(truth.lines) != clean, kind
        for path in (tmp_path / "a" / "input").iterdir():
            assert path.read_bytes() == (tmp_path / "b" / "input" / path.name).read_bytes()


def test_rows_found_counts_what_is_there() -> None:
    truth = Truth(cause=Cause.SENTINEL, lines={"a.csv": (2, 3, 4, 5)})
    rows = AffectedRows(count=3, sample=(2, 3, 9))
    found = Diagnosis(table="t", cause=Cause.SENTINEL, rows=rows)
    assert rows_found(found, truth, ["a.csv"]) == (pytest.approx(2 / 3), pytest.approx(0.5))


def test_the_suite_takes_seeds_and_no_data() -> None:
    suite = find_suite("reasoning")
    set_seeds(suite, 2)
    assert len(specs("sentinel", 2)) == 2 * len(specs("sentinel", 1))
    assert any(spec.held_out for spec in specs("sentinel", 1))
    with pytest.raises(SetupError, match="makes its files"):
        suite.tasks(Path(), None)
    with pytest.raises(SetupError, match="has no seeds"):
        set_seeds(find_suite("covid19"), 2)


def test_the_suite_scores_a_kind(tmp_path: Path) -> None:
    suite = find_suite("reasoning")
    task = next(task for task in suite.tasks(None, None) if task.task_id == "delimiter_file")
    assert CaseSpec(kind="delimiter_file", variant="#", domain="orders", seed=1).name == "delimiter_file-_-orders-1"
    suite.solve(task, tmp_path)
    scores, details = suite.score(task, tmp_path)
    assert [score.value for score in scores] == [1.0, 1.0, 1.0]
    assert details["wrong"] == []
    assert suite.summarise(())[0].value == 1


def model_of(server: ModelServer, name: str = "sim") -> ModelSettings:
    return ModelSettings(name=name, base_url=server.base_url, retries=0, retry_wait=0.01)


def test_a_right_model_comes_to_the_cause_in_fewer_steps_and_queries(tmp_path: Path) -> None:
    rows = plain_rows()
    text = text_of(rows[:90]) + "".join(";".join(row) + "\n" for row in rows[90:])
    run = bring(tmp_path, {"sales.csv": text})
    task, mind = task_for(run, "sales"), Mind()
    mind.turn_to(Cause.WRONG_DELIMITER, (0.0,), 1)
    alone = solved(task, run)
    with ModelServer(mind) as server:
        led = solved(task, run, model_of(server, name_of(0.0)))
    assert led.diagnosis.cause is alone.diagnosis.cause is Cause.WRONG_DELIMITER
    assert led.diagnosis.rows == alone.diagnosis.rows
    assert (led.by_expert, led.steps < alone.steps, led.queries < alone.queries) == (0, True, True)


@pytest.mark.parametrize("cause", [Cause.CHANGED_UNIT, Cause.UNKNOWN, Cause.NOTHING_WRONG])
def test_whatever_a_model_insists_on_the_case_ends_as_the_expert_ends_it(cause: Cause, tmp_path: Path) -> None:
    rows = plain_rows()
    placeholder(rows)
    run = bring(tmp_path, {"sales.csv": text_of(rows)})
    insisting = calls(("final_result", {"cause": cause.value, "confidence": 1.0, "reason": "I am sure"}))
    with ModelServer(Scripted(insisting)) as server:
        led = solved(task_for(run, "sales"), run, model_of(server))
    assert (led.ended_by, led.by_expert > 0) == ("final_result", True)
    assert led.diagnosis.cause is Cause.SENTINEL
    assert led.diagnosis.rows.count == 4


def test_tests_of_another_table_or_of_few_columns_do_not_settle_a_cause(tmp_path: Path) -> None:
    rows = plain_rows()
    placeholder(rows)
    run = bring(tmp_path, {"sales.csv": text_of(rows)})
    elsewhere = ("validate_data", {"table": "sales", "cause": "sentinel", "columns": ["city"]})
    wrong = ("validate_data", {"table": "returns", "cause": "sentinel"})
    final = calls(("final_result", {"cause": "nothing_wrong", "confidence": 1.0}))
    with ModelServer(Scripted(calls(elsewhere, wrong, ("analyse_schema", {"table": "sales"})), final)) as server:
        led = solved(task_for(run, "sales"), run, model_of(server))
    assert led.diagnosis.cause is Cause.SENTINEL


def test_the_suite_with_models_sets_them_beside_the_expert(tmp_path: Path) -> None:
    suite = ReasoningModels(rates=(0.0, 0.5))
    task = next(task for task in suite.tasks(None, None) if task.task_id == "delimiter_lines")
    suite.solve(task, tmp_path)
    scores, details = suite.score(task, tmp_path)
    assert [score.value for score in scores] == [1.0, 1.0, 1.0]
    assert details["worse than the expert"] == []
    told = {score.name: score.value for score in suite.summarise(())}
    assert told["queries to the expert's, wrong 0"] < 1
    assert told["worse than the expert, wrong 0.5"] == 0
    assert told[f"right causes of the fourteen, {EXPERT}"] == 1
