"""The test of an end in the middle: a file whose last record, or last value, is only a beginning."""

from pathlib import Path
from statistics import median

import duckdb

from state.errors import SourceError
from state.sources import SourceFile
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import nothing_found, of_ids, result
from tools.diagnosis.rejects import Reject, fields_by, read_rejects
from tools.diagnosis.subject import Subject, fields_by_variant


def seek_truncation(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for a file that ends within a record, or far earlier than the others of its kind."""
    rejects = read_rejects(connection, subject)
    last: dict[int, Reject] = {reject.file: reject for reject in rejects}
    books = dict(connection.execute("select file_id, (records, lines, reject_lines) from land.files").fetchall())
    others = [record for file in subject.texts for record in [books.get(file.file_id, (0, 0, 0))[0]]]
    best: tuple[float, SourceFile, dict[str, float]] | None = None
    for file in subject.texts:
        records, lines, _ = books.get(file.file_id, (0, 0, 0))
        reject = last.get(file.file_id)
        cut_record = bool(reject and _is_last(reject, lines, file) and _is_short(reject, file))
        cut_value = not cut_record and ends_open(file) and _last_value_broken(connection, subject, file)
        peers = [count for count in others if count != records] or [records]
        figures = {
            "cut_record": float(cut_record),
            "cut_value": float(cut_value),
            "open_end": float(ends_open(file)),
            "open_elsewhere": _open_elsewhere(subject, file),
            "shortfall": 1 - records / max(1.0, median(peers)),
            "block_size": float(file.size > 0 and file.size % 512 == 0),
        }
        strength = 4 * figures["cut_record"] + 3 * figures["cut_value"] + max(0.0, figures["shortfall"])
        if best is None or strength > best[0]:
            best = strength, file, figures
    if best is None or best[0] <= 0:
        return nothing_found(call, "every file ends with a whole record")
    _, file, figures = best
    row = _last_row(connection, file)
    rows = of_ids(subject, [row] if row is not None else [])
    how = "in the middle of a record" if figures["cut_record"] else "in the middle of a value"
    told = f"{file.name} ends {how if figures['cut_record'] + figures['cut_value'] else 'with a whole record'}"
    told += f"; it holds {max(0.0, figures['shortfall']):.0%} fewer records than the others usually do"
    return result(call, rows, figures | {"rows": rows.count}, parameters={"files": file.name}, told=told)


def _is_last(reject: Reject, lines: int, file: SourceFile) -> bool:
    return reject.line >= lines - reject.raw.count("\n") - 1 and ends_open(file)


def _is_short(reject: Reject, file: SourceFile) -> bool:
    """Whether the line has fewer fields than the header, or a quote that nothing closes."""
    fields = fields_by(reject.raw, file.dialect.delimiter)
    return fields < len(file.header) or reject.raw.count(file.dialect.quote) % 2 == 1


def ends_open(file: SourceFile) -> bool:
    """Whether the last line of a text file has no line end; SourceError when it cannot be read any more."""
    try:
        with Path(file.text_path).open("rb") as handle:
            size = handle.seek(0, 2)
            handle.seek(max(0, size - 1))
            return size > 0 and handle.read(1) not in (b"\n", b"\r")
    except OSError as error:
        raise SourceError("the file cannot be read any more", where=file.name, hint="give it again") from error


def _open_elsewhere(subject: Subject, file: SourceFile) -> float:
    others = [other for other in subject.texts if other is not file][:50]
    return sum(map(ends_open, others)) / len(others) if others else 0.0


def _last_row(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> int | None:
    """Return the id of the last record or reject of a file."""
    found = connection.execute(
        "select variant_id from land.files where file_id = ? and variant_id is not null", [file.file_id]
    ).fetchone()
    parts = ["select max(_row) from land.rejects where file_id = $1"]
    if found:
        parts.append(f'select max(_row) from land."{found[0]}" where _row >> 36 = $1')
    row = connection.execute(f"select max(#1) from ({' union all '.join(parts)})", [file.file_id]).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _last_value_broken(connection: duckdb.DuckDBPyConnection, subject: Subject, file: SourceFile) -> bool:
    """Whether the last value of the file is a beginning of a value, shorter than any other of its column."""
    found = connection.execute("select variant_id from land.files where file_id = ?", [file.file_id]).fetchone()
    if not found or not found[0]:
        return False
    place = len(file.header) - 1
    fields = fields_by_variant(connection, subject).get(found[0], {})
    if place not in fields.values():
        return False
    relation = f'land."{found[0]}"'
    row = connection.execute(
        f"with l as (select _row, c{place} as v from {relation} where _row >> 36 = ?), "
        "z as (select coalesce(arg_max(coalesce(v, ''), _row), '') as v, max(_row) as _row from l) "
        "select length(z.v), count(*) filter (length(coalesce(l.v, '')) <= length(z.v)), count(*), "
        "count(distinct length(l.v)) from l, z where l._row < z._row group by 1",
        [file.file_id],
    ).fetchone()
    return bool(row and row[1] == 0 and row[2] >= 10)  # noqa: PLR2004  enough values to say what is usual
