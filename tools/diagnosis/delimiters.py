"""The test of another delimiter: of refused lines, and of files that were not cut into the table's columns."""

from collections import Counter
from itertools import islice
from pathlib import Path

import duckdb

from state.errors import SourceError
from state.sources import SourceFile
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import listed, nothing_found, of_ids, result
from tools.diagnosis.rejects import cut_by, fields_by, read_rejects
from tools.diagnosis.subject import Subject, named_alike
from tools.sources.damage import NO_UTF8

DELIMITERS = (";", ",", "\t", "|", ":", "^", "~", "#", "*", "!", "¦", "§", "\x1f", "/")

_HEAD = 60

_MAJORITY = 0.5


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
        sign = next((sign for sign in others if fields_by(reject.raw, sign) == width), "")
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
        of_ids(subject, rows),
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
        header = cut_by(head[0], sign)
        same = sum(fields_by(line, sign) == len(header) for line in head[1:])
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
