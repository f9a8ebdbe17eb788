"""The buffer of experience in the store: each run once, bounded, shared by processes; a person's word stays."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from algorithms.reflection.pruning import to_prune
from state.experience import Experience, SourceFamily
from state.lessons import Ground, Lesson, LessonStatus, MethodProbability, Scope
from state.run import RunStatus
from tools.experience import keep_experience, known_runs, prune_experiences, read_experiences
from tools.lessons import LESSONS, lessons_in_force, read_lessons, say, write_lessons
from tools.store import has_store, open_store, opened_store

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FAMILY = SourceFamily(headers=("aa",), names=("orders_#.csv",))
_KEEP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_experience import past
from tools.experience import keep_experience
from tools.store import opened_store
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 20):
    with opened_store(Path(sys.argv[1])) as store:
        keep_experience(store, past(number))
"""


def past(number: int, **more: Any) -> Experience:
    given = {
        "run_id": f"r{number:04d}",
        "at": BEGAN + timedelta(hours=number),
        "contract": "com.example.shop",
        "version": "1",
        "sha256": "",
        "family": FAMILY,
        "status": RunStatus.PUBLISHED,
    }
    return Experience.model_validate({**given, **more})


def lesson(lesson_id: str, *, scope: Scope, probability: float = 0.2, **more: Any) -> Lesson:
    value = MethodProbability(action="dedupe", table="orders", probability=probability)
    given = {
        "lesson_id": lesson_id,
        "kind": value.kind,
        "subject": "dedupe",
        "value": value,
        "scope": scope,
        "ground": Ground.STATISTICAL,
        "runs": ("r0001",),
        "trials": 9,
        "successes": 9,
        "bound": 0.7,
        "status": LessonStatus.IN_FORCE,
        "since": BEGAN,
    }
    return Lesson.model_validate({**given, **more})


def test_a_run_counts_once_and_is_replaced_by_what_is_known_later(tmp_path: Path, database_address: str) -> None:
    with open_store(tmp_path, database_address) as store:
        keep_experience(store, past(1, status=RunStatus.BUDGET_SPENT))
        keep_experience(store, past(0))
        keep_experience(store, past(1))
        runs = read_experiences(store, "com.example.shop")
        assert [(run.run_id, run.met) for run in runs] == [("r0000", True), ("r0001", True)]
        assert read_experiences(store, "com.example") == ()
        assert known_runs(store) == {"r0000", "r0001"}


def test_processes_that_end_at_once_lose_nothing(tmp_path: Path) -> None:
    script, here = tmp_path / "keep.py", str(Path(__file__).parent)
    script.write_text(_KEEP)
    home = tmp_path / "home"
    started = [
        subprocess.Popen([sys.executable, str(script), str(home), str(first), here], cwd=Path(__file__).parents[2])
        for first in (0, 10)
    ]
    assert [process.wait(timeout=60) for process in started] == [0, 0]
    with opened_store(home) as store:
        assert len(read_experiences(store)) == 30


def test_a_full_buffer_drops_what_teaches_least_and_keeps_the_newest_and_the_evidence(
    tmp_path: Path, database_address: str
) -> None:
    with open_store(tmp_path, database_address) as store:
        for number in range(41):
            keep_experience(store, past(number, questions=number % 5 == 0))
        write_lessons(store, [lesson("a", scope=Scope(), runs=("r0001",))])
        assert prune_experiences(store, 100) == 0
        assert prune_experiences(store, 40) == 5
        left = known_runs(store)
        assert len(left) == 36
        assert {"r0001", "r0000", "r0005", "r0040"} <= left
        assert not {"r0002", "r0003", "r0004", "r0006", "r0007"} & left
        assert prune_experiences(store, 40) == 0


def test_a_buffer_of_one_run_holds_the_newest() -> None:
    assert to_prune([past(0), past(1)], 1, ()) == ("r0000",)
    with pytest.raises(ValueError, match="buffer of 0"):
        to_prune([], 0, ())


def test_entries_of_another_version_are_passed_over(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        keep_experience(store, past(0))
        write_lessons(store, [lesson("a", scope=Scope())])
        store.put(LESSONS, "b", {"lesson_id": "b", "from": "the future"}, index=False)
        store.put(("millwright", "experience", "x"), "r9", {"run_id": "r9"}, index=False)
        assert [each.lesson_id for each in read_lessons(store)] == ["a"]
        assert [run.run_id for run in read_experiences(store)] == ["r0000"]


def test_the_newest_runs_are_looked_at_in_whatever_order_they_were_kept(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        for number in (*range(20, 40), *range(20)):
            keep_experience(store, past(number))
        assert [run.run_id for run in read_experiences(store, most=5)] == [f"r{number:04d}" for number in range(35, 40)]


def test_entries_of_another_version_are_reflected_on_again_and_go_first_when_the_buffer_is_full(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        keep_experience(store, past(0))
        for number in range(5):
            store.put(("millwright", "experience", "x"), f"old{number}", {"from": "the past"}, index=False)
        assert known_runs(store) == {"r0000"}
        assert prune_experiences(store, 6) == 0
        keep_experience(store, past(1))
        assert prune_experiences(store, 6) == 5
        assert {item.key for item in store.search(("millwright", "experience"), limit=10)} == {"r0000", "r0001"}


def test_lessons_in_force_are_those_of_the_contract_and_its_kind_of_files(tmp_path: Path) -> None:
    assert lessons_in_force(tmp_path, "shop", FAMILY) == ()
    assert not has_store(tmp_path)
    shop = Scope(contract="shop")
    with opened_store(tmp_path) as store:
        write_lessons(
            store,
            [
                lesson("wide", scope=shop, gain=1.0),
                lesson("elsewhere", scope=Scope(contract="stock")),
                lesson("other-files", scope=Scope(contract="shop", family=SourceFamily(headers=("zz",)))),
                lesson("ended", scope=shop, status=LessonStatus.RETIRED),
                lesson("candidate", scope=shop, status=LessonStatus.CANDIDATE),
            ],
        )
    assert [each.lesson_id for each in lessons_in_force(tmp_path, "shop", FAMILY)] == ["wide"]
    narrow = lesson("narrow", scope=Scope(contract="shop", family=FAMILY), probability=0.9)
    with opened_store(tmp_path) as store:
        write_lessons(store, [narrow])
    assert [each.lesson_id for each in lessons_in_force(tmp_path, "shop", FAMILY)] == ["narrow"]
    with opened_store(tmp_path) as store:
        say(store, "wide", LessonStatus.PINNED, BEGAN)
    assert [each.lesson_id for each in lessons_in_force(tmp_path, "shop", FAMILY)] == ["wide"]


def test_reflection_does_not_undo_what_a_person_said(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        write_lessons(store, [lesson("a", scope=Scope())])
        say(store, "a", LessonStatus.PINNED, BEGAN)
        write_lessons(store, [lesson("a", scope=Scope(), status=LessonStatus.RETIRED, retired_because="it failed")])
        assert [(each.status, each.in_force) for each in read_lessons(store)] == [(LessonStatus.PINNED, True)]
        say(store, "a", None, BEGAN)
        assert [each.status for each in read_lessons(store)] == [LessonStatus.RETIRED]
