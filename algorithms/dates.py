"""The order of day and month in all-digit dates, file by file, and date patterns of contracts.

The order is never guessed: what decides it stands in the evidence of the group, and where nothing does the order is
UNKNOWN. Dates with points are decided apart from those with other signs. Sources, in this order: the contract (its
pattern, then its bounds), the file itself, the other files of the column when all agree, plausibility.
"""

import re
from collections import defaultdict
from typing import NamedTuple

from state.formats import DateOrder, FormatEvidence, FormatGroup

EPOCHS = {
    "epoch": "epoch_s",
    "unix": "epoch_s",
    "epoch_s": "epoch_s",
    "epochseconds": "epoch_s",
    "epoch_ms": "epoch_ms",
    "epochmillis": "epoch_ms",
    "unix_ms": "epoch_ms",
}
"""Names of the option `format` that allow numbers as seconds or milliseconds since 1970."""

_DIRECTIVES = {
    "yyyy": "%Y", "uuuu": "%Y", "yy": "%y", "uu": "%y", "y": "%Y", "u": "%Y",
    "MMMM": "%B", "MMM": "%b", "LLLL": "%B", "LLL": "%b", "MM": "%m", "M": "%m", "L": "%m", "LL": "%m",
    "dd": "%d", "d": "%d", "HH": "%H", "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S",
    "a": "%p", "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a", "D": "%j", "DDD": "%j",
    "X": "%z", "XX": "%z", "XXX": "%z", "x": "%z", "xx": "%z", "xxx": "%z", "Z": "%z", "ZZZ": "%z", "ZZZZZ": "%z",
}  # fmt: skip
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)
_FRACTION = re.compile(r"[SnA]+")
_MOST_FILES_TOLD = 8


class _Ruling(NamedTuple):
    order: DateOrder
    confidence: float
    reason: str


def strptime_pattern(pattern: str) -> str | None:
    """Return a pattern of the JDK's DateTimeFormatter for strptime; None when a letter of it has no counterpart.

    Names of epochs (`EPOCHS`) become "epoch_s" or "epoch_ms".
    """
    if pattern.strip().casefold() in EPOCHS:
        return EPOCHS[pattern.strip().casefold()]
    parts = []
    for token in _TOKEN.finditer(pattern.replace("[", "").replace("]", "")):
        text = token.group()
        if text.startswith("'") and len(text) > 1:
            parts.append((token.group(1).replace("''", "'") or "'").replace("%", "%%"))
        elif text in _DIRECTIVES:
            parts.append(_DIRECTIVES[text])
        elif _FRACTION.fullmatch(text):
            parts.append("%f")
        elif text.isalpha() and text.isascii():
            return None
        else:
            parts.append(text.replace("%", "%%"))
    return "".join(parts)


def pattern_order(pattern: str | None) -> DateOrder | None:
    """Return the order of day and month in a strptime pattern; None when it has not both as digits."""
    if not pattern or "%d" not in pattern or "%m" not in pattern or pattern.startswith("%Y"):
        return None
    return DateOrder.DAY_FIRST if pattern.index("%d") < pattern.index("%m") else DateOrder.MONTH_FIRST


def decide_orders(evidence: FormatEvidence, pattern: str | None) -> tuple[tuple[FormatGroup, ...], float]:
    """Return the files by order, those with most files first, and the confidence of the weakest ruling.

    `pattern` is the contract's, for strptime. Only files with dates that depend on the order stand in a group.
    """
    files = sorted({*evidence.day_first_only, *evidence.month_first_only, *evidence.ambiguous})
    rulings: dict[int, _Ruling] = {file_id: _rule(evidence, file_id, pattern) for file_id in files}
    grouped: dict[tuple[DateOrder, str], list[int]] = defaultdict(list)
    for file_id, ruling in rulings.items():
        grouped[ruling.order, ruling.reason].append(file_id)
    by_order: dict[DateOrder, list[tuple[str, list[int]]]] = defaultdict(list)
    for (order, reason), members in grouped.items():
        by_order[order].append((reason, members))
    groups = [
        FormatGroup(
            file_ids=tuple(sorted(file_id for _, members in parts for file_id in members)),
            date_order=order,
            evidence="; ".join(_told(evidence, reason, members) for reason, members in parts),
        )
        for order, parts in by_order.items()
    ]
    groups.sort(key=lambda group: (group.date_order is DateOrder.UNKNOWN, -len(group.file_ids), group.file_ids))
    return tuple(groups), min((ruling.confidence for ruling in rulings.values()), default=1.0)


def decide_dotted(evidence: FormatEvidence, pattern: str | None) -> tuple[DateOrder, float, str]:
    """Return the order of dates with points in all files, how sure, and why in words.

    Points go with the day first unless the contract's pattern or the values say otherwise. One order for the column:
    a conflict leaves it unknown.
    """
    day, month, both = (
        evidence.dotted_day_first_only,
        evidence.dotted_month_first_only,
        evidence.dotted_ambiguous,
    )
    if not day + month + both:
        return DateOrder.DAY_FIRST, 1.0, ""
    told = f"dates with points: {day} values read only day-first, {month} only month-first, {both} both ways"
    own, stated = _only(day, month), pattern_order(pattern) if pattern and "." in pattern else None
    if stated and (own in (None, stated) or (day and month)):
        return stated, 1.0, f"{told}; the contract's format {evidence.pattern!r}"
    if stated or (day and month):
        return DateOrder.UNKNOWN, 0.5, f"{told}: conflicting, {both} are not read"
    return own or DateOrder.DAY_FIRST, 1.0 if own else 0.9, told if own else f"{told}; points go with the day first"


def _rule(evidence: FormatEvidence, file_id: int, pattern: str | None) -> _Ruling:
    day = evidence.day_first_only.get(file_id, 0)
    month = evidence.month_first_only.get(file_id, 0)
    own = _only(day, month)
    stated = _from_contract(evidence, file_id, pattern)
    if stated is not None:
        if own in (None, stated.order) or (day and month):
            return stated
        return _Ruling(DateOrder.UNKNOWN, 0.5, f"{stated.reason}, but the values contradict it")
    if day and month:
        return _Ruling(DateOrder.UNKNOWN, 0.5, "conflicting values in one file")
    if own is not None:
        return _Ruling(own, 1.0, "")
    return _from_column(evidence) or _from_plausibility(evidence, file_id)


def _only(day: int, month: int) -> DateOrder | None:
    """Return the order that all telling rows agree on; None when there are none or they conflict."""
    if bool(day) == bool(month):
        return None
    return DateOrder.DAY_FIRST if day else DateOrder.MONTH_FIRST


def _from_contract(evidence: FormatEvidence, file_id: int, pattern: str | None) -> _Ruling | None:
    order = pattern_order(pattern)
    if order is not None:
        return _Ruling(order, 1.0, f"the contract's format {evidence.pattern!r}")
    order = _only_one_fits(
        evidence.ambiguous.get(file_id, 0),
        evidence.day_first_in_bounds.get(file_id),
        evidence.month_first_in_bounds.get(file_id),
    )
    return _Ruling(order, 0.95, "the contract's bounds leave one reading") if order else None


def _from_column(evidence: FormatEvidence) -> _Ruling | None:
    order = _only(sum(evidence.day_first_only.values()), sum(evidence.month_first_only.values()))
    return _Ruling(order, 0.95, "all other files agree") if order else None


def _from_plausibility(evidence: FormatEvidence, file_id: int) -> _Ruling:
    order = _only_one_fits(
        evidence.ambiguous.get(file_id, 0),
        evidence.day_first_plausible.get(file_id),
        evidence.month_first_plausible.get(file_id),
    )
    if order:
        return _Ruling(order, 0.8, "only this reading falls among the unambiguous dates of the column")
    return _Ruling(DateOrder.UNKNOWN, 0.5, "nothing tells the order")


def _only_one_fits(ambiguous: int, day: int | None, month: int | None) -> DateOrder | None:
    """Return the order that puts all ambiguous rows in range where the other one does not."""
    if not ambiguous or day is None or month is None or (day == ambiguous) == (month == ambiguous):
        return None
    return DateOrder.DAY_FIRST if day == ambiguous else DateOrder.MONTH_FIRST


def _told(evidence: FormatEvidence, reason: str, members: list[int]) -> str:
    day = sum(evidence.day_first_only.get(file_id, 0) for file_id in members)
    month = sum(evidence.month_first_only.get(file_id, 0) for file_id in members)
    both = sum(evidence.ambiguous.get(file_id, 0) for file_id in members)
    names = ", ".join(str(file_id) for file_id in members[:_MOST_FILES_TOLD])
    more = f" and {len(members) - _MOST_FILES_TOLD} more" if len(members) > _MOST_FILES_TOLD else ""
    counted = f"{day} values read only day-first, {month} only month-first, {both} both ways"
    subject = f"file{'s' if len(members) > 1 else ''} {names}{more}"
    return f"{subject}: {counted}" + (f"; {reason}" if reason else "")
