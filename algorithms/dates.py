"""Date patterns of contracts, and files grouped by the order of day and month in their all-digit dates.

What decides the order stands in the evidence of the group; where nothing does the order is UNKNOWN.
"""

import re
from collections import defaultdict
from collections.abc import Mapping

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

Ruling = tuple[str | None, str]
"""The order of a file's dates, and why."""


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


def from_pattern(evidence: FormatEvidence) -> str | None:
    """Return the contract's pattern of a column for strptime."""
    return strptime_pattern(evidence.pattern) if evidence.pattern else None


def pattern_order(pattern: str | None) -> DateOrder | None:
    """Return the order of day and month in a strptime pattern; None when it has not both as digits."""
    if not pattern or "%d" not in pattern or "%m" not in pattern or pattern.startswith("%Y"):
        return None
    return DateOrder.DAY_FIRST if pattern.index("%d") < pattern.index("%m") else DateOrder.MONTH_FIRST


def group_orders(evidence: FormatEvidence, rulings: Mapping[int, Ruling]) -> tuple[FormatGroup, ...]:
    """Return the files by order, those with most files first; `rulings` by file, with the order or None and why.

    Only files with dates that depend on the order stand in a group.
    """
    grouped: dict[tuple[DateOrder, str], list[int]] = defaultdict(list)
    for file_id, (order, reason) in rulings.items():
        grouped[DateOrder(order or DateOrder.UNKNOWN), reason].append(file_id)
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
    return tuple(groups)


def dotted_in_words(evidence: FormatEvidence, order: str | None, reason: str) -> str:
    """Return how dates with points are read, and why."""
    day, month, both = (
        evidence.dotted_day_first_only,
        evidence.dotted_month_first_only,
        evidence.dotted_ambiguous,
    )
    told = f"dates with points: {day} values read only day-first, {month} only month-first, {both} both ways"
    if order is None:
        return f"{told}: conflicting, {both} are not read"
    return f"{told}; {reason}" if reason else told


def _told(evidence: FormatEvidence, reason: str, members: list[int]) -> str:
    day = sum(evidence.day_first_only.get(file_id, 0) for file_id in members)
    month = sum(evidence.month_first_only.get(file_id, 0) for file_id in members)
    both = sum(evidence.ambiguous.get(file_id, 0) for file_id in members)
    names = ", ".join(str(file_id) for file_id in members[:_MOST_FILES_TOLD])
    more = f" and {len(members) - _MOST_FILES_TOLD} more" if len(members) > _MOST_FILES_TOLD else ""
    counted = f"{day} values read only day-first, {month} only month-first, {both} both ways"
    subject = f"file{'s' if len(members) > 1 else ''} {names}{more}"
    return f"{subject}: {counted}" + (f"; {reason}" if reason else "")
