"""Lessons from a buffer of runs: what one run proves, how it ends, and that the buffer alone decides."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from algorithms.reflection.adapting import Adapted, Known, adapt, observed
from algorithms.reflection.certainties import FAILS_AGAIN
from algorithms.reflection.judgements import mappings_of
from algorithms.reflection.mining import mine
from state.decision_log import Adopted, SourceRule
from state.decisions import DecidedBy
from state.diagnosis import RemedyKind
from state.experience import (
    Contradiction,
    DecisionExperience,
    Experience,
    FormatExperience,
    LessonUse,
    RecoveryExperience,
    ReplanExperience,
)
from state.lessons import Ground, Lesson, LessonKind, LessonStatus, MethodProbability, Threshold
from state.reports import FailureKind, Strategy
from state.run import RunStatus
from tools.lessons import forgotten, read_lessons, say, stored_lessons, write_lessons
from tools.store import opened_store

sys.path.insert(0, str(Path(__file__).parent))
from made_runs import BEGAN, OTHER, later, mapped, past_run, past_step

MEMORY = ReplanExperience(
    step_id="conform:orders",
    action="conform_at_once",
    table="orders",
    failure=FailureKind.MEMORY,
    strategy=Strategy.SCALE_DOWN,
    threads=1,
    succeeded=True,
    seconds=2.0,
)


def drawn(runs: list[Experience], stored: Any = (), **more: Any) -> Adapted:
    known = Known(tuple(stored), **{"forgotten": {}, **more})
    seen = observed(runs, known)
    return adapt(runs, mine("shop", seen), seen, known)


def only(adapted: Adapted, kind: LessonKind) -> Lesson:
    (lesson,) = [each for each in adapted.lessons if each.kind is kind and each.status is not LessonStatus.CANDIDATE]
    return lesson


def test_a_mapping_that_its_run_proved_is_known_the_next_time_and_grows_with_what_confirms_it() -> None:
    runs = [past_run(0, mappings=[mapped()], steps=[past_step("map_by_values", seconds=0.5)])]
    lesson = only(drawn(runs), LessonKind.KNOWN_MAPPING)
    assert (lesson.status, lesson.ground, lesson.runs, lesson.gain) == (
        LessonStatus.IN_FORCE,
        Ground.VERIFIED,
        ("r0000",),
        0.5,
    )
    again = only(drawn(later(runs, mappings=[mapped()])), LessonKind.KNOWN_MAPPING)
    assert (again.trials, again.runs, again.since) == (2, ("r0000", "r0001"), BEGAN)


def test_a_run_that_was_not_met_or_whose_judgement_was_doubted_proves_nothing() -> None:
    failed = past_run(0, mappings=[mapped()], status=RunStatus.NOT_MET)
    doubt = DecisionExperience(
        kind="column_mapping",
        subject="orders/v001",
        table="orders",
        decided_by=DecidedBy.COUNCIL,
        contradicted=Contradiction.PERSON,
    )
    assert drawn([failed, past_run(1, mappings=[mapped()], decisions=[doubt])]).lessons == ()


def test_another_mapping_of_the_same_header_ends_the_lesson_and_teaches_the_new_one() -> None:
    runs = [past_run(0, mappings=[mapped()]), past_run(1, mappings=[mapped("customer_id")])]
    lesson = only(drawn(runs), LessonKind.KNOWN_MAPPING)
    assert (lesson.status, lesson.runs, lesson.value.matches) == (  # type: ignore[union-attr]
        LessonStatus.IN_FORCE,
        ("r0001",),
        {"Ref No": "customer_id"},
    )


def test_a_contradiction_without_a_better_answer_retires_it() -> None:
    refuted = DecisionExperience(
        kind="column_mapping",
        subject="orders/v001",
        table="orders",
        decided_by=DecidedBy.COUNCIL,
        contradicted=Contradiction.VERIFICATION,
    )
    runs = [
        past_run(0, mappings=[mapped()]),
        past_run(1, mappings=[mapped()], decisions=[refuted], status=RunStatus.NOT_MET),
    ]
    lesson = only(drawn(runs), LessonKind.KNOWN_MAPPING)
    assert lesson.status is LessonStatus.RETIRED
    assert "r0001" in lesson.retired_because


def test_a_failure_of_memory_teaches_its_cure_and_a_passing_one_teaches_nothing() -> None:
    passing = MEMORY.model_copy(update={"failure": FailureKind.TRANSIENT})
    lesson = only(drawn([past_run(0, replans=[MEMORY, passing])]), LessonKind.THRESHOLD)
    assert isinstance(lesson.value, Threshold)
    assert (lesson.value.limit, lesson.value.value, lesson.gain) == ("threads", 1, 2.0)
    assert drawn([past_run(0, replans=[passing])]).lessons == ()


def test_a_cure_that_is_not_needed_any_more_ends() -> None:
    fine = past_step("conform_at_once")
    lesson = only(drawn([past_run(0, replans=[MEMORY]), past_run(1, steps=[fine])]), LessonKind.THRESHOLD)
    assert lesson.status is LessonStatus.RETIRED


def test_a_cure_that_every_run_uses_is_tried_without_after_a_while() -> None:
    first = drawn([past_run(0, replans=[MEMORY])])
    lesson_id = only(first, LessonKind.THRESHOLD).lesson_id
    use = LessonUse(lesson_id=lesson_id, kind="threshold", effect="starts with 1 thread")
    runs = [past_run(0, replans=[MEMORY])]
    for _ in range(25):
        runs = later(runs, steps=[past_step("conform_at_once")], used=[use])
    lesson = only(drawn(runs[:-1], first.lessons), LessonKind.THRESHOLD)
    assert lesson.status is LessonStatus.IN_FORCE
    lesson = only(drawn(runs, first.lessons), LessonKind.THRESHOLD)
    assert (lesson.status, "tried anew" in lesson.retired_because) == (LessonStatus.RETIRED, True)


def test_a_way_round_teaches_that_the_way_fails() -> None:
    round_it = MEMORY.model_copy(update={"strategy": Strategy.FALL_BACK, "threads": None, "failure": FailureKind.DATA})
    lesson = only(drawn([past_run(0, replans=[round_it])]), LessonKind.METHOD_PROBABILITY)
    assert lesson.value == MethodProbability(action="conform_at_once", table="orders", probability=FAILS_AGAIN)


def test_a_kept_recovery_is_known_and_one_that_was_taken_back_is_not() -> None:
    kept = RecoveryExperience(
        table="orders", amendment=RemedyKind.REREAD, names=("orders_#.csv",), parameters={"delimiter": ";"}, kept=True
    )
    back = kept.model_copy(update={"kept": False, "parameters": {"delimiter": "|"}})
    lesson = only(drawn([past_run(0, recoveries=[kept, back])]), LessonKind.KNOWN_RECOVERY)
    assert lesson.value.parameters == {"delimiter": ";"}  # type: ignore[union-attr]


def test_files_of_another_kind_have_lessons_of_their_own() -> None:
    form = FormatExperience(table="orders", column="day", sources=("Day",), readings={"date order": "day_first"})
    other = form.model_copy(update={"readings": {"date order": "month_first"}})
    adapted = drawn([past_run(0, formats=[form]), past_run(1, formats=[other], family=OTHER)])
    assert len([each for each in adapted.lessons if each.in_force]) == 2
    adapted = drawn([past_run(0, formats=[form]), past_run(1, formats=[other])])
    assert only(adapted, LessonKind.KNOWN_FORMAT).runs == ("r0001",)


def test_reflecting_again_or_in_another_order_changes_nothing() -> None:
    runs = [past_run(0, mappings=[mapped()]), past_run(1, replans=[MEMORY]), past_run(2, mappings=[mapped()])]
    first = drawn(runs)
    assert drawn(runs, first.lessons).changed == ()
    gradually: tuple[Lesson, ...] = ()
    for end in (1, 2, 3):
        gradually = drawn(runs[:end], gradually).lessons
    assert sorted(gradually, key=lambda each: each.lesson_id) == sorted(first.lessons, key=lambda each: each.lesson_id)


def test_a_lesson_whose_run_left_the_buffer_stays_and_can_still_end() -> None:
    stored = drawn([past_run(0, mappings=[mapped()])]).lessons
    kept = only(drawn([past_run(1)], stored), LessonKind.KNOWN_MAPPING)
    assert kept.in_force
    ended = only(drawn([past_run(1, mappings=[mapped("customer_id")])], stored), LessonKind.KNOWN_MAPPING)
    assert (ended.lesson_id, ended.runs) == (kept.lesson_id, ("r0001",))


KEPT = RecoveryExperience(
    table="orders", amendment=RemedyKind.REREAD, names=("orders_#.csv",), parameters={"delimiter": ";"}, kept=True
)


def used(number: int, lesson: Lesson, *, held: bool = True) -> Experience:
    """Return a run that used a lesson, and so had nothing to recover from."""
    use = LessonUse(lesson_id=lesson.lesson_id, kind=lesson.kind.value, effect="reads it so", held=held)
    return past_run(number, used=[use])


def test_a_lesson_that_later_runs_only_confirmed_is_still_judged_when_its_first_run_left_the_buffer() -> None:
    runs = [past_run(0, recoveries=[KEPT])]
    adapted = drawn(runs)
    lesson = only(adapted, LessonKind.KNOWN_RECOVERY)
    for number in range(1, 5):
        runs = [*runs, used(number, lesson)]
        adapted = drawn(runs, adapted.lessons)
    newest = runs[1:]
    lesson = only(drawn(newest, adapted.lessons), LessonKind.KNOWN_RECOVERY)
    assert (lesson.in_force, lesson.trials, lesson.since) == (True, 5, BEGAN)
    ended = drawn([*newest, used(9, lesson, held=False)], adapted.lessons)
    assert only(ended, LessonKind.KNOWN_RECOVERY).status is LessonStatus.RETIRED


def test_runs_of_which_a_lesson_names_few_count_once() -> None:
    runs = [past_run(0, recoveries=[KEPT])]
    lesson = only(drawn(runs), LessonKind.KNOWN_RECOVERY)
    runs += [used(number, lesson) for number in range(1, 81)]
    stored = drawn(runs).lessons
    for _ in range(3):
        stored = drawn(runs[1:], stored).lessons
    (lesson,) = stored
    assert (lesson.trials, len(lesson.runs)) == (81, 50)


def test_a_lesson_that_ended_stays_so_when_the_run_that_ended_it_left_the_buffer_before_the_one_that_taught_it() -> (
    None
):
    taught = past_run(0, recoveries=[KEPT])
    lesson = only(drawn([taught]), LessonKind.KNOWN_RECOVERY)
    stored = drawn([taught, used(1, lesson, held=False)], [lesson]).lessons
    assert [each.status for each in stored] == [LessonStatus.RETIRED]
    adapted = drawn([taught, past_run(5)], stored)
    assert (only(adapted, LessonKind.KNOWN_RECOVERY).status, adapted.changed) == (LessonStatus.RETIRED, ())
    again = drawn([taught, past_run(6, recoveries=[KEPT])], stored)
    assert only(again, LessonKind.KNOWN_RECOVERY).in_force


def test_runs_before_a_lesson_say_nothing_to_it_and_teach_nothing_older() -> None:
    other = KEPT.model_copy(update={"parameters": {"delimiter": "|"}})
    stored = drawn([past_run(3, recoveries=[KEPT])]).lessons
    assert only(drawn([past_run(1), past_run(9, status=RunStatus.FAILED)], stored), LessonKind.KNOWN_RECOVERY).in_force
    lesson = only(drawn([past_run(1, recoveries=[other])], stored), LessonKind.KNOWN_RECOVERY)
    assert lesson.value.parameters == {"delimiter": ";"}  # type: ignore[union-attr]


def test_a_forgotten_lesson_whose_runs_left_the_buffer_is_taught_anew_by_a_later_one() -> None:
    stored = drawn([past_run(0, mappings=[mapped()])]).lessons
    forgot = {stored[0].lesson_id: BEGAN + timedelta(hours=2)}
    lesson = only(drawn([past_run(3, mappings=[mapped()])], stored, forgotten=forgot), LessonKind.KNOWN_MAPPING)
    assert (lesson.in_force, lesson.since) == (True, BEGAN + timedelta(hours=3))


def failing(number: int, *, turned: bool = False) -> Experience:
    """Return a run in which resolving fails, and everything else works; `turned`: resolving works, too."""
    others = [past_step(action) for action in ("map_by_name", "format_counting_all", "dedupe", "quarantine")]
    return past_run(number, steps=[past_step(ok=turned), *others])


def test_a_way_that_fails_run_after_run_becomes_a_lesson_and_ends_when_it_works_again() -> None:
    runs = [failing(number) for number in range(15)]
    adapted = drawn(runs)
    lesson = only(adapted, LessonKind.METHOD_PROBABILITY)
    assert lesson.in_force
    assert (lesson.successes, lesson.trials) == (15, 15)
    assert lesson.q is not None
    assert lesson.q < 0.05
    for turn in range(1, 4):
        runs = [*runs, failing(14 + turn, turned=True)]
        adapted = drawn(runs, adapted.lessons)
        if not only(adapted, LessonKind.METHOD_PROBABILITY).in_force:
            break
    assert only(adapted, LessonKind.METHOD_PROBABILITY).status is LessonStatus.RETIRED
    assert turn <= 3
    again = drawn([*runs, failing(20, turned=True)], adapted.lessons)
    assert not only(again, LessonKind.METHOD_PROBABILITY).in_force


def test_what_a_person_forgot_is_taught_by_later_runs_only(tmp_path: Path) -> None:
    runs = [past_run(0, mappings=[mapped()])]
    with opened_store(tmp_path) as store:
        write_lessons(store, drawn(runs).lessons)
        (lesson,) = read_lessons(store)
        say(store, lesson.lesson_id, LessonStatus.FORGOTTEN, BEGAN + timedelta(minutes=30))
        write_lessons(store, drawn(runs, stored_lessons(store), forgotten=forgotten(store)).lessons)
        assert [each.status for each in read_lessons(store)] == [LessonStatus.FORGOTTEN]
        runs = later(runs, mappings=[mapped()])
        write_lessons(store, drawn(runs, stored_lessons(store), forgotten=forgotten(store)).lessons)
        (lesson,) = read_lessons(store)
        assert (lesson.status, lesson.runs) == (LessonStatus.IN_FORCE, ("r0001",))


def test_standing_repairs_are_the_decision_logs_and_end_with_their_entry() -> None:
    rule = SourceRule(values={"GB": "United Kingdom"}, runs={"GB": "r0000"})
    adopted = Adopted(rules={"orders": {"country": {"Country": rule}}})
    first = drawn([past_run(0)], adopted=adopted)
    assert only(first, LessonKind.STANDING_REPAIR).in_force
    revoked = drawn([past_run(0), past_run(1)], first.lessons)
    assert "no such rule" in only(revoked, LessonKind.STANDING_REPAIR).retired_because


def doubted(subject: str, kind: str = "value_format") -> DecisionExperience:
    return DecisionExperience(
        kind=kind,
        subject=subject,
        table="orders",
        decided_by=DecidedBy.COUNCIL,
        contradicted=Contradiction.VERIFICATION,
    )


def test_what_speaks_against_a_column_says_nothing_to_one_whose_name_it_begins_with() -> None:
    form = FormatExperience(table="orders", column="day", sources=("Day",), readings={"date order": "day_first"})
    runs = [past_run(0, formats=[form], decisions=[doubted("orders.day_paid")])]
    stored = drawn(runs)
    assert only(stored, LessonKind.KNOWN_FORMAT).in_force
    other = past_run(1, formats=[form], decisions=[doubted("orders.day_paid")])
    assert only(drawn([*runs, other]), LessonKind.KNOWN_FORMAT).in_force
    same = past_run(1, formats=[form], decisions=[doubted("orders.day")])
    assert not only(drawn([*runs, same]), LessonKind.KNOWN_FORMAT).in_force


def test_a_pattern_whose_lesson_another_process_ended_meanwhile_is_passed_over() -> None:
    runs = [failing(number) for number in range(15)]
    seen = observed(runs, Known((), {}))
    patterns = mine("shop", seen)
    left = tuple(each for each in seen if each.key[2] != "resolve_by_votes")
    assert all(
        each.kind is not LessonKind.METHOD_PROBABILITY
        for each in adapt(runs, patterns, left, Known((), {})).lessons
        if each.in_force
    )


@pytest.mark.parametrize(("failed", "stands"), [("order_id", False), ("note", True), (None, True)])
def test_a_check_that_failed_on_a_column_ends_what_was_known_of_its_source(failed: str | None, stands: bool) -> None:  # noqa: FBT001
    match = {"source": "Ref No", "target": "order_id", "reason": "values 0.91"}
    told = {
        "mappings": [{"table": "orders", "variant_id": "v1", "matches": [match], "confidence": 0.9}],
        "checks": [{"table": "orders", "column": failed, "result": "failed"}],
    }
    (mapping,) = mappings_of(told, {"v1": "h1"})
    assert mapping.by_evidence == ("Ref No",)
    runs = [past_run(0, mappings=[mapped()]), past_run(1, mappings=[mapping], status=RunStatus.NOT_MET)]
    assert only(drawn(runs), LessonKind.KNOWN_MAPPING).in_force is stands
    assert bool(drawn([past_run(0, mappings=[mapping])]).lessons) is stands


def test_a_way_that_fails_more_often_than_the_rest_is_counted_as_later_runs_judge_it() -> None:
    """It succeeds in most runs: a success is what it says, and a lesson that counted failures would end by luck."""
    runs = [failing(number, turned=number % 5 != 0 and number % 7 != 0) for number in range(60)]
    lesson = only(drawn(runs), LessonKind.METHOD_PROBABILITY)
    successes = sum(step.first_try for run in runs for step in run.steps if step.action == "resolve_by_votes")
    assert (lesson.successes, lesson.trials) == (successes, 60)


def test_what_many_runs_taught_again_after_it_was_forgotten_still_ends() -> None:
    runs = [failing(number) for number in range(15)]
    adapted = drawn(runs)
    forgot = {only(adapted, LessonKind.METHOD_PROBABILITY).lesson_id: runs[-1].at + timedelta(minutes=1)}
    runs += [failing(number) for number in range(15, 32)]
    adapted = drawn(runs, adapted.lessons, forgotten=forgot)
    assert only(adapted, LessonKind.METHOD_PROBABILITY).in_force
    for number in range(32, 35):
        runs.append(failing(number, turned=True))
        adapted = drawn(runs, adapted.lessons, forgotten=forgot)
    assert only(adapted, LessonKind.METHOD_PROBABILITY).status is LessonStatus.RETIRED
