"""Tests of causes that concern whole files: another delimiter, another encoding, an end in the middle."""

import csv
from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import median

import duckdb
import numpy as np

from algorithms.diagnosis.garbling import is_garbled, is_lost, likely_encodings
from state.contract import LogicalType
from state.diagnosis import AffectedRows
from state.errors import SourceError
from state.sources import SourceFile
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import affected, listed, nothing_found, result
from tools.diagnosis.rows import Rows, load_rows
from tools.diagnosis.subject import Subject, fields_by_variant, named_alike
from tools.sources.damage import NO_UTF8

DELIMITERS = (";", ",", "\t", "|", ":", "^", "~", "#", "*", "!", "¦", "§", "\x1f", "/")
_MOST_REJECTS = 20_000
_HEAD = 60
_MAJORITY = 0.5
_SIGN = "?"  # for a letter that could not be written


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


def seek_delimiter(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for a delimiter that cuts refused lines, or files of one column, into the fields that are due."""
    files = {file.file_id: file for file in subject.texts}
    rejects = [reject for reject in read_rejects(connection, subject) if reject.file in files]
    tally: Counter[str] = Counter()
    chosen: dict[int, str] = {}
    for reject in rejects:
        file = files[reject.file]
        width = len(file.header)
        if width < 2 or NO_UTF8 in reject.reason:  # noqa: PLR2004  one column has no delimiter
            continue
        others = (sign for sign in DELIMITERS if sign != file.dialect.delimiter)
        sign = next((sign for sign in others if _fields(reject.raw, sign) == width), "")
        if sign:
            tally[sign] += 1
            chosen[reject.row] = sign
    uncut = {file_id: sign for file_id, file in files.items() if (sign := uncut_by(subject, file))}
    landed = _landed_rows(connection, uncut)
    if not chosen and not uncut:
        return nothing_found(call, f"{len(rejects)} lines were refused, and no other delimiter cuts them")
    for sign in uncut.values():
        tally[sign] += 1
    best = tally.most_common(1)[0][0]
    rows = [row for row, sign in chosen.items() if sign == best] + landed
    concerned = {row >> 36 for row in rows}
    odd = [reject for reject in rejects if reject.file in concerned] + landed
    figures = {"rows": len(rows), "explained": len(rows) / max(1, len(odd)), "whole_files": len(uncut)}
    told = f"{best!r} cuts {len(rows)} of {len(odd)} lines that are no record into the fields of the header"
    names = tuple(subject.name_of(file_id) for file_id in sorted(concerned))
    return result(
        call,
        _of_ids(subject, rows),
        figures,
        parameters={"delimiter": best, "files": listed(names)},
        told=told,
    )


def uncut_by(subject: Subject, file: SourceFile) -> str:
    """Return the delimiter that would cut a file into more of the table's columns than it was; empty when none."""
    now = named_alike(subject.table.columns, file.header)
    head = head_lines(file)
    if now > _MAJORITY * len(subject.table.columns) or len(head) < 2:  # noqa: PLR2004  a header and a line
        return ""
    best, found = "", now
    for sign in DELIMITERS:
        if sign == file.dialect.delimiter or sign not in head[0]:
            continue
        header = _cut(head[0], sign)
        same = sum(_fields(line, sign) == len(header) for line in head[1:])
        named = named_alike(subject.table.columns, tuple(header))
        if named > found and same >= _MAJORITY * (len(head) - 1):
            best, found = sign, named
    return best


def head_lines(file: SourceFile) -> list[str]:
    """Return the first lines of a text file from its header on; SourceError when it cannot be read any more."""
    try:
        with Path(file.text_path).open(encoding="utf-8-sig", errors="replace", newline=None) as handle:
            lines = [line.rstrip("\n")[:10_000] for line in islice(handle, file.header_lines + _HEAD)]
    except OSError as error:
        raise SourceError("the file cannot be read any more", where=file.name, hint="give it again") from error
    return [line for line in lines[max(0, file.header_lines - 1) :] if line.strip()]


def _cut(line: str, sign: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return line.split(sign)


def _fields(line: str, sign: str) -> int:
    return len(_cut(line, sign)) if sign in line else 1


def _landed_rows(connection: duckdb.DuckDBPyConnection, files: dict[int, str]) -> list[int]:
    found: list[int] = []
    for (variant,) in connection.execute(
        "select distinct variant_id from land.files where list_contains(?::integer[], file_id)", [list(files)]
    ).fetchall():
        ids = list(files)
        found += [
            row
            for (row,) in connection.execute(
                f'select _row from land."{variant}" where list_contains(?::bigint[], _row >> 36)', [ids]
            ).fetchall()
        ]
    return sorted(found)


def _of_ids(subject: Subject, rows: list[int]) -> AffectedRows:
    ids = np.array(sorted(rows), np.int64)
    return affected(subject, ids, ids >> 36, np.ones(len(ids), bool)).model_copy(update={"condition": ""})


def seek_encoding(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for texts whose letters come of reading them in another encoding than they were written in."""
    columns = [column for column in subject.table.columns if column.logical_type is LogicalType.STRING]
    rows = load_rows(connection, subject, columns)
    broken = [reject for reject in read_rejects(connection, subject) if NO_UTF8 in reject.reason]
    hit, columns_hit, odd, other = _garbled(rows, guessed_files(subject))
    if not odd and not broken:
        return nothing_found(call, "no text has letters of another encoding")
    read_as, written_in, share = likely_encodings(odd or [reject.raw for reject in broken])
    lost = sum(map(is_lost, odd)) / max(1, len(odd))
    if broken and not odd:
        read_as, written_in, share = "utf-8", "cp1252", 1.0
    chosen = hit
    found = affected(subject, rows.row, rows.file, chosen, rows.every)
    if broken:
        found = _with_rejects(subject, rows, chosen, [reject.row for reject in broken])
    figures = {
        "rows": found.count,
        "mended": max(share, lost),
        "lost": lost,
        "garbled": len(odd) / max(1, len(odd) + other) if odd else 1.0,
    }
    told = (
        f"{len(odd)} different texts are garbled, {other} others with letters beyond ASCII are not in those files; "
        f"{share:.0%} become words when what was read as {read_as or '?'} is read as {written_in or '?'}; {lost:.0%} "
        f"lost letters; {len(broken)} lines with bytes that are no UTF-8; such as {listed(odd, 3)}"
    )
    parameters = {"read_as": read_as, "encoding": written_in, "lost": f"{lost:.2f}"}
    return result(call, found, figures, columns=columns_hit, parameters=parameters, told=told)


def guessed_files(subject: Subject) -> tuple[int, ...]:
    """Return the files whose encoding was guessed by their letters: where some are wrong there, all are."""
    return tuple(file.file_id for file in subject.texts if file.dialect.decoded_from and not file.dialect.bom)


def _garbled(
    rows: Rows, guessed: tuple[int, ...]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], tuple[str, ...], list[str], int]:
    """Return the rows hit, their columns, the garbled texts, and how many sound ones the same files hold."""
    hit = np.zeros(len(rows), bool)
    columns: list[str] = []
    odd: list[str] = []
    for name, texts in rows.texts.items():
        garbled = {text for text in rows.counts[name] if text is not None and is_garbled(text)}
        if not garbled:
            continue
        columns.append(name)
        odd += sorted(garbled)
        if any(map(is_lost, garbled)):  # then the sign stands for a letter at the ends of words too
            garbled |= {text for text in rows.counts[name] if text is not None and _SIGN in text}
        hit |= np.array([text in garbled for text in texts], bool)
    struck = set(rows.file[hit].tolist()) & set(guessed)
    if struck:
        within = np.isin(rows.file, list(struck))
        for texts in rows.texts.values():
            hit |= within & np.array([text is not None and not text.isascii() for text in texts], bool)
    files = set(rows.file[hit].tolist())
    within = np.isin(rows.file, list(files))
    sound = {
        text
        for texts in rows.texts.values()
        for text in texts[within].tolist()
        if text is not None and not text.isascii() and not is_garbled(text)
    }
    return hit, tuple(columns), odd, len(sound)


def _with_rejects(
    subject: Subject, rows: Rows, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]], rejects: list[int]
) -> AffectedRows:
    ids = np.sort(np.concatenate((rows.row[chosen], np.array(rejects, np.int64))))
    return affected(subject, ids, ids >> 36, np.ones(len(ids), bool)).model_copy(update={"condition": ""})


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
    rows = _of_ids(subject, [row] if row is not None else [])
    how = "in the middle of a record" if figures["cut_record"] else "in the middle of a value"
    told = f"{file.name} ends {how if figures['cut_record'] + figures['cut_value'] else 'with a whole record'}"
    told += f"; it holds {max(0.0, figures['shortfall']):.0%} fewer records than the others usually do"
    return result(call, rows, figures | {"rows": rows.count}, parameters={"files": file.name}, told=told)


def _is_last(reject: Reject, lines: int, file: SourceFile) -> bool:
    return reject.line >= lines - reject.raw.count("\n") - 1 and ends_open(file)


def _is_short(reject: Reject, file: SourceFile) -> bool:
    """Whether the line has fewer fields than the header, or a quote that nothing closes."""
    fields = _fields(reject.raw, file.dialect.delimiter)
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
