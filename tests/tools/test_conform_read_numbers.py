from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.formats import decide_format, plain_format
from state.contract import Column, LogicalType, Table, TypeOptions
from state.formats import ValueFormat
from tools.conform.evidence import LandedColumn, gather_format_evidence
from tools.conform.read import read_expression

CONNECTION = duckdb.connect()
CONNECTION.execute("create schema land")


Case = tuple[str | None, Any, str | None]  # text, value, operator


def read_all(
    texts: Sequence[str | None], logical_type: str = "number", physical: str | None = None, **changes: Any
) -> list[Case]:
    """Read texts; return each with its value and operator."""
    column = Column(name="c", logical_type=LogicalType(logical_type), physical_type=physical)
    value_format = plain_format("t", "c", LogicalType(logical_type)).model_copy(update=changes)
    sql = read_expression(value_format, column, "v", "0")
    return CONNECTION.execute(
        f"select v, {sql.value}, {sql.operator} from (select unnest(?::varchar[]) as v, unnest(?) as i) order by i",
        [list(texts), [*range(len(texts))]],
    ).fetchall()


def read(
    text: str, logical_type: str = "number", physical: str | None = None, **changes: Any
) -> tuple[Any, str | None]:
    """Read one text; return the value and the operator."""
    return read_all([text], logical_type, physical, **changes)[0][1:]


def read_column(
    texts: Sequence[str],
    logical_type: str = "number",
    physical: str | None = None,
    more: dict[str, str] | None = None,
    **options: Any,
) -> tuple[list[Any], ValueFormat]:
    """Gather the evidence of a column, decide, and return its values as they are read, and the format."""
    column = Column(
        **{"name": "c", **(more or {})},
        logical_type=LogicalType(logical_type),
        physical_type=physical,
        options=TypeOptions(**options),
    )
    CONNECTION.execute("create or replace table land.v001 (_row bigint, c0 varchar)")
    CONNECTION.execute(
        "insert into land.v001 select i, v from (select unnest(?) v, unnest(?) i)", [texts, [*range(len(texts))]]
    )
    table = Table(name="t", columns=(column,))
    source = LandedColumn(relation="land.v001", field=0)
    value_format = decide_format(gather_format_evidence(CONNECTION, table, [(column, [source])])[0])
    sql = read_expression(value_format, column, "c0", "0")
    rows = CONNECTION.execute(f"select {sql.value} from land.v001 order by _row").fetchall()
    return [row[0] for row in rows], value_format


def test_numbers() -> None:
    cases: list[Case] = [
        ("12", 12, None),
        ("12.50", 12.5, None),
        ("-3", -3, None),
        ("1.234", 1.234, None),
        ("+5", 5, "number"),
        ("007.5", 7.5, "number"),
        (" 7.5", 7.5, "trim"),
        ("5-", -5, "number"),
        ("(5.5)", -5.5, "number"),
        ("\u22125", -5, "number"),
        ("- 5", -5, "number"),
        ("1e3", 1000, "number"),
        ("1.5E-3", 0.0015, "number"),
        (".5", 0.5, "number"),
        ("5.", 5, "number"),
        ("1,234.56", 1234.56, "number"),
        ("1.234,56", 1234.56, "number"),
        ("1 234,56", 1234.56, "number"),
        ("1'234.56", 1234.56, "number"),
        ("1’234’567", 1234567, "number"),
        ("1\u00a0234.5", 1234.5, "number"),
        ("1\u2009234", 1234, "number"),
        ("1\u202f234,5", 1234.5, "number"),
        ("12,34,567.5", 1234567.5, "number"),
        ("1,234,567", 1234567, "number"),
        ("1.234.567", 1234567, "number"),
        ("1,23", 1.23, "number"),
        ("0,123", 0.123, "number"),
        ("45%", 45, "percent"),
        ("1,234", None, "unreadable"),
        ("1,2,3", None, "unreadable"),
        ("1 23", None, "unreadable"),
        ("1.2.3", None, "unreadable"),
        ("(5", None, "unreadable"),
        ("5)", None, "unreadable"),
        ("-5-", None, "unreadable"),
        ("--5", None, "unreadable"),
        ("€5", None, "unreadable"),
        ("inf", None, "unreadable"),
        ("1e400", None, "unreadable"),
        ("9" * 400, None, "unreadable"),
        ("0x1F", None, "unreadable"),
        ("1_000", None, "unreadable"),
        ("12,5x", None, "unreadable"),
        ("five", None, "unreadable"),
        ("nan", None, "null_token"),
        ("?", None, "null_token"),
        ("  ", None, "trim"),
        (None, None, None),
    ]
    assert read_all([case[0] for case in cases]) == cases


def test_integers() -> None:
    cases: list[Case] = [
        ("12", 12, None),
        ("-12", -12, None),
        ("012", 12, "number"),
        ("+12", 12, "number"),
        ("5.0", 5, "number"),
        ("5.", 5, "number"),
        ("1e3", 1000, "number"),
        ("1,234,567", 1234567, "number"),
        ("9223372036854775807", 9223372036854775807, None),
        ("9223372036854775807.0", 9223372036854775807, "number"),
        ("5.5", None, "unreadable"),
        ("9223372036854775808", None, "unreadable"),
        ("1e-1", None, "unreadable"),
        ("true", None, "unreadable"),
    ]
    assert read_all([case[0] for case in cases], "integer") == cases


def test_decimals() -> None:
    cases = [
        ("12.50", "12.50", None),
        ("12.5", "12.50", None),
        ("12", "12.00", None),
        ("12.345", "12.35", "rounded"),  # rounded to the scale of the contract, and told
        ("12.3400", "12.34", None),
        ("0.001", "0.00", "rounded"),
        ("99999.999", "100000.00", "rounded"),
        ("1,234.567", "1234.57", "rounded"),
        ("33.333 %", "33.33", "rounded"),
        ("100", "100.00", None),
        ("0", "0.00", None),
        ("123456789", "None", "unreadable"),
    ]
    found = read_all([case[0] for case in cases], physical="decimal(10,2)")
    assert [(text, str(value), operator) for text, value, operator in found] == cases


def test_numbers_that_the_type_does_not_keep_are_rounded() -> None:
    cases = [
        ("9007199254740993", "rounded"),
        ("9,007,199,254,740,993", "rounded"),
        (" 9007199254740993", "rounded"),
        ("9007199254740992", None),
        ("0.1234567890123456789", "rounded"),
        ("12345678901234567.89", "rounded"),
        ("100000000000000000000000", None),
        ("0.30000000000000004", None),
        ("0.3000000000000000000000", None),
        ("1.500000000000000e3", "number"),
        ("1e-400", "rounded"),
        ("1234.5", None),
    ]
    found = read_all([case[0] for case in cases])
    assert [(text, operator) for text, _, operator in found] == cases
    assert read("1234567 m2", unit="m\u00b2") == (1234567, "number")
    assert read("123456789012345 m2", unit="m\u00b2") == (123456789012345, "number")
    assert read("1.23456789012", "number", "float")[1] == "rounded"
    assert read("1.25", "number", "float") == (1.25, None)
    assert read("12345678901234567.125", "number", "decimal(38,2)")[1] == "rounded"
    assert read("0.99999999999999999999e1", "integer") == (10, "rounded")


@settings(max_examples=40, deadline=None)
@given(numbers=st.lists(st.decimals(-(10**20), 10**20, allow_nan=False), min_size=1, max_size=20))
@pytest.mark.parametrize("physical", [None, "decimal(30,4)"])
def test_a_number_without_the_operator_rounded_is_exact(physical: str | None, numbers: list[Decimal]) -> None:
    for text, value, operator in read_all([f"{number:f}" for number in numbers], physical=physical):
        shown = Decimal(repr(value) if physical is None else str(value))  # of a DOUBLE: its shortest text
        assert (operator == "rounded") == (shown != Decimal(str(text)))


def test_decimal_comma_and_undecided_columns() -> None:
    comma = {"decimal": ",", "thousands": "."}
    assert read("1.234", **comma) == (1234, "number")
    assert read("-1.234", **comma) == (-1234, "number")
    assert read("1,234", **comma) == (1.234, "number")
    assert read("12.5", **comma) == (12.5, None)  # it reads only one way
    assert read("1.234", decimal="") == (None, "unreadable")
    assert read("1,234", decimal="") == (None, "unreadable")
    assert read("1.234,5", decimal="") == (1234.5, "number")
    assert read("1.234", "number", "decimal(10,3)", **comma) == (Decimal("1234.000"), "number")
    assert read("1,234", thousands=",") == (1234, "number")


def test_the_unit_of_the_column_is_stripped() -> None:
    texts = ["12 oz", "12.0 oz.", "12OZ", "12 ounces", "12"]
    assert {value for _, value, _ in read_all(texts, unit="oz")} == {12}


def test_signs_around_a_currency() -> None:
    texts = ["-€5", "€-5", "€ -5", "(€5)", "-5 EUR", "(5 €)", "5 €-"]
    assert read_all(texts, unit="€") == [(text, -5, "number") for text in texts]


def test_another_unit_is_not_read() -> None:
    texts = ["5 kg", "$5", "5 oz kg", "oz"]
    assert read_all(texts, unit="oz") == [(text, None, "unreadable") for text in texts]


def test_percent_is_exact() -> None:
    texts = [f"{cents}%" for cents in range(101)]
    assert [value for _, value, _ in read_all(texts, percent_factor=0.01)] == [cents / 100 for cents in range(101)]
    assert read("0.5", percent_factor=0.01) == (0.5, None)
    assert read("57 %", "number", "decimal(5,2)", percent_factor=0.01)[0] == Decimal("0.57")


STYLES = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": (" ", ","),
    "1'234.56": ("'", "."),
    "1\u00a0234.56": ("\u00a0", "."),
    "1\u202f234,56": ("\u202f", ","),
    "1234,56": ("", ","),
}
NUMBERS = st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False), min_size=1, max_size=20)


@settings(max_examples=25, deadline=None)
@given(numbers=NUMBERS, style=st.sampled_from(sorted(STYLES)), unit=st.sampled_from(["", " €", " kg"]))
def test_a_number_written_in_any_style_is_read_back(numbers: list[Decimal], style: str, unit: str) -> None:
    group, decimal = STYLES[style]
    texts = [f"{number:,.2f}".replace(",", "_").replace(".", decimal).replace("_", group) + unit for number in numbers]
    assert read_column(texts, physical="decimal(18,2)")[0] == numbers


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.integers(1000, 10**9), min_size=1, max_size=20), group=st.sampled_from([",", ".", " ", "’"]))
def test_grouped_integers_are_read_back(numbers: list[int], group: str) -> None:
    assert read_column([f"{number:,}".replace(",", group) for number in numbers], "integer")[0] == numbers


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.decimals(-999, 999, places=3), min_size=1, max_size=20))
def test_three_places_in_a_column_of_commas_are_read_as_decimals(numbers: list[Decimal]) -> None:
    """The trap: 1,234 among numbers that can only have a decimal comma."""
    texts = [f"{number:.3f}".replace(".", ",") for number in numbers]
    assert read_column([*texts, "12,5"], physical="decimal(18,3)")[0] == [*numbers, Decimal("12.5")]


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.integers(1000, 999_999), min_size=1, max_size=20))
def test_groups_in_a_column_of_decimal_commas_are_read_as_groups(numbers: list[int]) -> None:
    """The trap: 1.234 is plain notation everywhere else."""
    texts = [f"{number:,}".replace(",", ".") for number in numbers]
    assert read_column([*texts, "1,5"])[0] == [*numbers, 1.5]


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.integers(1000, 999_999), min_size=1, max_size=5))
def test_undecided_numbers_are_never_read(numbers: list[int]) -> None:
    values, value_format = read_column([f"{number:,}" for number in numbers])
    assert values == [None] * len(numbers)
    assert "undecided" in value_format.evidence


def test_a_slip_does_not_decide_the_column() -> None:
    values, value_format = read_column([*["10.25"] * 500, "12,5x", "7,5", "1,234"])
    assert values[-3:] == [None, 7.5, 1234]
    assert (value_format.decimal, value_format.unit) == (".", None)


def test_texts_that_are_no_unit_say_nothing_about_the_sign() -> None:
    values, value_format = read_column([*["10.25"] * 20, "12,5x", "13,5x", "1,234"])
    assert values[-3:] == [None, None, 1234]
    assert value_format.evidence == "20 rows read only with a decimal point, 0 only with a decimal comma"


def test_rows_in_the_minority_unit_are_not_read() -> None:
    texts = ["12.0 oz", "12 oz.", "16 Ounce", "16", "0.5 kg"]
    assert read_column(texts)[0] == [None, None, None, 16, None]
    assert read_column(texts[:-1])[0] == [12, 12, 16, 16]
    for said in ({"name": "weight_oz"}, {"description": "in ounces"}, {"business_name": "Weight (oz)"}):
        assert read_column(texts, more=said)[0] == [12, 12, 16, 16, None]
    assert read_column(texts, more={"name": "weight_kg"})[0] == [None, None, None, 16, 0.5]


@pytest.mark.parametrize(
    ("headers", "name", "values"),
    [
        (("weight (kg)", "weight (g)"), "weight", [None, None]),
        (("weight", "weight (g)"), "weight", [5, 5]),
        (("weight", "weight_g"), "weight_kg", [5, None]),
        (("weight_kg", "weight [kg]"), "weight", [5, 5]),
    ],
)
def test_the_unit_in_a_header_holds_for_its_files(
    headers: tuple[str, str], name: str, values: list[float | None]
) -> None:
    column = Column(name=name, logical_type=LogicalType.NUMBER)
    CONNECTION.execute("create or replace table land.v001 as select i << 36 as _row, '5' as c0 from range(2) r(i)")
    sources = [
        LandedColumn(relation="land.v001", field=0, file_ids=(file_id,), header=header)
        for file_id, header in enumerate(headers)
    ]
    value_format = decide_format(
        gather_format_evidence(CONNECTION, Table(name="t", columns=(column,)), [(column, sources)])[0]
    )
    sql = read_expression(value_format, column, "c0", "(_row >> 36)")
    found = CONNECTION.execute(f"select {sql.value}, {sql.operator} from land.v001 order by _row").fetchall()
    assert found == [(value, None if value else "unreadable") for value in values]


def test_multipliers_are_not_stripped() -> None:
    assert read_column(["5k", "6k", "7k"])[0] == [None, None, None]


def test_percent_by_the_bare_numbers_and_by_the_bounds() -> None:
    assert read_column(["45%", "0.2", "7 %"])[0] == [0.45, 0.2, 0.07]
    assert read_column(["45%", "20"])[0] == [45, 20]
    assert read_column(["45%"], maximum=1)[0] == [0.45]
    assert read_column(["50%", "0.5", "0.5%", "1"])[0] == [None, 0.5, None, 1]
    assert read_column(["50%", "0.5", "0.5%", "1"], maximum=100)[0] == [50, 0.5, 0.5, 1]
