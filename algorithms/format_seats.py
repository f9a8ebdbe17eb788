"""The council on formats: its seats, and what each says to the questions that the texts of a column leave open.

A question is about a reading of the column (the order of its dates in one file, its decimal sign, ...). A seat looks at
evidence of its own, which was counted before, and names one choice with the kind of its evidence, or abstains. What a
kind is worth is up to `algorithms.format_tally`; a seat never says how sure it is.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType

from algorithms.dates import from_pattern, pattern_order
from algorithms.format_questions import Asked, Kind, Reading, Sheet, Vote, questions
from algorithms.names import split_words
from algorithms.numbers import units_beside
from state.agents import AgentCard, Role
from state.contract import LogicalType
from state.formats import DateOrder, FormatEvidence

SKILL, VERSION = "value_format", "2"
AS_WRITTEN, AS_SHARE = "as written", "as a share"
"""Choices for values with a percent sign."""

DOMINANT = 0.99
"""Share of the rows that tell the decimal sign that must agree before the others count as slips."""

_WORDS_OF_MONTHS = frozenset({"month", "months", "monthly"})
_FIRST_DAYS = 3  # first days of months that are no chance in a column of months
_DAY_WORDS, _MONTH_WORDS = frozenset({"dmy", "ddmm", "ddmmyy", "ddmmyyyy"}), frozenset({"mdy", "mmdd", "mmddyyyy"})


def card_of(seat: str, place: int = 0) -> AgentCard:
    """Return the card of one of the members that hold a seat."""
    name = f"{seat}:{place + 1}" if place else seat
    return AgentCard(id=name, version=VERSION, role=Role.SPECIALIST, skills=(SKILL, seat))


def _only(day: int, month: int) -> str | None:
    """Return the order that all telling rows agree on; None where there are none or they conflict."""
    if bool(day) == bool(month):
        return None
    return DateOrder.DAY_FIRST if day else DateOrder.MONTH_FIRST


def _one_fits(rows: int, day: int | None, month: int | None) -> str | None:
    """Return the order that puts all ambiguous rows in range where the other one does not."""
    if not rows or day is None or month is None or (day == rows) == (month == rows):
        return None
    return DateOrder.DAY_FIRST if day == rows else DateOrder.MONTH_FIRST


def _contract(evidence: FormatEvidence) -> Iterator[tuple[Asked, Vote]]:
    """Say what the contract does: its format, bounds, type, unit and maximum."""
    pattern = from_pattern(evidence)
    order, told = pattern_order(pattern), f"the contract's format {evidence.pattern!r}"
    for asked in questions(evidence):
        if asked.reading is Reading.ORDER and order is None:
            yield from _bounded(evidence, asked)
        elif asked.reading is Reading.ORDER or (asked.reading is Reading.DOTTED and "." in (pattern or "")):
            if order is not None:
                yield asked, Vote(order, Kind.STATED, told)
        else:
            yield from _of_numbers(evidence, asked)


def _bounded(evidence: FormatEvidence, asked: Asked) -> Iterator[tuple[Asked, Vote]]:
    fits = _one_fits(
        evidence.ambiguous.get(asked.file, 0),
        evidence.day_first_in_bounds.get(asked.file),
        evidence.month_first_in_bounds.get(asked.file),
    )
    if fits is not None:
        yield asked, Vote(fits, Kind.BOUNDS, "the contract's bounds leave one reading")


def _of_numbers(evidence: FormatEvidence, asked: Asked) -> Iterator[tuple[Asked, Vote]]:
    if asked.reading is Reading.UNIT and evidence.expected_unit:
        yield asked, Vote(evidence.expected_unit, Kind.STATED, "the contract states it")
    elif asked.reading is Reading.PERCENT and evidence.maximum is not None and evidence.maximum <= 1:
        told = f"the contract's maximum {evidence.maximum:g} makes percent a share"
        yield asked, Vote(AS_SHARE, Kind.STATED, told)
    elif asked.reading is Reading.DECIMAL and evidence.logical_type is LogicalType.INTEGER:
        yield from _grouped(evidence, asked)


def _grouped(evidence: FormatEvidence, asked: Asked) -> Iterator[tuple[Asked, Vote]]:
    """Whole numbers have no places: a sign before three digits groups them."""
    commas, points = evidence.separator_ambiguous, evidence.point_ambiguous
    if bool(commas) != bool(points):
        signs = (".", ",") if commas else (",", ".")
        told = f"{commas + points} rows with digits in threes in a column of whole numbers: {signs[1]!r} groups"
        yield asked, Vote(signs[0], Kind.WHOLE, told)


def _shape(evidence: FormatEvidence) -> Iterator[tuple[Asked, Vote]]:
    """Say what the texts themselves leave as the only reading."""
    for asked in questions(evidence):
        if asked.reading is Reading.ORDER:
            day, month = evidence.day_first_only.get(asked.file, 0), evidence.month_first_only.get(asked.file, 0)
            if day or month:
                yield from _told_by_texts(asked, _only(day, month), day and month, "conflicting values in one file")
            else:
                yield from _rhythm(evidence, asked)
        elif asked.reading is Reading.DOTTED:
            day, month = evidence.dotted_day_first_only, evidence.dotted_month_first_only
            if day or month:
                yield from _told_by_texts(asked, _only(day, month), day and month, "conflicting values")
            else:
                yield asked, Vote(DateOrder.DAY_FIRST, Kind.POINTS, "points go with the day first")
        elif asked.reading is Reading.DECIMAL:
            comma, point = evidence.decimal_comma, evidence.decimal_point
            told = comma + point
            clear = told and max(comma, point) / told >= DOMINANT
            yield from _told_by_texts(asked, ("," if comma > point else ".") if clear else None, told, "both signs")
        elif asked.reading is Reading.UNIT and len(units := units_beside(evidence)) == 1:
            yield asked, Vote(next(iter(units)), Kind.TEXTS, "the only unit beside the numbers")


def _rhythm(evidence: FormatEvidence, asked: Asked) -> Iterator[tuple[Asked, Vote]]:
    """Say which order alone gives the dates of a file the rhythm that they have by themselves or among all others."""
    counts = (
        (evidence.day_first_in_step, evidence.month_first_in_step, "goes in equal steps"),
        (evidence.day_first_on_day, evidence.month_first_on_day, "has the day of all other dates"),
    )
    rows = evidence.ambiguous.get(asked.file, 0)
    found = [(_one_fits(rows, day.get(asked.file), month.get(asked.file)), told) for day, month, told in counts]
    fitting = {order: told for order, told in reversed(found) if order is not None}
    if len(fitting) > 1:
        yield asked, Vote(None, Kind.CONFLICT, "their steps and the other dates contradict each other")
    for order, told in fitting.items() if len(fitting) == 1 else ():
        yield asked, Vote(order, Kind.RHYTHM, f"only this reading {told}")


def _told_by_texts(asked: Asked, choice: str | None, telling: int, conflict: str) -> Iterator[tuple[Asked, Vote]]:
    if choice is not None:
        yield asked, Vote(choice, Kind.TEXTS, "the texts that read one way only")
    elif telling:
        yield asked, Vote(None, Kind.CONFLICT, conflict)


def _names(evidence: FormatEvidence) -> Iterator[tuple[Asked, Vote]]:
    """Say what the headers do: a unit, or the order of a date."""
    words = {word.casefold() for header in evidence.context.headers for word in split_words(header)}
    named = _only(len(words & _DAY_WORDS), len(words & _MONTH_WORDS))
    stated = sorted(evidence.header_units)
    firsts = _firsts_of_months(evidence, words)
    for asked in questions(evidence):
        if asked.reading is Reading.ORDER and named is not None:
            yield asked, Vote(named, Kind.NAME, f"the column is called {evidence.context.headers[0]!r}")
        elif asked.reading is Reading.ORDER and asked.file in firsts:
            told = "a column of months, and only this reading is the first of one in every row"
            yield asked, Vote(firsts[asked.file], Kind.NAME, told)
        elif asked.reading is Reading.UNIT and stated and not evidence.expected_unit:
            if len(stated) > 1:
                yield asked, Vote(None, Kind.CONFLICT, f"the headers state {', '.join(stated)}")
            else:
                yield asked, Vote(stated[0], Kind.HEADER, "the headers state it")


def _firsts_of_months(evidence: FormatEvidence, words: Collection[str]) -> dict[int, str]:
    """Return the order by file where a column says that it holds months, and one order alone makes them first days."""
    if _WORDS_OF_MONTHS.isdisjoint({*words, *split_words(evidence.column)}):
        return {}
    fits = {
        file_id: _one_fits(
            rows, evidence.day_first_on_first.get(file_id, 0), evidence.month_first_on_first.get(file_id, 0)
        )
        for file_id, rows in evidence.ambiguous.items()
    }
    dates = Counter[str]()
    for file_id, order in fits.items():
        dates[order or ""] += evidence.ambiguous_dates.get(file_id, 0)
    return {file_id: order for file_id, order in fits.items() if order and dates[order] >= _FIRST_DAYS}


def _context(evidence: FormatEvidence) -> Iterator[tuple[Asked, Vote]]:
    """Say what the other files of the column and the other columns of the file do."""
    context = evidence.context
    files = _only(sum(evidence.day_first_only.values()), sum(evidence.month_first_only.values()))
    sign = _only(context.comma_beside, context.point_beside)
    for asked in questions(evidence):
        if asked.reading is Reading.ORDER:
            day, month = context.day_first_beside.get(asked.file, 0), context.month_first_beside.get(asked.file, 0)
            beside = _only(day, month)
            told = f"{day + month} dates beside it in the same file"
            if files is not None and beside not in (None, files):
                yield asked, Vote(None, Kind.SILENT, f"the other files say {files}, {told} say {beside}")
            elif files is not None:
                yield asked, Vote(files, Kind.FILES, "all other files agree")
            elif beside is not None:
                yield asked, Vote(beside, Kind.BESIDE, f"{told} agree")
        elif asked.reading is Reading.DECIMAL and sign is not None:
            choice = "," if context.comma_beside else "."
            told = f"{context.comma_beside + context.point_beside} numbers beside it are written so"
            yield asked, Vote(choice, Kind.BESIDE, told)


def _values(evidence: FormatEvidence) -> Iterator[tuple[Asked, Vote]]:
    """Say what is plausible: the range of the other dates, the usual notation, the size of the numbers."""
    for asked in questions(evidence):
        if asked.reading is Reading.ORDER:
            fits = _one_fits(
                evidence.ambiguous.get(asked.file, 0),
                evidence.day_first_plausible.get(asked.file),
                evidence.month_first_plausible.get(asked.file),
            )
            if fits is not None:
                told = "only this reading falls among the unambiguous dates of the column"
                yield asked, Vote(fits, Kind.PLAUSIBLE, told)
        elif asked.reading is Reading.DECIMAL and evidence.logical_type is LogicalType.NUMBER:
            if evidence.point_ambiguous and not evidence.separator_ambiguous:
                told = f"{evidence.point_ambiguous} rows such as 1.234: plain notation, the point is the decimal sign"
                yield asked, Vote(".", Kind.NOTATION, told)
        elif asked.reading is Reading.PERCENT:
            yield asked, _of_percent(evidence)


def _of_percent(evidence: FormatEvidence) -> Vote:
    small, large = evidence.bare_numbers_up_to_one, evidence.bare_numbers_above_one
    if small and not large:
        return Vote(AS_SHARE, Kind.PLAUSIBLE, f"{small} numbers without percent sign lie in 0..1")
    if small and evidence.maximum is None:
        told = f"{small} numbers without percent sign up to 1 and {large} from 1 on"
        return Vote(None, Kind.CONFLICT, told)
    return Vote(AS_WRITTEN, Kind.NOTATION, f"{evidence.percent} rows with a percent sign are read as they stand")


def _history(evidence: FormatEvidence) -> Iterator[tuple[Asked, Vote]]:
    """Say what was adopted in earlier runs for this column of this source."""
    adopted, runs = evidence.context.adopted, evidence.context.adopted_in
    for asked in questions(evidence) if adopted else ():
        if asked.reading.value in adopted:
            told = f"adopted in run {runs.get(asked.reading.value, '')}"
            yield asked, Vote(adopted[asked.reading.value], Kind.ADOPTED, told)


SEATS: Mapping[str, Callable[[FormatEvidence], Iterator[tuple[Asked, Vote]]]] = MappingProxyType(
    {
        "contract": _contract,
        "shape": _shape,
        "names": _names,
        "values": _values,
        "context": _context,
        "history": _history,
    }
)
"""The seats, each with what its specialist looks at."""


def judge(seat: str, evidence: FormatEvidence) -> Sheet:
    """Return what the specialist of a seat says."""
    return dict(SEATS[seat](evidence))
