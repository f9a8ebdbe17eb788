"""A lesson never overrides the contract, and of two about the same only one is believed."""

import sys
from pathlib import Path
from typing import Any

import pytest

from algorithms.reflection.adapting import Known, adapt
from algorithms.reflection.contradictions import against_contract, clashes, undisputed
from algorithms.reflection.log_entries import with_entries
from state.contract import Column, Contract, LogicalType, OnViolation, RepairScope, Table, TypeOptions
from state.decision_log import Adopted, LogEntry, Proposal, ProposalKind, SourceRule, StandingMapping
from state.diagnosis import RemedyKind
from state.experience import SourceFamily
from state.lessons import (
    Ground,
    KnownFormat,
    KnownMapping,
    KnownRecovery,
    Lesson,
    LessonStatus,
    MethodProbability,
    Scope,
    StandingRepair,
)

sys.path.insert(0, str(Path(__file__).parent))
from made_runs import BEGAN, FAMILY, OTHER, mapped, past_run

COLUMNS = (
    Column(name="order_id", logical_type=LogicalType.INTEGER, repair=RepairScope.NEVER),
    Column(name="day", logical_type=LogicalType.DATE, options=TypeOptions(format="yyyy-MM-dd"), aliases=("Datum",)),
    Column(name="paid", logical_type=LogicalType.DATE),
    Column(name="note"),
)
TABLE = Table(name="orders", columns=COLUMNS, on_violation=OnViolation.FAIL)
CONTRACT = Contract.model_construct(tables=(TABLE,))


def form(column: str, table: str = "orders", **readings: str) -> KnownFormat:
    said = {name.replace("_", " "): choice for name, choice in readings.items()}
    return KnownFormat(table=table, column=column, source="X", readings=said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (KnownMapping(table="orders", header="h", matches={"Datum": "paid"}), "calls day 'Datum'"),
        (KnownMapping(table="orders", header="h", matches={"Ref": "gone"}), "no column orders.gone"),
        (KnownMapping(table="orders", header="h", matches={"Ref": "note"}), ""),
        (form("day", date_order="day_first"), "says how orders.day is written"),
        (form("paid", date_order="day_first"), ""),
        (form("note", decimal_sign=","), "is no number"),
        (form("day", table="stock"), "no table 'stock'"),
        (KnownRecovery(table="orders", amendment=RemedyKind.SET_ASIDE), "no row of orders be set aside"),
        (KnownRecovery(table="orders", amendment=RemedyKind.RESOLVE, columns=("order_id",)), "not be repaired"),
        (KnownRecovery(table="orders", amendment=RemedyKind.REREAD), ""),
        (StandingRepair(table="orders", column="order_id", source="x"), "not be repaired"),
        (MethodProbability(action="publish", table="", probability=0.5), ""),
    ],
)
def test_the_contract_comes_before_a_lesson(value: Any, said: str) -> None:
    against = against_contract(value, CONTRACT)
    assert said in against if said else not against


def test_a_lesson_that_the_contract_contradicts_is_retired_once() -> None:
    runs = [past_run(0, mappings=[mapped("paid", "Datum")])]
    first = adapt(runs, (), (), Known((), {}, CONTRACT))
    (lesson,) = first.lessons
    assert (lesson.status, "calls day" in lesson.retired_because) == (LessonStatus.RETIRED, True)
    assert adapt([*runs, past_run(1)], (), (), Known(first.lessons, {}, CONTRACT)).changed == ()


def chance(lesson_id: str, probability: float, family: SourceFamily, **more: Any) -> Lesson:
    value = MethodProbability(action="dedupe", table="orders", probability=probability)
    given = {"kind": value.kind, "subject": "", "value": value, "scope": Scope(contract="c", family=family)}
    shown = {"ground": Ground.VERIFIED, "runs": (), "trials": 1, "successes": 1, "bound": 0.2, "since": BEGAN}
    status = {"status": LessonStatus.IN_FORCE}
    return Lesson.model_validate({"lesson_id": lesson_id, **given, **shown, **status, **more})


def test_the_narrower_lesson_holds_unless_a_person_pinned_the_other() -> None:
    wide, narrow = chance("wide", 0.9, SourceFamily()), chance("narrow", 0.2, FAMILY)
    (clash,) = clashes([wide, narrow])
    assert (clash.holds.lesson_id, clash.why) == ("narrow", "it is about these files in particular")
    assert undisputed([wide, narrow]) == (narrow,)
    pinned = wide.model_copy(update={"status": LessonStatus.PINNED})
    assert undisputed([pinned, narrow]) == (pinned,)


def test_lessons_for_other_files_or_that_say_the_same_do_not_clash() -> None:
    assert not list(clashes([chance("a", 0.9, OTHER), chance("b", 0.2, FAMILY)]))
    assert not list(clashes([chance("a", 0.9, FAMILY), chance("b", 0.9, SourceFamily())]))
    ended = chance("a", 0.9, FAMILY, status=LessonStatus.RETIRED)
    assert not list(clashes([ended, chance("b", 0.2, FAMILY)]))


def test_what_the_decision_log_holds_is_referred_to() -> None:
    matches = {"Ref No": "order_id"}
    mapping = StandingMapping(table="orders", matches=matches, reasons={"Ref No": "values"})
    proposal = Proposal(kind=ProposalKind.MAPPING, contract="c", run_id="r0000", mapping=mapping)
    entry = LogEntry(index=4, previous="", at="", proposal=proposal, acceptances=(), digest="")
    names = {"orders": {"order_id": {"Ref No": "r0000"}}}
    (lesson,) = adapt([past_run(0, mappings=[mapped()])], (), (), Known((), {})).lessons
    assert lesson.entry is None
    (told,) = with_entries([lesson], [entry], Adopted(names=names))
    assert told.entry == 4
    other = Adopted(rules={"orders": {"day": {"X": SourceRule(readings={"date order": "day_first"})}}})
    assert [each.entry for each in with_entries([lesson], [entry], other)] == [None]
