"""Rules on the values of one drafted column: presence, closed lists, bounds, lengths.

A rule is written when it held in enough values (see `draft_support`), and when both halves of the table, in the order
of files and lines, tell the same: what grows or changes along the files will go on doing so.
"""

import math
from collections.abc import Sequence

from rapidfuzz.distance import OSA

from algorithms.draft_support import ENOUGH, MOST_BROKEN, told_support, upper_share
from algorithms.names import IDENTIFIERS, split_words
from state.contract import LogicalType
from state.draft import ColumnFacts, Proposal, ValueCount

_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)
_LIST_MOST = 60  # values of a closed list
_LIST_ROWS = 5  # rows of the rarest value of a list
_LIST_SHARE = 10  # rows for each value of a list, on average
_GAP = 5  # times a left out value is rarer than the rarest listed one
_MANY_NULLS = 90  # percent of empty values from which no threshold means anything
_ODD_SHARE = 0.001  # of the rows, that a value may have that is taken for an error
_RARER = 3  # times another spelling is rarer than the right one
_WORD = 5  # letters of a word of which another one can be a slip
_STABLE = 2.0  # times the range of one half may be that of the other
_SLACK = 2.0  # times the distance from the median to the end that is added beyond the end
_HEAVY = 10.0  # times the 99 % quantile stands from the median that the maximum may
_SPARE_YEARS = 5
_DEGREES = {"lat": 90, "latitude": 90, "lon": 180, "lng": 180, "long": 180, "longitude": 180}
_DAYS = 365.25
_MOST_TEXT = 120  # characters of a value in a list
_TOLD = 3


def presence(facts: ColumnFacts) -> Proposal:
    """Return `required`, or the share of empty values that is usual."""
    if not facts.filled:
        return Proposal(remarks=("no value in any file: nothing is asked of it",))
    nulls = facts.nulls
    if not nulls and facts.everywhere:
        if facts.rows < ENOUGH:
            return Proposal(remarks=(f"no empty value, but {facts.rows:,} rows are too few to require one",))
        note = f"{facts.rows:,} of {facts.rows:,} rows hold a value; {told_support(facts.rows)}"
        return Proposal(fields={"required": True}, notes={"required": note})
    worst = max((upper_share(half.rows - half.filled, half.rows) for half in facts.halves or ()), default=1.0)
    most = 5 * math.ceil(100 * min(1.0, max(1.5 * worst, worst + 0.05)) / 5)
    if facts.rows < ENOUGH or most >= _MANY_NULLS or not facts.everywhere:
        return Proposal(remarks=(f"{nulls:,} of {facts.rows:,} rows are empty",))
    note = f"{nulls:,} of {facts.rows:,} rows are empty ({100 * nulls / facts.rows:.2g} %)"
    rule = {"metric": "nullValues", "mustBeLessOrEqualTo": most, "unit": "percent"}
    return Proposal(quality=((rule, note),))


def closed_list(facts: ColumnFacts) -> Proposal | None:
    """Return the values a text column is limited to; None when the files do not show that there are no others.

    Every listed value is frequent and was met in both halves of the table. Rare texts are left out when they are
    spelt like a listed value; where there are such, also when they are few and far rarer than any listed one.
    """
    counts = facts.counts
    if facts.logical_type is not LogicalType.STRING or not counts or facts.filled < max(ENOUGH, facts.rows / 2):
        return None
    listed = _frequent(counts)
    left = [count for count in counts if count not in listed]
    if not _is_saturated(listed, facts.filled) or any(len(count.value) > _MOST_TEXT for count in listed):
        return None
    odd = [count for count in left if not _spelt_like(count, listed)]
    outside = sum(count.rows for count in odd)
    codes = any(letter.isdigit() for count in odd for letter in count.value)
    many = any(count.rows > max(2, _ODD_SHARE * facts.filled) for count in odd) or len(odd) > max(1, len(listed) // 4)
    careless = len(odd) < len(left)  # without other spellings nothing says that rare values are errors
    if codes or many or outside > MOST_BROKEN * facts.filled or (odd and not careless):
        return None
    note = f"{len(listed)} values in {facts.filled:,} rows, the rarest in {listed[-1].rows:,}, all in both halves"
    rule = {
        "metric": "invalidValues",
        "arguments": {"validValues": sorted(count.value for count in listed)},
        "mustBe": 0,
    }
    remarks = []
    if variants := [count for count in left if count not in odd]:
        remarks.append(f"left out as other spellings: {_shown(variants)}")
    if odd:
        remarks.append(f"left out as too rare: {_shown(odd)}")
    return Proposal(quality=((rule, note),), remarks=tuple(remarks), costs=outside)


def _frequent(counts: Sequence[ValueCount]) -> list[ValueCount]:
    """Return the values before the widest gap in frequency that separates rare ones, most frequent first."""
    ordered = sorted(counts, key=lambda count: (-count.rows, count.value))
    kept = [count for count in ordered if count.rows >= _LIST_ROWS]
    while len(kept) > 1 and _spelt_like(kept[-1], kept[:-1]):
        kept.pop()
    while kept and any(
        kept[-1].rows < _GAP * count.rows and not _spelt_like(count, kept) for count in ordered[len(kept) :]
    ):
        kept.pop()
    return kept


def _is_saturated(listed: Sequence[ValueCount], filled: int) -> bool:
    if not 1 < len(listed) <= _LIST_MOST or filled < _LIST_SHARE * len(listed):
        return False
    return all(0 < count.early < count.rows for count in listed)


def _spelt_like(count: ValueCount, listed: Sequence[ValueCount]) -> bool:
    """Whether a text is a rare other spelling of a frequent one: case, blanks, or few letters differ."""
    text = count.value.casefold().strip()
    for known in listed:
        other = known.value.casefold().strip()
        if known.value == count.value or known.rows < count.rows:
            continue
        worded = len(other) >= _WORD and not any(letter.isdigit() for letter in text + other)
        slip = worded and known.rows >= _RARER * count.rows
        if text == other or (slip and OSA.distance(text, other) <= max(1, len(other) // 6)):
            return True
    return False


def bounds(facts: ColumnFacts, *, identifies: bool) -> Proposal:
    """Return the least and greatest value, with slack; of what identifies or refers only that it is not negative."""
    if facts.filled < ENOUGH or not facts.quantiles or facts.halves is None:
        return Proposal()
    if facts.logical_type in _NUMERIC:
        return _number_bounds(facts, identifies=identifies)
    if facts.logical_type in (LogicalType.DATE, LogicalType.TIMESTAMP):
        return _date_bounds(facts)
    return Proposal()


def _number_bounds(facts: ColumnFacts, *, identifies: bool) -> Proposal:
    low, _, _, median, _, high_usual, high = facts.quantiles
    options: dict[str, float | int] = {}
    notes: dict[str, str] = {}
    remarks: list[str] = []
    if identifies or IDENTIFIERS & set(split_words(facts.name)[-1:]):
        return _not_negative(facts, low)
    degrees = next((most for word, most in _DEGREES.items() if word in split_words(facts.name)), None)
    if degrees and -degrees <= low and high <= degrees:
        note = f"degrees: {facts.filled:,} values from {low:g} to {high:g}"
        return Proposal(options={"minimum": -degrees, "maximum": degrees}, notes={"minimum": note})
    if low >= 0:
        share = 0.2 < high <= 1 and facts.logical_type is LogicalType.NUMBER  # noqa: PLR2004
        far = low - _SLACK * max(median - low, (high - low) / 2)
        options["minimum"] = _rounded_down(far) if far > 0 else 1 if _counts_from_one(facts) else 0
        notes["minimum"] = f"the least of {facts.filled:,} values is {low:g}"
        if share:
            options["maximum"] = 1
            notes["maximum"] = f"a share: {facts.filled:,} values from {low:g} to {high:g}"
            return Proposal(options=options, notes=notes)
    elif reason := _unstable(facts, low, high, high_usual, median):
        remarks.append(f"values from {low:g} to {high:g}: no bounds, {reason}")
        return Proposal(remarks=tuple(remarks))
    else:
        few = facts.quantiles[1] >= 0
        options["minimum"] = _rounded_down(
            (1 + _SLACK) * low if few else low - _SLACK * max(median - low, (high - low) / 2)
        )
        notes["minimum"] = f"the least of {facts.filled:,} values is {low:g}, with slack"
        remarks += ["few values are negative: is 0 the least that is right?"] * few
    if reason := _unstable(facts, low, high, high_usual, median):
        remarks.append(f"values up to {high:g}: no maximum, {reason}")
    elif high > low:
        options["maximum"] = _rounded_up(high + _SLACK * max(high - median, (high - low) / 2))
        notes["maximum"] = f"the greatest of {facts.filled:,} values is {high:g}, half are up to {median:g}; with slack"
    return Proposal(options=options, notes=notes, remarks=tuple(remarks))


def _counts_from_one(facts: ColumnFacts) -> bool:
    """Whether whole numbers begin at one, which many rows hold: none is none."""
    ones = sum(count.rows for count in facts.counts if count.value == "1")
    whole = facts.logical_type is LogicalType.INTEGER and facts.quantiles[0] == 1
    return whole and ones >= max(_LIST_ROWS, MOST_BROKEN * facts.filled)


def _not_negative(facts: ColumnFacts, low: float) -> Proposal:
    if low < 0:
        return Proposal()
    return Proposal(options={"minimum": 0}, notes={"minimum": f"none of {facts.filled:,} values is negative"})


def _unstable(facts: ColumnFacts, low: float, high: float, usual: float, median: float) -> str:
    """Return why the ends of the values cannot be told from these files; empty when they can."""
    first, second = facts.halves or (None, None)
    ends = [half.high for half in (first, second) if half is not None and half.high is not None]
    starts = [half.low for half in (first, second) if half is not None and half.low is not None]
    if len(ends) < 2:  # noqa: PLR2004  two halves
        return "one half of the rows has none"
    if max(ends) - low > _STABLE * (min(ends) - low) or high - min(starts) > _STABLE * (high - max(starts)):
        return "the two halves of the rows differ too much"
    spread = max(usual - median, 0.0)
    return "a few values are far above the others" if high - median > _HEAVY * spread > 0 else ""


def _date_bounds(facts: ColumnFacts) -> Proposal:
    low, high = facts.quantiles[0], facts.quantiles[-1]
    span = max(high - low, _SPARE_YEARS * _DAYS)
    first, last = int((low - span) / _DAYS + 1970), int((high + span) / _DAYS + 1970)
    if not 1 < first <= last < 9999:  # noqa: PLR2004  years of a date
        return Proposal()
    note = f"{facts.low} to {facts.high} in the files, with slack"
    return Proposal(
        options={"minimum": f"{first:04}-01-01", "maximum": f"{last:04}-12-31"},
        notes={"minimum": note, "maximum": note},
    )


def lengths(facts: ColumnFacts, *, patterned: bool) -> Proposal:
    """Return bounds of the length of texts: exact where all have one length, else the greatest with slack."""
    if facts.logical_type is not LogicalType.STRING or facts.lengths is None or patterned or facts.distinct < ENOUGH:
        return Proposal()
    least, most = facts.lengths
    if least == most:
        note = f"{facts.distinct:,} different values have {most} characters; {told_support(facts.distinct)}"
        return Proposal(options={"minLength": least, "maxLength": most}, notes={"maxLength": note})
    note = f"the longest of {facts.distinct:,} different values has {most} characters; twice as many are allowed"
    return Proposal(options={"maxLength": max(10, int(_rounded_up(2.0 * most)))}, notes={"maxLength": note})


def _rounded_up(value: float) -> float | int:
    """Return a plain figure at or above `value`: two digits, then zeros."""
    if value == 0:
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    if not step:
        return value
    rounded = math.ceil(value / step - 1e-9) * step
    return round(rounded) if step >= 1 else float(f"{rounded:.3g}")


def _rounded_down(value: float) -> float | int:
    return -_rounded_up(-value)


def _shown(counts: Sequence[ValueCount]) -> str:
    more = f" and {len(counts) - _TOLD} more" if len(counts) > _TOLD else ""
    return ", ".join(f"{count.value!r} ({count.rows:,})" for count in counts[:_TOLD]) + more
