"""Lessons are settled once: a run that goes on later goes by what it began with."""

from datetime import UTC, datetime
from pathlib import Path

from nodes.learned import settle_lessons
from state.contract import Column, Contract, RepairScope, Table
from state.diagnosis import RemedyKind
from state.lessons import Ground, KnownRecovery, Lesson, LessonStatus, LessonValue, Scope, UsualShare
from state.run import Patterns, RunContext
from state.sources import Inventory
from tools.intake import Intake
from tools.lessons import say, write_lessons
from tools.store import opened_store

CONTRACT = Contract(
    id="c", name="c", version="1.0.0", api_version="v3.1.0", path="", sha256="",
    tables=(Table(name="orders", columns=(Column(name="id"),)),),
)  # fmt: skip
NOTHING = Intake(inventory=Inventory(files=(), variants=()), table_files={})


def teach(home: Path, most: float) -> None:
    keep(home, UsualShare(table="orders", most=most))


def keep(home: Path, value: LessonValue) -> None:
    lesson = Lesson(
        lesson_id="l", kind=value.kind, subject="s", value=value, scope=Scope(contract="c"), ground=Ground.VERIFIED,
        runs=("r1",), trials=1, successes=1, bound=0.5, status=LessonStatus.IN_FORCE,
    )  # fmt: skip
    with opened_store(home) as store:
        write_lessons(store, [lesson])


def settled(home: Path, folder: Path, **patterns: str) -> list[float]:
    context = RunContext(home=str(home), patterns=Patterns.model_validate(patterns))
    lessons = settle_lessons(CONTRACT, NOTHING, context, folder)
    return [each.value.most for each in lessons if isinstance(each.value, UsualShare)]


def test_a_run_keeps_the_lessons_it_began_with(tmp_path: Path) -> None:
    teach(tmp_path / "home", 0.1)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert settled(tmp_path / "home", first) == [0.1]
    teach(tmp_path / "home", 0.2)
    assert settled(tmp_path / "home", first) == [0.1]
    assert settled(tmp_path / "home", second) == [0.2]


def test_switched_off_none_is_read(tmp_path: Path) -> None:
    teach(tmp_path / "home", 0.1)
    assert settled(tmp_path / "home", tmp_path, reflection="off") == []


def test_what_the_contract_speaks_against_is_not_used_in_the_first_run_under_it_be_it_pinned(tmp_path: Path) -> None:
    home, context = tmp_path / "home", RunContext(home=str(tmp_path / "home"))
    value = KnownRecovery(table="orders", amendment=RemedyKind.RESOLVE, columns=("id",), parameters={"sentinel": "999"})
    keep(home, value)
    stricter = CONTRACT.model_copy(
        update={"tables": (Table(name="orders", columns=(Column(name="id", repair=RepairScope.NEVER),)),)}
    )
    for number, contract in enumerate((CONTRACT, stricter)):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = [each.value for each in settle_lessons(contract, NOTHING, context, folder)]
        assert found == ([value] if contract is CONTRACT else [])
    with opened_store(home) as store:
        say(store, "l", LessonStatus.PINNED, datetime(2026, 1, 1, tzinfo=UTC))
    (tmp_path / "pinned").mkdir()
    assert settle_lessons(stricter, NOTHING, context, tmp_path / "pinned") == ()
