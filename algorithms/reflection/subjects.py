"""What a lesson is about: the part of its value that stays whatever the figures say, and how it is called."""

from functools import singledispatch

from state.lessons import (
    AgentReliability,
    BidAccuracy,
    KnownAnswers,
    KnownFormat,
    KnownMapping,
    KnownRecovery,
    LessonValue,
    MethodProbability,
    StandingRepair,
    TaskDuration,
    Threshold,
    UsualShare,
)

_ABOUT = {
    MethodProbability: ("action", "table"),
    TaskDuration: ("action", "table"),
    KnownFormat: ("table", "column", "source"),
    KnownMapping: ("table", "header"),
    KnownRecovery: ("table", "amendment", "columns", "names"),
    StandingRepair: ("table", "column", "source"),
    AgentReliability: ("agent", "skill"),
    BidAccuracy: ("engine", "skill"),
    Threshold: ("action", "table", "limit"),
    KnownAnswers: ("table",),
    UsualShare: ("table",),
}


def identity_of(value: LessonValue) -> tuple[str, ...]:
    """Return what a lesson is about as text: two lessons of the same identity say something about the same thing."""
    return (value.kind.value, *(str(getattr(value, name)) for name in _ABOUT[type(value)]))


@singledispatch
def subject_of(value: LessonValue) -> str:
    """Return what a lesson is about in words, without its figures."""
    raise TypeError(f"nobody names a {type(value).__name__}")


@subject_of.register
def _action(value: MethodProbability | TaskDuration) -> str:
    what = "chance" if isinstance(value, MethodProbability) else "time"
    return f"{what} of {value.action}" + (f" of {value.table}" if value.table else "")


@subject_of.register
def _source(value: KnownFormat | StandingRepair) -> str:
    what = "format" if isinstance(value, KnownFormat) else "repairs"
    return f"{what} of {value.table}.{value.column} from {value.source!r}"


@subject_of.register
def _mapping(value: KnownMapping) -> str:
    return f"columns of {value.table} from header {value.header[:8]}"


@subject_of.register
def _recovery(value: KnownRecovery) -> str:
    of = f" of {', '.join(value.names[:3])}" if value.names else ""
    return f"{value.amendment.value} of {value.table}" + (f".{', '.join(value.columns)}" if value.columns else "") + of


@subject_of.register
def _bids(value: AgentReliability | BidAccuracy) -> str:
    if isinstance(value, AgentReliability):
        return f"reliability of {value.agent} for {value.skill}"
    return f"bids of {value.engine} for {value.skill}"


@subject_of.register
def _threshold(value: Threshold) -> str:
    return f"{value.limit.value} of {value.action}" + (f" of {value.table}" if value.table else "")


@subject_of.register
def _answers(value: KnownAnswers) -> str:
    return f"answers about {value.table}"


@subject_of.register
def _share(value: UsualShare) -> str:
    return f"share of {value.table} that is set aside"
