"""Dispatching: all is begun once, in order, never more at once than allowed, and what is urgent first."""

from hypothesis import given
from hypothesis import strategies as st

from algorithms.dispatch import next_steps, urgency
from state.plans import Plan, Step, StepKind


def step(name: str, seconds: float = 1.0, after: tuple[str, ...] = ()) -> Step:
    return Step(
        step_id=name,
        kind=StepKind.MAP,
        table=name,
        after=after,
        preconditions=(),
        effects=(),
        seconds=seconds,
        probability=1.0,
    )


def plan_of(*steps: Step) -> Plan:
    return Plan(plan_id="p", goal="g", steps=steps, choices=(), seconds=1.0, probability=1.0)


def begin(plan: Plan, done: set[str], running: set[str], alone: set[str] = frozenset(), most: int = 2) -> list[str]:  # type: ignore[assignment]
    found = next_steps(plan, done, running, alone=alone, most=most, latest=urgency(plan.steps))
    return [each.step_id for each in found]


def test_the_longest_chain_is_begun_first() -> None:
    plan = plan_of(step("a"), step("b"), step("c", 1.0), step("d", 5.0, ("c",)))
    assert begin(plan, set(), set()) == ["c", "a"]
    assert begin(plan, {"c"}, {"a"}) == ["d"]


def test_a_step_that_must_be_alone_waits_for_the_others_and_keeps_them_off() -> None:
    plan = plan_of(step("a", 9.0), step("b"), step("c"))
    assert begin(plan, set(), set(), {"a"}) == ["b", "c"]
    assert begin(plan, {"b"}, {"c"}, {"a"}) == []
    assert begin(plan, {"b", "c"}, set(), {"a"}) == ["a"]
    assert begin(plan, set(), {"a"}, {"a"}) == []


def test_a_step_that_is_held_is_not_begun() -> None:
    plan = plan_of(step("a"), step("b"))
    found = next_steps(plan, set(), set(), alone=set(), most=2, latest={"b": 0.0})
    assert [each.step_id for each in found] == ["b"]


@given(st.data())
def test_every_step_is_begun_once_after_those_it_waits_for(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    steps = [
        step(
            f"s{index}",
            data.draw(st.floats(0.0, 9.0)),
            tuple(f"s{other}" for other in range(index) if data.draw(st.booleans())),
        )
        for index in range(count)
    ]
    plan, most = plan_of(*steps), data.draw(st.integers(1, 4))
    alone = {each.step_id for each in steps if data.draw(st.booleans())}
    done: set[str] = set()
    running: set[str] = set()
    begun: list[str] = []
    while len(done) < count:
        for name in begin(plan, done, running, alone, most):
            assert done.issuperset(plan.step(name).after)
            begun.append(name)
            running.add(name)
        assert 0 < len(running) <= most
        assert len(running) == 1 or not running & alone
        ended = data.draw(st.sampled_from(sorted(running)))
        running.remove(ended)
        done.add(ended)
    assert sorted(begun) == sorted(each.step_id for each in steps)
