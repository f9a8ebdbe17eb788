"""Fusion: which steps share a process, and that the plan keeps all it had."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.dag import topological_order
from algorithms.delivery_estimates import PROCESS
from algorithms.plan_fusion import MOST, fuse
from algorithms.plan_times import scheduled_seconds
from state.plans import Step, StepKind


def step(step_id: str, *after: str, seconds: float = 0.2, probability: float = 0.9, apart: bool = True) -> Step:
    return Step(
        step_id=step_id,
        kind=StepKind.DERIVE if apart else StepKind.QUARANTINE,
        table=step_id,
        after=after,
        preconditions=(),
        effects=(step_id,),
        seconds=seconds,
        probability=probability,
        apart=apart,
    )


@st.composite
def plans(draw: st.DrawFn) -> list[Step]:
    made: list[Step] = []
    for place in range(draw(st.integers(0, 9))):
        after = draw(st.sets(st.sampled_from([each.step_id for each in made]), max_size=3)) if made else set()
        seconds, apart = draw(st.sampled_from([0.15, 0.3, 2.0])), draw(st.booleans())
        made.append(step(f"s{place}", *sorted(after), seconds=seconds, apart=apart))
    return made


def ancestors(steps: list[Step]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in steps:
        found[each.step_id] = set(each.after).union(*(found[other] for other in each.after))
    return found


@settings(max_examples=200, deadline=None)
@given(plans())
def test_what_is_fused_can_be_done_in_one_go_and_all_order_stays(steps: list[Step]) -> None:
    found = list(fuse(steps))
    assert sorted(each.step_id for each in found) == sorted(each.step_id for each in steps)
    assert [each.step_id for each in found] == list(topological_order({each.step_id: each.after for each in found}))
    before, behind = ancestors(steps), ancestors(found)
    for each in steps:
        assert before[each.step_id] <= behind[each.step_id]
    groups: dict[str, list[Step]] = {}
    for each in found:
        if each.together is not None:
            groups.setdefault(each.together, []).append(each)
    for label, members in groups.items():
        names = {member.step_id for member in members}
        assert label in names
        assert 1 < len(members) <= MOST
        assert all(member.apart for member in members)
        outer = [behind[member.step_id] - names for member in members]
        assert all(one == other for one, other in combinations(outer, 2))  # they become ready at once
    if found != steps:
        assert scheduled_seconds(found, len(steps)) < scheduled_seconds(steps, len(steps))
        saved = PROCESS * sum(len(members) - 1 for members in groups.values())
        assert abs(sum(each.seconds for each in steps) - sum(each.seconds for each in found) - saved) < 1e-9


def test_marts_of_the_same_tables_are_fused_and_wait_for_all_of_them() -> None:
    steps = [step("t", apart=False), step("u", apart=False), step("a", "t"), step("b", "u"), step("c", "a")]
    found = {each.step_id: each for each in fuse(steps)}
    assert [each for each in found if found[each].together == "a"] == ["a", "b", "c"]
    assert (set(found["a"].after), set(found["b"].after), set(found["c"].after)) == ({"t", "u"}, {"t", "u"}, {"a"})


def test_steps_with_another_between_them_are_not_fused() -> None:
    steps = [step("a"), step("q", "a", apart=False), step("b", "q")]
    assert fuse(steps) is steps


def test_long_steps_are_not_fused_as_more_might_be_done_in_vain_than_is_saved() -> None:
    assert fuse([step("a", seconds=5.0), step("b", seconds=5.0)])[0].together is None
    sure = [step("a", seconds=5.0, probability=1.0), step("b", seconds=5.0, probability=1.0)]
    assert [each.together for each in fuse(sure)] == ["a", "a"]


def test_steps_that_run_beside_others_are_not_fused() -> None:
    steps = [step("a", apart=False), step("b", apart=False)]
    assert fuse(steps) is steps
