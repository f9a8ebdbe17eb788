"""Repairing a plan: the smallest part anew, the rest kept, reasons where nothing helps."""

import pytest

from algorithms.planning.anytime import plan
from algorithms.planning.conditions import adds, deletes, variable
from algorithms.planning.model import Action, Compound, Domain, Method, Predicate, Problem, sequence
from algorithms.planning.repair import Repair, repair
from algorithms.planning.solution import Solution
from state.plans import NoPlan

T = variable("t", "table")
RAW, CLEAN, DONE, FAST = (Predicate(name, ("table",)) for name in ("raw", "clean", "done", "fast"))
QUICK = Action("quick", (T,), FAST(T) & RAW(T), (adds(CLEAN(T)), deletes(RAW(T))))
SLOW = Action("slow", (T,), RAW(T), (adds(CLEAN(T)), deletes(RAW(T))))
PUBLISH = Action("publish", (T,), CLEAN(T), (adds(DONE(T)),))
BREAK = Action("break", (T,), effects=(deletes(FAST(T)),))
TIDY, DELIVER = Compound("tidy", (T,)), Compound("deliver", (T,))
DOMAIN = Domain.of(
    "tables",
    types={"table": "object"},
    predicates=(RAW, CLEAN, DONE, FAST),
    actions=(QUICK, SLOW, PUBLISH, BREAK),
    compounds=(TIDY, DELIVER),
    methods=(
        Method("quickly", TIDY(T), sequence(QUICK(T))),
        Method("slowly", TIDY(T), sequence(SLOW(T))),
        Method("all", DELIVER(T), sequence(TIDY(T), PUBLISH(T))),
        Method("nothing", DELIVER(T), condition=DONE(T)),
    ),
)
FACTS = (RAW("a"), RAW("b"), FAST("a"), FAST("b"))


@pytest.fixture
def found() -> Solution:
    answer = plan(Problem(DOMAIN, {"a": "table", "b": "table"}, FACTS, sequence(DELIVER("a"), DELIVER("b"))))
    assert isinstance(answer, Solution)
    assert [str(task) for task in answer.tasks()] == ["quick(a)", "publish(a)", "quick(b)", "publish(b)"]
    return answer


def told(answer: Repair | NoPlan) -> list[str]:
    assert isinstance(answer, Repair), answer
    return [str(task) for task in answer.steps]


def test_only_the_task_around_the_failed_step_is_planned_anew(found: Solution) -> None:
    answer = repair(found, set(FACTS) - {FAST("a")}, 0)
    assert told(answer) == ["slow(a)", "publish(a)", "quick(b)", "publish(b)"]
    assert isinstance(answer, Repair)
    assert (str(answer.replanned), answer.kept) == ("tidy(a)", 3)


def test_what_was_done_stays_done(found: Solution) -> None:
    now = {CLEAN("a"), DONE("a"), RAW("b"), FAST("a")}
    assert told(repair(found, now, 2)) == ["slow(b)", "publish(b)"]


def test_a_larger_part_is_taken_where_the_smallest_does_not_do(found: Solution) -> None:
    """Table a is done already by another hand: there is nothing to tidy, but its delivery is over."""
    answer = repair(found, {DONE("a"), RAW("b"), FAST("b")}, 0)
    assert told(answer) == ["quick(b)", "publish(b)"]
    assert isinstance(answer, Repair)
    assert str(answer.replanned) == "deliver(a)"


def test_where_nothing_helps_the_tasks_tried_are_told(found: Solution) -> None:
    answer = repair(found, {RAW("b"), FAST("b")}, 0)
    assert isinstance(answer, NoPlan)
    assert [line.partition(":")[0] for line in answer.tried] == [
        "tidy(a)", "deliver(a)", "tidy(a) and what follows", "deliver(a) and what follows", "the whole problem",
    ]  # fmt: skip


def test_a_change_of_what_no_action_changes_is_taken_up() -> None:
    """A road is closed that the plan uses."""
    road, at = Predicate("road", ("object", "object")), Predicate("at", ("object",))
    here, there = variable("x", "object"), variable("y", "object")
    drive = Action("drive", (here, there), at(here) & road(here, there), (deletes(at(here)), adds(at(there))))
    go = Compound("go", (there,))
    domain = Domain.of(
        "roads",
        predicates=(road, at),
        actions=(drive,),
        compounds=(go,),
        methods=(
            Method("there", go(there), condition=at(there)),
            Method("on", go(there), sequence(drive(here, variable("z", "object")), go(there)), at(here)),
        ),
    )
    roads = (road("a", "b"), road("b", "d"), road("b", "c"), road("c", "d"))
    answer = plan(Problem(domain, dict.fromkeys("abcd", "object"), (*roads, at("a")), sequence(go("d"))))
    assert isinstance(answer, Solution)
    assert told(repair(answer, {*roads, at("b")} - {road("b", "d")}, 1)) == ["drive(b, c)", "drive(c, d)"]
