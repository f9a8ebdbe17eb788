"""The states of planning: only legal moves, whatever is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.errors import StepError
from state.planning import TRANSITIONS, PlanningState, moved

S = PlanningState


@given(st.lists(st.sampled_from(S), max_size=12))
def test_no_sequence_of_writes_makes_a_move_that_is_not_legal(writes: list[S]) -> None:
    at: S | None = None
    for write in writes:
        legal = at is None or write in (at, S.INITIAL) or write in TRANSITIONS[at]
        if legal:
            at = moved(at, write)
            assert at is write
        else:
            with pytest.raises(StepError, match="planning cannot go"):
                moved(at, write)


def test_a_completed_plan_is_not_gone_on_with_and_a_failed_one_is() -> None:
    assert TRANSITIONS[S.COMPLETED] == frozenset()
    assert TRANSITIONS[S.FAILED] == {S.PLANNING, S.EXECUTING, S.REPLANNING}
    assert S.COMPLETED not in {after for state in S if state is not S.EXECUTING for after in TRANSITIONS[state]}


def test_every_state_can_be_reached() -> None:
    reached, waiting = set(), [S.INITIAL]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += TRANSITIONS[state]
    assert reached == set(S)
