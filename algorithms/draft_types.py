"""The types of drafted columns: guessed on a sample, confirmed on every value by the reading of a run."""

import re
from collections.abc import Mapping, Sequence

from algorithms.draft_support import ENOUGH, MOST_BROKEN
from algorithms.names import split_words
from state.contract import LogicalType
from state.draft import ColumnFacts, ColumnOrigin, Proposal

_LIKELY = 0.97
"""Share of sampled values that must look like a type before it is tried on all of them."""

_CODES = frozenset(
    {"zip", "postal", "postcode", "phone", "fax", "mobile", "fips", "ssn", "ean", "isbn", "iban", "code"}
)
"""Words of names whose digits are no quantity: they are kept as text."""

_DIGITS = re.compile(r"\d{5,}")
_ZEROS = re.compile(r"0\d+")
_TRUTH_WORDS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f"})
_NULLS = frozenset({"n/a", "na", "null", "none", "nan", "-", "--", "?", "unknown", "missing"})
_ORDER = (LogicalType.INTEGER, LogicalType.NUMBER, LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
_WIDER = {LogicalType.INTEGER: LogicalType.NUMBER, LogicalType.DATE: LogicalType.TIMESTAMP}
_LONG = 18
_MONEY_PLACES = 2
_LEAST_PRECISION = 12
_SPARE_DIGITS = 3
_PATTERNS = {
    re.compile(r"99?/99?/9999"): ("dd/MM/yyyy", "MM/dd/yyyy"),
    re.compile(r"99?-99?-9999"): ("dd-MM-yyyy", "MM-dd-yyyy"),
    re.compile(r"99?\.99?\.9999"): ("dd.MM.yyyy", "MM.dd.yyyy"),
}


def likely_type(origin: ColumnOrigin) -> LogicalType:
    """Return the type that the sampled values look like; text where it is none, or digits that are no quantity."""
    values = [value.strip() for value in origin.samples if value.strip().casefold() not in _NULLS]
    words = {value.casefold() for value in values}
    if words and words <= _TRUTH_WORDS and len(words) > 1:
        return LogicalType.BOOLEAN
    if not values or _is_code(origin.name, values):
        return LogicalType.STRING
    shares = origin.type_share
    return next((kind for kind in _ORDER if shares.get(kind.value, 0.0) >= _likely(origin)), LogicalType.STRING)


def _likely(origin: ColumnOrigin) -> float:
    """Return the share to ask for: words for nothing are no values of any type but text."""
    nothing = sum(value.strip().casefold() in _NULLS for value in origin.samples)
    return 0.5 if nothing else _LIKELY


def _is_code(name: str, values: Sequence[str]) -> bool:
    if any(_ZEROS.fullmatch(value) for value in values):
        return True
    sizes = {len(value) for value in values if _DIGITS.fullmatch(value)}
    return is_named_code(name) and len(sizes) == 1 and all(_DIGITS.fullmatch(value) for value in values)


def is_named_code(name: str) -> bool:
    """Return whether the name of a column says that its digits are no quantity."""
    return bool(_CODES & set(split_words(name)))


def next_types(facts: Sequence[ColumnFacts], tried: dict[str, dict[LogicalType, int]]) -> dict[str, LogicalType]:
    """Return the columns whose type is not that of their values, with the type to try next.

    A type may leave up to one value in a hundred unread, and all types of a table together three times as many rows of
    it. `tried` keeps how many values each type left unread: whole numbers are a type of their own only where numbers
    with a fraction do not explain more of the values.
    """
    changes: dict[str, LogicalType] = {}
    broken = 0
    for column in sorted(facts, key=lambda each: (each.unread, each.name)):
        kind, known = column.logical_type, tried.setdefault(column.name, {})
        known[kind] = column.unread
        if kind is LogicalType.STRING or (column.filled and not column.unread):
            continue
        if kind is LogicalType.INTEGER and LogicalType.NUMBER not in known:
            changes[column.name] = LogicalType.NUMBER
        elif kind is LogicalType.NUMBER and known.get(LogicalType.INTEGER) == column.unread:
            changes[column.name] = LogicalType.INTEGER
        elif _tolerable(column, broken):
            broken += column.unread
        else:
            wider = _WIDER.get(kind, LogicalType.STRING)
            changes[column.name] = LogicalType.STRING if wider in known else wider
    return changes


def _tolerable(column: ColumnFacts, broken: int) -> bool:
    few = column.unread <= MOST_BROKEN * (column.filled + column.unread)
    return bool(column.filled) and few and broken + column.unread <= 3 * MOST_BROKEN * column.rows


def type_proposal(facts: ColumnFacts) -> Proposal:
    """Return the logical and physical type, and the pattern of dates, with how many values read so."""
    seen = facts.filled + facts.unread
    physical, options = _physical(facts), dict[str, str]()
    notes = {"logicalType": _told(facts, seen)}
    if facts.logical_type is LogicalType.DATE and (pattern := _date_pattern(facts)):
        options["format"] = pattern
        notes["format"] = "the one spelling in the files"
    if facts.logical_type is LogicalType.NUMBER and physical != "DOUBLE":
        places = max(facts.decimals, default=0)
        notes["physicalType"] = f"at most {facts.whole_digits} digits before the point and {places} behind it, and room"
    return Proposal(
        fields={"logicalType": facts.logical_type.value, "physicalType": physical},
        options=options,
        notes=notes,
        costs=facts.unread,
    )


def _told(facts: ColumnFacts, seen: int) -> str:
    if not seen:
        return "no value in any file"
    if facts.logical_type is LogicalType.STRING:
        return f"{facts.filled:,} of {facts.rows:,} rows hold a value, {facts.distinct:,} different"
    read = f"; {facts.read_as}" if facts.read_as else ""
    return f"{facts.filled:,} of {seen:,} values read as {facts.logical_type.value}{read}"


def _date_pattern(facts: ColumnFacts) -> str | None:
    """Return the pattern of dates in digits whose one order all files agree on; ISO needs none."""
    if facts.day_first is None or not facts.shapes or facts.filled < ENOUGH:
        return None
    found = {
        patterns[not facts.day_first]
        for shape in facts.shapes
        for known, patterns in _PATTERNS.items()
        if known.fullmatch(shape)
    }
    told = all(any(known.fullmatch(shape) for known in _PATTERNS) for shape in facts.shapes)
    return found.pop() if told and len(found) == 1 else None


def _physical(facts: ColumnFacts) -> str:
    kind = facts.logical_type
    if kind is LogicalType.INTEGER:
        return "BIGINT" if facts.whole_digits < _LONG else "DECIMAL(38,0)"
    if kind is LogicalType.NUMBER:
        return _number(facts.decimals, facts.whole_digits, facts.filled)
    return {LogicalType.STRING: "VARCHAR"}.get(kind, kind.value.upper())


def _number(decimals: Mapping[int, int], whole: int, filled: int) -> str:
    """Return a decimal type for amounts of up to two places; binary numbers for what is measured more finely."""
    places = max(decimals, default=0)
    if places > _MONEY_PLACES or filled < ENOUGH:
        return "DOUBLE"
    precision = max(_LEAST_PRECISION, whole + _SPARE_DIGITS + _MONEY_PLACES)
    return f"DECIMAL({precision},{_MONEY_PLACES})" if precision <= 38 else "DOUBLE"  # noqa: PLR2004  the engine's widest
