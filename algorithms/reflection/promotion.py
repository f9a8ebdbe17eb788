"""Lessons from patterns that hold up, and candidates from those that do not yet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from algorithms.reflection.judging import LIKELY, WITHIN
from algorithms.reflection.learning import lesson_id_of
from algorithms.reflection.observations import AGENT, BID, DURATION, STEP, Key, Observation, by_key
from algorithms.reflection.statistics import lower_bound, median, median_interval, posterior_mean
from algorithms.reflection.subjects import subject_of
from state.experience import Experience
from state.lessons import (
    AgentReliability,
    BidAccuracy,
    Ground,
    Lesson,
    LessonStatus,
    LessonValue,
    MethodProbability,
    Pattern,
    Scope,
    TaskDuration,
)

STEADY: Final = 0.6
"""Share of the runs whose time must be near what a lesson says: what varies more is no knowledge."""

HINT: Final = 0.2
"""Patterns with a smaller p-value that do not hold are told as candidates; of them the surest only."""
MOST_CANDIDATES: Final = 20


def promoted(
    patterns: Sequence[Pattern], observations: Sequence[Observation], runs: Sequence[Experience]
) -> Iterator[Lesson]:
    """Yield lessons from patterns that hold, and candidates; `runs` are those the observations are of, oldest first.

    A pattern that nothing was observed of is passed over: another process ended its lesson since it was found.
    """
    seen, candidates = by_key(observations), 0
    for pattern in patterns:
        if key_of_pattern(pattern) not in seen:
            continue
        if not pattern.holds and (pattern.p >= HINT or candidates >= MOST_CANDIDATES):
            continue
        lesson = _lesson(pattern, seen[key_of_pattern(pattern)], runs)
        candidates += lesson.status is LessonStatus.CANDIDATE
        yield lesson


def key_of_pattern(pattern: Pattern) -> Key:
    """Return what the observations of a pattern are counted under."""
    return pattern.group, pattern.context, pattern.action


def key_of(value: LessonValue) -> Key | None:
    """Return what the observations of a lesson are counted under; None of one that no statistics teach."""
    if isinstance(value, MethodProbability):
        return STEP, value.table, value.action
    if isinstance(value, TaskDuration):
        return DURATION, value.table, value.action
    if isinstance(value, AgentReliability):
        return AGENT, value.skill, value.agent
    return (BID, value.skill, value.engine) if isinstance(value, BidAccuracy) else None


def _lesson(pattern: Pattern, seen: Sequence[Observation], runs: Sequence[Experience]) -> Lesson:
    value = _value(pattern, seen)
    trials, successes = _shown(value, seen)
    lacks = pattern.why
    if not lacks and isinstance(value, TaskDuration | BidAccuracy) and successes < STEADY * trials:
        lacks = f"its time varies too much: {successes} of {trials} runs are near the median"
    scope, newest = Scope(contract=runs[-1].contract), runs[-1].at
    return Lesson(
        lesson_id=lesson_id_of(value, scope, Ground.STATISTICAL),
        kind=value.kind,
        subject=subject_of(value),
        value=value,
        scope=scope,
        ground=Ground.STATISTICAL,
        runs=pattern.runs,
        trials=trials,
        successes=successes,
        bound=lower_bound(successes, trials),
        p=pattern.p,
        q=pattern.q,
        holdout=pattern.holdout,
        gain=round(_gain(value, seen, runs), 4),
        status=LessonStatus.CANDIDATE if lacks else LessonStatus.IN_FORCE,
        lacks=lacks,
        since=None if lacks else newest,
    )


def _value(pattern: Pattern, seen: Sequence[Observation]) -> LessonValue:
    group, context, action = key_of_pattern(pattern)
    chance = posterior_mean(sum(each.shown for each in seen), len(seen))
    if group == STEP:
        return MethodProbability(action=action, table=context, probability=chance)
    if group == AGENT:
        return AgentReliability(agent=action, skill=context, probability=chance)
    ratios = [each.ratio for each in seen]
    (low, high), middle = median_interval(ratios), median(ratios)
    if group == BID:
        return BidAccuracy(engine=action, skill=context, ratio=middle, low=low, high=high)
    seconds = median([each.seconds for each in seen])
    return TaskDuration(action=action, table=context, ratio=middle, low=low, high=high, seconds=seconds)


def _shown(value: LessonValue, seen: Sequence[Observation]) -> tuple[int, int]:
    """Return the runs that could show a lesson and those that did, as later runs are judged."""
    if isinstance(value, TaskDuration | BidAccuracy):
        near = sum(value.ratio / WITHIN <= each.ratio <= value.ratio * WITHIN for each in seen)
        return len(seen), near
    wanted = isinstance(value, MethodProbability | AgentReliability) and value.probability >= LIKELY
    return len(seen), sum(each.shown is wanted for each in seen)


def _gain(value: LessonValue, seen: Sequence[Observation], runs: Sequence[Experience]) -> float:
    """Return the seconds a run is expected to gain: work not done in vain, or the error taken out of an estimate."""
    if isinstance(value, TaskDuration):
        return abs(value.seconds - value.seconds / value.ratio)
    by_number: Mapping[int, Experience] = dict(enumerate(runs))
    if isinstance(value, MethodProbability):
        lost = [
            step.seconds
            for each in seen
            if not each.shown
            for step in by_number[each.run].steps
            if (step.table, step.action) == (value.table, value.action)
        ]
        return sum(lost) / len(seen)
    if isinstance(value, BidAccuracy):
        promised = [
            step.promised
            for run in runs
            for step in run.steps
            if step.engine == value.engine and step.step_id.startswith(f"{value.skill}:")
        ]
        return abs(value.ratio - 1) * (median(promised) if promised else 0.0)
    return 0.0
