"""How one landed text becomes a typed value: SQL for the value and for the operator that changed it."""

from state.contract import Column, LogicalType, RepairScope
from state.formats import ValueFormat
from state.values import Value
from tools.conform.binding import bind, matches
from tools.conform.clean import PLAIN_TEXT, blanks_sql, clean_text_sql, kept_text_sql, trimmed_sql
from tools.conform.read_dates import moment_unchanged, moment_value, time_value
from tools.conform.read_numbers import number_exact, number_unchanged, number_value
from tools.sql.quote import literal

TRUE_WORDS = ("true", "yes", "y", "t", "1", "1.0", "on", "ja", "oui", "si", "sí")
FALSE_WORDS = ("false", "no", "n", "f", "0", "0.0", "off", "nein", "non")

_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)
_MOMENTS = (LogicalType.DATE, LogicalType.TIMESTAMP)
_NESTED = (LogicalType.OBJECT, LogicalType.ARRAY)
_WORDS = {
    LogicalType.NUMBER: "number",
    LogicalType.INTEGER: "number",
    LogicalType.DATE: "date",
    LogicalType.TIMESTAMP: "timestamp",
    LogicalType.TIME: "time",
    LogicalType.BOOLEAN: "boolean",
    LogicalType.OBJECT: "trim",
    LogicalType.ARRAY: "trim",
}


class ReadExpressions(Value):
    """SQL for a typed value and for its operator (VARCHAR, NULL where the value is unchanged)."""

    value: str
    operator: str


def read_expression(
    value_format: ValueFormat, column: Column, text_sql: str, file_sql: str, value_sql: str | None = None
) -> ReadExpressions:
    """Return how `text_sql` is read as `column`.

    `text_sql` is a landed text (VARCHAR or NULL), best a column, since it is repeated; `file_sql` its file id. Where
    the value is computed in a subquery, `value_sql` names it, so that the operator does not compute it again. A value
    that cannot be read is NULL, with the operator 'unreadable', 'null_token', or 'trim' for white space alone. A number
    whose type does not keep all its digits is 'rounded'. Runs of blanks inside a text are repaired to one blank, so not
    where the column's scope of repair is NEVER.
    """
    value = _value(value_format, column, text_sql, file_sql)
    known = value_sql or f"({value})"
    operator = _text_operator if column.logical_type is LogicalType.STRING else _typed_operator
    return ReadExpressions(value=value, operator=operator(value_format, column, text_sql, known))


def _value(value_format: ValueFormat, column: Column, text: str, file: str) -> str:
    logical = column.logical_type
    if logical is LogicalType.STRING:
        clean = kept_text_sql if column.repair is RepairScope.NEVER else clean_text_sql
        return _unless_sentinel(value_format, text, f"nullif({clean(text)}, '')")
    if logical in (*_NUMERIC, *_MOMENTS):
        read = number_value if logical in _NUMERIC else moment_value
        return _unless_sentinel(value_format, text, read(value_format, column, text, file))
    if logical is LogicalType.TIME:
        return time_value(value_format, text)
    if logical in _NESTED:
        return _json_value(logical, text)
    return bind("t", f"lower({clean_text_sql(text)})", _truth())


def _unless_sentinel(value_format: ValueFormat, text: str, value: str) -> str:
    """Return SQL for the value, NULL where the text stands for none."""
    tokens = ", ".join(map(literal, value_format.sentinels))
    return f"case when lower({clean_text_sql(text)}) not in ({tokens}) then {value} end" if tokens else value


def _truth() -> str:
    true, false = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
    return f"case when t in ({true}) then true when t in ({false}) then false end"


def _json_value(logical: LogicalType, text: str) -> str:
    """Return SQL for the JSON text without white space around it; what stands inside is data."""
    trimmed = rf"regexp_replace({text}, '^[\s\pZ\x{{feff}}]+|[\s\pZ]+$', '', 'g')"
    sound = f"case when json_valid(t) then json_type(t) = '{logical.value.upper()}' else false end"
    return bind("t", trimmed, f"case when {sound} then t end")


def _text_operator(value_format: ValueFormat, column: Column, text: str, value: str) -> str:
    trimmed = trimmed_sql if column.repair is RepairScope.NEVER else blanks_sql
    tokens = ", ".join(map(literal, value_format.sentinels))
    none = f"when lower({clean_text_sql(text)}) in ({tokens}) then 'null_token' " if tokens else ""
    return (
        f"case when {text} = {value} or {text} is null then null {none}when {value} is null "
        f"or trim({text}, ' ') = {value} or {trimmed(text)} = {value} then 'trim' else 'unicode' end"
    )


def _typed_operator(value_format: ValueFormat, column: Column, text: str, value: str) -> str:
    changed = literal(_WORDS[column.logical_type])
    if column.logical_type in _NUMERIC:
        exact = number_exact(column, text, value)
        changed = f"case when not {exact} then 'rounded' when contains({text}, '%') then 'percent' else {changed} end"
    trimmed = bind("c", clean_text_sql(text), f"coalesce({_unchanged(column, 'c', value)}, false)")
    return (
        f"case when {text} is null then null when {value} is null then {_unread(value_format, text)} "
        f"when {_unchanged(column, text, value)} then null when not {matches(text, PLAIN_TEXT)} and {trimmed} "
        f"then 'trim' else {changed} end"
    )


def _unread(value_format: ValueFormat, text: str) -> str:
    """Return SQL for why there is no value."""
    tokens = ", ".join(map(literal, (*value_format.null_tokens, *value_format.sentinels))) or "null"
    return bind(
        "c",
        f"lower({clean_text_sql(text)})",
        f"case when c = '' then 'trim' when c in ({tokens}) then 'null_token' else 'unreadable' end",
    )


def _unchanged(column: Column, text: str, value: str) -> str:
    if column.logical_type in _NUMERIC:
        return number_unchanged(column, text, value)
    if column.logical_type in _MOMENTS:
        return moment_unchanged(column, text, value)
    if column.logical_type in _NESTED:
        return f"{text} = {value}"
    return f"{value}::varchar = {text}"
