"""Constraints on text: length, pattern, and the formats of the standard that say something about the text."""

from collections.abc import Iterator, Mapping

from state.contract import Column, LogicalType
from tools.checks.ecma import PatternError, translate
from tools.checks.rule import Constraint, shown
from tools.sql.quote import literal

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_HEX = "[0-9A-Fa-f]{1,4}"
_TAIL = f"(?:{_HEX}:{_HEX}|{_IPV4})"  # the last 32 bits
_IPV6 = "|".join(
    [
        f"(?:{_HEX}:){{6}}{_TAIL}",
        *(f"(?:(?:{_HEX}:){{0,{before}}}{_HEX})?::(?:{_HEX}:){{{4 - before}}}{_TAIL}" for before in range(5)),
        f"::(?:{_HEX}:){{5}}{_TAIL}",
        f"(?:(?:{_HEX}:){{0,5}}{_HEX})?::{_HEX}",
        f"(?:(?:{_HEX}:){{0,6}}{_HEX})?::",
    ]
)
_DATE = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_URI_CHARACTER = r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"

_FORMATS = {
    "email": rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+",  # RFC 5321 dot-atom at a name with a dot
    "hostname": rf"{_LABEL}(?:\.{_LABEL})*",  # RFC 1123
    "ipv4": _IPV4,
    "ipv6": _IPV6,  # RFC 3986, IPv6address
    "uri": rf"[A-Za-z][A-Za-z0-9+.-]*:{_URI_CHARACTER}+",  # RFC 3986, with a scheme
    "uuid": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",  # RFC 9562
    "byte": "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",  # RFC 4648, base64
    "date": _DATE,  # RFC 3339
    "date-time": f"{_DATE}[Tt ]{_TIME}",
    "time": _TIME,
}
_FREE_FORMATS = frozenset({"password", "binary"})
"""Formats that any text meets: hints for who shows or stores it."""

_HOST_LENGTH = 253


def string_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraints of length, pattern and format on the SQL expression `value`."""
    options = column.options
    if column.logical_type is not LogicalType.STRING:
        yield from _misplaced(column)
        return
    if options.min_length is not None:
        expected = f"texts of at least {options.min_length} characters"
        yield Constraint(kind="minLength", expected=expected, violation=f"length({value}) < {options.min_length}")
    if options.max_length is not None:
        expected = f"texts of at most {options.max_length} characters"
        yield Constraint(kind="maxLength", expected=expected, violation=f"length({value}) > {options.max_length}")
    if options.pattern is not None:
        yield pattern_constraint(options.pattern, value)
    if options.format is not None and options.format not in _FREE_FORMATS:
        yield _format_constraint(options.format, value)


def pattern_constraint(pattern: str, value: str) -> Constraint:
    """Return the constraint that some part of `value` matches `pattern` (ECMA-262, unanchored)."""
    expected = f"texts that match {shown(pattern)}"
    try:
        translation = translate(pattern)
    except PatternError as error:
        return Constraint(kind="pattern", expected=expected, unsupported=str(error))
    if translation.re2 is None:
        return Constraint(kind="pattern", expected=expected, pattern=translation.python)
    return Constraint(kind="pattern", expected=expected, violation=_unmatched(value, translation.re2))


def _unmatched(value: str, expression: str) -> str:
    return f"not regexp_matches({value}, {literal(expression)})"


def _format_constraint(name: str, value: str) -> Constraint:
    expected = f"texts of format {name}"
    expression = _FORMATS.get(name)
    if expression is None:
        reason = f"the format {name!r} is not one that is checked"
        return Constraint(kind="format", expected=expected, unsupported=reason, informative=True)
    violation = _unmatched(value, rf"\A(?:{expression})\z")
    if name == "hostname":
        violation = f"({violation} or length({value}) > {_HOST_LENGTH})"
    if name in ("date", "date-time"):
        violation = f"({violation} or try_cast(left({value}, 10) as date) is null and {value} is not null)"
    return Constraint(kind="format", expected=expected, violation=violation)


def _misplaced(column: Column) -> Iterator[Constraint]:
    options = column.options
    given: dict[str, object] = {
        "minLength": options.min_length,
        "maxLength": options.max_length,
        "pattern": options.pattern,
    }
    if column.logical_type in (LogicalType.BOOLEAN, LogicalType.OBJECT, LogicalType.ARRAY):
        given["format"] = options.format
    yield from misplaced(column, given)


def misplaced(column: Column, given: Mapping[str, object]) -> Iterator[Constraint]:
    """Yield a constraint for each option that is set but says nothing about the column's logical type."""
    for kind, option in given.items():
        if option not in (None, (), False):
            yield Constraint(
                kind=kind,
                expected=f"{kind} {option}",
                unsupported=f"{kind} says nothing about a value of type {column.logical_type.value}",
                informative=True,
            )
