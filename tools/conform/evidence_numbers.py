"""Evidence on how numbers are written: rows that read with one decimal sign only, units, percent signs.

Texts are counted by shape (digits 1 to 9 as 9; 0 stays, since no group begins with it), so that patterns are tried
on few texts. Rows with a text beside the number that is no unit say nothing about the decimal sign.
"""

import duckdb

from algorithms.numbers import counts_as_unit
from algorithms.units import stated_unit
from state.contract import Column, LogicalType
from tools.checks.types import expected_type
from tools.conform.binding import extract, matches
from tools.conform.clean import clean_text_sql

_MOST_UNITS = 50
NUMBER_SHAPE = (
    "case when try_cast({v} as double) is null or substr({v}, -4, 1) = '.' then translate({v}, '12345678', '99999999') "
    "when contains({v}, '.') then '9.9' else '9' end"
)
"""What is counted of the text `{v}` of a number: its shape. A plain number that cannot be grouped counts as a short
one, which is faster."""
_GROUPABLE = ",3)"  # a decimal type of three places: its point may stand for groups
_UNIT = r"([^\d.,'’()+−–\s%-][^\d,'’()+−–%]*?)?"
_SIGN = r"[-+−–]?"
_WRITTEN = rf"^\(?{_SIGN} ?{_UNIT} ?{_SIGN} ?([\d.,'’ ]*\d[.,]?)(?:e[-+]?\d+)? ?(%)? ?{_UNIT} ?\)?[-−–]?$"
_PARTS = ("prefix", "body", "percent", "suffix")
_MARKED = r"\d{1,3}([ '’]\d{3})+"
_COMMA_ONLY = (
    r"\d*,\d{1,2}", r"\d*,\d{4,}", r"0\d*,\d*", r"\d{4,},\d*",
    r"\d{1,3}(\.\d{3})+,\d*", r"\d{1,3}(\.\d{3}){2,}", rf"{_MARKED},\d*",
)  # fmt: skip
_POINT_ONLY = (
    r"\d*\.\d{0,2}", r"\d*\.\d{4,}", r"0\d*\.\d*", r"\d{4,}\.\d*", r"\.\d+",
    r"\d{1,3}(,\d{3})+\.\d*", r"\d{1,3}(,\d{3}){2,}", rf"{_MARKED}\.\d*", r"\d{1,2}(,\d{2})+,\d{3}(\.\d*)?",
)  # fmt: skip
_KINDS = {
    "decimal_comma": "|".join(_COMMA_ONLY),
    "decimal_point": "|".join(_POINT_ONLY),
    "separator_ambiguous": r"9[09]{0,2},\d{3}",
    "point_ambiguous": r"9[09]{0,2}\.\d{3}",
}


def numbers_told(column: Column) -> tuple[str, ...]:
    """Return what stands for all canonical numbers of the column; nothing where their shapes differ."""
    type_name = expected_type(column)
    if column.logical_type is LogicalType.INTEGER or type_name.endswith(",0)"):
        return ("'9'",)
    return ("'9.9'",) if type_name.startswith("DECIMAL") and not type_name.endswith(_GROUPABLE) else ()


def number_evidence(
    connection: duckdb.DuckDBPyConnection, column: Column, shapes: str, texts: str, filled: int
) -> dict[str, object]:
    """Return the fields of `FormatEvidence` on numbers.

    `shapes` is SQL for v (`NUMBER_SHAPE` of a text) and n (rows), `texts` for the landed text `v`; `filled` its rows.
    """
    written = connection.execute(_by_unit(shapes)).fetchall()
    trusted = [row for row in written if not row[0] or counts_as_unit(row[0], row[1], filled)]
    counts = {kind: sum(row[position] for row in trusted) for position, kind in enumerate(_KINDS, start=3)}
    percent = sum(row[2] for row in written)
    return {
        **counts,
        "units": {row[0]: row[1] for row in written if row[0]},
        "percent": percent,
        "expected_unit": stated_unit((column.name, column.business_name or ""), column.description or ""),
        "minimum": _bound(column.options.minimum),
        "maximum": _bound(column.options.maximum),
        **(_bare_numbers(connection, texts) if percent else {}),
    }


def _by_unit(counted: str) -> str:
    """Return SQL for the most frequent units ('' for none): text, rows, rows with a percent sign, rows by kind."""
    kinds = ", ".join(f"sum(n) filter (where {matches('p.body', pattern)})" for pattern in _KINDS.values())
    return f"""
    with shapes as (select v, sum(n) as n from ({counted}) group by v),
    parts as (select n, {extract("t", _WRITTEN, _PARTS)} as p
        from (select n, lower({clean_text_sql("v")}) as t from shapes)),
    bodies as (select n, concat_ws(' ', nullif(trim(p.prefix, ' .'), ''), nullif(trim(p.suffix, ' .'), '')) as unit,
        {{'body': trim(p.body), 'percent': p.percent}} as p from parts where p.body <> ''),
    counted as (select unit, sum(n) as rows, sum(n) filter (where p.percent <> '') as percent, {kinds}
        from bodies group by 1)
    select unit, {", ".join(f"coalesce(#{position}, 0)::bigint" for position in range(2, 8))} from counted
    order by unit = '' desc, rows desc, unit limit {_MOST_UNITS + 1}"""


def _bare_numbers(connection: duckdb.DuckDBPyConnection, texts: str) -> dict[str, object]:
    """Count the numbers without a percent sign up to 1 and from 1 on; zero tells nothing."""
    small, large = connection.execute(
        "select count(*) filter (where n > 0 and n <= 1), count(*) filter (where n >= 1) from ("
        f"select abs(try_cast(replace(v, ',', '.') as double)) as n from ({texts}))"
    ).fetchall()[0]
    return {"bare_numbers_up_to_one": small, "bare_numbers_above_one": large}


def _bound(bound: object) -> float | None:
    return float(bound) if isinstance(bound, int | float) and not isinstance(bound, bool) else None
