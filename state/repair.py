"""Repairs of cells: what the repair council is given, and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from state.contract import Table
from state.resolution import Ballot


class CellFault(StrEnum):
    """What is wrong with a cell, by the evidence that speaks loudest."""

    FORMAT = "format"  # another way of writing than the column's
    UNIT = "unit"  # a number with its unit, or in another unit
    TYPO = "typo"  # near a frequent value
    MISPLACED = "misplaced"  # a value of another column
    MISSING = "missing"  # blank, or a stand-in for blank
    DEPENDENCY = "dependency"  # contradicts what other columns of the row determine
    ENCODING = "encoding"  # damaged characters
    OUTLIER = "outlier"  # far from the column's other values
    RULE = "rule"  # breaks a rule of the contract


class RepairVerdict(StrEnum):
    """What becomes of a finding: by the two bars of the council."""

    REPAIR = "repair"  # above the upper bar
    PROPOSE = "propose"  # between the bars: asked, or left as the contract says
    FLAG = "flag"  # wrong, and nothing is known to put in its place


@dataclass(frozen=True, slots=True)
class DirtyTable:
    """A table as text. Columns have equal lengths; None is blank. `contract` says what is known of the columns."""

    columns: Mapping[str, Sequence[str | None]]
    contract: Table | None = None
    keys: tuple[str, ...] = ()  # columns that are never changed: they name the row


@dataclass(frozen=True, slots=True)
class CellFinding:
    """One cell that the council calls wrong; `row` counts from 0 in the order of the table given."""

    row: int
    column: str
    before: str | None
    after: str | None  # None: nothing to put in its place
    fault: CellFault
    verdict: RepairVerdict
    confidence: float  # chance that `after` is right (FLAG: that `before` is wrong), 0..1
    operator: str  # the specialist that decides the value
    evidence: str  # in words, at most 500 characters
    votes: tuple[Ballot, ...] = ()


@dataclass(frozen=True, slots=True)
class RepairFindings:
    """All findings, by row and column, and what is known about those who found them."""

    cells: tuple[CellFinding, ...]
    reliability: Mapping[str, float] = field(default_factory=dict)  # specialist -> learned chance to be right
    notes: tuple[str, ...] = ()  # what was not looked at, and why
