"""What the steps of a delivery are expected to take: by a model, corrected by what was learned from runs.

A simple linear model of an action: seconds = fixed + per file + per header variant + per column + per million rows.
`millwright eval plan-choice` measures how well it orders the steps and plans of real runs. Chances to succeed at the
first try are rougher: they say which step is likelier to fail than another.

What lessons say of an action of a table takes the place of its chance and scales its seconds. An action that no lesson
speaks of is scaled as the middle of all that are: a way that was never tried must not seem fast because the machine is
slow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from algorithms.planning.model import Estimate
from state.plans import DeliveryFacts, LearnedEstimate, TableFacts

_MILLION: Final = 1_000_000


class Rate(NamedTuple):
    """Seconds of one action, and its chance to succeed at the first try."""

    fixed: float
    per_file: float = 0.0
    per_variant: float = 0.0  # of those that the action looks at
    per_column: float = 0.0  # of those that the action looks at
    per_million_rows: float = 0.0
    per_million_cells: float = 0.0  # that the repair council is shown
    probability: float = 0.99


RATES: Final[Mapping[str, Rate]] = {
    "map_by_name": Rate(0.006, per_variant=0.001),
    "map_by_name_or_values": Rate(0.01, per_variant=0.02, probability=0.98),
    "map_by_values": Rate(0.01, per_variant=0.02, probability=0.98),  # profiles are made per header variant
    "format_as_written": Rate(0.015),
    "format_counting_the_rest": Rate(0.02, per_variant=0.01, per_column=0.01, per_million_rows=0.35, probability=0.98),
    "format_counting_all": Rate(0.02, per_variant=0.01, per_column=0.01, per_million_rows=0.35, probability=0.98),
    "resolve_by_votes": Rate(0.15, per_million_rows=0.5, probability=0.95),  # distinct values, not rows, are matched
    "resolve_by_votes_apart": Rate(0.15, per_million_rows=0.5, probability=0.95),
    "approve": Rate(0.02, per_variant=0.02),  # what is put forward; the time of a person is not known
    "conform_at_once": Rate(0.01, per_file=0.001, per_column=0.004, per_million_rows=0.25, probability=0.98),
    "conform_run_by_run": Rate(0.01, per_file=0.002, per_column=0.004, per_million_rows=0.5, probability=0.98),
    "repair_by_council": Rate(0.4, per_million_cells=15.0, probability=0.97),
    "repair_by_council_and_person": Rate(0.4, per_million_cells=15.0, probability=0.97),
    "dedupe": Rate(0.035, per_million_rows=0.06),
    "derive": Rate(0.07, per_million_rows=1.0, probability=0.97),
    "quarantine": Rate(0.015, per_million_rows=0.05),
    "verify": Rate(0.08, per_column=0.006, per_million_rows=0.15, probability=0.95),  # the contract may not be met
    "publish": Rate(0.03, per_million_rows=0.35),
}
"""From the step times of runs of 1,000 to 400,000 rows of six columns and of the example shop, on two cores that had
little else to do."""

PROCESS: Final = 0.13  # seconds to start a process for SQL of the contract
UNTRUSTED_SQL: Final = 0.9  # further chance that SQL written by others passes the guard and its limits
_RUNS_SQL: Final = frozenset({"derive", "conform_at_once", "conform_run_by_run"})  # where the table has SQL
SORTED_BYTES: Final = 2.5  # memory for sorting the rows of a table, per byte of its text (decision 15)
_LEAST_CHANCE: Final = 0.01  # nothing that was learned rules a way out
SHORT_OF_MEMORY: Final = 0.3  # further chance of an action that needs more memory than there is


def estimator(action: str, facts: DeliveryFacts) -> Callable[[tuple[str, ...]], Estimate]:
    """Return the estimate of an action by its arguments: one table's name, or none for a step over all tables."""
    known: dict[tuple[str, ...], Estimate] = {
        (table.name,): _as_learned(_estimate(action, [table], facts), action, table.name, facts.learned)
        for table in facts.tables
    }
    known[()] = _as_learned(_estimate(action, facts.tables, facts), action, "", facts.learned)
    return known.__getitem__


def middle_of(learned: Sequence[LearnedEstimate]) -> LearnedEstimate | None:
    """Return the lesson on seconds that is in the middle of all; None where there is none."""
    known = sorted((one for one in learned if one.ratio is not None), key=lambda one: (one.ratio, one.lesson_id))
    return known[(len(known) - 1) // 2] if known else None


def _as_learned(estimate: Estimate, action: str, table: str, learned: Sequence[LearnedEstimate]) -> Estimate:
    """Return the estimate as lessons correct it; itself where nothing was learned."""
    if not learned:
        return estimate
    ratios = {(one.action, one.table): one.ratio for one in learned if one.ratio is not None}
    chances = {(one.action, one.table): one.probability for one in learned if one.probability is not None}
    middle = middle_of(learned)
    seconds = estimate.seconds * ratios.get((action, table), middle.ratio or 1.0 if middle else 1.0)
    probability = max(_LEAST_CHANCE, chances.get((action, table), estimate.probability))
    return Estimate(seconds=seconds, probability=probability, cost=seconds / probability, resources=estimate.resources)


def _estimate(action: str, tables: Sequence[TableFacts], facts: DeliveryFacts) -> Estimate:
    rate = RATES[action]
    seconds, probability, held = rate.fixed, rate.probability, 0.0
    for table in tables:
        seconds += (
            rate.per_file * table.files
            + rate.per_variant * _variants(action, table)
            + rate.per_column * _columns(action, table)
            + rate.per_million_rows * table.rows / _MILLION
            + rate.per_million_cells * table.cells / _MILLION
        )
        if table.untrusted_sql and action in _RUNS_SQL:
            probability *= UNTRUSTED_SQL
            seconds += PROCESS
        if action == "conform_at_once" and is_interleaved(table):
            held = SORTED_BYTES * table.size
    if facts.memory is not None and held > facts.memory:
        probability *= SHORT_OF_MEMORY
    resources = (("memory", held),) if held else ()
    return Estimate(seconds=seconds, probability=probability, cost=seconds / probability, resources=resources)


def is_interleaved(table: TableFacts) -> bool:
    """Whether the header variants alternate in the order of the files, so that rows come in another order."""
    return table.runs > table.variants


def _variants(action: str, table: TableFacts) -> int:
    return table.variants - table.named if action == "map_by_name_or_values" else table.variants


def _columns(action: str, table: TableFacts) -> int:
    proven = len(table.proof.canonical) if action == "format_counting_the_rest" else 0
    return table.columns - proven
