"""Whole runs that learn from earlier ones: the second does not stumble where the first did."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import nodes.steps.foreseeing
from graphs.preview import preview
from graphs.session import resume
from state.diagnosis import RemedyKind
from state.lessons import Ground, KnownMapping, KnownRecovery, Lesson, LessonStatus, LessonValue, Scope
from state.recovery import Amendment
from state.run import Approve, RunContext
from tools.lessons import read_lessons, write_lessons
from tools.store import opened_store

OFF = {"patterns": {"reflection": "off"}}


def orders(schema: Any) -> str:
    found: str = schema.contract(
        schema.table(
            "orders",
            schema.column("order_id", "integer", primaryKey=True, required=True),
            schema.column("ordered", "date", required=True),
            schema.column("weight_kg", "number", {"aliases": ["weight_g"]}, required=True,
                          physicalType="DECIMAL(10,3)"),
            settings={"maxQuarantine": 0.05},
        )
    )  # fmt: skip
    return found


def fill(folder: Path, first: int, *, delimiter: str = ",", unit: str = "kg") -> Path:
    """Two files; the second may be cut otherwise, or weigh in another unit."""
    folder.mkdir(parents=True)
    for number, sign, name in ((1, ",", "weight_kg"), (2, delimiter, f"weight_{unit}")):
        rows = [(str(n), f"2024-03-{n % 28 + 1:02d}", f"{n % 50 + 1}.5") for n in range(40)]
        lines = [sign.join((str(first + 100 * number + int(key)), day, weight)) for key, day, weight in rows]
        (folder / f"orders_{number}.csv").write_text("\n".join((sign.join(("order_id", "ordered", name)), *lines)))
    return folder


def digest_of(played: Any) -> str:
    return hashlib.sha256((played.out / "orders.parquet").read_bytes()).hexdigest()


def uses(played: Any) -> list[tuple[str, Any]]:
    return [(use["kind"], use["held"]) for use in played.told["lessons"]["used"]]


def teach(home: Path, value: LessonValue, lesson_id: str = "planted") -> None:
    lesson = Lesson(
        lesson_id=lesson_id, kind=value.kind, subject="s", value=value, scope=Scope(contract="c"),
        ground=Ground.VERIFIED, runs=("r0",), trials=1, successes=1, bound=0.5, status=LessonStatus.IN_FORCE,
    )  # fmt: skip
    with opened_store(home) as store:
        write_lessons(store, [lesson])


def statuses(home: Path) -> dict[str, str]:
    with opened_store(home) as store:
        return {lesson.kind.value: lesson.status.value for lesson in read_lessons(store)}


@pytest.mark.parametrize("odd", [{"delimiter": "#"}, {"unit": "g"}])
def test_what_the_first_run_recovered_from_the_second_does_at_once(
    play: Any, schema: Any, tmp_path: Path, odd: dict[str, str]
) -> None:
    contract = orders(schema)
    first = play(contract, fill(tmp_path / "one", 0, **odd))
    assert [each["action"] for each in first.told["replanning"]] == ["recover"]
    second_files = fill(tmp_path / "two", 1000, **odd)
    shown = preview(tmp_path / "contract_1.yaml", [str(second_files)], RunContext(home=str(first.home)))
    taught = play(contract, second_files, out=tmp_path / "taught")
    assert (taught.status, taught.told["replans"]) == ("published", 0)
    assert taught.told["steps"] < first.told["steps"]
    assert ("known_recovery", True) in uses(taught)
    assert shown.plan is not None
    assert [step.step_id for step in shown.plan.steps] == [step["step_id"] for step in taught.told["plan"]["steps"]]
    plain = play(contract, second_files, out=tmp_path / "plain", context=OFF)
    assert (plain.told["replans"], uses(plain)) == (1, [])
    assert digest_of(taught) == digest_of(plain)
    taught.assert_balanced()


def test_a_lesson_that_turned_false_is_harmless_and_ends(play: Any, schema: Any, tmp_path: Path) -> None:
    contract = orders(schema)
    first = play(contract, fill(tmp_path / "one", 0, delimiter="#"))
    sound = fill(tmp_path / "two", 1000)
    second = play(contract, sound, out=tmp_path / "second")
    assert (second.status, second.told["replans"], uses(second)) == ("published", 0, [("known_recovery", False)])
    assert statuses(first.home)["known_recovery"] == "retired"
    plain = play(contract, sound, out=tmp_path / "plain", context=OFF)
    assert digest_of(second) == digest_of(plain)


WRONG: Sequence[LessonValue] = (
    KnownRecovery(table="orders", amendment=RemedyKind.REREAD, parameters={"delimiter": "-"}),
    KnownRecovery(table="orders", amendment=RemedyKind.REREAD, parameters={"encoding": "cp850", "read_as": "cp1252"}),
    KnownRecovery(table="orders", amendment=RemedyKind.REFORMAT, columns=("weight_kg",), parameters={"power": "-3"}),
    KnownRecovery(table="orders", amendment=RemedyKind.RESOLVE, columns=("weight_kg",), parameters={"sentinel": "9.5"}),
    KnownMapping(table="orders", header="h", matches={"ordered": "order_id", "order_id": "ordered"}),
)


def test_wrong_lessons_change_no_byte(play: Any, schema: Any, tmp_path: Path) -> None:
    sound = fill(tmp_path / "one", 0)
    plain = play(orders(schema), sound, out=tmp_path / "plain", context=OFF)
    for number, value in enumerate(WRONG):
        teach(plain.home, value, f"planted-{number}")
    taught = play(orders(schema), sound, out=tmp_path / "taught")
    assert (taught.status, taught.told["replans"]) == ("published", 0)
    assert digest_of(taught) == digest_of(plain)
    assert {held for _, held in uses(taught)} == {False}


def test_what_a_lesson_foresaw_wrongly_is_taken_back(
    play: Any, schema: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a test that finds in the data whatever the lesson says."""
    value = KnownRecovery(
        table="orders", amendment=RemedyKind.REFORMAT, columns=("weight_kg",), parameters={"power": "9"}
    )
    sound = fill(tmp_path / "one", 0)
    plain = play(orders(schema), sound, out=tmp_path / "plain", context=OFF)
    teach(plain.home, value)
    found = Amendment(
        kind=RemedyKind.REFORMAT, table="orders", columns=("weight_kg",), files=(0, 1), parameters={"power": "9"},
        gain=80, certainty=1.0, evidence="planted",
    )  # fmt: skip
    monkeypatch.setattr(nodes.steps.foreseeing, "unit_alternatives", lambda *_: iter([found]))
    taught = play(orders(schema), sound, out=tmp_path / "taught")
    assert taught.status == "published", taught.problem
    assert [each["action"] for each in taught.told["replanning"]] == ["take_back"]
    assert digest_of(taught) == digest_of(plain)
    assert uses(taught) == [("known_recovery", False)]
    assert statuses(plain.home)["known_recovery"] == "retired"


def test_the_same_is_not_asked_again_and_something_new_is(play: Any, schema: Any, tmp_path: Path) -> None:
    contract = orders(schema)
    first = play(contract, fill(tmp_path / "one", 0), approve=Approve.CHANGES)
    assert first.status == "waiting"
    assert resume(first.home, first.run_id, answer={"rest": "accept"}, by="anna")["status"].value == "published"
    second = play(contract, fill(tmp_path / "two", 1000), approve=Approve.CHANGES, out=tmp_path / "second")
    assert second.status == "published"
    (answered,) = second.told["approvals"]
    assert answered["by"] == "anna"
    assert answered["note"].startswith(f"answered by lesson from {first.run_id}")
    third = play(contract, fill(tmp_path / "three", 2000, unit="g"), approve=Approve.CHANGES, out=tmp_path / "third")
    assert third.status == "waiting"
    (list_of_changes,) = Path(third.home / "runs" / third.run_id / "approval").glob("*2.changes.json")
    asked = {(each["kind"], each["column"]) for each in json.loads(list_of_changes.read_text())}
    assert ("mapping", "weight_kg") in asked
    assert ("mapping", "order_id") not in asked
    fourth = play(contract, fill(tmp_path / "four", 3000), approve=Approve.CHANGES, out=tmp_path / "off", context=OFF)
    assert fourth.status == "waiting"
