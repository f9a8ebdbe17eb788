"""No command lets text of strangers drive the terminal: file names, headers, values, contracts, arguments, errors."""

import io
import json
import os
import textwrap
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from app.crash import keep_traceback
from app.progress import Progress
from app.render import print_json

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202egnp\u2066\x7f[/red]"
"""A title change, a colour, a C1 control, two bidirectional overrides, delete, and markup of the display."""

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: evil
name: "{evil}"
version: 1.0.0
status: active
schema:
  - name: things
    customProperties:
      - {{property: millwright.sources, value: ["*.csv"]}}
      - {{property: millwright.maxQuarantine, value: 0}}
    properties:
      - {{name: id, logicalType: integer, primaryKey: true, required: true}}
      - name: kind
        logicalType: string
        quality:
          - name: "{evil}"
            metric: invalidValues
            arguments: {{validValues: ["good", "{evil}x"]}}
            mustBe: 0
          - {{type: text, description: "{evil}"}}
          - {{type: sql, query: "select count(*) from things where kind = '{evil}' and nothing = 1", mustBe: 0}}
"""


def in_yaml(text: str) -> str:
    return json.dumps(text)[1:-1].replace("\x7f", "\\x7f")


def assert_harmless(text: str) -> None:
    wild = {character for character in text if character != "\n" and unicodedata.category(character) in ("Cc", "Cf")}
    assert not wild


@pytest.fixture
def evil(job: Any, tmp_path: Path) -> Any:
    folder = tmp_path / "evil"
    folder.mkdir()
    name = f"data{EVIL.replace('/', '')}.csv"
    (folder / name).write_text(f"id,kind,{EVIL}\n1,good,x\n2,{EVIL},y\nx{EVIL},good,z\n2,{EVIL}\n")
    (folder / f"{EVIL.replace('/', '')}.doc").write_text("not of a kind that is read")
    contract = tmp_path / f"contract{EVIL.replace('/', '')}.yaml"
    contract.write_text(textwrap.dedent(CONTRACT).lstrip().format(evil=in_yaml(EVIL)))
    good = tmp_path / f"good{EVIL.replace('/', '')}.yaml"
    lines = contract.read_text().splitlines()
    good.write_text("\n".join(line for line in lines if "type: sql" not in line) + "\n")
    return type(job)(contract, folder, tmp_path / f"out{EVIL.replace('/', '')}", job.home), good, folder / name


def test_every_command_is_harmless(cli: Any, evil: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, good, file = evil
    monkeypatch.chdir(tmp_path)
    told = []
    for arguments in [
        ("check", job.contract),
        ("check", good, file),
        ("check", f"missing{EVIL}"),
        ("run", good, job.sources, "--out", job.out, "--run-id", "r1"),
        ("run", job.contract, job.sources, "--out", job.out, "--run-id", "r2"),
        ("run", good, f"{tmp_path}/none{EVIL}*", "--out", job.out, "--run-id", "r3"),
        ("run", good, job.sources, "--out", job.out, "--run-id", EVIL),
        ("run", good, job.sources, "--out", file, "--run-id", "r4"),
        ("run", good, file, "--out", job.out, "--engine", EVIL),
        ("resume", "r1"),
        ("resume", EVIL),
        ("resume", "r1", "--answer", EVIL),
        ("runs",),
        ("export", "r1", "--table", "things", "--to", f"x{EVIL.replace('/', '')}.csv"),
        ("export", "r1", "--table", EVIL, "--to", "y.csv"),
        ("export", "r1", "--table", "things", "--to", f"missing{EVIL}/y.csv"),
        ("eval", EVIL),
        ("eval", "covid19", "--data", EVIL),
        (EVIL,),
        ("run", f"--{EVIL}"),
        ("doctor",),
    ]:
        for more in ((), ("--json",)) if arguments[0] in ("check", "resume", "runs", "export", "doctor") else ((),):
            code, out, err = cli(*arguments, *more)
            assert code in (0, 1, 2), (arguments, err)
            assert out or err
            assert_harmless(out + err)
            told.append(out + err)
    everything = "".join(told)
    assert everything.count("owned") > 20, "the hostile text was not shown: the test tests nothing"


def test_json_says_exactly_what_the_data_says(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"value": f"{EVIL}\U000e0001é\u2028"})
    out = capsys.readouterr().out
    assert_harmless(out)
    assert "é" in out
    assert json.loads(out)["value"] == f"{EVIL}\U000e0001é\u2028"


def test_settings_and_internal_errors_are_shown_harmlessly(
    cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(tmp_path / EVIL))
    code, out, err = cli("doctor")
    assert code == 0
    assert "owned" in out
    code, out2, err2 = cli("runs")
    monkeypatch.setenv("MILLWRIGHT_THREADS", EVIL)
    err3 = cli("runs")[2]
    assert_harmless(out + err + out2 + err2 + err3)

    def fail(**_: object) -> int:
        raise KeyError(EVIL)

    monkeypatch.setattr("app.run_commands.list_runs", fail)
    assert_harmless(cli("runs")[2])


def test_what_is_kept_of_an_internal_error_is_harmless_and_private() -> None:
    path = keep_traceback(ValueError(f"{EVIL}\udcff\nsecond line"))
    try:
        text = path.read_text()
        assert_harmless(text)
        assert "second line\n" in text
        assert path.stat().st_mode & 0o077 == 0
    finally:
        path.unlink()


def test_the_display_of_a_terminal_takes_no_markup_from_data(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Progress(stream) as progress:
        progress.hear({"event": "step", "event_id": "1", "step": "map:[/red]", "detail": EVIL})
    shown = stream.getvalue()
    assert "[/red]" in shown
    assert not {"\x1b]", "\x07", "\x9b", "\u202e", "\u2066"} & {shown[at : at + 2] for at in range(len(shown))}
    assert not {"\x07", "\x9b", "\u202e", "\u2066", "\x7f"} & set(shown)


def test_a_name_that_is_no_text_is_shown(cli: Any, job: Any) -> None:
    try:
        Path(os.fsdecode(bytes(job.sources) + b"/orders\xff.csv")).write_text("a\n1\n")
    except OSError:
        pytest.skip("the file system refuses names that are not UTF-8")
    code, out, err = cli("run", job.contract, job.sources, "--out", job.out)
    assert code == 2
    assert "\\udcff" in err
    assert_harmless(out + err)


def test_on_a_terminal_the_steps_that_run_are_shown_together() -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    with Progress(stream) as progress:
        for step in ("map:a", "map:b\x1b[31m"):
            progress.hear({"event": "begun", "event_id": step, "step": step})
        assert progress._status.status.plain == "map:a, map:b�[31m"
        progress.hear({"event": "step", "event_id": "1", "step": "map:a", "detail": "done"})
        assert progress._status.status.plain == "map:b�[31m"
    assert "map:a: done" in stream.getvalue()


def test_without_a_terminal_only_what_is_done_has_a_line() -> None:
    stream = io.StringIO()
    with Progress(stream) as progress:
        progress.hear({"event": "begun", "event_id": "map:a", "step": "map:a"})
        progress.hear({"event": "step", "event_id": "1", "step": "map:a", "detail": "done"})
    assert stream.getvalue() == "map:a: done\n"
