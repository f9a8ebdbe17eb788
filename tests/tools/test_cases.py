"""The log of a case: nothing answered is lost, whatever a kill leaves, and repeated lines change nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.react import CaseProgress, furthest
from state.reasoning import ActionCall, Observation, ReasoningStep, Thought
from tools.cases import CaseLog, case_log, in_order


def call(number: int, arguments: str = "{}") -> ActionCall:
    return ActionCall(call_id=f"{number}.1", name="calculate", arguments=arguments)


def seen(number: int, content: str = "{}") -> Observation:
    return Observation(call_id=f"{number}.1", content=content, quality=0.5)


def numbers_of(steps: tuple[ReasoningStep, ...]) -> list[int]:
    return [each.number for each in steps]


def step(number: int, word: str = "") -> ReasoningStep:
    thought = Thought(next=word)
    return ReasoningStep(number=number, thought=thought, actions=(call(number),), observations=(seen(number),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cases" / "c.jsonl"


def test_what_was_answered_is_found_again_by_another_reader(path: Path) -> None:
    log = case_log(str(path))
    assert log.steps() == ()
    log.add_answer(call(1), seen(1))
    assert CaseLog(path).answers([call(1), call(2)]) == {"1.1": seen(1)}
    log.add_step(step(1))
    assert log.steps() == CaseLog(path).steps() == (step(1),)
    assert log.answers([call(1)]) == {"1.1": seen(1)}


def test_an_answer_counts_for_the_very_same_call_only(path: Path) -> None:
    log = CaseLog(path)
    log.add_answer(call(1, '{"a": 1}'), seen(1))
    assert log.answers([call(1, '{"a": 2}')]) == {}


def test_half_a_line_is_closed_and_not_read(path: Path) -> None:
    log = CaseLog(path)
    log.add_step(step(1))
    log.add_step(step(2))
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        again = CaseLog(path)
        before = again.steps()
        again.add_step(step(3))
        after = again.steps()  # a whole line without its end counts once it is closed
        assert after[-1] == step(3)
        assert set(numbers_of(before)) <= set(numbers_of(after[:-1])) <= {1, 2}
        assert before in ((), (step(1),), (step(1), step(2)))


def test_a_log_that_is_gone_is_empty_again(path: Path) -> None:
    log = CaseLog(path)
    log.add_step(step(1))
    assert log.steps()
    path.unlink()
    assert log.steps() == ()


numbered = st.lists(st.builds(step, st.integers(1, 6), st.sampled_from("ab")), max_size=12)


@given(numbered)
def test_steps_reduce_by_number_and_twice_is_once(steps: list[ReasoningStep]) -> None:
    once = in_order(steps)
    assert [each.number for each in once] == sorted({each.number for each in steps})
    assert in_order([*once, *once]) == once
    assert in_order([*steps, *once]) == once


progress = st.builds(CaseProgress, number=st.integers(0, 5), last=st.sampled_from("ab"))


@given(progress, progress, progress)
def test_progress_only_goes_forward(one: CaseProgress, two: CaseProgress, three: CaseProgress) -> None:
    assert furthest(one, one) == furthest(None, one) == furthest(one, None) == one
    assert furthest(one, two).number == max(one.number, two.number)
    assert furthest(furthest(one, two), three) == furthest(one, furthest(two, three))
    assert furthest(furthest(one, two), two) == furthest(one, two)


def test_what_this_process_kept_is_remembered_without_reading_and_lines_of_others_are_read(path: Path) -> None:
    log = CaseLog(path)
    assert log.remembered(1) == log.steps() == ()
    log.add_step(step(1))  # makes the file, which is read once
    assert numbers_of(log.steps()) == numbers_of(log.remembered(1)) == [1]
    log.add_answer(call(2), seen(2))
    log.add_step(step(2))
    assert numbers_of(log.remembered(2)) == [1, 2]
    CaseLog(path).add_step(step(3))
    assert log.remembered(3) == ()
    log.add_step(step(4))  # does not follow on what is known
    assert log.remembered(4) == ()
    assert log.steps() == CaseLog(path).steps()
    assert numbers_of(log.remembered(4)) == [1, 2, 3, 4]
