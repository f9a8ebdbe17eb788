"""Repairing a plan: the smallest part anew, the rest kept, reasons where nothing helps."""

import pytest

from algorithms.planning.anytime import plan
from algorithms.planning.conditions import adds, deletes, variable
from algorithms.planning.model import Action, Compound, Domain, Method, Network, Predicate, Problem, sequence
from algorithms.planning.repair import Repair, Stage, repair
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


def test_what_must_be_interleaved_is_planned_anew_with_all_that_is_left() -> None:
    """Two open tasks that only together can be done otherwise than planned; the first of three is over."""
    one, two, three, easy = (Predicate(name) for name in ("one", "two", "three", "easy"))
    first, plain = Action("first", effects=(adds(easy()),)), Action("plain", condition=easy())
    acts = [
        Action("a", effects=(adds(one()),)), Action("b", condition=one(), effects=(adds(two()),)),
        Action("c", condition=two(), effects=(adds(three()),)), Action("d", condition=three()),
    ]  # fmt: skip
    left, right = Compound("left"), Compound("right")
    domain = Domain.of(
        "weave",
        predicates=(one, two, three, easy),
        actions=(first, plain, *acts),
        compounds=(left, right),
        methods=(
            Method("easily", left(), sequence(plain())),
            Method("woven", left(), sequence(acts[0](), acts[2]())),
            Method("simply", right(), sequence(plain())),
            Method("also_woven", right(), sequence(acts[1](), acts[3]())),
        ),
    )
    network = Network((first(), left(), right()), order=((0, 1), (0, 2)))
    answer = plan(Problem(domain, {}, (), network))
    assert isinstance(answer, Solution)
    assert [str(task) for task in answer.tasks()] == ["first", "plain", "plain"]
    found = repair(answer, set(), 1)
    assert told(found) == ["a", "b", "c", "d"]
    assert isinstance(found, Repair)
    assert (found.stage, found.kept, found.done, found.dropped) == (Stage.REST, 0, 1, ())


def test_a_task_that_was_begun_begins_again_and_a_repaired_plan_can_be_repaired(found: Solution) -> None:
    again = repair(found, {RAW("a"), RAW("b"), FAST("b")}, 1)
    assert told(again) == ["slow(a)", "publish(a)", "quick(b)", "publish(b)"]
    assert isinstance(again, Repair)
    assert (again.stage, again.done, again.dropped) == (Stage.PART, 0, (0,))
    more = repair(again.solution, {DONE("a"), RAW("b")}, again.done + 2)
    assert told(more) == ["slow(b)", "publish(b)"]
    assert isinstance(more, Repair)
    assert (more.stage, more.done, more.kept) == (Stage.PART, 2, 1)


def test_a_plan_that_nothing_touches_goes_on_as_it_is(found: Solution) -> None:
    answer = repair(found, {CLEAN("a"), RAW("b"), FAST("b")}, 1)
    assert told(answer) == ["publish(a)", "quick(b)", "publish(b)"]
    assert isinstance(answer, Repair)
    assert (answer.stage, answer.replanned, answer.nodes) == (Stage.NOTHING, None, 0)
