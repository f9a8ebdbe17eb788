from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from algorithms.dag import makespan
from algorithms.plan_times import step_times
from state.plans import Step, StepKind


def step(step_id: str, seconds: float, *after: str) -> Step:
    return Step(
        step_id=step_id,
        kind=StepKind.MAP,
        table=None,
        after=after,
        preconditions=(),
        effects=(),
        seconds=seconds,
        probability=1.0,
    )


@dataclass(frozen=True)
class Later:
    """Whole seconds, so that sums are exact."""

    step_id: str
    by: int


@st.composite
def plans(draw: st.DrawFn) -> list[Step]:
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 9))):
        before = draw(st.sets(st.sampled_from([s.step_id for s in steps]))) if steps else set()
        steps.append(step(f"s{number}", float(draw(st.integers(0, 20))), *sorted(before)))
    return steps


def delayed(steps: list[Step], later: Later) -> list[Step]:
    wait = step("wait", float(later.by))
    moved = [s.model_copy(update={"after": (*s.after, "wait")}) if s.step_id == later.step_id else s for s in steps]
    return [wait, *moved]


@given(plans())
def test_the_last_end_is_the_makespan(steps: list[Step]) -> None:
    times = step_times(steps)
    assert max(entry.end for entry in times) == makespan(steps)
    assert [entry.step_id for entry in times] == [s.step_id for s in steps]


@given(plans(), st.data())
def test_a_step_may_start_its_slack_later_and_no_more(steps: list[Step], data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(step_times(steps)))
    latest = int(entry.start + entry.slack)
    assert makespan(delayed(steps, Later(entry.step_id, latest))) == makespan(steps)
    assert makespan(delayed(steps, Later(entry.step_id, latest + 1))) == makespan(steps) + 1


def test_rounding_makes_no_slack() -> None:
    steps = [step("a", 0.1), step("b", 0.2, "a"), step("c", 0.3, "b")]
    assert {entry.slack for entry in step_times(steps)} == {0.0}


def test_no_steps_take_no_time() -> None:
    assert step_times([]) == ()
