"""What a run says to a lesson: it confirms it, contradicts it, or says nothing (None).

A lesson that hides what would refute it (a way that is avoided is not seen to fail) is confirmed only where the run
shows it by itself; such lessons are tested anew after a while (`retirement`).
"""

from functools import singledispatch
from typing import Final, NamedTuple

from algorithms.intervals import wilson
from algorithms.reflection.families import same_kind
from algorithms.reflection.judgements import refuted
from state.experience import Experience, StepExperience
from state.lessons import (
    AgentReliability,
    BidAccuracy,
    KnownAnswers,
    KnownFormat,
    KnownMapping,
    KnownRecovery,
    Lesson,
    LessonValue,
    MethodProbability,
    StandingRepair,
    TaskDuration,
    Threshold,
    UsualShare,
)
from state.reports import Strategy
from state.run import RunStatus

WITHIN: Final = 2.0
"""A measured time that differs by a larger factor from what a lesson says contradicts it."""

LIKELY: Final = 0.5
"""A method with at least this probability is expected to succeed."""


def judge(lesson: Lesson, run: Experience) -> bool | None:
    """Return whether a run confirms a lesson (True) or contradicts it (False); None where it says nothing to it."""
    if lesson.scope.contract not in ("", run.contract) or not same_kind(lesson.scope.family, run.family):
        return None
    uses = [use for use in run.used if use.lesson_id == lesson.lesson_id]
    if any(use.held is False for use in uses):
        return False  # the run looked for what it says, and its data do not show it
    return _said(lesson.value, _Seen(run, bool(uses)))


class _Seen(NamedTuple):
    """A run, and whether it used the lesson."""

    run: Experience
    used: bool


@singledispatch
def _said(value: LessonValue, _seen: _Seen) -> bool | None:
    raise TypeError(f"nobody judges a {type(value).__name__}")


@_said.register
def _method(value: MethodProbability, seen: _Seen) -> bool | None:
    run = seen.run
    tried = [step.first_try for step in _steps(run, value.table, value.action)]
    return None if not tried else all(tried) is (value.probability >= LIKELY)


@_said.register
def _duration(value: TaskDuration, seen: _Seen) -> bool | None:
    run = seen.run
    steps = [step for step in _steps(run, value.table, value.action) if step.first_try and step.estimate > 0]
    return all(_within(step.seconds / step.estimate, value.ratio) for step in steps) if steps else None


@_said.register
def _bid(value: BidAccuracy, seen: _Seen) -> bool | None:
    run = seen.run
    ratios = [
        step.seconds / step.promised
        for step in run.steps
        if step.engine == value.engine and _skill(step) == value.skill and step.first_try and step.promised > 0
    ]
    return sum(_within(ratio, value.ratio) for ratio in ratios) * 2 >= len(ratios) if ratios else None


@_said.register
def _agent(value: AgentReliability, seen: _Seen) -> bool | None:
    run = seen.run
    kept = [step.kept for step in run.steps if step.agent == value.agent and _skill(step) == value.skill]
    known = [each for each in kept if each is not None]
    return all(known) is (value.probability >= LIKELY) if known else None


@_said.register
def _mapping(value: KnownMapping, seen: _Seen) -> bool | None:
    run = seen.run
    for mapping in run.mappings:
        if mapping.table == value.table and mapping.header == value.header:
            same = all(mapping.matches.get(source) == target for source, target in value.matches.items())
            if not same:
                return False
            against = refuted(run, "column_mapping", value.table) or set(mapping.refuted) & value.matches.keys()
            return False if against else run.met or None
    return None


@_said.register
def _format(value: KnownFormat, seen: _Seen) -> bool | None:
    run = seen.run
    for form in run.formats:
        if form.table == value.table and form.column == value.column and value.source in form.sources:
            if any(form.readings.get(name, said) != said for name, said in value.readings.items()):
                return False
            against = refuted(run, "value_format", value.table, value.column)
            return False if against else run.met or None
    return None


@_said.register
def _recovery(value: KnownRecovery, seen: _Seen) -> bool | None:
    run = seen.run
    if not any(table == value.table for table in run.rows):
        return None
    again = [each for each in run.recoveries if each.table == value.table]
    if seen.used:
        return run.met or None  # the data confirmed it; what else was wrong says nothing to it
    if not run.met:
        return None
    return any(
        each.kept and each.amendment == value.amendment and each.parameters == value.parameters for each in again
    )


@_said.register
def _share(value: UsualShare, seen: _Seen) -> bool | None:
    """Say that a run that met the contract with more rows set aside makes that usual."""
    rows = seen.run.rows.get(value.table, 0)
    if not seen.run.met or not rows:
        return None
    return wilson(round(seen.run.quarantined.get(value.table, 0.0) * rows), rows)[0] <= value.most


@_said.register
def _answers(_value: KnownAnswers, seen: _Seen) -> bool | None:
    """Say that a person is asked again where the contract is not met with answers that nobody was asked for."""
    if not seen.used:
        return None
    return False if seen.run.status is RunStatus.NOT_MET else seen.run.met or None


@_said.register
def _threshold(value: Threshold, seen: _Seen) -> bool | None:
    run = seen.run
    steps = _steps(run, value.table, value.action)
    if not steps:
        return None
    failed = any(value.failure in step.failures for step in steps)
    if seen.used:
        return not failed
    cured = any(
        replan.succeeded
        and replan.failure == value.failure
        and replan.strategy in (Strategy.SCALE_DOWN, Strategy.EXTEND)
        for replan in run.replans
        if replan.table == value.table and replan.action == value.action
    )
    return cured if failed else False


@_said.register
def _standing(value: StandingRepair, seen: _Seen) -> bool | None:
    run = seen.run
    if not any(value.table == each.table and value.source in each.matches for each in run.mappings):
        return None
    return False if refuted(run, "value_resolution", value.table, value.column) else run.met or None


def _steps(run: Experience, table: str, action: str) -> list[StepExperience]:
    return [step for step in run.steps if step.table == table and step.action == action and step.attempts]


def _skill(step: StepExperience) -> str:
    return step.step_id.partition(":")[0]


def _within(measured: float, said: float) -> bool:
    return said / WITHIN <= measured <= said * WITHIN
