"""What one run teaches for sure: knowledge that its own verification proved, used from the next run on.

Statistics need many runs; a mapping that a council decided and whose table then met every rule of the contract needs
one. What counts as proof differs by kind (docs/decisions, "what one run may teach"); all of it needs a run that was
published, and nothing in it that spoke against the judgement.
"""

from collections.abc import Iterator
from typing import Final

from algorithms.intervals import wilson
from algorithms.reflection.judgements import refuted
from algorithms.usual_shares import LEAST_ROWS
from state.experience import Experience, ReplanExperience
from state.lessons import (
    KnownAnswers,
    KnownFormat,
    KnownMapping,
    KnownRecovery,
    LessonValue,
    Limit,
    MethodProbability,
    Threshold,
    UsualShare,
)
from state.reports import FailureKind, Strategy

COMES_AGAIN: Final = frozenset(
    {
        FailureKind.MEMORY,
        FailureKind.TIME,
        FailureKind.SCHEMA,
        FailureKind.CONTRACT_SQL,
        FailureKind.ACCOUNTING,
        FailureKind.DATA,
    }
)
"""Failures that files of the same kind meet again; the others are of the machine or the moment."""

FAILS_AGAIN: Final = 1 / 6
"""Chance of a way that failed for such a reason: one failure more after a Beta(1, 4) prior, five in six fail again."""


def certainties(run: Experience) -> Iterator[tuple[LessonValue, float]]:
    """Yield what a run teaches for sure, each with the seconds that a run without it spends."""
    if not run.met:
        return
    yield from _mappings(run)
    yield from _formats(run)
    yield from _recoveries(run)
    yield from _answers(run)
    yield from _shares(run)
    for replan in run.replans:
        if replan.succeeded and replan.failure in COMES_AGAIN:
            yield from _of_replan(replan)


def _mappings(run: Experience) -> Iterator[tuple[LessonValue, float]]:
    for mapping in run.mappings:
        stood = [source for source in mapping.by_evidence if source not in mapping.refuted]
        found = {source: mapping.matches[source] for source in stood if source in mapping.matches}
        if found and mapping.header and not refuted(run, "column_mapping", mapping.table):
            alike = sum(other.table == mapping.table for other in run.mappings)
            yield (
                KnownMapping(table=mapping.table, header=mapping.header, matches=found),
                _seconds(run, f"map:{mapping.table}") / alike,
            )


def _formats(run: Experience) -> Iterator[tuple[LessonValue, float]]:
    for form in run.formats:
        if refuted(run, "value_format", form.table, form.column):
            continue
        alike = sum(other.table == form.table for other in run.formats)
        for source in form.sources:
            yield (
                KnownFormat(table=form.table, column=form.column, source=source, readings=form.readings),
                _seconds(run, f"format:{form.table}") / alike / len(form.sources),
            )


def _recoveries(run: Experience) -> Iterator[tuple[LessonValue, float]]:
    for recovery in run.recoveries:
        if recovery.kept:
            value = KnownRecovery(
                table=recovery.table,
                amendment=recovery.amendment,
                columns=recovery.columns,
                names=recovery.names,
                parameters=recovery.parameters,
            )
            yield value, _repeated(run, recovery.table)


def _answers(run: Experience) -> Iterator[tuple[LessonValue, float]]:
    """Yield what a person said about each table; it saves a question, and no time of the machine that counts."""
    for table in dict.fromkeys(answer.table for answer in run.answers):
        yield KnownAnswers(table=table, answers=tuple(each for each in run.answers if each.table == table)), 0.0


def _shares(run: Experience) -> Iterator[tuple[LessonValue, float]]:
    for table, share in run.quarantined.items():
        if (rows := run.rows.get(table, 0)) >= LEAST_ROWS:
            _, high = wilson(round(share * rows), rows)
            yield UsualShare(table=table, most=round(high, 4)), 0.0


def _of_replan(replan: ReplanExperience) -> Iterator[tuple[LessonValue, float]]:
    failure = replan.failure
    if failure is None:
        return
    limits = {Limit.THREADS: replan.threads, Limit.SQL_SECONDS: replan.sql_seconds}
    for limit, value in limits.items():
        if value is not None:
            condition = Threshold(action=replan.action, table=replan.table, limit=limit, value=value, failure=failure)
            yield condition, replan.seconds
    if replan.strategy is Strategy.FALL_BACK:
        yield (
            MethodProbability(action=replan.action, table=replan.table, probability=FAILS_AGAIN),
            replan.seconds * (1 - FAILS_AGAIN),
        )


def _seconds(run: Experience, step_id: str) -> float:
    return sum(step.seconds for step in run.steps if step.step_id == step_id)


def _repeated(run: Experience, table: str) -> float:
    """Return the seconds of attempts that were done again: of a table, and of the steps over all tables."""
    steps = [step for step in run.steps if step.table in (table, "") and step.attempts > 1]
    return sum(step.seconds * (step.attempts - 1) / step.attempts for step in steps)
