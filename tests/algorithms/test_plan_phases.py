"""The plan-level layer: analysis, optimisation, risks and contingencies keep plans valid and say what is so."""

import random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.dag import check, deorder, ready
from algorithms.delivery import plan_delivery, start_facts
from algorithms.goal_analysis import analyse_goal
from algorithms.plan_building import build_plan
from algorithms.plan_contingencies import contingencies, taken
from algorithms.plan_history import difference
from algorithms.plan_optimisation import Setting, optimise
from algorithms.plan_risk import analyse_risks, confidence, success_probability
from algorithms.plan_times import list_schedule, runs_alone, scheduled_seconds
from state.budget import BudgetLimits
from state.contract import OnViolation
from state.plans import DeliveryFacts, NoPlan, OptimisationKind, Plan, Step, StepKind, TableFacts


def table(name: str, *needs: str, **other: Any) -> TableFacts:
    known = {"has_key": True, "has_lists": True, "on_violation": "repair", "landed": True, "derived": False}
    known |= {"files": 1, "variants": 1, "untrusted_sql": False, "rows": 1000}
    return TableFacts.model_validate({"name": name, "needs": needs, **known, **other})


def by_sql(name: str, *needs: str, **other: Any) -> TableFacts:
    return table(name, *needs, derived=True, landed=False, files=0, variants=0, untrusted_sql=True, **other)


@st.composite
def deliveries(draw: st.DrawFn, *, sound: bool = True) -> DeliveryFacts:
    """Tables from files with any relationships, also circular; some made of those before them."""
    others = "abc" if sound else "abcxz"
    fed = [
        table(
            name,
            *draw(st.lists(st.sampled_from(others), max_size=2)),
            has_key=draw(st.booleans()),
            has_lists=draw(st.booleans()),
            on_violation=draw(st.sampled_from(OnViolation)),
            rows=draw(st.sampled_from([10, 100_000, 3_000_000])),
            landed=sound or draw(st.booleans()),
        )
        for name in "abc"
    ]
    made = [by_sql("x", *draw(st.lists(st.sampled_from("abc" if sound else "abcx"), max_size=2)))]
    return DeliveryFacts(tables=tuple(draw(st.permutations([*fed, *made]))))


def planned(facts: DeliveryFacts, workers: int = 2) -> Plan:
    plan = plan_delivery(facts, "publish")
    assert isinstance(plan, Plan)
    return optimise(plan, Setting(start_facts(facts), ("published",), workers))


def alternatives(facts: DeliveryFacts) -> Any:
    """Plans without a step: what resolving would look at is not there."""

    def alternative(step_id: str) -> Plan | NoPlan | None:
        kind, _, name = step_id.partition(":")
        if kind != "resolve":
            return None
        others = [t.model_copy(update={"has_lists": False}) if t.name == name else t for t in facts.tables]
        return planned(DeliveryFacts(tables=tuple(others)))

    return alternative


def prepared(facts: DeliveryFacts) -> Plan:
    plan = planned(facts)
    return plan.model_copy(update={"contingencies": contingencies(plan, alternatives(facts))})


def any_order(plan: Plan, order: random.Random) -> list[Step]:
    done: list[str] = []
    while front := ready(plan, done):
        done.append(order.choice(front).step_id)
    return [plan.step(step_id) for step_id in done]


def executes(steps: list[Step], start: frozenset[str]) -> bool:
    """Execute the steps on text facts; says nothing of where it stops."""
    state = set(start)
    for step in steps:
        needs = {fact for fact in step.preconditions if not fact.startswith("not ")}
        without = {fact.removeprefix("not ") for fact in step.preconditions if fact.startswith("not ")}
        if not needs <= state or without & state:
            return False
        state -= {fact.removeprefix("not ") for fact in step.effects if fact.startswith("not ")}
        state |= {fact for fact in step.effects if not fact.startswith("not ")}
    return True


@settings(max_examples=60, deadline=None)
@given(deliveries(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_an_optimised_plan_executes_in_every_order_tried_and_is_not_slower(
    facts: DeliveryFacts, workers: int, order: random.Random
) -> None:
    before = plan_delivery(facts, "publish")
    assert isinstance(before, Plan)
    plan = planned(facts, workers)
    assert check(plan, start_facts(facts)) == ()
    for _ in range(3):
        steps = any_order(plan, order)
        assert len(steps) == len(plan.steps)
        assert executes(steps, start_facts(facts))
    assert plan.plan_id == before.plan_id
    assert scheduled_seconds(plan.steps, workers) <= scheduled_seconds(before.steps, workers) + 1e-9


@settings(max_examples=60, deadline=None)
@given(deliveries(), st.data())
def test_a_delivery_without_the_producer_of_a_causal_link_breaks(facts: DeliveryFacts, data: st.DataObject) -> None:
    plan, start = planned(facts), start_facts(facts)
    wanted = {fact for step in plan.steps for fact in step.preconditions} - start
    makers = {fact: [step for step in plan.steps if fact in step.effects] for fact in wanted}
    fact = data.draw(st.sampled_from(sorted(wanted)))
    gone = makers[fact]
    assert gone
    assert not executes([step for step in plan.steps if step not in gone], start)


class Act(NamedTuple):
    """A ground action."""

    needs: frozenset[str]
    forbids: frozenset[str]
    deletes: frozenset[str]
    adds: frozenset[str]


@st.composite
def loose_plans(draw: st.DrawFn) -> tuple[Plan, frozenset[str]]:
    """Plans of steps that need, make and undo facts, some of them twice or for nothing; all execute in any order."""
    facts = "uvwxyz"
    state, acts = {"u"}, []
    for _ in range(draw(st.integers(1, 8))):
        needs = draw(st.sets(st.sampled_from(sorted(state)), max_size=2)) if state else set()
        adds = draw(st.sets(st.sampled_from(facts), min_size=1, max_size=2))
        deletes = draw(st.sets(st.sampled_from(facts), max_size=1)) - adds
        state = (state - deletes) | adds
        acts.append(Act(frozenset(needs), frozenset(), frozenset(deletes), frozenset(adds)))
    before = deorder(acts, {"u"})
    steps = [
        Step(
            step_id=f"s{place}",
            kind=StepKind.MAP,
            table="t",
            after=tuple(f"s{other}" for other in before[place]),
            preconditions=tuple(sorted(act.needs)),
            effects=(*sorted(act.adds), *(f"not {fact}" for fact in sorted(act.deletes))),
            seconds=draw(st.sampled_from([0.5, 1.0, 4.0])),
            probability=0.9,
        )
        for place, act in enumerate(acts)
    ]
    return build_plan("g", steps, ()), frozenset(state)


@settings(max_examples=150, deadline=None)
@given(loose_plans(), st.integers(1, 3), st.data(), st.randoms(use_true_random=False))
def test_dropping_and_ordering_keep_the_goal_in_every_order_tried(
    made: tuple[Plan, frozenset[str]], workers: int, data: st.DataObject, order: random.Random
) -> None:
    plan, end = made
    goal = tuple(data.draw(st.sets(st.sampled_from(sorted(end)), max_size=2))) if end else ()
    found = optimise(plan, Setting({"u"}, goal, workers))
    for _ in range(4):
        steps = any_order(found, order)
        assert len(steps) == len(found.steps)
        assert executes(steps, frozenset("u"))
    assert sum(step.seconds for step in found.steps) <= sum(step.seconds for step in plan.steps)
    told = {one.kind for one in found.optimisations}
    assert (OptimisationKind.DROP in told) == (len(found.steps) < len(plan.steps))


@settings(max_examples=100, deadline=None)
@given(loose_plans(), st.data())
def test_a_generated_plan_without_the_producers_of_a_needed_fact_breaks(
    made: tuple[Plan, frozenset[str]], data: st.DataObject
) -> None:
    plan, _ = made
    wanted = sorted({fact for one in plan.steps for fact in one.preconditions if fact not in one.effects} - {"u"})
    if wanted:  # a step that makes what it needs itself goes with the producers
        fact = data.draw(st.sampled_from(wanted))
        assert not executes([one for one in plan.steps if fact not in one.effects], frozenset("u"))


def step(step_id: str, *after: str, needs: str = "", makes: str = "", **other: Any) -> Step:
    known = {"kind": "map", "table": "t", "seconds": 1.0, "probability": 0.9}
    return Step.model_validate(
        {**known, "step_id": step_id, "after": after, "preconditions": tuple(needs), "effects": tuple(makes), **other}
    )


def test_work_that_is_in_the_plan_twice_is_done_once_and_its_order_stays() -> None:
    steps = [step("x", makes="a"), step("z", makes="b"), step("x", "z", makes="a"), step("w", "x", needs="ab")]
    found = optimise(build_plan("g", [*steps, step("v", "w", makes="c")], ()), Setting((), ("c",)))
    assert [one.step_id for one in found.steps] == ["v"]  # w makes nothing: all before v was for nothing
    kept = optimise(build_plan("g", [*steps[:3], step("w", "x", needs="ab", makes="c")], ()), Setting((), ("c",)))
    assert [one.step_id for one in kept.steps] == ["x", "z", "w"]
    assert set(kept.steps[-1].after) == {"x", "z"}
    (shared,) = [one for one in kept.optimisations if one.kind is OptimisationKind.SHARE]
    assert (shared.steps, shared.work) == (("x",), 1.0)


def test_long_chains_first_where_not_all_can_run_at_once() -> None:
    steps = [*(step(f"s{n}", makes=f"{n}") for n in range(3)), step("l", makes="l", seconds=3.0)]
    plan = build_plan("g", [*steps, step("e", *(s.step_id for s in steps), needs="012l", makes="e")], ())
    found = optimise(plan, Setting((), ("e",), workers=2))
    (made,) = found.optimisations
    assert (made.kind, made.steps, made.seconds) == (OptimisationKind.ORDER, ("l",), pytest.approx(1.0))
    assert found.plan_id == plan.plan_id
    assert optimise(plan, Setting((), ("e",), workers=1)).steps == plan.steps


@settings(max_examples=60, deadline=None)
@given(deliveries(), st.integers(1, 4))
def test_a_schedule_keeps_order_and_capacity(facts: DeliveryFacts, workers: int) -> None:
    plan = planned(facts)
    slots = {slot.step_id: slot for slot in list_schedule(plan.steps, workers)}
    assert len(slots) == len(plan.steps)
    for one in plan.steps:
        assert all(slots[other].end <= slots[one.step_id].start for other in one.after)
    for slot in slots.values():
        beside = [o for o in slots.values() if o is not slot and o.start <= slot.start < o.end]
        assert len(beside) < workers
        if beside:
            assert not runs_alone(plan.step(slot.step_id))
        assert all(other.worker != slot.worker for other in beside)


@settings(max_examples=120, deadline=None)
@given(deliveries(sound=False))
def test_what_the_analysis_calls_feasible_has_a_plan_and_nothing_else_has(facts: DeliveryFacts) -> None:
    analysis = analyse_goal(facts, "publish", BudgetLimits())
    assert analysis.feasible == isinstance(plan_delivery(facts, "publish"), Plan)
    assert analysis.feasible == (not analysis.obstacles)


def test_the_analysis_names_what_makes_a_goal_hard() -> None:
    facts = DeliveryFacts(
        tables=(
            table("big", rows=5_000_000),
            table("drifting", variants=7),
            table("a", "b"),
            table("b", "a"),
            by_sql("d", "big"),
            by_sql("e", "d"),
            by_sql("f", "e"),
        )
    )
    found = analyse_goal(facts, "publish", BudgetLimits(steps=5), ["a person accepts the plan first"])
    assert {(one.kind, one.subject) for one in found.difficulties} >= {
        ("size", "big"),
        ("drift", "drifting"),
        ("cycle", "a, b"),
        ("depth", "the run"),
        ("sql", "d"),
        ("budget", "the run"),
    }
    assert found.constraints == ("a person accepts the plan first", "at most 5 steps")
    assert (found.depth, found.feasible, found.tables_by_sql) == (4, True, 3)


@settings(max_examples=40, deadline=None)
@given(deliveries())
def test_a_contingency_is_a_plan_that_does_without_the_step(facts: DeliveryFacts) -> None:
    plan = prepared(facts)
    removed = [step_id for one in plan.contingencies for step_id in one.removed]
    assert len(removed) == len(set(removed))
    for one in plan.contingencies:
        other = taken(plan, one)
        assert other.plan_id == one.plan_id
        assert check(other, start_facts(facts)) == ()
        assert one.step_id not in {step.step_id for step in other.steps}
        assert one.gain > 0
        assert set(difference(plan, other).removed) == set(one.removed)
        expected = alternatives(facts)(one.step_id)
        assert {c.task: c.method for c in other.choices} == {c.task: c.method for c in expected.choices}


def carried_out(plan: Plan, draw: random.Random) -> bool:
    """Play a plan: a step that fails is met by what was prepared for it, once; knows nothing of any formula."""
    steps, done = list(plan.steps), set()
    open_ways = {one.step_id: one for one in plan.contingencies}
    while left := [step for step in steps if step.step_id not in done]:
        now = left[0]
        if draw.random() < now.probability:
            done.add(now.step_id)
        elif now.step_id in open_ways:
            way = open_ways.pop(now.step_id)
            gone = set(way.removed)
            have = {step.step_id for step in steps}
            new = [step for step in way.steps if step.step_id not in have or step.step_id in gone]
            steps = [*new, *(step for step in steps if step.step_id not in gone)]
        else:
            return False
    return True


def test_the_confidence_is_the_share_of_simulated_runs_that_reach_their_end() -> None:
    facts = DeliveryFacts(tables=(table("orders", "customers"), table("customers"), by_sql("d", "orders")))
    plan, draw, runs = prepared(facts), random.Random(11), 20_000  # noqa: S311  a simulation
    assert len(plan.contingencies) == 2
    expected = confidence(plan.steps, plan.contingencies)
    won = sum(carried_out(plan, draw) for _ in range(runs))
    deviation = (expected * (1 - expected) / runs) ** 0.5
    assert abs(won / runs - expected) < 4 * deviation
    assert abs(won / runs - success_probability(plan.steps)) > 4 * deviation  # the simulation sees the contingencies


def test_a_contingency_that_adds_and_abandons_steps_is_simulated_as_it_is_reckoned() -> None:
    own = [step("a", makes="a"), step("b", "a", needs="a", makes="b", probability=0.6)]
    own += [step("c", "b", needs="b", makes="c", probability=0.8), step("e", "c", needs="c", makes="e")]
    other = [own[0], step("o", "a", needs="a", makes="c", probability=0.7), step("e", "o", needs="c", makes="e")]
    plan = build_plan("g", own, ())
    ways = contingencies(plan, lambda step_id: build_plan("g", other, ()) if step_id == "b" else None)
    (way,) = ways
    assert (way.removed, way.probability) == (("b", "c"), pytest.approx(0.7))
    expected = 0.9 * (0.6 * 0.8 + 0.4 * 0.7) * 0.9
    assert confidence(plan.steps, ways) == pytest.approx(expected)
    draw, runs = random.Random(5), 20_000  # noqa: S311  a simulation
    plan = plan.model_copy(update={"contingencies": ways})
    won = sum(carried_out(plan, draw) for _ in range(runs)) / runs
    assert abs(won - expected) < 4 * (expected * (1 - expected) / runs) ** 0.5


@settings(max_examples=30, deadline=None)
@given(deliveries(), st.integers(1, 3))
def test_swings_are_around_the_estimate_and_the_widest_first(facts: DeliveryFacts, workers: int) -> None:
    plan = prepared(facts)
    risks = analyse_risks(plan, workers, 0.5, budget_seconds=1e-6)
    assert not risks.in_time
    assert risks.confident == (risks.confidence >= 0.5)
    for swing in risks.swings:
        assert swing.worst_probability <= risks.confidence + 1e-12
        assert swing.best_probability >= risks.confidence - 1e-12
    lone = analyse_risks(plan, 1).swings
    assert all(swing.least_seconds <= risks.seconds * 3 and swing.least_seconds <= swing.most_seconds for swing in lone)
    assert risks.probability <= risks.confidence + 1e-12


def test_a_difference_names_what_was_added_removed_and_changed() -> None:
    before = build_plan("g", [step("a", makes="a"), step("b", "a", makes="b"), step("c", makes="c")], ())
    after = build_plan("g", [step("a", makes="a"), step("b", makes="b"), step("d", makes="d")], ())
    found = difference(before, after)
    assert found == (("d",), ("c",), ("b",), ("a",))
