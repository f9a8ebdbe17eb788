"""Numbers in text as SQL: signs, groups, decimal signs, units, percent; plain notation takes a fast branch."""

import re

from algorithms.numbers import GROUPING
from algorithms.units import unit_spellings
from state.contract import Column, LogicalType
from state.formats import ValueFormat
from tools.checks.types import expected_type
from tools.conform.binding import bind, extract, matches
from tools.conform.clean import clean_text_sql

_PLAIN = r"-?(0|[1-9]\d*)(\.\d+)?"
_POINT_EITHER = r"-?[1-9]\d{0,2}\.\d{3}"  # 1.234 may be grouped
_WHOLE = r"-?\d+(\.0*)?"
_GROUP_MARKS = "[ '’]"
_PARTS = ("open", "sign", "prefix", "inner", "body", "power", "suffix", "close", "trail")
_BINARY = {"DOUBLE": 15, "FLOAT": 6}  # decimal digits that the type always keeps
_MOST_EXACT = 9007199254740992  # whole numbers up to 2**53 are exact as DOUBLE


def number_value(value_format: ValueFormat, column: Column, text: str, file: str) -> str:
    """Return SQL for the number in `text`, NULL where it has none or it is out of range; `file` is its file id."""
    value = _value(value_format, column, text)
    for file_id in sorted({*value_format.decimals, *value_format.powers}):
        value = f"case when {file} = {file_id} then {_of_file(value_format, column, text, file_id)} else {value} end"
    unread = ", ".join(map(str, value_format.unread_files))
    return f"case when {file} not in ({unread}) then {value} end" if unread else value


def _of_file(value_format: ValueFormat, column: Column, text: str, file_id: int) -> str:
    """Return SQL for the number in a file that has its own decimal sign, or numbers in a multiple of the unit."""
    sign = value_format.decimals.get(file_id, value_format.decimal)
    own = value_format.model_copy(update={"decimal": sign, "thousands": GROUPING.get(sign)})
    power = value_format.powers.get(file_id, 0)
    if not power:
        return _value(own, column, text)
    return bind("t", f"lower({clean_text_sql(text)})", _parsed(own, column, power))


def _value(value_format: ValueFormat, column: Column, text: str) -> str:
    type_name = expected_type(column)
    parsed = bind("t", f"lower({clean_text_sql(text)})", _parsed(value_format, column))
    slow = f"case when {_plausible(value_format, text)} then {parsed} end"
    fast = f"try_cast({text} as {type_name})"
    if column.logical_type is LogicalType.INTEGER:
        return f"case when {fast}::varchar = {text} then {fast} else {slow} end"
    plain = f"{matches(text, _PLAIN)}"
    if value_format.decimal != ".":
        plain += f" and not {matches(text, _POINT_EITHER)}"
    if type_name in _BINARY:
        return f"case when {plain} and isfinite({fast}) then {fast} else {slow} end"
    exact = f"when {fast}::varchar = {text} then {fast} " if value_format.decimal == "." else ""
    return f"case {exact}when {plain} then {fast} else {slow} end"


def _plausible(value_format: ValueFormat, text: str) -> str:
    """Return SQL for whether there is a digit, and no letter but that of an exponent: what is none is told fast."""
    digits = f"regexp_matches({text}, '[0-9]')"
    if value_format.unit:
        return digits
    return f"{digits} and regexp_full_match({text}, '[^\\pL]*([eE][^\\pL]*)?')"


def number_unchanged(column: Column, text: str, value: str) -> str:
    """Return SQL for whether `text` is plain notation of the number `value`: no sign of plus, no leading zeros."""
    if column.logical_type is LogicalType.INTEGER:
        return f"{value}::varchar = {text}"
    size = "float" if expected_type(column) == "FLOAT" else "double"
    same = f"{matches(text, _PLAIN)} and try_cast({text} as {size}) = {value}::{size}"
    plain = f"({same} and {number_exact(column, text, value)})"
    return plain if expected_type(column) in _BINARY else f"({value}::varchar = {text} or {plain})"


def number_exact(column: Column, text: str, value: str) -> str:
    """Return SQL for whether the number `value`, read from `text`, keeps all its significant digits.

    Signs, groups and the place of the decimal sign do not change the digits, so they are compared without the zeros
    around them. Binary types keep as many digits as their shortest text that reads back as the same number shows.
    """
    same = f"{_significant(text)} = {_significant(f'{value}::varchar')}"
    digits = _BINARY.get(expected_type(column))
    return f"((length({text}) <= {digits} and {value} <> 0) or {same})" if digits else f"({same})"


def _significant(text: str) -> str:
    """Return SQL for the digits of a number without the zeros around them, its exponent, and a unit such as m2."""
    plain = rf"regexp_replace(lower({text}), '(\d[.,]?)e[-+]?\d+|(\pL)[23](\D|$)', '\1')"
    return f"trim(regexp_replace({plain}, '[^0-9]', '', 'g'), '0')"


def _parsed(value_format: ValueFormat, column: Column, ten_to: int = 0) -> str:
    """Return SQL for the number in the cleaned, lower-case text `t`, times 10 to the power of `ten_to`."""
    signs = "((p.sign <> '')::int + (p.inner <> '')::int + (p.trail <> '')::int + (p.open <> '')::int)"
    sound = f"p.body <> '' and {signs} <= 1 and (p.open <> '') = (p.close <> '')"
    negative = "p.open <> '' or p.trail <> '' or p.sign in ('-', '−', '–') or p.inner in ('-', '−', '–')"
    scale = "if(p.suffix = '%', if(p.power = '', 'e-2', null), p.power)" if value_format.percent_factor != 1 else None
    power = f"if(p.suffix <> '%' and p.power = '', 'e{ten_to}', null)" if ten_to else scale or "p.power"
    whole = bind("b", "rtrim(p.body)", _digits(value_format))
    number = f"if({negative}, '-', '') || {whole} || {power}"
    read = f"case when {sound} then {bind('n', number, _typed(column))} end"
    return bind("p", extract("t", _pattern(value_format), _PARTS), read)


def _pattern(value_format: ValueFormat) -> str:
    """Return the pattern of a number with its parts: beside it may stand the unit, and behind it a percent sign."""
    words = "|".join(re.escape(word) for word in unit_spellings(value_format.unit)) if value_format.unit else ""
    spelled = rf"(?:{words})\.?" if words else ""
    suffix = "|".join(["%"] * value_format.percent_read + [spelled] * bool(spelled))
    sign = "[-+−–]"
    return (
        rf"^(\()? ?({sign})? ?({spelled})? ?({sign})? ?([\d.,'’ ]*\d[.,]?)(e[-+]?\d+)? ?({suffix})? ?(\))? ?([-−–])?$"
    )


def _digits(value_format: ValueFormat) -> str:
    """Return SQL for the body `b` in plain notation ('1234.5'), NULL where it has none or it is undecided."""
    decimal, thousands = value_format.decimal, value_format.thousands
    point_either = {".": "b", ",": "replace(b, '.', '')"}.get(decimal, "null")
    comma_either = "replace(b, ',', '.')" if decimal == "," else "replace(b, ',', '')" if thousands == "," else "null"
    grouped = rf"[1-9]\d{{0,2}}({_GROUP_MARKS}\d{{3}})+([.,]\d*)?"
    cases = (
        (r"[1-9]\d{0,2}\.\d{3}", point_either),
        (r"\d*\.?\d*", "b"),
        (r"[1-9]\d{0,2},\d{3}", comma_either),
        (r"\d*,\d*", "replace(b, ',', '.')"),
        (r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?", "replace(b, ',', '')"),
        (r"[1-9]\d{0,2}(\.\d{3})+(,\d*)?", "replace(replace(b, '.', ''), ',', '.')"),
        (r"[1-9]\d?(,\d{2})+,\d{3}(\.\d*)?", "replace(b, ',', '')"),
        (grouped, f"replace(regexp_replace(b, '{_GROUP_MARKS.replace(chr(39), chr(39) * 2)}', '', 'g'), ',', '.')"),
    )
    plain = "case " + " ".join(f"when {matches('b', pattern)} then {sql}" for pattern, sql in cases) + " end"
    return bind("d", plain, "if(starts_with(d, '.'), '0', '') || rtrim(d, '.')")


def _typed(column: Column) -> str:
    """Return SQL for the number `n` (plain or scientific notation) as the column's type."""
    type_name = expected_type(column)
    if column.logical_type is LogicalType.INTEGER:
        size = "try_cast(n as double)"
        return (
            f"case when {matches('n', _WHOLE)} then try_cast(split_part(n, '.', 1) as {type_name}) "
            f"when {size} = floor({size}) and abs({size}) <= {_MOST_EXACT} then try_cast({size} as {type_name}) end"
        )
    if type_name in _BINARY:
        return f"if(isfinite(try_cast(n as {type_name})), try_cast(n as {type_name}), null)"
    return f"try_cast(n as {type_name})"
