"""How the straight-line pipeline finds columns and reads values: rules that fit on a page, the same for every contract.

Names are compared without signs and case, then with the contract's aliases, then by likeness. Dates are tried in a list
of formats, those that read both ways in the order that reads more of the file. Numbers lose signs of currency and
grouping; the decimal mark is that which fits more values.
"""

from collections.abc import Mapping, Sequence

import duckdb

from evals.crew.cells import bare
from state.contract import Column, LogicalType
from tools.checks.types import expected_type
from tools.sql.quote import ident, literal

_LIKE = 0.9
_NOTHING = ("", "n/a", "na", "null", "none", "-", "?")
_ISO = ("%Y-%m-%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%d.%m.%Y")
_BOTH_WAYS = (("%d/%m/%Y", "%d-%m-%Y"), ("%m/%d/%Y", "%m-%d-%Y"))
_CLOCKS = (" %H:%M:%S", "T%H:%M:%S", " %H:%M", "T%H:%M:%SZ", "")
_COMMA = r"^-?[0-9]{1,3}([.][0-9]{3})*,[0-9]+$|^-?[0-9]+,[0-9]+$"
_POINT = r"^-?[0-9]{1,3}(,[0-9]{3})*([.][0-9]+)?$|^-?[0-9]+([.][0-9]+)?$"


def map_columns(header: Sequence[str], columns: Sequence[Column]) -> dict[str, str]:
    """Return the contract's column by name in the file."""
    found: dict[str, str] = {}
    for column in columns:
        wanted = {bare(name) for name in (column.name, column.business_name or "", *column.aliases)} - {""}
        name = next((each for each in header if bare(each) in wanted and each not in found), None)
        if name is not None:
            found[name] = column.name
    for column in (each for each in columns if each.name not in found.values()):
        free = [name for name in header if name not in found]
        likely = sorted(((_likeness(name, column), name) for name in free), reverse=True)
        if likely and likely[0][0] >= _LIKE:
            found[likely[0][1]] = column.name
    return found


def value_sql(connection: duckdb.DuckDBPyConnection, table: str, source: str, column: Column) -> str:
    """Return SQL for the typed value of a column of text in a landed file."""
    text = f"trim({ident(source)})"
    kind, type_name = column.logical_type, expected_type(column)
    if kind is LogicalType.STRING:
        return _listed(f"nullif({text}, '')", column)
    filled = f"case when lower({text}) not in ({', '.join(map(literal, _NOTHING))}) then {text} end"
    if kind in (LogicalType.DATE, LogicalType.TIMESTAMP):
        orders = [_formats(order, kind) for order in _BOTH_WAYS]
        best = max(orders, key=lambda formats: _read(connection, table, f"try_strptime({filled}, {formats})"))
        return f"try_cast(try_strptime({filled}, {best}) as {type_name})"
    if kind in (LogicalType.NUMBER, LogicalType.INTEGER):
        digits = f"regexp_replace({filled}, '[^0-9.,+-]', '', 'g')"
        commas = _read(connection, table, f"case when regexp_matches({digits}, '{_COMMA}') then 1 end")
        points = _read(connection, table, f"case when regexp_matches({digits}, '{_POINT}') then 1 end")
        told = f"replace(replace({digits}, '.', ''), ',', '.')" if commas > points else f"replace({digits}, ',', '')"
        return f"try_cast({told} as {type_name})"
    return f"try_cast({filled} as {type_name})"


def invalid_sql(column: Column) -> Mapping[str, str]:
    """Return SQL that holds for a broken rule, by the rule's name, over the typed columns."""
    name, options = ident(column.name), column.options
    rules = {f"{column.name} is missing": f"{name} is null"} if column.required or column.key_position else {}
    for sign, bound in (("<", options.minimum), (">", options.maximum)):
        if bound is not None:
            rules[f"{column.name} {sign} {bound}"] = f"{name} {sign} {literal(str(bound))}"
    if options.pattern:
        rules[f"{column.name} has another pattern"] = f"not regexp_matches({name}, {literal(options.pattern)})"
    if column.valid_values:
        listed = ", ".join(literal(str(value)) for value in column.valid_values)
        rules[f"{column.name} is not in its list"] = f"{name}::varchar not in ({listed})"
    return rules


def _likeness(name: str, column: Column) -> float:
    row = duckdb.execute("select jaro_winkler_similarity(?, ?)", [bare(name), bare(column.name)]).fetchone()
    return float(row[0]) if row else 0.0


def _formats(order: Sequence[str], kind: LogicalType) -> str:
    clocks = ("",) if kind is LogicalType.DATE else _CLOCKS
    return f"[{', '.join(literal(day + clock) for day in (*_ISO, *order) for clock in clocks)}]"


def _read(connection: duckdb.DuckDBPyConnection, table: str, value: str) -> int:
    row = connection.execute(f"select count({value}) from {ident(table)}").fetchone()
    return int(row[0]) if row else 0


def _listed(text: str, column: Column) -> str:
    """Return SQL for the value of the list that the text is, or is most like; the text itself where none is close."""
    if not column.valid_values:
        return text
    listed = f"[{', '.join(literal(str(value)) for value in column.valid_values)}]"
    close = f"jaro_winkler_similarity(lower(v), lower({text}))"
    return (
        f"coalesce(list_filter({listed}, lambda v: lower(v) = lower({text}))[1], "
        f"list_sort(list_transform(list_filter({listed}, lambda v: {close} >= {_LIKE}), "
        f"lambda v: {{'score': {close}, 'value': v}}), 'DESC')[1].value, {text})"
    )
