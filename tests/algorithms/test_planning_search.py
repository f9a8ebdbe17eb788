"""The planner on small domains: plans, reasons for none, order, and what every plan must be."""

import itertools
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.dag import first_fault
from algorithms.planning.anytime import Limits, Planner, best_plan, plan
from algorithms.planning.choosing import Criteria, by_rank
from algorithms.planning.conditions import (
    TRUE,
    And,
    Atom,
    Condition,
    Exists,
    ForAll,
    Imply,
    Same,
    adds,
    deletes,
    variable,
)
from algorithms.planning.model import (
    Action,
    Compound,
    Domain,
    Estimate,
    Method,
    Network,
    Predicate,
    Problem,
    Task,
    sequence,
    unordered,
)
from algorithms.planning.solution import ROOT, Solution, Step
from state.errors import SetupError
from state.plans import NoPlan

X, Y, Z = variable("x", "place"), variable("y", "place"), variable("z", "place")
V, P = variable("v", "vehicle"), variable("p", "parcel")
AT, ROAD, HOLDS = (
    Predicate("at", ("thing", "place")),
    Predicate("road", ("place", "place")),
    Predicate("holds", ("parcel", "vehicle")),
)

DRIVE = Action("drive", (V, X, Y), AT(V, X) & ROAD(X, Y), (deletes(AT(V, X)), adds(AT(V, Y))))
LOAD = Action("load", (V, X, P), AT(V, X) & AT(P, X), (deletes(AT(P, X)), adds(HOLDS(P, V))))
DROP = Action("drop", (V, X, P), AT(V, X) & HOLDS(P, V), (deletes(HOLDS(P, V)), adds(AT(P, X))))
GO, BRING = Compound("go", (V, X)), Compound("bring", (P, X))
LOGISTICS = Domain.of(
    "logistics",
    types={"vehicle": "thing", "parcel": "thing", "thing": "object", "place": "object"},
    predicates=(AT, ROAD, HOLDS),
    actions=(DRIVE, LOAD, DROP),
    compounds=(GO, BRING),
    methods=(
        Method("is_there", GO(V, X), condition=AT(V, X)),
        Method("by_road", GO(V, X), sequence(DRIVE(V, Y, Z), GO(V, X)), And((AT(V, Y), ROAD(Y, Z), ~AT(V, X)))),
        Method(
            "fetch", BRING(P, X), sequence(GO(V, Y), LOAD(V, Y, P), GO(V, X), DROP(V, X, P)), AT(P, Y) & ~Same(X, Y)
        ),
        Method("lies_there", BRING(P, X), condition=AT(P, X)),
    ),
)


def logistics(roads: Sequence[tuple[str, str]], parcels: dict[str, tuple[str, str]], *, cars: int = 1) -> Problem:
    places = sorted({place for road in roads for place in road})
    facts = [ROAD(one, other) for road in roads for one, other in (road, road[::-1])]
    facts += [AT(f"car{number}", places[0]) for number in range(cars)]
    facts += [AT(parcel, start) for parcel, (start, _) in parcels.items()]
    objects = dict.fromkeys(places, "place") | dict.fromkeys(parcels, "parcel")
    objects |= {f"car{number}": "vehicle" for number in range(cars)}
    return Problem(LOGISTICS, objects, tuple(facts), unordered(*(BRING(one, to) for one, (_, to) in parcels.items())))


def solved(problem: Problem, limits: Limits | None = None) -> Solution:
    answer = best_plan(problem, limits=limits) if limits is not None else plan(problem)
    assert isinstance(answer, Solution), answer
    assert first_fault(answer.steps, answer.facts()) is None
    assert answer.cost == sum(step.estimate.cost for step in answer.steps)
    return answer


def text(solution: Solution) -> list[str]:
    return [str(task) for task in solution.tasks()]


CHAIN = [("a", "b"), ("b", "c"), ("c", "d")]


def test_a_parcel_is_fetched_and_brought() -> None:
    found = solved(logistics(CHAIN, {"box": ("c", "a")}), Limits(nodes=20_000))
    assert text(found) == [
        "drive(car0, a, b)", "drive(car0, b, c)", "load(car0, c, box)",
        "drive(car0, c, b)", "drive(car0, b, a)", "drop(car0, a, box)",
    ]  # fmt: skip
    top = found.decompositions[0]
    assert (str(top.task), top.method.name, top.parent) == ("bring(box, a)", "fetch", ROOT)


def test_without_a_road_the_reason_names_what_does_not_hold() -> None:
    answer = plan(logistics([("a", "b"), ("c", "d")], {"box": ("c", "a")}))
    assert isinstance(answer, NoPlan)
    assert answer.exhausted
    assert answer.reason.startswith("go(car0, c) by ")
    assert "go(car0, c) by is_there: at(car0, c) does not hold" in answer.tried


def test_later_plans_cost_less_and_the_last_is_the_shortest() -> None:
    ring = [(f"n{one}", f"n{(one + 1) % 9}") for one in range(9)]
    planner = Planner(logistics(ring, {"box": ("n1", "n8")}), limits=Limits(nodes=200_000))
    costs = [found.cost for found in planner.plans()]
    assert costs == sorted(set(costs), reverse=True)
    assert costs[-1] == 5
    assert planner.exhausted


def test_the_same_problem_and_seed_give_the_same_plans() -> None:
    problem = logistics([*CHAIN, ("a", "d")], {"box": ("c", "a"), "bag": ("b", "d")}, cars=2)
    one, other = ([text(found) for found in Planner(problem, limits=Limits(nodes=5_000), seed=3).plans()] for _ in "ab")
    assert one == other


def test_a_limit_on_nodes_is_told_apart_from_an_exhausted_search() -> None:
    answer = plan(logistics([("a", "b"), ("c", "d")], {"box": ("c", "a")}), limits=Limits(nodes=1))
    assert isinstance(answer, NoPlan)


def test_a_limit_on_seconds_reads_the_given_clock() -> None:
    time = itertools.count()
    parcels = {f"p{number}": ("d", "a") for number in range(40)}
    answer = plan(
        logistics([*CHAIN, ("x", "y")], parcels | {"lost": ("x", "a")}),
        limits=Limits(seconds=3, clock=lambda: float(next(time))),
    )
    assert isinstance(answer, NoPlan)
    assert not answer.exhausted
    assert "3 seconds" in answer.reason


def test_tasks_without_order_are_interleaved_where_they_must_be() -> None:
    """Neither task can be done in one piece: each waits for a step of the other."""
    token = [Predicate(name) for name in ("one", "two", "three")]
    acts = [
        Action(f"act{n}", (), token[n - 1]() if n else TRUE, (adds(token[n]()),) if n < 3 else ()) for n in range(4)
    ]
    left, right = Compound("left"), Compound("right")
    domain = Domain.of(
        "weave",
        predicates=token,
        actions=acts,
        compounds=(left, right),
        methods=(
            Method("m", left(), sequence(acts[0](), acts[2]())),
            Method("n", right(), sequence(acts[1](), acts[3]())),
        ),
    )
    assert text(solved(Problem(domain, {}, (), unordered(left(), right())))) == ["act0", "act1", "act2", "act3"]
    assert isinstance(plan(Problem(domain, {}, (), sequence(left(), right()))), NoPlan)


def test_a_chooser_by_criteria_takes_the_method_it_rates_best() -> None:
    fast, cheap, work = Action("fast"), Action("cheap"), Compound("work")
    domain = Domain.of(
        "choice",
        predicates=(),
        actions=(fast, cheap),
        compounds=(work,),
        methods=(
            Method("costly", work(), sequence(fast()), estimate=Estimate(seconds=1, cost=9, probability=0.9)),
            Method("slow", work(), sequence(cheap()), estimate=Estimate(seconds=9, cost=1, probability=0.5)),
            Method("wanted", work(), sequence(cheap(), fast()), priority=20.0, estimate=Estimate(seconds=20, cost=20)),
        ),
    )
    problem = Problem(domain, {}, (), sequence(work()))
    for criteria, expected in (
        (Criteria(priority=0), "slow"),
        (Criteria(cost=0, seconds=1, priority=0), "costly"),
        (Criteria(cost=0, risk=1, priority=0), "wanted"),
        (Criteria(), "wanted"),
    ):
        answer = plan(problem, choosing=by_rank(criteria))
        assert isinstance(answer, Solution)
        assert answer.decompositions[0].method.name == expected


def test_an_abstract_task_becomes_one_of_its_choices() -> None:
    ready = Predicate("ready")
    one, other = Action("one", condition=ready()), Action("other")
    work = Compound("work", choices=(one(), other()))
    domain = Domain.of("abstract", predicates=(ready,), actions=(one, other), compounds=(work,))
    found = solved(Problem(domain, {}, (), sequence(work())))
    assert text(found) == ["other"]
    assert found.decompositions[0].passed_over == ("work_as_one: ready does not hold",)


def test_what_is_read_must_be_written_and_the_order_of_data_is_kept() -> None:
    item = variable("d", "object")
    make, use, remake = (
        Action("make", (item,), writes=(item,)),
        Action("use", (item,), reads=(item,)),
        Action("remake", (item,), reads=(item,), writes=(item,)),
    )
    domain = Domain.of("flow", predicates=(), actions=(make, use, remake))
    problem = Problem(
        domain, {"table": "object"}, (), sequence(make("table"), use("table"), remake("table"), use("table"))
    )
    assert solved(problem).before() == ((), (0,), (1,), (2,))
    answer = plan(Problem(domain, {"table": "object"}, (), sequence(use("table"))))
    assert isinstance(answer, NoPlan)
    assert "available(table) does not hold" in answer.reason


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (ForAll((X,), Imply(ROAD("a", X), AT("car0", X))), False),
        (ForAll((X,), Imply(AT("car0", X), ROAD(X, "b"))), True),
        (Exists((X, Y), ROAD(X, Y) & AT("car0", X)), True),
        (Exists((X,), ROAD(X, X)), False),
        (ROAD("a", "c") | (ROAD("a", "b") & ~AT("car0", "b")), True),
        (~(ROAD("a", "b") & AT("car0", "a")), False),
        (~Exists((X,), AT("car0", X) & ROAD(X, "d")), True),
        (Imply(AT("car0", "a"), Same("a", "b")), False),
    ],
)
def test_every_connective_means_the_same_compiled_explained_and_as_a_goal(
    condition: Condition,
    holds: bool,  # noqa: FBT001  a parameter of the cases
) -> None:
    base = logistics(CHAIN, {})
    network = Network()
    assert (
        isinstance(plan(Problem(LOGISTICS, base.objects, base.facts, network, condition=condition)), Solution) == holds
    )
    answer = plan(Problem(LOGISTICS, base.objects, base.facts, network, goal=condition))
    assert isinstance(answer, Solution) == holds
    if not holds:
        answer = plan(Problem(LOGISTICS, base.objects, base.facts, network, condition=condition))
        assert isinstance(answer, NoPlan)
        assert "what it leads to cannot be done" not in answer.reason


def test_universal_and_conditional_effects_are_those_of_the_state_before() -> None:
    swap = Action(
        "swap",
        effects=(
            deletes(AT("car0", X), over=(X,)),
            adds(AT("car0", "b"), when=AT("car0", "a")),
            adds(AT("car0", "a"), when=AT("car0", "b")),
        ),
    )
    domain = Domain.of(
        "swap", types=dict(LOGISTICS.types.items() and {"vehicle": "thing", "thing": "object", "place": "object"}),
        predicates=(AT,), actions=(swap,), constants={"car0": "vehicle"},
    )  # fmt: skip
    problem = Problem(
        domain, {"a": "place", "b": "place"}, (AT("car0", "a"),), sequence(swap(), swap(), swap()), goal=AT("car0", "b")
    )
    assert solved(problem).length == 3


def test_deep_recursion_needs_no_python_stack() -> None:
    number = variable("n", "object")
    after, counted = Predicate("after", ("object", "object")), Predicate("counted", ("object",))
    more = variable("m", "object")
    count, step = Compound("count", (number,)), Action("step", (number,), effects=(adds(counted(number)),))
    methods = (
        Method("on", count(number), sequence(step(number), count(more)), after(number, more)),
        Method("end", count(number), condition=~Exists((more,), after(number, more))),
    )
    domain = Domain.of("count", predicates=(after, counted), actions=(step,), compounds=(count,), methods=methods)
    names = [f"n{one}" for one in range(5_001)]
    facts = tuple(after(one, other) for one, other in itertools.pairwise(names))
    found = next(Planner(Problem(domain, dict.fromkeys(names, "object"), facts, sequence(count("n0")))).plans())
    assert found.length == 5_000


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (sequence(Task("fly", ("box",))), "nothing does the task 'fly'"),
        (sequence(BRING("box")), "bring takes 2 arguments, not 1"),
        (sequence(BRING("box", "nowhere")), "there is no object 'nowhere'"),
        (Network((BRING("box", "a"),), order=((0, 3),)), "names no task"),
    ],
)
def test_what_does_not_fit_is_a_setup_error(network: Network, told: str) -> None:
    base = logistics(CHAIN, {"box": ("c", "a")})
    with pytest.raises(SetupError, match=told):
        plan(Problem(LOGISTICS, base.objects, base.facts, network))


# ------------------------------------------------------------------ what every plan must be


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    places = "abcde"[: draw(st.integers(2, 5))]
    roads = [(places[draw(st.integers(0, number - 1))], places[number]) for number in range(1, len(places))]
    roads += draw(st.lists(st.tuples(st.sampled_from(places), st.sampled_from(places)), max_size=2))
    names = [f"p{number}" for number in range(draw(st.integers(1, 3)))]
    parcels = {name: (draw(st.sampled_from(places)), draw(st.sampled_from(places))) for name in names}
    return logistics(roads, parcels, cars=draw(st.integers(1, 2)))


def linearisations(before: Sequence[tuple[int, ...]], order: random.Random, count: int) -> Iterator[list[int]]:
    for _ in range(count):
        done: list[int] = []
        while len(done) < len(before):
            free = [place for place in range(len(before)) if place not in done and set(before[place]) <= set(done)]
            done.append(order.choice(free))
        yield done


@settings(max_examples=40, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_every_plan_executes_and_so_does_every_linearisation(problem: Problem, order: random.Random) -> None:
    found = solved(problem, Limits(nodes=3_000))
    for places in linearisations(found.before(), order, 10):
        assert first_fault([found.steps[place] for place in places], found.facts()) is None


@settings(max_examples=40, deadline=None)
@given(problems())
def test_without_the_step_that_makes_a_fact_the_one_that_needs_it_fails(problem: Problem) -> None:
    found = solved(problem, Limits(nodes=3_000))
    steps, facts = found.steps, found.facts()
    for user, maker in links(steps, facts):
        without = [step for place, step in enumerate(steps) if place != maker]
        fault = first_fault(without, facts)
        assert fault is not None, (user, maker)
        assert fault.position <= user


def links(steps: Sequence[Step], facts: frozenset[Atom]) -> Iterator[tuple[int, int]]:
    """Yield (user, maker) where the maker is the only step before the user that makes what it needs."""
    for user, step in enumerate(steps):
        for fact in step.needs:
            makers = [place for place in range(user) if fact in steps[place].adds]
            if len(makers) == 1 and fact not in facts:
                yield user, makers[0]
