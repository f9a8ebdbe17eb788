"""The judge of the suite `queue` finds runs that are lost, doubled or wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.queue.crew import Worked
from evals.queue.judge import judge
from evals.queue.work import INPUTS, Alone, make_inputs, name_of, place_of, submit
from tools.database.open import open_database
from tools.queue.queue import claim, finish

RUNS = 2
ALONE = Alone(runs=1, seconds=(1.0,), processor=(1.0,))


def publish(home: Path, number: int) -> None:
    folder = place_of(home, number) / "_runs" / name_of(number)
    folder.mkdir(parents=True, exist_ok=True)
    (place_of(home, number) / "readings.parquet").write_text(f"rows {number % INPUTS}")
    (folder / "receipt.json").write_text("{}")
    (folder / "run.json").write_text(json.dumps({"run_id": name_of(number), "status": "published"}))
    (folder / "events.jsonl").write_text('{"event_id": "a"}\n{"event_id": "b"}\n')


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A queue that was worked off as it should be."""
    make_inputs(tmp_path / "inputs")
    submit(tmp_path / "inputs", tmp_path / "home", "", RUNS)
    for number in range(INPUTS):
        publish(tmp_path / "alone", number)
    for number in range(RUNS):
        publish(tmp_path / "home", number)
    with open_database(tmp_path / "home") as database:
        for _ in range(RUNS):
            finish(database, claim(database, "w", 30.0) or pytest.fail("no run"))
    return tmp_path / "home"


def told(*runs: int) -> Worked:
    lines: list[dict[str, Any]] = []
    for at, number in enumerate(runs):
        run = {"run_id": name_of(number), "worker": "w", "attempt": 1}
        lines.append({"event": "taken", "at": 2.0 * at, **run})
        lines.append({"event": "ended", "at": 2.0 * at + 1.5, "seconds": 1.5, **run})
    return Worked(seconds=4.0, killed_workers=0, killed_supervisors=0, lines=tuple(lines))


def test_runs_that_ended_once_are_right_and_the_time_between_them_is_the_queues(home: Path) -> None:
    verdict = judge(home, "", RUNS, told(0, 1), home.parent / "alone", ALONE)
    assert (verdict.right, verdict.faults) == (RUNS, ())
    assert verdict.gaps == (0.5,)
    assert verdict.spans == (1.5, 1.5)


def other_bytes(place: Path, _: Path) -> None:
    (place / "readings.parquet").write_text("rows of another run")


def nothing(place: Path, _: Path) -> None:
    (place / "readings.parquet").unlink()


def two_receipts(place: Path, run: Path) -> None:
    (place / "_runs" / "another").mkdir()
    (place / "_runs" / "another" / "receipt.json").write_text("{}")


def not_met(_: Path, run: Path) -> None:
    (run / "run.json").write_text(json.dumps({"run_id": run.name, "status": "not_met"}))


def twice(_: Path, run: Path) -> None:
    (run / "events.jsonl").write_text('{"event_id": "a"}\n{"event_id": "a"}\n')


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (other_bytes, "other bytes"),
        (nothing, "nothing is published"),
        (two_receipts, "2 receipts"),
        (not_met, "not_met"),
        (twice, "came twice"),
    ],
)
def test_what_is_wrong_is_found(home: Path, damage: Callable[[Path, Path], None], says: str) -> None:
    damage(place_of(home, 1), place_of(home, 1) / "_runs" / name_of(1))
    verdict = judge(home, "", RUNS, told(0, 1), home.parent / "alone", ALONE)
    assert verdict.right == 1
    assert says in verdict.faults[0]


def test_a_run_that_ended_twice_or_never_is_found(home: Path) -> None:
    assert "ended 2 times" in judge(home, "", RUNS, told(0, 1, 1), home.parent / "alone", ALONE).faults[0]
    submit(home.parent / "inputs", home, "", RUNS + 1)
    assert "queued" in judge(home, "", RUNS + 1, told(0, 1), home.parent / "alone", ALONE).faults[0]
