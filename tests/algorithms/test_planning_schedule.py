"""Schedules: side by side where order and resources allow, never more than there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.planning.model import Estimate
from algorithms.planning.schedule import schedule
from state.errors import SetupError


def step(seconds: float, memory: float = 0.0) -> Estimate:
    return Estimate(seconds=seconds, resources=(("memory", memory),))


def test_steps_run_side_by_side_and_the_longest_chain_is_critical() -> None:
    found = schedule([step(2), step(3), step(1), step(4)], [(), (), (0,), (1, 2)])
    assert found.starts == (0, 0, 2, 3)
    assert found.makespan == 7
    assert found.critical_path == (0, 2, 3)


def test_a_capacity_makes_steps_wait() -> None:
    found = schedule([step(2, 3), step(2, 3), step(1, 1)], [(), (), ()], {"memory": 4})
    assert found.makespan == 4
    assert found.starts[2] == 0


def test_a_step_that_never_fits_is_told() -> None:
    with pytest.raises(SetupError, match="step 0 needs 5 of memory, and there is 4"):
        schedule([step(1, 5)], [()], {"memory": 4})


def test_no_steps_take_no_time() -> None:
    assert schedule([], []).makespan == 0


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4), st.sets(st.integers(0, 9))), max_size=10))
def test_order_and_capacity_are_kept_and_the_bounds_hold(steps: list[tuple[int, int, set[int]]]) -> None:
    estimates = [step(seconds, memory) for seconds, memory, _ in steps]
    before = [tuple(other for other in others if other < place) for place, (_, _, others) in enumerate(steps)]
    found = schedule(estimates, before, {"memory": 4})
    for place, others in enumerate(before):
        assert all(found.ends[other] <= found.starts[place] for other in others)
    for moment in found.starts:
        running = [n for n in range(len(steps)) if found.starts[n] <= moment < found.ends[n]]
        assert sum(steps[n][1] for n in running) <= 4
    free = schedule(estimates, before)
    assert free.makespan == sum(steps[n][0] for n in free.critical_path)
    assert free.makespan <= found.makespan <= sum(seconds for seconds, _, _ in steps)
