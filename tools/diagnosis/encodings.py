"""The test of another encoding: texts whose letters come of reading them as what they are not."""

import duckdb
import numpy as np

from algorithms.diagnosis.garbling import is_garbled, is_lost, likely_encodings
from state.contract import LogicalType
from state.diagnosis import AffectedRows
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import affected, listed, nothing_found, of_ids, result
from tools.diagnosis.rejects import read_rejects
from tools.diagnosis.rows import Rows, load_rows
from tools.diagnosis.subject import Subject
from tools.sources.damage import NO_UTF8

_SIGN = "?"  # for a letter that could not be written


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
    return of_ids(subject, np.concatenate((rows.row[chosen], np.array(rejects, np.int64))))
