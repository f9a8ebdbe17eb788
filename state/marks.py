"""Marks: what agents leave on the tables of a run for others to find, without saying it to anybody."""

from enum import StrEnum

from state.values import Value


class MarkKind(StrEnum):
    """What a mark says."""

    INSPECTED = "inspected"  # it was looked at, and this came of it
    DOUBT = "doubt"  # it was not certain, or left as it is


class TableMark(Value):
    """What one agent left on a table, or on a column of it."""

    agent: str
    table: str
    kind: MarkKind
    column: str = ""  # empty: the table
    note: str = ""  # one line
    evidence: str = ""  # e.g. an example, or the id of a decision
