"""What lessons change about the next plan, the largest expected gain first."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Final

from state.lessons import (
    Adaptation,
    AgentReliability,
    Area,
    BidAccuracy,
    KnownAnswers,
    KnownFormat,
    KnownMapping,
    KnownRecovery,
    Lesson,
    LessonKind,
    LessonValue,
    MethodProbability,
    StandingRepair,
    TaskDuration,
    Threshold,
    UsualShare,
)

_AREAS: Final = {
    LessonKind.METHOD_PROBABILITY: Area.PLANNING,
    LessonKind.TASK_DURATION: Area.PLANNING,
    LessonKind.KNOWN_FORMAT: Area.PLANNING,
    LessonKind.KNOWN_MAPPING: Area.PLANNING,
    LessonKind.STANDING_REPAIR: Area.EXECUTION,
    LessonKind.KNOWN_ANSWERS: Area.EXECUTION,
    LessonKind.AGENT_RELIABILITY: Area.EXECUTION,
    LessonKind.BID_ACCURACY: Area.EXECUTION,
    LessonKind.THRESHOLD: Area.RISK,
    LessonKind.USUAL_SHARE: Area.RISK,
    LessonKind.KNOWN_RECOVERY: Area.RISK,
}


def adaptations(lessons: Iterable[Lesson]) -> tuple[Adaptation, ...]:
    """Return what the lessons in force ask for, the largest expected gain first."""
    found = [
        Adaptation(area=_AREAS[lesson.kind], lesson_id=lesson.lesson_id, what=what(lesson.value), gain=lesson.gain)
        for lesson in lessons
        if lesson.in_force
    ]
    return tuple(sorted(found, key=lambda one: (-one.gain, one.lesson_id)))


@singledispatch
def what(value: LessonValue) -> str:
    """Return what a lesson says, in words with its figures."""
    raise TypeError(f"nobody tells a {type(value).__name__}")


def _of(action: str, table: str) -> str:
    return f"{action} of {table}" if table else action


@what.register
def _method(value: MethodProbability) -> str:
    return f"{_of(value.action, value.table)} succeeds at the first try with {value.probability:.0%}"


@what.register
def _duration(value: TaskDuration) -> str:
    return (
        f"{_of(value.action, value.table)} takes {value.ratio:.2f} times its estimate "
        f"({value.low:.2f} to {value.high:.2f}), {value.seconds:.2f} s"
    )


@what.register
def _format(value: KnownFormat) -> str:
    told = ", ".join(f"{name}: {choice}" for name, choice in value.readings.items())
    return f"{value.table}.{value.column} from {value.source!r}: {told}"


@what.register
def _mapping(value: KnownMapping) -> str:
    told = ", ".join(f"{source!r} is {target}" for source, target in value.matches.items())
    return f"{value.table}, header {value.header[:8]}: {told}"


@what.register
def _recovery(value: KnownRecovery) -> str:
    on = ".".join((value.table, *value.columns[:1]))
    told = ", ".join(f"{name} {choice}" for name, choice in value.parameters.items())
    files = f" in {', '.join(value.names)}" if value.names else ""
    return f"{value.amendment.value} {on}{files}" + (f": {told}" if told else "")


@what.register
def _standing(value: StandingRepair) -> str:
    return f"{value.table}.{value.column} from {value.source!r} is repaired by the standing rule of the decision log"


@what.register
def _agent(value: AgentReliability) -> str:
    return f"{value.agent} keeps its contracts for {value.skill} with {value.probability:.0%}"


@what.register
def _bid(value: BidAccuracy) -> str:
    return (
        f"{value.skill} by {value.engine} takes {value.ratio:.2f} times what is bid "
        f"({value.low:.2f} to {value.high:.2f})"
    )


@what.register
def _threshold(value: Threshold) -> str:
    needs = f"{value.limit.value} {value.value:g}, or it fails by {value.failure.value}"
    return f"{_of(value.action, value.table)} needs {needs}"


@what.register
def _share(value: UsualShare) -> str:
    return f"more than {value.most:.1%} of the rows of {value.table} set aside is unusual"


@what.register
def _answers(value: KnownAnswers) -> str:
    return f"{len(value.answers)} answers of a person about {value.table} are known"
