"""ANALYSE_SCHEMA: what a table, its files and columns are like, and what is odd about them. Writes nothing."""

from collections.abc import Iterator

import duckdb

from algorithms.formats import NULL_TOKENS
from state.sources import Kind
from state.symptoms import ColumnSketch, FileSketch, Symptom, TableEvidence
from tools.diagnosis.answers import cut
from tools.diagnosis.endings import ends_open
from tools.diagnosis.file_symptoms import file_symptoms
from tools.diagnosis.row_symptoms import row_symptoms
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows, load_rows
from tools.diagnosis.subject import Subject, fields_by_variant
from tools.diagnosis.value_symptoms import value_symptoms
from tools.marks import read_marks
from tools.workspace import is_staged

_MOST_FILES = 12
_MOST_COLUMNS = 30
_MOST_SYMPTOMS = 24
_MOST_MARKS = 12


def analyse_schema(connection: duckdb.DuckDBPyConnection, subject: Subject) -> TableEvidence:
    """Return the evidence that hypotheses about a table are ranked on, strongest symptoms first."""
    rows = load_rows(connection, subject, subject.table.columns)
    symptoms = sorted(_symptoms(connection, subject, rows), key=lambda each: (-each.strength, each.kind, each.columns))
    files = _files(connection, subject)
    return TableEvidence(
        table=subject.table.name,
        rows=len(rows) * rows.every,
        rejects=sum(file.rejects for file in files),
        staged=is_staged(connection, subject.table.name),
        files=files[:_MOST_FILES],
        files_in_all=len(files),
        columns=tuple(_sketch(rows, name) for name in list(rows.texts)[:_MOST_COLUMNS]),
        columns_in_all=len(rows.texts),
        symptoms=tuple(symptoms[:_MOST_SYMPTOMS]),
        marks=read_marks(connection, subject.table.name)[:_MOST_MARKS],
    )


def _symptoms(connection: duckdb.DuckDBPyConnection, subject: Subject, rows: Rows) -> Iterator[Symptom]:
    yield from file_symptoms(connection, subject, rows)
    yield from row_symptoms(connection, subject, rows)
    yield from value_symptoms(connection, subject, rows)


def _files(connection: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[FileSketch, ...]:
    books = {
        file_id: (variant, records, rejects)
        for file_id, variant, records, rejects in connection.execute(
            "select file_id, variant_id, records, rejects from land.files"
        ).fetchall()
    }
    fields = fields_by_variant(connection, subject)
    found = []
    for file in subject.files:
        variant, records, rejects = books.get(file.file_id, ("", 0, 0))
        found.append(
            FileSketch(
                name=cut(file.name),
                rows=records,
                rejects=rejects,
                delimiter=file.dialect.delimiter if file.kind is Kind.TEXT else "",
                encoding=file.dialect.decoded_from or file.dialect.encoding,
                ends_open=file.kind is Kind.TEXT and ends_open(file),
                fed=len(fields.get(variant or "", {})),
            )
        )
    return tuple(found)


def _sketch(rows: Rows, name: str) -> ColumnSketch:
    counts = rows.counts[name]
    filled = [(text, count) for text, count in counts.most_common(6) if text is not None]
    return ColumnSketch(
        name=cut(name),
        logical_type=rows.column(name).logical_type.value,
        filled=sum(count for text, count in counts.items() if text is not None) * rows.every,
        distinct=sum(text is not None for text in counts),
        unreadable=len(unreadable(rows, name)) * rows.every,
        samples=tuple(cut(text)[:40] for text, _ in filled[:3]),
    )


def unreadable(rows: Rows, name: str) -> tuple[int, ...]:
    """Return the places of rows whose text cannot be read as the column's type, and is no word for "no value"."""
    if rows.column(name).logical_type not in (*NUMBERS, *MOMENTS):
        return ()
    pairs = zip(rows.texts[name].tolist(), rows.numbers[name].tolist(), strict=True)
    return tuple(
        place
        for place, (text, number) in enumerate(pairs)
        if text is not None and number != number and text.strip().casefold() not in NULL_TOKENS  # noqa: PLR0124  NaN
    )
