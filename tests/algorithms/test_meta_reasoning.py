"""Loops are seen, whatever their period; what only looks like one is not; interventions get stronger step by step."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.meta_reasoning import canonical
from algorithms.meta_reasoning.assess import assess, intervene
from state.meta_reasoning import Assessment, Finding, Intervention, Pattern
from state.reasoning import ActionCall, Observation, ReasoningStep, Thought


def step(
    number: int, tool: str, arguments: Any, result: Any, *, error: str = "", quality: float = 0.5, sure: float = 0.5
) -> ReasoningStep:
    call = ActionCall(call_id=f"{number}.1", name=tool, arguments=json.dumps(arguments))
    seen = Observation(
        call_id=call.call_id,
        content=json.dumps(result),
        quality=0.0 if error else quality,
        failed=bool(error),
        error=error,
    )
    thought = Thought(next=f"use {tool} number {number} for {arguments}", confidence=sure)
    return ReasoningStep(number=number, thought=thought, actions=(call,), observations=(seen,))


def distinct(place: int, number: int) -> ReasoningStep:
    return step(number, "execute", {"sql": f"select c{place} from t"}, {"rows": [[f"value {place}"]]})


@given(st.integers(1, 6), st.integers(0, 8))
def test_a_cycle_of_any_period_is_seen_whatever_came_before(period: int, before: int) -> None:
    places = [100 + at for at in range(before)] + [at % period for at in range(3 * period)]
    steps = [distinct(place, number) for number, place in enumerate(places, start=1)]
    assert not assess(steps[: before + period]).looping
    verdict = assess(steps)
    assert verdict.looping
    assert verdict.findings[0].pattern in (Pattern.REPEATED_ACTION, Pattern.CYCLE)
    cycles = [finding.period for finding in verdict.findings if finding.pattern is Pattern.CYCLE]
    assert cycles == ([period] if period > 1 else [])
    assert verdict.recommendations


@given(st.lists(st.integers(0, 50), unique=True, max_size=20))
def test_steps_that_all_differ_are_no_loop(places: list[int]) -> None:
    steps = [distinct(place, number) for number, place in enumerate(places, start=1)]
    assert not any(assess(steps[:count]).looping for count in range(len(steps) + 1))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=16))
def test_the_quality_is_a_share_and_the_verdict_hangs_on_nothing_else(places: list[int]) -> None:
    steps = [distinct(place, number) for number, place in enumerate(places, start=1)]
    assert 0 <= assess(steps).quality <= 1
    assert assess(steps) == assess(steps)


def test_a_planted_detector_that_ignores_answers_takes_paging_for_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [step(at, "next_page", {}, {"rows": [[at, "some text of this page"]]}) for at in range(1, 7)]
    assert not assess(pages).looping
    canonical.deed.cache_clear()
    monkeypatch.setattr(canonical, "_lasting", lambda content: "the same")
    assert assess(pages).looping
    canonical.deed.cache_clear()


def test_waiting_and_trying_again_are_no_loop_until_it_is_too_much() -> None:
    pending = [step(at, "job", {"id": 1}, {"status": "pending"}) for at in range(1, 12)]
    assert not assess(pending).looping
    failing = [step(at, "execute", {"sql": "s"}, {}, error="timed out after 30 s") for at in range(1, 10)]
    assert not any(assess(failing[:count]).looping for count in range(5))
    assert assess(failing).looping


def test_each_sign_is_told() -> None:
    def patterns(steps: list[ReasoningStep]) -> set[Pattern]:
        return {finding.pattern for finding in assess(steps).findings}

    same = [step(at, "search", {"query": "x"}, {"hits": []}, quality=0.1) for at in range(1, 7)]
    thoughts = [each.model_copy(update={"thought": Thought(next="look at the values once more")}) for each in same]
    assert {Pattern.NO_PROGRESS, Pattern.POOR_ACTIONS, Pattern.STUCK_CONFIDENCE} <= patterns(same)
    assert Pattern.SAME_THOUGHTS in patterns(thoughts)
    falling = [distinct(at, at).model_copy(update={"thought": Thought(confidence=1 - at / 5)}) for at in range(1, 5)]
    assert Pattern.FALLING_CONFIDENCE in patterns(falling)
    sure = [step(at, "search", {"query": f"q{at}"}, {"hits": [at]}, quality=0.1, sure=0.95) for at in range(1, 3)]
    assert Pattern.OVERCONFIDENCE in patterns(sure)
    wrong = [step(at, "execute", {"sql": "x"}, {}, error="no such column") for at in range(1, 3)]
    assert Pattern.FAILED_AGAIN in patterns(wrong)


def test_interventions_climb_one_rung_at_a_time_and_only_for_loops() -> None:
    loop = Assessment(
        quality=0, findings=(Finding(pattern=Pattern.CYCLE, steps=(1, 2, 3, 4), severity=0.8, detail="d"),)
    )
    issued: list[Intervention] = []
    for _ in range(5):
        issued.append(intervene(loop, issued))
    assert issued == ["hint", "other_strategy", "arbitration", "stop", "stop"]
    lesser = Assessment(
        quality=0.5, findings=(Finding(pattern=Pattern.FAILED_AGAIN, steps=(1, 2), severity=0.5, detail="d"),)
    )
    assert intervene(lesser, [Intervention.ARBITRATION]) is Intervention.HINT
    assert intervene(Assessment(quality=1), []) is Intervention.NONE
    assert assess([]).quality == 1
