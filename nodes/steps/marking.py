"""What steps leave on their tables for others: which columns were inspected, and what was doubted."""

from collections import Counter
from collections.abc import Sequence

from algorithms.mapping import HARDLY_SURE
from algorithms.repair_rulings import Ruling
from state.mapping import ColumnMapping
from state.marks import MarkKind, TableMark
from state.repair_council import CellOutcome
from state.resolution import Resolutions

MAPPING, RESOLVING, REPAIRING = "schema council", "resolution", "repair council"
"""Who leaves marks."""


def mapping_marks(table: str, mappings: Sequence[ColumnMapping]) -> list[TableMark]:
    """Return what mapping says: how many header variants were looked at, and which columns hardly found a source."""
    note = f"{len(mappings)} header variants mapped"
    marks = [TableMark(agent=MAPPING, table=table, kind=MarkKind.INSPECTED, note=note)]
    for mapping in mappings:
        for match in mapping.matches:
            if match.score < HARDLY_SURE:
                told = f"fed by {match.source!r}, {match.score:.2f} sure"
                marks.append(_doubt(MAPPING, table, match.target, told, f"header variant {mapping.variant_id}"))
    return marks


def resolution_marks(table: str, answers: Sequence[Resolutions]) -> list[TableMark]:
    """Return what resolving says: per column how many values were looked at, and which found no value of the list."""
    marks = []
    for answer in answers:
        left = [value.value for value in answer.values if value.resolved is None]
        note = f"{len(answer.values)} values outside the list looked at"
        marks.append(TableMark(agent=RESOLVING, table=table, column=answer.column, kind=MarkKind.INSPECTED, note=note))
        if left:
            marks.append(_doubt(RESOLVING, table, answer.column, f"{len(left)} values left as they are", repr(left[0])))
    return marks


def repair_marks(table: str, rulings: Sequence[Ruling]) -> list[TableMark]:
    """Return what the repair council says: cells it looked at, and per column those it called wrong and left."""
    note = f"{len(rulings)} cells called wrong"
    marks = [TableMark(agent=REPAIRING, table=table, kind=MarkKind.INSPECTED, note=note)]
    left = [ruling for ruling in rulings if ruling.outcome is not CellOutcome.APPLIED]
    first = {ruling.finding.column: ruling.finding for ruling in reversed(left)}
    for column, cells in Counter(ruling.finding.column for ruling in left).items():
        told = f"{cells} cells called wrong and not changed"
        marks.append(_doubt(REPAIRING, table, column, told, f"e.g. {first[column].before!r}"))
    return marks


def _doubt(agent: str, table: str, column: str, note: str, evidence: str) -> TableMark:
    return TableMark(agent=agent, table=table, column=column, kind=MarkKind.DOUBT, note=note, evidence=evidence)
