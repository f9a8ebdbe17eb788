"""Recoveries that earlier runs had to make, looked for from the start: what lessons say, and the data confirm."""

from collections.abc import Iterable, Iterator, Sequence

from algorithms.quality_recovery import LEAST_CERTAINTY
from algorithms.reflection.families import name_pattern
from state.diagnosis import RemedyKind
from state.lessons import KnownRecovery, Lesson
from state.recovery import Amendment


def recoveries_of(lessons: Iterable[Lesson], table: str | None = None) -> Iterator[tuple[Lesson, KnownRecovery]]:
    """Yield the lessons that are about recoveries, with what they say: all, or those of a table."""
    for lesson in lessons:
        if isinstance(lesson.value, KnownRecovery) and table in (None, lesson.value.table):
            yield lesson, lesson.value


def concerns(known: KnownRecovery, name: str) -> bool:
    """Return whether a recovery is about a file of that name, or one named like it."""
    return not known.names or name_pattern(name) in known.names


def confirmed(known: KnownRecovery, measured: Sequence[Amendment]) -> tuple[Amendment, ...]:
    """Return those of the alternatives measured on this run's data that are what a lesson says, and certain enough."""
    return tuple(
        one
        for one in measured
        if one.kind is known.amendment
        and one.table == known.table
        and one.columns == known.columns
        and one.parameters == known.parameters
        and one.gain
        and one.certainty >= LEAST_CERTAINTY
    )


def reads_otherwise(known: KnownRecovery) -> bool:
    """Return whether a recovery is about how values of a column are read."""
    return known.amendment in (RemedyKind.REFORMAT, RemedyKind.RESOLVE) and bool(known.columns)
