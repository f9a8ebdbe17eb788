"""Signs of poor reasoning other than loops: thoughts, progress, choice of actions, confidence."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rapidfuzz import fuzz

from algorithms.meta_reasoning.canonical import deeds, thought_text
from algorithms.meta_reasoning.loops import Turn, is_transient
from state.meta_reasoning import Finding, Pattern
from state.reasoning import ReasoningStep

_ALIKE = 92.0  # of 100
_THOUGHTS = 3  # that hardly differ, in a row
_IDLE = 5  # steps without anything new
_POOR = 4  # observations in a row that help little
_LITTLE = 0.25
_FALLS = 4
_FALLEN = 0.3
_STUCK = 5
_SURE = 0.9
_EVIDENCE = 0.5


def find_signals(steps: Sequence[ReasoningStep], found: Sequence[Turn], taught: Sequence[bool]) -> tuple[Finding, ...]:
    """Return what the last steps show, other than loops; `found` are the steps that count, `taught` those with news."""
    counted = {turn.number for turn in found}
    news = [new or step.number not in counted for step, new in zip(steps, taught, strict=True)]
    signs = (
        _same_thoughts(steps, news),
        _no_progress(steps, news),
        _poor(steps),
        _failed_again(steps),
        _falling(steps),
        _stuck(steps, news),
        _overconfident(steps),
    )
    return tuple(finding for finding in signs if finding is not None)


def _same_thoughts(steps: Sequence[ReasoningStep], news: Sequence[bool]) -> Finding | None:
    last = steps[-_THOUGHTS:]
    texts = [thought_text(step) for step in last]
    if len(last) < _THOUGHTS or any(news[-_THOUGHTS + 1 :]) or not all(texts):
        return None
    alike = min(fuzz.ratio(one, other) for one, other in pairwise(texts))
    if alike < _ALIKE:
        return None
    return _finding(Pattern.SAME_THOUGHTS, last, 0.6, f"{_THOUGHTS} thoughts in a row are {alike:.0f} % alike")


def _no_progress(steps: Sequence[ReasoningStep], news: Sequence[bool]) -> Finding | None:
    idle = _streak(not new for new in reversed(news))
    if idle < _IDLE:
        return None
    severity = min(1.0, 0.7 + 0.1 * (idle - _IDLE))
    return _finding(Pattern.NO_PROGRESS, steps[-idle:], severity, f"nothing new was learned in {idle} steps")


def _poor(steps: Sequence[ReasoningStep]) -> Finding | None:
    seen = [observation for step in steps for observation in step.observations if not is_transient(observation)]
    poor = _streak(observation.quality <= _LITTLE for observation in reversed(seen))
    if poor < _POOR:
        return None
    detail = f"the last {poor} observations helped little"
    return _finding(Pattern.POOR_ACTIONS, steps[-poor:], min(1.0, 0.1 * poor), detail)


def _failed_again(steps: Sequence[ReasoningStep]) -> Finding | None:
    failed = {done: step.number for step in steps[:-1] for done in deeds(step) if done.failed}
    transient = all(is_transient(seen) for seen in steps[-1].observations if seen.failed)
    again = [failed[done] for done in deeds(steps[-1]) if done in failed]
    if not again or transient:
        return None
    numbers = (*again, steps[-1].number)
    detail = f"step {numbers[-1]} fails as step {numbers[0]} did"
    return Finding(pattern=Pattern.FAILED_AGAIN, steps=numbers, severity=0.5, detail=detail)


def _falling(steps: Sequence[ReasoningStep]) -> Finding | None:
    values = [step.thought.confidence for step in steps[-_FALLS:]]
    falls = len(values) == _FALLS and all(after < before for before, after in pairwise(values))
    if not falls or values[0] - values[-1] < _FALLEN:
        return None
    detail = f"confidence fell from {values[0]:.2f} to {values[-1]:.2f}"
    return _finding(Pattern.FALLING_CONFIDENCE, steps[-_FALLS:], 0.4, detail)


def _stuck(steps: Sequence[ReasoningStep], news: Sequence[bool]) -> Finding | None:
    values = [step.thought.confidence for step in steps[-_STUCK:]]
    if len(values) < _STUCK or any(news[-_STUCK:]) or max(values) - min(values) > 0.01:  # noqa: PLR2004
        return None
    detail = f"confidence stays at {values[-1]:.2f} for {_STUCK} steps in which nothing was learned"
    return _finding(Pattern.STUCK_CONFIDENCE, steps[-_STUCK:], 0.4, detail)


def _overconfident(steps: Sequence[ReasoningStep]) -> Finding | None:
    sure = steps[-1].thought.confidence
    best = max((seen.quality for step in steps for seen in step.observations if not seen.failed), default=0.0)
    if len(steps) == 1 or sure < _SURE or best >= _EVIDENCE:
        return None
    detail = f"confidence {sure:.2f}, and no observation helped more than {best:.2f}"
    return _finding(Pattern.OVERCONFIDENCE, steps[-1:], 0.5, detail)


def _finding(pattern: Pattern, steps: Sequence[ReasoningStep], severity: float, detail: str) -> Finding:
    return Finding(pattern=pattern, steps=tuple(step.number for step in steps), severity=severity, detail=detail)


def _streak(values: Iterator[bool]) -> int:
    count = 0
    for value in values:
        if not value:
            break
        count += 1
    return count
