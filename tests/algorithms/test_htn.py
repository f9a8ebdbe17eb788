from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.dag import deorder, first_fault
from algorithms.htn import Limits, Search, by_cost, solve
from algorithms.htn_domain import Domain, Estimate, Method, Network, Operator, Problem
from algorithms.htn_model import Absent, Adds, Deletes, Different, Fact, ForAll, Holds, Task, Variable
from algorithms.htn_solution import ROOT, Solution
from state.plans import NoPlan

P, X, Y, V, C, D = (Variable(name) for name in ("package", "from", "to", "vehicle", "city", "other"))


def fact(text: str) -> Fact:
    predicate, *args = text.split()
    return Fact(predicate, tuple(args))


def facts(*texts: str) -> frozenset[Fact]:
    return frozenset(fact(text) for text in texts)


def told(solution: Solution | NoPlan) -> list[str]:
    assert isinstance(solution, Solution), solution
    return [str(action.task) for action in solution.actions]


def op(name: str, *, needs: str = "", forbids: str = "", adds: str = "", deletes: str = "") -> Operator:
    """An operator without parameters over one-letter propositions."""
    conditions = (*(Holds(Fact(p, ())) for p in needs), *(Absent(Fact(p, ())) for p in forbids))
    effects = (*(Deletes(Fact(p, ())) for p in deletes), *(Adds(Fact(p, ())) for p in adds))
    return Operator(Task(name, ()), conditions, effects)


def way(name: str, task: str, *subtasks: str, needs: str = "", cost: float = 0.0) -> Method:
    network = Network.sequence(*(Task(subtask, ()) for subtask in subtasks))
    return Method(name, Task(task, ()), network, tuple(Holds(Fact(p, ())) for p in needs), cost)


def logistics() -> Domain:
    """Packages go by truck inside a city and by plane between airports; a vehicle has to come first."""
    here = Holds(Fact("at", (V, X)))
    loaded = Fact("in", (P, V))
    operators = [
        Operator(Task("drive", (V, X, Y)), (here,), (Deletes(Fact("at", (V, X))), Adds(Fact("at", (V, Y))))),
        Operator(
            Task("load", (P, V, X)), (here, Holds(Fact("at", (P, X)))), (Deletes(Fact("at", (P, X))), Adds(loaded))
        ),
        Operator(
            Task("unload", (P, V, Y)),
            (Holds(Fact("at", (V, Y))), Holds(loaded)),
            (Deletes(loaded), Adds(Fact("at", (P, Y)))),
        ),
    ]
    same_city = (Holds(Fact("in_city", (X, C))), Holds(Fact("in_city", (Y, C))))
    carry = Network.sequence(
        Task("fetch", (V, X)), Task("load", (P, V, X)), Task("fetch", (V, Y)), Task("unload", (P, V, Y))
    )
    methods = [
        Method("there", Task("deliver", (P, Y)), Network(()), (Holds(Fact("at", (P, Y))),)),
        Method(
            "in_town",
            Task("deliver", (P, Y)),
            carry,
            (
                Holds(Fact("at", (P, X))),
                *same_city,
                Different(X, Y),
                Holds(Fact("truck", (V,))),
                Holds(Fact("based", (V, C))),
            ),
        ),
        Method(
            "by_air",
            Task("deliver", (P, Y)),
            Network.sequence(Task("deliver", (P, V)), Task("fly", (P, V, D)), Task("deliver", (P, Y))),
            (
                Holds(Fact("at", (P, X))),
                Holds(Fact("in_city", (X, C))),
                Holds(Fact("airport", (V, C))),
                Absent(Fact("in_city", (Y, C))),
                Holds(Fact("route", (V, D))),
            ),
        ),
        Method(
            "fly",
            Task("fly", (P, X, Y)),
            carry,
            (Holds(Fact("plane", (V,))),),
        ),
        Method("parked", Task("fetch", (V, Y)), Network(()), (Holds(Fact("at", (V, Y))),)),
        Method("moved", Task("fetch", (V, Y)), Network((Task("drive", (V, X, Y)),)), (here, Different(X, Y))),
    ]
    return Domain.of(operators, methods)


WORLD = facts(
    "in_city home oslo", "in_city gardermoen oslo", "in_city office rome", "in_city fiumicino rome",
    "in_city bergamo lombardy", "airport gardermoen oslo", "airport fiumicino rome", "airport bergamo lombardy",
    "route gardermoen bergamo", "route gardermoen fiumicino", "truck t1", "truck t2", "based t1 oslo", "based t2 rome",
    "at t1 gardermoen", "at t2 office", "plane jet", "at jet fiumicino", "at parcel home",
)  # fmt: skip


def ship(*parcels: tuple[str, str], world: frozenset[Fact] = WORLD) -> Problem:
    network = Network(tuple(Task("deliver", parcel) for parcel in parcels))
    return Problem(logistics(), world, network, "ship")


def test_logistics_backtracks_over_a_dead_end_route() -> None:
    """The first route leads to Bergamo, from where no plane goes on: it is taken back after eight actions."""
    problem = ship(("parcel", "office"))
    solution = solve(problem)
    without_dead_end = solve(ship(("parcel", "office"), world=WORLD - facts("route gardermoen bergamo")))
    assert isinstance(solution, Solution)
    assert isinstance(without_dead_end, Solution)
    assert solution.actions == without_dead_end.actions
    assert solution.nodes > without_dead_end.nodes + 16
    assert told(solution) == [
        "drive(t1, gardermoen, home)", "load(parcel, t1, home)", "drive(t1, home, gardermoen)",
        "unload(parcel, t1, gardermoen)", "drive(jet, fiumicino, gardermoen)", "load(parcel, jet, gardermoen)",
        "drive(jet, gardermoen, fiumicino)", "unload(parcel, jet, fiumicino)", "drive(t2, office, fiumicino)",
        "load(parcel, t2, fiumicino)", "drive(t2, fiumicino, office)", "unload(parcel, t2, office)",
    ]  # fmt: skip
    assert first_fault(solution.actions, problem.facts) is None


def test_logistics_without_a_second_truck_has_no_plan_and_says_where_it_stops() -> None:
    answer = solve(ship(("parcel", "office"), world=WORLD - facts("based t2 rome")))
    assert isinstance(answer, NoPlan)
    assert answer.exhausted
    assert any("deliver(parcel, office) by in_town" in line for line in answer.tried)
    assert "deliver(parcel, office)" in answer.reason


def test_two_parcels_share_vehicles_and_the_tree_covers_every_action() -> None:
    problem = ship(
        ("parcel", "office"), ("letter", "home"), world=WORLD | facts("at letter office", "route fiumicino gardermoen")
    )
    solution = solve(problem)
    assert isinstance(solution, Solution)
    assert first_fault(solution.actions, problem.facts) is None
    for action in solution.actions:
        assert solution.decompositions[action.parent].method.network.tasks[action.subtask].name == action.task.name
    for position, node in enumerate(solution.decompositions):
        assert ROOT <= node.parent < position
    assert [node.task for node in solution.decompositions if node.parent == ROOT] == list(problem.network.tasks)


def test_no_plan_names_the_precondition_that_did_not_hold() -> None:
    domain = Domain.of([op("go", needs="ab", adds="c")], [way("only", "top", "go", needs="a")])
    answer = solve(Problem(domain, facts("a"), Network((Task("top", ()),)), "top"))
    assert answer == NoPlan(
        goal="top", reason="go by go: b does not hold", tried=("go by go: b does not hold",), exhausted=True
    )


def test_no_plan_tells_every_method_and_the_furthest_reason() -> None:
    domain = Domain.of(
        [op("first", adds="x"), op("second", needs="z"), op("other")],
        [way("blocked", "top", "other", needs="q"), way("long", "top", "first", "second")],
    )
    answer = solve(Problem(domain, frozenset(), Network((Task("top", ()),)), "top"))
    assert isinstance(answer, NoPlan)
    assert answer.reason == "second by second: z does not hold"
    assert answer.tried == ("top by blocked: q does not hold", "second by second: z does not hold")


def test_the_deepest_condition_of_a_join_is_named_with_its_arguments() -> None:
    move = Operator(Task("move", (X,)), (Holds(Fact("at", (V, X))), Holds(Fact("fuel", (V,)))))
    problem = Problem(Domain.of([move], []), facts("at van oslo"), Network((Task("move", ("oslo",)),)), "move")
    answer = solve(problem)
    assert isinstance(answer, NoPlan)
    assert answer.reason == "move(oslo) by move: fuel(van) does not hold"


@pytest.mark.parametrize("fuelled", ["a", "b"])
def test_a_shallower_failure_does_not_hide_a_deeper_one(fuelled: str) -> None:
    needs = tuple(Holds(Fact(predicate, (V,))) for predicate in ("van", "fuel", "driver"))
    domain = Domain.of([Operator(Task("go", ()), needs)], [])
    answer = solve(Problem(domain, facts("van a", "van b", f"fuel {fuelled}"), Network((Task("go", ()),)), "go"))
    assert isinstance(answer, NoPlan)
    assert answer.tried == (f"go by go: driver({fuelled}) does not hold",)


def test_a_failure_is_told_as_it_was_on_the_longest_branch() -> None:
    domain = Domain.of(
        [op("end", needs="xy"), op("step", adds="x")], [way("short", "top", "end"), way("long", "top", "step", "end")]
    )
    answer = solve(Problem(domain, frozenset(), Network((Task("top", ()),)), "top"))
    assert isinstance(answer, NoPlan)
    assert answer.tried == ("end by end: y does not hold",)


def test_what_an_action_needs_false_is_part_of_it() -> None:
    domain = Domain.of([op("light", forbids="x", adds="y"), op("flood", adds="x")], [])
    network = Network.sequence(Task("light", ()), Task("flood", ()))
    solution = solve(Problem(domain, frozenset(), network, "both"))
    assert isinstance(solution, Solution)
    assert solution.actions[0].forbids == (Fact("x", ()),)
    assert deorder(solution.actions, ()) == ((), (0,))


def test_methods_are_tried_by_cost_then_as_declared() -> None:
    operators = [op(name) for name in ("p", "q", "r")]
    methods = [way("dear", "top", "p", cost=2.0), way("one", "top", "q", cost=1.0), way("two", "top", "r", cost=1.0)]
    problem = Problem(Domain.of(operators, methods), frozenset(), Network((Task("top", ()),)), "top")
    assert told(solve(problem)) == ["q"]
    assert told(solve(problem, rank=lambda task, method: -by_cost(task, method))) == ["p"]
    assert [told(solution) for solution in Search(problem).solutions()] == [["q"], ["r"], ["p"]]


def test_choices_tell_what_was_passed_over() -> None:
    domain = Domain.of(
        [op("p", needs="z"), op("q")],
        [way("shut", "top", "q", needs="k"), way("stuck", "top", "p"), way("open", "top", "q")],
    )
    solution = solve(Problem(domain, frozenset(), Network((Task("top", ()),)), "top"))
    assert isinstance(solution, Solution)
    assert solution.decompositions[0].method.name == "open"
    assert solution.decompositions[0].passed_over == ("shut: k does not hold", "stuck: what it leads to cannot be done")


def test_left_recursion_is_cut_and_terminates() -> None:
    domain = Domain.of([op("inc", adds="a")], [way("again", "top", "top", "inc")])
    answer = solve(Problem(domain, frozenset(), Network((Task("top", ()),)), "top"))
    assert isinstance(answer, NoPlan)
    assert answer.exhausted
    assert answer.reason == "top by any method: it is a part of itself in the same state"


def test_recursion_through_two_tasks_and_a_state_that_comes_back_terminates() -> None:
    """The light goes on and off for ever: only the comparison of states, not of their history, ends this."""
    domain = Domain.of(
        [op("on", forbids="l", adds="l"), op("off", needs="l", deletes="l")],
        [way("up", "ping", "on", "pong"), way("down", "pong", "off", "ping")],
    )
    answer = solve(Problem(domain, frozenset(), Network((Task("ping", ()),)), "blink"))
    assert isinstance(answer, NoPlan)
    assert answer.exhausted


def test_right_recursion_counts_as_far_as_it_must() -> None:
    steps = [
        Operator(
            Task("inc", (X, Y)),
            (Holds(Fact("count", (X,))), Holds(Fact("next", (X, Y)))),
            (Deletes(Fact("count", (X,))), Adds(Fact("count", (Y,)))),
        ),
    ]
    to_nine = Task("reach", (P,))
    methods = [
        Method("done", to_nine, Network(()), (Holds(Fact("count", (P,))),)),
        Method(
            "more",
            to_nine,
            Network.sequence(Task("inc", (X, Y)), to_nine),
            (Holds(Fact("count", (X,))), Holds(Fact("next", (X, Y)))),
        ),
    ]
    numbers = [str(number) for number in range(3000)]
    world = {Fact("next", pair) for pair in pairwise(numbers)} | facts("count 0")
    problem = Problem(Domain.of(steps, methods), frozenset(world), Network((Task("reach", ("40",)),)), "count")
    assert len(told(solve(problem))) == 40
    deep = Problem(problem.domain, problem.facts, Network((Task("reach", ("1500",)),)), "count")
    assert len(told(solve(deep))) == 1500  # no recursion limit


def test_open_order_is_searched_through_every_order_it_allows() -> None:
    operators = [op("a", needs="y", adds="z"), op("b", needs="x", adds="y"), op("c", adds="x"), op("d", forbids="z")]
    tasks = tuple(Task(name, ()) for name in "abcd")
    problem = Problem(Domain.of(operators, []), frozenset(), Network(tasks), "abcd")
    assert told(solve(problem)) == ["c", "b", "d", "a"]
    against = Problem(Domain.of(operators, []), frozenset(), Network(tasks, order=((0, 2),)), "a before c")
    assert isinstance(solve(against), NoPlan)


def test_many_interchangeable_tasks_are_not_tried_in_every_order() -> None:
    """Twelve tasks that commute, then one that cannot be done: 12! orders, but only 2 ** 12 different rests."""
    operators = [*(op(f"t{n}") for n in range(12)), op("never", needs="z")]
    tasks = tuple(Task(operator.name, ()) for operator in operators)
    network = Network(tasks, order=tuple((n, 12) for n in range(12)))
    answer = solve(Problem(Domain.of(operators, []), frozenset(), network, "all"), limits=Limits(nodes=100_000))
    assert isinstance(answer, NoPlan)
    assert answer.exhausted


def test_for_all_grounds_to_the_instances_and_names_those_missing() -> None:
    every = ForAll((P,), (Fact("parcel", (P,)),), Fact("packed", (P,)))
    domain = Domain.of([Operator(Task("send", ()), (every,), (Adds(Fact("sent", ())),))], [])
    world = facts("parcel a", "parcel b", "packed a")
    answer = solve(Problem(domain, world, Network((Task("send", ()),)), "send"))
    assert isinstance(answer, NoPlan)
    assert answer.reason == "send by send: packed(b) does not hold"
    solution = solve(Problem(domain, world | facts("packed b"), Network((Task("send", ()),)), "send"))
    assert isinstance(solution, Solution)
    assert set(solution.actions[0].needs) == facts("packed a", "packed b")


def test_for_all_asks_for_each_fact_once() -> None:
    every = ForAll((P, X), (Fact("part", (P, X)),), Fact("packed", (P,)))
    domain = Domain.of([Operator(Task("send", ()), (every,))], [])
    answer = solve(Problem(domain, facts("part a one", "part a two"), Network((Task("send", ()),)), "send"))
    assert isinstance(answer, NoPlan)
    assert answer.reason == "send by send: packed(a) does not hold"


def test_conditional_effects_and_estimates_follow_the_arguments() -> None:
    wet = Adds(Fact("wet", (P,)), when=(Fact("outside", (P,)),))
    rain = Operator(Task("rain", (P,)), (), (wet,), lambda args: Estimate(seconds=float(len(args[0]))))
    network = Network((Task("rain", ("cat",)), Task("rain", ("horse",))))
    solution = solve(Problem(Domain.of([rain], []), facts("outside cat"), network, "rain"))
    assert isinstance(solution, Solution)
    assert [(set(action.adds), action.estimate.seconds) for action in solution.actions] == [
        (facts("wet cat"), 3.0),
        (set(), 5.0),
    ]


def test_a_limit_on_nodes_is_told_apart_from_an_exhausted_search() -> None:
    answer = solve(ship(("parcel", "office"), world=WORLD - facts("based t2 rome")), limits=Limits(nodes=5))
    assert isinstance(answer, NoPlan)
    assert not answer.exhausted
    assert answer.reason.startswith("the limit of 5 nodes was reached; furthest: ")


def test_a_limit_on_seconds_reads_the_given_clock() -> None:
    ticks = iter(range(100))
    limits = Limits(seconds=3.0, clock=lambda: float(next(ticks)))
    answer = solve(ship(("parcel", "office")), limits=limits)
    assert isinstance(answer, NoPlan)
    assert not answer.exhausted
    assert answer.reason.startswith("the limit of 3 seconds was reached")
    assert isinstance(solve(ship(("parcel", "office")), limits=Limits(seconds=1e6, clock=lambda: 0.0)), Solution)


def test_an_empty_network_is_done_already() -> None:
    assert told(solve(Problem(logistics(), WORLD, Network(()), "nothing"))) == []


def test_necessary_order_survives_de_ordering_even_through_a_task_without_actions() -> None:
    operators = [op("a"), op("b"), op("c")]
    methods = [way("none", "idle"), way("both", "pair", "a", "b")]
    tasks = (Task("pair", ()), Task("idle", ()), Task("c", ()))
    free = Problem(Domain.of(operators, methods), frozenset(), Network(tasks, order=((0, 1), (1, 2))), "free")
    bound = Problem(free.domain, free.facts, Network(tasks, necessary=((0, 1), (1, 2))), "bound")
    for problem, wanted in ((free, ((), (), ())), (bound, ((), (), (0, 1)))):
        solution = solve(problem)
        assert isinstance(solution, Solution)
        assert deorder(solution.actions, problem.facts, solution.necessary(problem)) == wanted


PROPOSITIONS = "xyz"
OPERATORS = ("o0", "o1", "o2", "o3")
COMPOUND = ("c0", "c1", "c2")
words = st.text(PROPOSITIONS, max_size=2)


@st.composite
def domains(draw: st.DrawFn, *, recursive: bool) -> tuple[Domain, frozenset[Fact]]:
    """A small propositional domain; without recursion a compound task uses only later ones."""
    operators = [
        op(n, needs=draw(words), forbids=draw(words), adds=draw(words), deletes=draw(words)) for n in OPERATORS
    ]
    methods = []
    for index, task in enumerate(COMPOUND):
        below = (*OPERATORS, *(COMPOUND if recursive else COMPOUND[index + 1 :]))
        for number in range(draw(st.integers(1, 2))):
            tasks = tuple(Task(name, ()) for name in draw(st.lists(st.sampled_from(below), max_size=3)))
            pairs = [(i, j) for j in range(len(tasks)) for i in range(j)]
            order = draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
            needs = tuple(Holds(Fact(p, ())) for p in draw(words))
            methods.append(Method(f"{task}_{number}", Task(task, ()), Network(tasks, order=tuple(order)), needs))
    return Domain.of(operators, methods), facts(*draw(words))


State = frozenset[Fact]


def outcomes(domain: Domain, task: Task, state: State) -> Iterator[State]:
    """Every state a task without recursion can end in: a plain reading of the meaning, for comparison."""
    operator = domain.operators.get(task.name)
    if operator is not None:
        holds = all((c.fact in state) == isinstance(c, Holds) for c in operator.preconditions)
        if holds:
            gone = {effect.fact for effect in operator.effects if isinstance(effect, Deletes)}
            yield (state - gone) | {effect.fact for effect in operator.effects if isinstance(effect, Adds)}
        return
    for method in domain.methods[task.name]:
        if all(condition.fact in state for condition in method.preconditions):
            yield from endings(domain, method.network, frozenset(range(len(method.network.tasks))), state)


def endings(domain: Domain, network: Network, left: frozenset[int], state: State) -> Iterator[State]:
    if not left:
        yield state
    for position in left:
        if not any(second == position and first in left for first, second in network.order):
            for after in set(outcomes(domain, network.tasks[position], state)):
                yield from endings(domain, network, left - {position}, after)


@settings(max_examples=150, deadline=None)
@given(domains(recursive=False))
def test_search_finds_a_plan_exactly_when_there_is_one(made: tuple[Domain, State]) -> None:
    domain, start = made
    network = Network((Task("c0", ()), Task("o0", ())))
    answer = solve(Problem(domain, start, network, "any"))
    solvable = next(endings(domain, network, frozenset((0, 1)), start), None) is not None
    assert isinstance(answer, Solution) == solvable
    if isinstance(answer, NoPlan):
        assert answer.exhausted
        assert answer.reason


@settings(max_examples=150, deadline=None)
@given(domains(recursive=True))
def test_every_plan_found_executes_and_every_search_ends(made: tuple[Domain, State]) -> None:
    domain, start = made
    problem = Problem(domain, start, Network((Task("c0", ()),)), "any")
    answer = solve(problem, limits=Limits(nodes=20_000))
    if isinstance(answer, Solution):
        assert first_fault(answer.actions, start) is None
    assert answer == solve(problem, limits=Limits(nodes=20_000))


@pytest.mark.parametrize("goal", [["a b c"], ["c b a"], ["b a", "c"], ["a", "b", "c"]])
def test_blocks_are_stacked_from_any_start(goal: list[str]) -> None:
    """Towers, written from bottom to top: blocks in the way are put on the table first."""
    problem = blocks(["a b c"], goal)
    solution = solve(problem)
    assert isinstance(solution, Solution)
    state = set(problem.facts)
    for action in solution.actions:
        assert state.issuperset(action.needs)
        state = (state - set(action.deletes)) | set(action.adds)
    assert {f for f in state if f.predicate == "on"} == {f for f in towers(goal) if f.predicate == "on"}


def towers(stacks: list[str]) -> set[Fact]:
    found = set()
    for stack in stacks:
        names = ["table", *stack.split()]
        found |= {Fact("on", (upper, lower)) for lower, upper in pairwise(names)} | {Fact("clear", (names[-1],))}
    return found


def blocks(start: list[str], goal: list[str]) -> Problem:
    """Move blocks one at a time, each goal tower from the bottom up."""
    off = (Deletes(Fact("on", (X, Y))), Adds(Fact("clear", (Y,))))
    operators = [
        Operator(
            Task("move", (X, Y, V)),
            (Holds(Fact("on", (X, Y))), Holds(Fact("clear", (X,))), Holds(Fact("clear", (V,))), Different(Y, V)),
            (*off, Deletes(Fact("clear", (V,))), Adds(Fact("on", (X, V)))),
        ),
        Operator(
            Task("drop", (X, Y)),
            (Holds(Fact("on", (X, Y))), Holds(Fact("clear", (X,))), Different(Y, "table")),
            (*off, Adds(Fact("on", (X, "table")))),
        ),
    ]
    free, put = Task("free", (X,)), Task("put", (X, V))
    methods = [
        Method("free_already", free, Network(()), (Holds(Fact("clear", (X,))),)),
        Method(
            "unpile", free, Network.sequence(Task("free", (Y,)), Task("drop", (Y, X))), (Holds(Fact("on", (Y, X))),)
        ),
        Method("there", put, Network(()), (Holds(Fact("on", (X, V))),)),
        Method(
            "down",
            Task("put", (X, "table")),
            Network.sequence(free, Task("drop", (X, Y))),
            (Holds(Fact("on", (X, Y))),),
        ),
        Method(
            "over",
            put,
            Network.sequence(free, Task("free", (V,)), Task("move", (X, Y, V))),
            (Holds(Fact("on", (X, Y))),),
        ),
    ]
    tasks = tuple(
        Task("put", pair) for stack in goal for pair in ((b, a) for a, b in pairwise(["table", *stack.split()]))
    )
    return Problem(Domain.of(operators, methods), frozenset(towers(start)), Network.sequence(*tasks), "towers")
