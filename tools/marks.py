"""Marks on the tables of a run, in its workspace: left in the transaction of the work that they are about."""

from collections.abc import Sequence

import duckdb

from state.marks import MarkKind, TableMark

_LONGEST = 200  # characters of a note, or of its evidence


def leave_marks(connection: duckdb.DuckDBPyConnection, agent: str, table: str, marks: Sequence[TableMark]) -> None:
    """Put the marks of an agent on a table in place of those that it left before: it has looked again."""
    connection.execute("delete from ops.marks where agent = ? and table_name = ?", [agent, table])
    for mark in marks:
        connection.execute(
            "insert or ignore into ops.marks "
            "select (select coalesce(max(seq), 0) + 1 from ops.marks), ?, ?, ?, ?, ?, ?",
            [agent, table, mark.column, mark.kind.value, mark.note[:_LONGEST], mark.evidence[:_LONGEST]],
        )


def read_marks(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[TableMark, ...]:
    """Return the marks on a table: doubts first, then in the order they were left."""
    rows = connection.execute(
        "select agent, column_name, kind, note, evidence from ops.marks where table_name = ? "
        f"order by kind <> '{MarkKind.DOUBT.value}', seq",
        [table],
    ).fetchall()
    return tuple(
        TableMark(agent=agent, table=table, column=column, kind=MarkKind(kind), note=note, evidence=evidence)
        for agent, column, kind, note, evidence in rows
    )
