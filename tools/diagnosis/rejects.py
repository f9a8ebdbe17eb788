"""Lines of a table's files that are no record, and how a delimiter cuts a line."""

import csv

import duckdb

from tools.diagnosis.subject import Subject

_MOST_REJECTS = 20_000


class Reject:
    """A line that is no record."""

    __slots__ = ("file", "line", "raw", "reason", "row")

    def __init__(self, row: int, file: int, line: int, raw: str, reason: str) -> None:
        self.row, self.file, self.line, self.raw, self.reason = row, file, line, raw, reason


def read_rejects(connection: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[Reject, ...]:
    """Return the first rejects of the table's files, in their order."""
    ids = [file.file_id for file in subject.files]
    rows = connection.execute(
        "select _row, file_id, line, left(raw, 5000), reason from land.rejects "
        "where list_contains(?::integer[], file_id) order by _row limit ?",
        [ids, _MOST_REJECTS],
    ).fetchall()
    return tuple(Reject(*row) for row in rows)


def cut_by(line: str, sign: str) -> list[str]:
    """Return the fields that a delimiter cuts a line into."""
    try:
        return next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return line.split(sign)


def fields_by(line: str, sign: str) -> int:
    """Return how many fields a delimiter cuts a line into."""
    return len(cut_by(line, sign)) if sign in line else 1
