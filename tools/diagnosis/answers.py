"""Answers of a diagnosis: which rows are meant, in figures and at most a hundred ids, never whole tables.

Text from the data is cut; an answer as JSON stays below `MOST_BYTES`.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from state.diagnosis import AffectedRows
from state.symptoms import MOST_TEXT, TestCall, TestResult
from state.values import Value
from tools.diagnosis.subject import Subject
from tools.workspace import row_file

MOST_BYTES = 8000
"""Bytes of one answer."""

_MOST_FILES = 20
_MOST_RANGES = 6


def affected(
    subject: Subject, row: NDArray[np.int64], file: NDArray[np.int64], chosen: NDArray[np.bool_], every: int = 1
) -> AffectedRows:
    """Return the chosen rows: how many, in which files, the first ids, and a condition where ranges tell them."""
    ids, files = row[chosen], file[chosen]
    numbers, counts = np.unique(files, return_counts=True)
    most = sorted(zip(counts.tolist(), numbers.tolist(), strict=True), reverse=True)[:_MOST_FILES]
    return AffectedRows(
        count=int(chosen.sum()) * every,
        files={subject.name_of(number)[:MOST_TEXT]: count * every for count, number in most},
        sample=tuple(ids[: subject.most_ids].tolist()),
        condition=_condition(row, file, chosen),
    )


def of_ids(subject: Subject, ids: Iterable[int] | NDArray[np.int64]) -> AffectedRows:
    """Return the rows of these ids, records or rejects; no condition tells them."""
    rows = np.sort(np.fromiter(ids, np.int64))
    return affected(subject, rows, rows >> 36, np.ones(len(rows), bool)).model_copy(update={"condition": ""})


def _condition(row: NDArray[np.int64], file: NDArray[np.int64], chosen: NDArray[np.bool_]) -> str:
    """Return SQL that finds the rows again: whole files, or a few ranges of lines; empty where rows lie scattered."""
    parts: list[str] = []
    for number in np.unique(file[chosen]).tolist():
        of_file = np.flatnonzero(file == number)
        places = np.flatnonzero(chosen[of_file])
        if len(places) < 0.9 * (places[-1] - places[0] + 1):
            return ""
        name = row_file("_row")
        if len(places) >= 0.9 * len(of_file):
            parts.append(f"{name} = {number}")
        else:
            first, last = int(row[of_file[places[0]]]), int(row[of_file[places[-1]]])
            parts.append(f"_row between {first} and {last}")
        if len(parts) > _MOST_RANGES:
            return ""
    return " or ".join(parts)


def cut(text: object) -> str:
    """Return a text from the data as evidence may show it."""
    shown = "".join(letter if letter.isprintable() else "·" for letter in str(text))
    return shown if len(shown) <= MOST_TEXT else shown[: MOST_TEXT - 1] + "…"


def listed(texts: Iterable[object], most: int = 5) -> str:
    """Return the first texts, quoted."""
    found = list(texts)
    shown = ", ".join(repr(cut(text)[:40]) for text in found[:most])
    return shown + (f" and {len(found) - most} more" if len(found) > most else "")


def result(
    call: TestCall,
    rows: AffectedRows,
    figures: Mapping[str, float],
    *,
    columns: Iterable[str] = (),
    parameters: Mapping[str, str] | None = None,
    told: str = "",
) -> TestResult:
    """Return the answer to one test."""
    return TestResult(
        table=call.table,
        cause=call.cause,
        columns=tuple(columns) or call.columns,
        rows=rows,
        figures={name: round(float(figure), 4) for name, figure in figures.items()},
        parameters={name: text[:MOST_TEXT] for name, text in (parameters or {}).items()},
        told=told[:1000],
    )


def nothing_found(call: TestCall, told: str) -> TestResult:
    """Return the answer of a test that found nothing of its kind."""
    return result(call, AffectedRows(count=0), {"rows": 0.0}, told=told)


def bounded_json(value: Value) -> str:
    """Return an answer as JSON of at most `MOST_BYTES` bytes: lists that are too long lose their ends."""
    content = value.model_dump(mode="json")
    text = value.model_dump_json()
    while len(text.encode()) > MOST_BYTES:
        place = _longest(content)
        if place is None:
            break
        holder, key = place
        holder[key] = holder[key][: len(holder[key]) * 2 // 3]
        text = type(value).model_validate(content).model_dump_json()
    return text


def _longest(content: object) -> tuple[dict[str, list[object]], str] | None:
    """Return where the list with most text is."""
    assert isinstance(content, dict)  # noqa: S101  the JSON of a value
    lists = [(len(str(item)), key) for key, item in content.items() if isinstance(item, list) and item]
    inner = [
        (len(str(item)), key, part)
        for part, holder in content.items()
        if isinstance(holder, dict)
        for key, item in holder.items()
        if isinstance(item, list) and item
    ]
    if inner and (not lists or max(inner)[0] > max(lists)[0]):
        _, key, part = max(inner)
        return content[part], key
    return (content, max(lists)[1]) if lists else None
