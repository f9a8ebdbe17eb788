"""What the values of a table's columns are like, and what each value costs in its own column and in others."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from math import isnan

import duckdb
import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.fitting import ColumnHabit, learn_habit, penalty
from algorithms.diagnosis.levels import find_level, segments
from algorithms.diagnosis.series import is_series
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows, load_rows
from tools.diagnosis.subject import Subject, bounds_of, fields_by_variant

_MOST_COLUMNS = 40
_MOST_LISTED = 200
_FEWEST_PARTS = 4
_MISFIT = 3.0  # penalty from which a value does not fit
LEARNT = 20_000
"""Rows from which habits are learnt, and on which a pair of columns is chosen."""

Mask = NDArray[np.bool_]


def number_in(text: str) -> float | None:
    """Return the number a text is written as; None where it is none."""
    try:
        value = float(text.replace(",", "").strip())
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _moment(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


class Judged:
    """Columns of a table in the order of its files, with what each value costs under the habit of each column."""

    def __init__(self, rows: Rows, order: list[str]) -> None:
        self.rows, self.order = rows, order
        segment = segments(rows.file)
        self.habits = [self._habit(name, segment) for name in order]
        self.known: list[dict[str, float]] = [self._values(name) for name in order]

    def penalties(self, places: NDArray[np.int64], pairs: Callable[[int, int], bool]) -> NDArray[np.float64]:
        """Return [row, place, column] for some rows; pairs that are not asked for stay infinite."""
        width = len(self.order)
        found = np.full((len(places), width, width), np.inf)
        for place, name in enumerate(self.order):
            texts = self.rows.texts[name][places].tolist()
            for column in range(width):
                if pairs(place, column):
                    costs = {text: self._cost(place, column, text) for text in set(texts)}
                    found[:, place, column] = [costs[text] for text in texts]
        return found

    def _cost(self, place: int, column: int, text: str | None) -> float:
        habit = self.habits[column]

        def read(given: str) -> float | None:
            if self.habits[place].kind == habit.kind and given in self.known[place]:
                return self.known[place][given]
            return number_in(given) if habit.kind == "number" else _moment(given)

        return penalty(habit, text, read)

    def _habit(self, name: str, segment: NDArray[np.int64]) -> ColumnHabit:
        column, numbers = self.rows.column(name), self.rows.numbers[name]
        level = None
        serial = column.logical_type in NUMBERS and is_series(numbers)  # its values tell their row, not their column
        if column.logical_type in (*NUMBERS, *MOMENTS) and not serial and np.mean(~np.isnan(numbers)) > 0.3:  # noqa: PLR2004
            _, mask = find_level(numbers, segment, bounds_of(column))
            if mask.any():
                low, middle, high = np.quantile(numbers[mask], [0.05, 0.5, 0.95])
                kind = "number" if column.logical_type in NUMBERS else "date"
                level = (float(middle), max(float(high - low) / 3.3, 1e-9, abs(float(middle)) * 0.02), kind)
                if kind == "date":
                    level = (level[0], max(level[1], 30 * 86_400.0), kind)
        step = max(1, len(self.rows) // LEARNT)
        texts, parts = self.rows.texts[name][::step], segment[::step]
        counts = Counter(texts.tolist())
        return learn_habit(
            name, counts, level, _usual(texts, parts, counts) if column.logical_type not in MOMENTS else None
        )

    def _values(self, name: str) -> dict[str, float]:
        texts, numbers = self.rows.texts[name].tolist(), self.rows.numbers[name].tolist()
        pairs = zip(texts, numbers, strict=True)
        return {text: number for text, number in pairs if text is not None and not isnan(number)}


def _usual(
    texts: NDArray[np.object_], parts: NDArray[np.int64], counts: Counter[str | None]
) -> dict[str, float] | None:
    """Return in what share of the parts each text occurs; None where few texts do in most, as in a sorted file."""
    number = len(np.unique(parts))
    if number < _FEWEST_PARTS or len(counts) > _MOST_LISTED:
        return None
    found = Counter(text for text, _ in set(zip(texts.tolist(), parts.tolist(), strict=True)) if text is not None)
    spread = {text: count / number for text, count in found.items()}
    kept = sum(counts[text] for text, share in spread.items() if share >= 0.5)  # noqa: PLR2004  in most parts
    return spread if kept >= 0.5 * sum(counts.values()) else None


def disordered_rows(connection: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[Judged, Mask]:
    """Return the columns' habits, and which values do not fit their own column: [row, column]."""
    judged = judged_columns(connection, subject)
    at = np.arange(len(judged.order))
    costs = judged.penalties(np.arange(len(judged.rows)), lambda place, column: place == column)
    return judged, costs[:, at, at] >= _MISFIT


def judged_columns(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Judged:
    """Return the table's columns in the order in which they stand in the files."""
    variants = list(fields_by_variant(connection, subject).values())
    fields = max(variants, key=len) if variants else {}
    order = sorted(fields, key=lambda name: fields[name]) or [column.name for column in subject.table.columns]
    order = order[:_MOST_COLUMNS]
    rows = load_rows(connection, subject, [subject.table.column(name) for name in order])
    return Judged(rows, order)
