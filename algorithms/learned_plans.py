"""Lessons as the planner and the executor take them: estimates of actions, and conditions of steps."""

from collections.abc import Iterator, Mapping, Sequence

from algorithms.delivery_estimates import middle_of
from algorithms.reflection.experience import action_of
from state.experience import LessonUse
from state.lessons import Lesson, Limit, MethodProbability, TaskDuration, Threshold
from state.plans import LearnedEstimate, Plan, Step

Conditions = Mapping[str, Mapping[Limit, tuple[float, str]]]
"""By step: each limit under which it is begun, with the lesson that says so."""


def learned_estimates(lessons: Sequence[Lesson]) -> tuple[LearnedEstimate, ...]:
    """Return what lessons say about the seconds and chances of actions."""
    return tuple(_estimates(lessons))


def _estimates(lessons: Sequence[Lesson]) -> Iterator[LearnedEstimate]:
    for lesson in lessons:
        value = lesson.value
        if isinstance(value, TaskDuration):
            yield LearnedEstimate(lesson_id=lesson.lesson_id, action=value.action, table=value.table, ratio=value.ratio)
        elif isinstance(value, MethodProbability):
            yield LearnedEstimate(
                lesson_id=lesson.lesson_id, action=value.action, table=value.table, probability=value.probability
            )


def conditions_used(plan: Plan, lessons: Sequence[Lesson]) -> tuple[LessonUse, ...]:
    """Return which steps of a plan begin under other conditions than the run's, and what lessons say so."""
    kinds = {lesson.lesson_id: lesson.kind.value for lesson in lessons}
    return tuple(
        LessonUse(
            lesson_id=lesson_id,
            kind=kinds[lesson_id],
            steps=(step_id,),
            effect=f"begins with {limit.value.replace('_', ' ')} {value:g}",
        )
        for step_id, limits in learned_conditions(lessons, plan.steps).items()
        for limit, (value, lesson_id) in limits.items()
    )


def estimates_used(plan: Plan, lessons: Sequence[Lesson]) -> tuple[LessonUse, ...]:
    """Return which estimates of a plan's steps lessons changed, and how.

    A step that no lesson on seconds speaks of is scaled as the middle of all lessons, and told as a use of that one.
    """
    learned, kinds = learned_estimates(lessons), {lesson.lesson_id: lesson.kind.value for lesson in lessons}
    middle, found = middle_of(learned), list[LessonUse]()
    own = {(one.action, one.table) for one in learned if one.ratio is not None}
    for one in learned:
        steps = tuple(
            step.step_id for step in plan.steps if (action_of(step), step.table or "") == (one.action, one.table)
        )
        if not steps:
            continue
        ratio, chance = one.ratio, one.probability
        effect = (
            f"expects {ratio:.2g} times the seconds" if ratio else f"expects success in {chance or 0.0:.0%} of runs"
        )
        found.append(
            LessonUse(
                lesson_id=one.lesson_id, kind=kinds[one.lesson_id], steps=steps, effect=effect, factor=ratio or 1.0
            )
        )
    others = tuple(step.step_id for step in plan.steps if (action_of(step), step.table or "") not in own)
    if middle and middle.ratio and others:
        effect = f"expects {middle.ratio:.2g} times the seconds, as of the others: nothing is known of these steps"
        found.append(
            LessonUse(
                lesson_id=middle.lesson_id,
                kind=kinds[middle.lesson_id],
                steps=others,
                effect=effect,
                factor=middle.ratio,
            )
        )
    return tuple(found)


def learned_conditions(lessons: Sequence[Lesson], steps: Sequence[Step]) -> Conditions:
    """Return under which conditions steps are begun."""
    said: dict[tuple[str, str], dict[Limit, tuple[float, str]]] = {}
    for lesson in lessons:
        if isinstance(lesson.value, Threshold):
            mine = said.setdefault((lesson.value.action, lesson.value.table), {})
            mine[lesson.value.limit] = lesson.value.value, lesson.lesson_id
    known = {step.step_id: said.get((action_of(step), step.table or ""), {}) for step in steps}
    return {step_id: limits for step_id, limits in known.items() if limits}


def condition_changes(
    limits: Mapping[Limit, tuple[float, str]], *, threads: int, sql_seconds: float
) -> dict[str, int | float]:
    """Return how the conditions of a step change: fewer threads, more seconds; never the other way round."""
    changes: dict[str, int | float] = {}
    if Limit.THREADS in limits and limits[Limit.THREADS][0] < threads:
        changes["threads"] = max(1, int(limits[Limit.THREADS][0]))
    if Limit.SQL_SECONDS in limits and limits[Limit.SQL_SECONDS][0] > sql_seconds:
        changes["sql_seconds"] = limits[Limit.SQL_SECONDS][0]
    return changes
