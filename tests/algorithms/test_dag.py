import random
from itertools import pairwise, permutations
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.dag import (
    check,
    components,
    critical_path,
    deorder,
    first_fault,
    makespan,
    ready,
    topological_order,
)
from state.errors import SetupError, StepError
from state.plans import Plan, Step, StepKind


class Act(NamedTuple):
    needs: frozenset[str] = frozenset()
    forbids: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    adds: frozenset[str] = frozenset()


def act(needs: str = "", forbids: str = "", deletes: str = "", adds: str = "") -> Act:
    return Act(frozenset(needs), frozenset(forbids), frozenset(deletes), frozenset(adds))


def step(step_id: str, *after: str, needs: str = "", effects: str = "", seconds: float = 1.0) -> Step:
    return Step(
        step_id=step_id,
        kind=StepKind.MAP,
        table=None,
        after=after,
        preconditions=tuple(needs.split(", ")) if needs else (),
        effects=tuple(effects.split(", ")) if effects else (),
        seconds=seconds,
        probability=1.0,
    )


def plan(*steps: Step) -> Plan:
    return Plan(plan_id="p", goal="g", steps=steps, choices=(), seconds=0.0, probability=1.0)


letters = st.text("vwxyz", max_size=2)
actions = st.builds(act, letters, letters, letters, letters)
graphs = st.integers(0, 7).flatmap(
    lambda n: st.fixed_dictionaries({k: st.frozensets(st.integers(0, max(n - 1, 0)), max_size=3) for k in range(n)})
)


def executable(start: frozenset[str], drawn: list[Act]) -> list[Act]:
    """Those of the actions that can be executed one after the other."""
    state, kept = set(start), []
    for action in drawn:
        if action.needs <= state and not action.forbids & state:
            state = (state - action.deletes) | action.adds
            kept.append(action)
    return kept


def linearisation(before: tuple[tuple[int, ...], ...], order: random.Random) -> list[int]:
    done: list[int] = []
    while len(done) < len(before):
        free = [n for n in range(len(before)) if n not in done and set(before[n]) <= set(done)]
        done.append(order.choice(free))
    return done


@settings(max_examples=300, deadline=None)
@given(st.frozensets(st.sampled_from("vwxyz")), st.lists(actions, max_size=25), st.randoms(use_true_random=False))
def test_every_sampled_linearisation_of_a_de_ordered_plan_executes(
    start: frozenset[str], drawn: list[Act], order: random.Random
) -> None:
    chosen = executable(start, drawn)
    before = deorder(chosen, start)
    for _ in range(5):
        assert first_fault([chosen[n] for n in linearisation(before, order)], start) is None


@settings(max_examples=200, deadline=None)
@given(st.frozensets(st.sampled_from("vwxyz")), st.lists(actions, max_size=12))
def test_de_ordering_of_few_actions_keeps_the_order_acyclic_reduced_and_complete(
    start: frozenset[str], drawn: list[Act]
) -> None:
    chosen = executable(start, drawn)[:5]
    before = deorder(chosen, start)
    closure = [set[int]() for _ in before]
    for position, others in enumerate(before):
        for other in others:
            assert other < position
            assert not any(other in closure[third] for third in others)  # nothing that other edges imply
            closure[position] |= closure[other] | {other}
    for order in permutations(range(len(chosen))):
        place = {position: at for at, position in enumerate(order)}
        if all(place[other] < place[position] for position, others in enumerate(before) for other in others):
            assert first_fault([chosen[n] for n in order], start) is None


def linked_one_by_one(chosen: list[Act], start: frozenset[str]) -> list[set[int]]:
    """The order that causal links and threats demand, each condition of each action by itself, and what it implies."""
    before = [set[int]() for _ in chosen]
    for user, action in enumerate(chosen):
        for fact, wanted in [(fact, True) for fact in action.needs] + [(fact, False) for fact in action.forbids]:
            made = [n for n, one in enumerate(chosen) if fact in (one.adds if wanted else one.deletes - one.adds)]
            broken = [n for n, one in enumerate(chosen) if fact in (one.deletes - one.adds if wanted else one.adds)]
            earlier = [n for n in broken if n < user]
            if earlier or (fact in start) != wanted:
                maker = next(n for n in made if max(earlier, default=-1) < n < user)
                before[user].add(maker)
                before[maker] |= set(earlier)
            for n in broken:
                if n > user:
                    before[n].add(user)
    for others in before:
        others.update(*[before[n] for n in others])
    return before


@settings(max_examples=300, deadline=None)
@given(st.frozensets(st.sampled_from("vwxyz")), st.lists(actions, max_size=30))
def test_de_ordering_keeps_just_the_order_of_all_links_and_threats(start: frozenset[str], drawn: list[Act]) -> None:
    chosen = executable(start, drawn)
    found = [set(others) for others in deorder(chosen, start)]
    for others in found:
        others.update(*[found[n] for n in others])
    assert found == linked_one_by_one(chosen, start)


def test_a_long_chain_has_as_many_edges_as_steps() -> None:
    toggles = [act(forbids="x", adds="x"), act(needs="x", deletes="x")] * 5_000
    assert deorder(toggles, frozenset()) == ((), *((position,) for position in range(9_999)))


def test_independent_actions_stay_unordered_and_producers_come_first() -> None:
    chain = [act(adds="x"), act(adds="y"), act(needs="x", adds="v"), act(needs="vy")]
    assert deorder(chain, set()) == ((), (), (0,), (1, 2))


def test_a_fact_given_at_the_start_needs_no_producer() -> None:
    assert deorder([act(adds="x"), act(needs="x")], {"x"}) == ((), ())


def test_a_deleter_is_kept_off_a_causal_link() -> None:
    assert deorder([act(needs="x"), act(deletes="x")], {"x"}) == ((), (0,))
    rebuilt = [act(deletes="x"), act(adds="x"), act(needs="x")]
    assert deorder(rebuilt, {"x"}) == ((), (0,), (1,))


def test_a_fact_that_must_be_false_is_linked_to_what_makes_it_false() -> None:
    assert deorder([act(deletes="x"), act(forbids="x"), act(adds="x")], {"x"}) == ((), (0,), (1,))


def test_an_action_that_deletes_and_adds_a_fact_makes_it_true() -> None:
    assert deorder([act(deletes="x", adds="x"), act(needs="x")], set()) == ((), (0,))


def test_a_producer_that_comes_too_late_is_none() -> None:
    with pytest.raises(StepError, match="action 0 has a condition"):
        deorder([act(needs="x"), act(adds="x")], set())


def test_necessary_order_is_kept() -> None:
    assert deorder([act(), act(), act()], set(), necessary=[(0, 2), (0, 1), (1, 2)]) == ((), (0,), (1,))


def test_removing_the_producer_of_a_causal_link_breaks_the_plan() -> None:
    chain = [act(adds="x"), act(needs="x", adds="y"), act(needs="y")]
    assert first_fault(chain, set()) is None
    fault = first_fault([chain[0], chain[2]], set())
    assert fault is not None
    assert (fault.position, fault.fact, fault.wanted) == (1, "y", True)
    with pytest.raises(StepError, match="action 1 has a condition that nothing before it makes true"):
        deorder([chain[0], chain[2]], set())


@given(graphs)
def test_topological_order_respects_the_graph_or_finds_the_cycle(after: dict[int, frozenset[int]]) -> None:
    cyclic = any(len(group) > 1 for group in components(after)) or any(key in others for key, others in after.items())
    if cyclic:
        with pytest.raises(SetupError, match="circular"):
            topological_order(after)
        return
    order = topological_order(after)
    assert sorted(order) == sorted(after)
    for key, others in after.items():
        assert all(order.index(other) < order.index(key) for other in others)


def test_ties_keep_the_given_order() -> None:
    assert topological_order({"c": (), "a": (), "b": ("c",), "d": ()}) == ("c", "a", "b", "d")
    assert components({"c": ("d",), "a": (), "d": ()}) == (("a",), ("d",), ("c",))


@given(graphs)
def test_components_are_those_that_reach_each_other_in_topological_order(after: dict[int, frozenset[int]]) -> None:
    reach = {key: {key} for key in after}
    for _ in after:
        for key, others in after.items():
            reach[key] |= set().union(*(reach[other] for other in others))
    groups = components(after)
    expected = {frozenset(o for o in after if o in reach[k] and k in reach[o]) for k in after}
    assert {frozenset(group) for group in groups} == expected
    assert sum(map(len, groups)) == len(after)
    for earlier, group in enumerate(groups):
        assert not any(other in reach[key] for key in group for later in groups[earlier + 1 :] for other in later)
        for position, key in enumerate(group[1:], start=1):
            assert after[key] & set(group[:position])  # each but the first comes behind one that it waits for


@st.composite
def scheduled(draw: st.DrawFn) -> Plan:
    steps = []
    for number in range(draw(st.integers(0, 7))):
        after = draw(st.frozensets(st.integers(0, number - 1), max_size=3)) if number else frozenset()
        seconds = float(draw(st.integers(0, 9)))
        steps.append(step(f"s{number}", *(f"s{other}" for other in sorted(after)), seconds=seconds))
    return plan(*steps)


@given(scheduled())
def test_makespan_is_the_longest_chain_and_the_critical_path_is_one(made: Plan) -> None:
    def latest(name: str) -> float:
        node = made.step(name)
        return node.seconds + max((latest(other) for other in node.after), default=0.0)

    path = critical_path(made.steps)
    assert makespan(made.steps) == max((latest(node.step_id) for node in made.steps), default=0.0)
    assert sum(made.step(name).seconds for name in path) == makespan(made.steps)
    assert all(earlier in made.step(later).after for earlier, later in pairwise(path))


@given(scheduled())
def test_doing_what_is_ready_finishes_the_plan_in_order(made: Plan) -> None:
    done: list[str] = []
    while front := ready(made, done):
        for node in front:
            assert set(node.after) <= set(done)
            assert node.step_id not in done
        waiting = [node for node in made.steps if node.step_id not in done and node not in front]
        assert all(not set(node.after) <= set(done) for node in waiting)
        done += [node.step_id for node in front]
    assert sorted(done) == sorted(node.step_id for node in made.steps)


def test_the_rest_of_a_plan_is_measured_without_what_is_done() -> None:
    rest = (step("b", "a", seconds=2.0), step("c", "b", seconds=3.0))
    assert critical_path(rest) == ("b", "c")
    assert makespan(rest) == 5.0


def test_check_finds_what_was_planted() -> None:
    good = plan(step("a", effects="p, not q"), step("b", "a", needs="p, not q"))
    assert check(good, {"q"}) == ()
    assert check(plan(good.steps[1], good.steps[0]), {"q"}) == ("b: comes before a", "b: p does not hold")
    assert check(plan(step("a", effects="p"), good.steps[1]), {"q"}) == ("b: q holds",)
    assert check(plan(*good.steps, step("a")), {"q"}) == ("a: there is another step of that id",)
