"""Effects once: in SQLite and in the workspace, also when a consumer ends between effect and acknowledgement."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evals.hub.processes import Killing
from evals.hub.within import play
from state.marks import MarkKind, TableMark
from state.messages import Message, Receipt, ReceiptStatus
from state.orders import Heard
from state.reports import StepReport, StepStatus, TraceEntry
from tools.hub.effects import TABLE, once
from tools.ledger import read_messages, read_reports, record_attempt
from tools.marks import leave_marks, read_marks
from tools.workspace import open_workspace


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    path = str(tmp_path / "effects")
    opened: Any = sqlite3.connect(path, isolation_level=None) if request.param == "sqlite" else duckdb.connect(path)
    opened.execute(TABLE)
    opened.execute("create table effects (name varchar)")
    yield opened
    opened.close()


def test_a_message_has_its_effect_once_and_a_failed_effect_leaves_nothing(database: Any) -> None:
    def effect() -> None:
        database.execute("insert into effects values ('done')")

    def broken() -> None:
        effect()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(database, "m", broken)
    assert database.execute("select count(*) from effects").fetchone()[0] == 0
    assert once(database, "m", effect)
    assert not once(database, "m", effect)
    assert database.execute("select count(*) from effects").fetchone()[0] == 1


def test_consumers_that_are_lost_double_nothing_and_the_planted_bug_does(tmp_path: Path) -> None:
    found = {}
    for recording in (True, False):
        folder = tmp_path / str(recording)
        folder.mkdir()
        found[recording] = play(folder, Killing(messages=300, between=0.05, recording=recording))
        assert found[recording].killed_between > 0
    assert (found[True].effects, found[True].messages, found[True].wrong) == (300, 300, 0)
    assert found[False].wrong > 0


def heard(message_id: str, answers: str) -> Heard:
    who = {"sender": "worker:1", "recipient": "executor"}
    message = Message(message_id=message_id, kind="response", in_reply_to=answers, **who)
    return Heard(message=message, receipt=Receipt(message_id=message_id, status=ReceiptStatus.ACKNOWLEDGED, at=1.0))


def test_a_report_that_comes_twice_is_recorded_once(tmp_path: Path) -> None:
    report = StepReport(step_id="map:t", status=StepStatus.DONE, attempt=1, seconds=1.0, detail="first")
    more = {"failure": None, "error": "", "seconds": 1.0, "started": 0.0, "revision": 0, "completed": 1, "remaining": 0}
    entry = TraceEntry(step_id="map:t", attempt=1, status=StepStatus.DONE, **more)
    with open_workspace(tmp_path) as connection:
        for detail in ("first", "second"):
            changed = report.model_copy(update={"detail": detail})
            record_attempt(connection, changed, entry, (heard("o:report", "o"),))
        assert read_reports(connection)["map:t"].detail == "first"
        assert len(read_messages(connection)) == 1


def test_marks_are_found_by_table_doubts_first_and_looking_again_replaces_them(tmp_path: Path) -> None:
    def mark(kind: MarkKind, column: str, note: str = "") -> TableMark:
        return TableMark(agent="one", table="t", kind=kind, column=column, note=note)

    with open_workspace(tmp_path) as connection:
        leave_marks(connection, "one", "t", [mark(MarkKind.INSPECTED, "a"), mark(MarkKind.DOUBT, "b", "two values")])
        leave_marks(connection, "one", "u", [mark(MarkKind.DOUBT, "c")])
        assert [(each.kind.value, each.column) for each in read_marks(connection, "t")] == [
            ("doubt", "b"),
            ("inspected", "a"),
        ]
        leave_marks(connection, "one", "t", [mark(MarkKind.INSPECTED, "b")])
        assert [each.kind for each in read_marks(connection, "t")] == [MarkKind.INSPECTED]
