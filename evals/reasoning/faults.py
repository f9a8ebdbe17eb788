"""Faults with a known cause and known rows. A fault changes the target's files and says whether it could happen there.

Each kind has variants, of which some are held out: they were not looked at while the rules were built.
"""

from collections.abc import Callable

from evals.reasoning.damage import Target
from evals.reasoning.file_faults import (
    bytes_mixed,
    codepage,
    delimiter_file,
    delimiter_lines,
    letters_lost,
    loaded_twice,
    mojibake,
    truncated,
)
from evals.reasoning.row_faults import (
    extra_field,
    foreign_broken,
    key_missing,
    key_restarted,
    shifted,
    shorter_spans,
    swapped,
    totals,
)
from evals.reasoning.value_faults import (
    category_listed,
    category_open,
    clock,
    dates_exchanged,
    dates_slashed,
    outliers,
    sentinel,
    unit,
)
from state.diagnosis import Cause
from state.values import Value

Damage = Callable[[Target, str], bool]


class Kind(Value):
    """One kind of fault."""

    name: str
    cause: Cause
    variants: tuple[str, ...]
    held_out: tuple[str, ...] = ()  # variants that were not looked at


def _kind(name: str, cause: Cause, variants: tuple[str, ...], held_out: tuple[str, ...]) -> Kind:
    return Kind(name=name, cause=cause, variants=variants, held_out=held_out)


_C = Cause

CAUSES: dict[str, tuple[Kind, Damage]] = {
    damage.__name__: (_kind(damage.__name__, cause, variants, held_out), damage)
    for damage, cause, variants, held_out in (
        (delimiter_lines, _C.WRONG_DELIMITER, (";", "|", "\t"), ("^",)),
        (delimiter_file, _C.WRONG_DELIMITER, ("#",), ("¦", "!")),
        (mojibake, _C.WRONG_ENCODING, ("file", "all"), ("rows",)),
        (codepage, _C.WRONG_ENCODING, ("cp850",), ("mac_roman",)),
        (bytes_mixed, _C.WRONG_ENCODING, ("latin-1",), ("cp850",)),
        (letters_lost, _C.WRONG_ENCODING, ("?",), ("\ufffd",)),
        (shifted, _C.SHIFTED_COLUMNS, ("right", "left", "from"), ("two", "rotated")),
        (extra_field, _C.SHIFTED_COLUMNS, (", ",), (",",)),
        (unit, _C.CHANGED_UNIT, ("part:100", "part:1000", "part:2.20462", "part:fahrenheit", "all:1000"),
         ("all:2.20462", "part:60", "all:100")),
        (dates_slashed, _C.CHANGED_DATE_ORDER, ("tail",), ("half",)),
        (dates_exchanged, _C.CHANGED_DATE_ORDER, ("file",), ("tail",)),
        (category_listed, _C.NEW_CATEGORY, ("Market", "refunded"), ("Hub+Agent",)),
        (category_open, _C.NEW_CATEGORY, ("Garden",), ("Pool+Roof",)),
        (loaded_twice, _C.DUPLICATED_LOAD, ("file", "block", "some"), ("appended",)),
        (key_restarted, _C.BROKEN_KEY, ("quarter",), ("tenth",)),
        (key_missing, _C.BROKEN_KEY, ("0.05",), ("0.02",)),
        (foreign_broken, _C.BROKEN_KEY, ("zeros", "prefix"), ("cut", "decimal")),
        (truncated, _C.TRUNCATED_FILE, ("record", "value"), ("early",)),
        (sentinel, _C.SENTINEL,
         ("quantity:-999", "quantity:n/a", "quantity:0", "edge:9999-12-31", "edge:1900-01-01", "text:n/a"),
         ("quantity:99999", "edge:2999-12-31", "listed:unknown", "quantity:-1")),
        (swapped, _C.SWAPPED_COLUMNS, ("part",), ("tail",)),
        (totals, _C.MIXED_GRANULARITY, ("total",), ("grand", "subtotal")),
        (shorter_spans, _C.MIXED_GRANULARITY, ("day",), ("week",)),
        (outliers, _C.OUTLIERS_BY_FACTOR, ("1000", "100"), ("0.01", "0.001")),
        (clock, _C.TIME_ZONE_SHIFT, ("part:1", "part:2", "part:-5", "tail:6"), ("part:5.5", "tail:-1", "part:9")),
    )
}  # fmt: skip
"""Every kind of fault that there is a rule for, with what does it."""
