"""What the steps of a delivery are expected to take, before anything was learned from runs.

A simple linear model: seconds = fixed + per file + per header variant + per million rows. The constants are orders of
magnitude seen on two cores with DuckDB, not promises; they rank steps and show where a plan's time goes. Chances to
succeed at the first try are rougher still: they say which step is likelier to fail than another.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from algorithms.planning.model import Estimate
from state.plans import StepKind, TableFacts

_MILLION: Final = 1_000_000


class Rate(NamedTuple):
    """Seconds of one kind of step, and its chance to succeed at the first try."""

    fixed: float
    per_file: float = 0.0
    per_variant: float = 0.0
    per_million_rows: float = 0.0
    probability: float = 0.99


RATES: Final[Mapping[StepKind, Rate]] = {
    StepKind.MAP: Rate(0.02, per_variant=0.02, probability=0.98),  # profiles are made per header variant
    StepKind.FORMAT: Rate(0.02, per_variant=0.02, per_million_rows=0.2, probability=0.98),
    StepKind.RESOLVE: Rate(0.05, per_million_rows=0.5, probability=0.95),  # distinct values, not rows, are matched
    StepKind.APPROVE: Rate(0.02, per_variant=0.02),  # what is put forward; the time of a person is not known
    StepKind.CONFORM: Rate(0.05, per_file=0.01, per_million_rows=2.0, probability=0.98),
    StepKind.DEDUPE: Rate(0.03, per_million_rows=0.5),
    StepKind.DERIVE: Rate(0.03, per_million_rows=1.0, probability=0.97),
    StepKind.QUARANTINE: Rate(0.03, per_million_rows=0.5),
    StepKind.VERIFY: Rate(0.05, per_million_rows=0.5, probability=0.95),  # where the contract turns out not to be met
    StepKind.PUBLISH: Rate(0.05, per_million_rows=1.5),
}

UNTRUSTED_SQL: Final = 0.9  # further chance that SQL written by others passes the guard and its limits


def estimator(kind: StepKind, tables: Sequence[TableFacts]) -> Callable[[tuple[str, ...]], Estimate]:
    """Return the estimate of a kind of step by its arguments: one table's name, or none for a step over all tables."""
    rate = RATES[kind]
    known: dict[tuple[str, ...], Estimate] = {(table.name,): _estimate(kind, rate, [table]) for table in tables}
    known[()] = _estimate(kind, rate, tables)
    return known.__getitem__


def _estimate(kind: StepKind, rate: Rate, tables: Sequence[TableFacts]) -> Estimate:
    seconds = rate.fixed + sum(
        rate.per_file * table.files + rate.per_variant * table.variants + rate.per_million_rows * table.rows / _MILLION
        for table in tables
    )
    probability = rate.probability
    for table in tables:
        if kind is StepKind.DERIVE and table.untrusted_sql:
            probability *= UNTRUSTED_SQL
    return Estimate(seconds=seconds, probability=probability, cost=seconds)
