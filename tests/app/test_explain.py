"""`millwright explain` as a person meets it: text, page, JSON, one-line errors."""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.explain_text import print_explanation
from state.explanation import Explanation, Fact, Grid, Mark, Section
from state.run import RunStatus
from tools.queue.registry import write_status
from tools.records import read_record


@pytest.fixture
def explain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finished: Any) -> Any:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(finished.home))

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["millwright", "explain", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return call


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), ("shop small 1.0.0", "Published: every table", "What to do next", "Where every row went")),
        (("--table", "orders"), ("Table orders", "3 of 7 rows read", "Headers and drift")),
        (("--table", "orders", "--column", "amount"), ("Column amount of orders", "Amount")),
        (
            ("--table", "customers", "--row", "2"),
            ("Published as row 2", "customers.csv line 3", "'UK' → 'United Kingdom'"),
        ),
        (
            ("--table", "customers", "--row", "2", "--column", "country"),
            ("votes for", "acronym", "because of its name"),
        ),
        (("--table", "customers", "--key", "customer_id=2"), ("Published as row 2",)),
        (("--file", "customers.csv", "--line", "5"), ("Quarantined", "Atlantis")),
        (("--table", "orders", "--quarantined", "1"), ("As it lies in quarantine",)),
    ],
)
def test_a_person_reads_the_story(explain: Any, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    code, out, err = explain("r1", *arguments)
    assert (code, err) == (0, "")
    for said in says:
        assert said in out, said
    assert all(line == line.rstrip() and len(line) <= 120 for line in out.splitlines())


def test_json_is_one_object(explain: Any) -> None:
    code, out, _ = explain("r1", "--table", "customers", "--row", "2", "--column", "country", "--json")
    told = Explanation.model_validate(json.loads(out))
    assert code == 0
    assert told.kind == "cell"
    assert told.sections[0].key == "cell"


def test_a_page_is_written_and_its_path_printed(explain: Any, finished: Any) -> None:
    code, out, _ = explain("r1", "--table", "customers", "--key", "customer_id=2", "--html")
    path = Path(out.strip())
    assert code == 0
    assert path.parent == finished.out / "_runs" / "r1" / "explain"
    assert path.read_text().startswith("<!doctype html>")
    shutil.rmtree(path.parent)


def test_the_folder_of_a_run_stands_for_its_id_wherever_it_lies(explain: Any, finished: Any, tmp_path: Path) -> None:
    assert "customers.csv line 3" in explain(finished.out / "_runs" / "r1", "--table", "customers", "--row", "2")[1]
    shutil.copytree(finished.out / "_runs" / "r1", tmp_path / "elsewhere")
    _, out, _ = explain(tmp_path / "elsewhere", "--file", "customers.csv", "--line", "5")
    assert "Atlantis" in out
    assert "What cannot be told" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing",), "there is no run 'nothing'"),
        (("../../etc",), "there is no run"),
        (("r1", "--table", "nothing"), "its tables: customers, orders, totals"),
        (("r1", "--table", "orders", "--row", "99"), "it has 3 rows"),
        (("r1", "--table", "orders", "--row", "x"), "--row"),
        (("r1", "--row", "1"), "give --table"),
        (("r1", "--table", "totals", "--key", "orders=1"), "several rows"),
        (("r1", "--file", "orders_1.csv"), "give --file F --line L"),
    ],
)
def test_wrong_use_is_one_line_and_2(explain: Any, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = explain(*arguments)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


def test_a_run_without_a_report_says_why(explain: Any, finished: Any, tmp_path: Path, monkeypatch: Any) -> None:
    shutil.copytree(finished.home / "runs" / "r1", tmp_path / "home" / "runs" / "r2")
    record = tmp_path / "home" / "runs" / "r2" / "record.json"
    record.write_text(record.read_text().replace('"r1"', '"r2"').replace(str(finished.home), str(tmp_path / "home")))
    write_status(read_record(tmp_path / "home", "r2"), RunStatus.FAILED, "the disk is full", datetime.now(UTC))
    monkeypatch.setenv("MILLWRIGHT_HOME", str(tmp_path / "home"))
    code, _, err = explain("r2")
    assert code == 2
    assert "the disk is full" in err
    assert "millwright resume r2" in err


def test_values_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "a\x1b[31mb\u202ec\x07\r"
    told = Explanation(
        run_id="r", kind="row", title=hostile, verdict=hostile, mark=Mark.GOOD,
        about=(Fact(label=hostile, value=hostile),),
        sections=(
            Section(
                key="s", title=hostile, code=hostile, lead=(f"[bold]{hostile}",),
                grids=(Grid(caption=hostile, head=(hostile,), rows=((hostile,),)),),
            ),
        ),
        untold=(hostile,),
    )  # fmt: skip
    print_explanation(told)
    out = capsys.readouterr().out
    assert not {"\x1b", "\u202e", "\x07", "\r"} & set(out)
    assert "a⟨U+001B⟩[31mb⟨U+202E⟩c⟨U+0007⟩␍" in out
    assert "[bold]" in out
