"""Values that stand for "no value": words for it, and numbers and dates that come again and again far from the rest."""

import re
from collections.abc import Mapping

import numpy as np

from algorithms.diagnosis.blocks import Numbers
from algorithms.formats import NULL_TOKENS

TOKENS = frozenset(NULL_TOKENS) | frozenset(
    ("#n/a", "#null!", "#ref!", "#value!", "#div/0!", "(null)", "(blank)", "(none)", "<na>", "<null>", "n.a.", "n.a",
     "n/d", "nd", "not available", "not applicable", "no data", "undefined", "void", "k.a.", "keine angabe", "s/o",
     "xxx", "xx", ".", "..", "...", "\\n", "leer", "empty", "*", "***", "----", "_")
)  # fmt: skip
"""Texts that mean no value, in lower case."""

_LEAST_ROWS = 3
_GAP = 0.5  # between a number that stands apart and the nearest other, by the range of the others
_EDGE_DAYS = frozenset(
    ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01", "1901-01-01", "1970-01-01",
     "1111-11-11", "2099-12-31", "2999-12-31", "4712-12-31", "8888-08-08", "9999-01-01", "9999-09-09", "9999-12-30",
     "9999-12-31")
)  # fmt: skip
"""Days that systems write where they have none."""


def is_token(text: str) -> bool:
    """Whether a text means no value."""
    return text.strip().casefold() in TOKENS


def is_edge_day(text: str) -> bool:
    """Whether a text is a day that systems write for none."""
    return text.strip()[:10] in _EDGE_DAYS


def is_repdigit(value: float) -> bool:
    """Whether a number is made as placeholders are: 0, -1, or at least two times 9, 8, 7 or 1 and nothing else."""
    digits = re.sub(r"[-.]", "", f"{value:.10g}")
    return value in (0.0, -1.0) or re.fullmatch(r"9{2,}|8{2,}|7{2,}|1{3,}", digits.rstrip("0") or digits) is not None


def numbers_apart(
    values: Numbers, counts: Mapping[float, int], bounds: tuple[float, float] | None = None
) -> dict[float, float]:
    """Return numbers that repeat and stand apart from all others, with the gap to the nearest other by their range.

    `counts` are the rows of the most frequent numbers. Of a number at an end of the range, and of zero, where the
    others begin above one: counts that begin at one have zeros. What the contract's bounds leave out stands apart in any case.
    """
    known = values[~np.isnan(values)]
    found: dict[float, float] = {}
    for value, rows in counts.items():
        if rows < _LEAST_ROWS or not is_repdigit(value):
            continue
        others = known[known != value]
        others = others[~np.isin(others, [each for each in found if each != value])]
        if len(others) < 2 * _LEAST_ROWS:
            continue
        low, high = np.quantile(others, [0.01, 0.99])
        gap = max(float(others.min()) - value, value - float(others.max())) / max(float(high - low), 1e-9)
        if value < 0 <= float(others.min()):
            gap = max(gap, 1.0)  # a minus where nothing else has one
        if bounds is not None and not bounds[0] <= value <= bounds[1]:
            gap = max(gap, 1.0)
        if gap >= _GAP or (value == 0 and float(others.min()) > max(1.0, 0.1 * float(np.median(others)))):
            found[value] = gap
    return found
