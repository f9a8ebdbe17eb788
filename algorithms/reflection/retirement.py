"""When a lesson stops holding: the first run from which on it is not believed any more.

A lesson that one verified run taught ends with the first run that contradicts it. One that stands on many runs ends by
a cumulative sum of what each run says: how much likelier it is if the lesson turned false than if it still holds. The
bar is low enough that a lesson that turned wholly false ends within `WITHIN_RUNS` runs that show it, and high enough
that one that holds nine times in ten seldom ends by luck (figures: docs/reflection.md). Another sum ends what is said
to fail in part, and succeeds run after run.

Source: E. S. Page, Continuous inspection schemes, Biometrika 41 (1954).
"""

from collections.abc import Iterable, Sequence
from math import log
from typing import Final

from algorithms.reflection.statistics import posterior_mean
from state.lessons import AgentReliability, Ground, Lesson, LessonKind, MethodProbability

WITHIN_RUNS: Final = 3
RENEWAL: Final = 25
"""Runs after which a lesson that hides what would refute it is tested anew."""

_BAR: Final = 2.7
_HIGHEST: Final = 0.95  # nothing is believed to hold more often: one slip must not end it
_FALSE: Final = 0.3  # how often a lesson that turned false still looks right, at most
_APART: Final = 0.25  # what is believed and what is feared differ by this much at least
_PART: Final = (0.5, 0.85)
"""A chance between these says that something fails in part; that it fails no more ends it, too."""
_WELL: Final = 0.97  # how often what fails no more succeeds
_WELL_BAR: Final = 4.6  # a hundred times as likely


def ends_at(lesson: Lesson, said: Sequence[bool | None]) -> int | None:
    """Return the place of the run with which a lesson ends; None where it holds.

    `said` has what the runs since it came in force say to it, oldest first.
    """
    if lesson.ground is Ground.VERIFIED:
        return next((place for place, each in enumerate(said) if each is False), None)
    holds = min(max(posterior_mean(lesson.successes, lesson.trials), _FALSE + _APART), _HIGHEST)
    against, towards = log((1 - _FALSE) / (1 - holds)), log(_FALSE / holds)
    ends = [_reached(said, towards, against, min(_BAR, WITHIN_RUNS * against))]
    if (
        isinstance(lesson.value, MethodProbability | AgentReliability)
        and _PART[0] <= lesson.value.probability <= _PART[1]
    ):
        chance = lesson.value.probability
        ends.append(_reached(said, log(_WELL / chance), log((1 - _WELL) / (1 - chance)), _WELL_BAR))
    return min((place for place in ends if place is not None), default=None)


def _reached(said: Sequence[bool | None], towards: float, against: float, bar: float) -> int | None:
    """Return where the sum of what the runs add, never below nothing, reaches the bar."""
    total = 0.0
    for place, each in enumerate(said):
        if each is not None:
            total = max(0.0, total + (towards if each else against))
        if total >= bar - 1e-9:
            return place
    return None


def ended_meanwhile(stored: Lesson | None, lesson: Lesson) -> bool:
    """Return whether a lesson that was found to be in force is stored as ended by a run after the one that taught it.

    Then another process, or a run that the buffer lost, knew better: only a later run teaches it again.
    """
    ended = stored.retired_at if stored is not None else None
    return ended is not None and lesson.in_force and (lesson.since is None or lesson.since < ended)


def hides_its_refutation(lesson: Lesson) -> bool:
    """Return whether using a lesson keeps runs from showing that it is not needed any more."""
    if isinstance(lesson.value, MethodProbability):
        return lesson.value.probability < 1 / 2
    return lesson.kind is LessonKind.THRESHOLD


def due_for_renewal(lesson: Lesson, later: Iterable[bool]) -> bool:
    """Return whether a lesson is to be tested anew; `later` has for each run since its evidence whether it used it."""
    return hides_its_refutation(lesson) and sum(later) >= RENEWAL
