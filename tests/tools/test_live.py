"""A run as it stands now: what was told so far, read while it is written; awards and decisions among it."""

import json
from pathlib import Path
from typing import Any

import pytest

from state.run import RunContext, RunRequest
from tools.admission import admit
from tools.explain.live import MOST_JUDGED, EventTail, live_run
from tools.records import RunRecord


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    (tmp_path / "contract.yaml").write_text("kind: DataContract\n")
    asked = RunRequest(contract=str(tmp_path / "contract.yaml"), sources=(str(tmp_path),), out=str(tmp_path / "out"))
    return admit(asked, RunContext(home=str(tmp_path / "home")))


def write(record: RunRecord, text: str) -> None:
    path = Path(record.request.out) / "_runs" / record.run_id / "events.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.write(text)


def line(event: str, **fields: Any) -> str:
    return json.dumps({"at": "2026-01-02T03:04:05.000+00:00", "event": event, **fields}) + "\n"


def test_what_is_written_meanwhile_is_read_once_and_half_a_line_when_it_is_whole(record: RunRecord) -> None:
    tail = EventTail(record)
    assert list(tail.events()) == []
    whole = line("published", tables=2)
    write(record, line("scanned") + "torn by a kill\n" + whole[:20])
    assert [each["event"] for each in tail.events()] == ["scanned"]
    write(record, whole[20:])
    assert [each["event"] for each in tail.events()] == ["scanned", "published"]
    assert [each["event"] for each in tail.events()] == ["scanned", "published"]


def test_awards_with_their_bids_and_decisions_with_their_votes_are_seen_while_the_run_goes_on(
    record: RunRecord,
) -> None:
    write(
        record, line("award", step="map:a", agent="worker-1", engine="duckdb", reason="cheapest", bids="worker-1 1 s")
    )
    for number in range(MOST_JUDGED + 5):
        told = {"subject": f"a.c{number}", "answer": "x", "by": "council", "confidence": 0.5, "votes": "edit: x (0.50)"}
        write(record, line("decided", step="resolve:a", **told))
    live = live_run(record, lambda event: str(event["event"]))
    assert [(each.agent, each.bids) for each in live.awards] == [("worker-1", "worker-1 1 s")]
    assert len(live.decisions) == MOST_JUDGED
    assert (live.decisions[-1].subject, live.decisions[-1].votes) == (f"a.c{MOST_JUDGED + 4}", "edit: x (0.50)")
    assert live.told[-1] == ("03:04:05", "decided")
