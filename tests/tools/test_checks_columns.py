"""Rules of one column: each case has values that keep the rule and values that break it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, LogicalType, Table, TypeOptions
from tools.checks.compile import compile_rules, violating_rows_sql
from tools.checks.run import run_rules
from tools.checks.types import expected_type
from tools.sql.quote import ident
from tools.workspace import create_views, open_workspace

T = LogicalType


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("workspace")
    with open_workspace(folder) as connection:
        yield connection


def stage(connection: duckdb.DuckDBPyConnection, table: Table, rows: list[tuple[Any, ...]]) -> Contract:
    """Stage typed values (given as text or None) with `_row` from 1."""
    name = ident(table.name)
    columns = ", ".join(
        f"{ident(c.name)} {expected_type(c)}, {ident('raw$' + c.name)} varchar, {ident('op$' + c.name)} varchar"
        for c in table.columns
    )
    connection.execute(f"drop view if exists live.{name}; drop view if exists main.{name}")
    connection.execute(f"create or replace table stage.{name} (_row bigint, {columns})")
    for number, row in enumerate(rows, start=1):
        values = [number] + [item for value in row for item in (value, None, None)]
        connection.execute(f"insert into stage.{name} values ({', '.join('?' * len(values))})", values)
    create_views(connection, table)
    return Contract(
        id="c", name="c", version="1", api_version="v3.1.0", tables=(table,), path="contract.yaml", sha256="0"
    )


def check(connection: duckdb.DuckDBPyConnection, column: Column, values: list[Any]) -> dict[str, CheckResult]:
    """Return the results by rule id for a table `t` that has just `column`."""
    table = Table(name="t", columns=(column,), may_be_empty=True)
    contract = stage(connection, table, [(value,) for value in values])
    results = run_rules(connection, compile_rules(contract, table), contract=contract)
    return {result.rule: result for result in results}


def options(**fields: Any) -> TypeOptions:
    return TypeOptions(**fields)


U = 2**64
CASES: list[tuple[str, Column, list[Any], list[Any]]] = [
    # kind, column, values that keep the rule, values that break it
    ("required", Column(name="c", required=True), ["a", ""], [None]),
    ("minLength", Column(name="c", options=options(min_length=2)), ["ab", "éé", None], ["a", "", "é"]),
    ("maxLength", Column(name="c", options=options(max_length=2)), ["ab", "éé", "", None], ["abc", "   "]),
    ("pattern", Column(name="c", options=options(pattern="b+")), ["b", "abba", None], ["a", "", "B"]),
    ("pattern", Column(name="c", options=options(pattern="^[A-Z]{2}$")), ["AB", None], ["ABC", "AB\n", "\nAB", "ab"]),
    ("pattern", Column(name="c", options=options(pattern='^it\'s "x"$')), ['it\'s "x"'], ["its x"]),
    ("pattern", Column(name="c", options=options(pattern=r"^(?!x)\w+$")), ["ax", None, "a"], ["xa", "é", ""]),
    ("pattern", Column(name="c", options=options(pattern=r"^(a|b)\1$")), ["aa", "bb"], ["ab", "a"]),
    ("pattern", Column(name="c", options=options(pattern=r"^\p{Lu}\p{L}*$")), ["Émile", "A"], ["émile", "A1"]),
    ("validValues", Column(name="c", valid_values=("a", "it's", "")), ["a", "it's", "", None], ["b", "A", " a"]),
    (
        "validValues",
        Column(name="c", logical_type=T.INTEGER, valid_values=(1, "2", 3.0, 4.5)),
        ["1", "2", "3"],
        ["4", "5"],
    ),
    ("validValues", Column(name="c", logical_type=T.INTEGER, valid_values=("x",)), [None], ["1"]),
    ("validValues", Column(name="c", logical_type=T.NUMBER, valid_values=(0.1, 2)), ["0.1", "2"], ["0.2", "0.10001"]),
    (
        "validValues",
        Column(name="c", logical_type=T.NUMBER, physical_type="DECIMAL(5,2)", valid_values=(0.1, 1.005, 10**9)),
        ["0.1"],
        ["1.00", "1.01", "999.99"],
    ),
    (
        "validValues",
        Column(name="c", logical_type=T.DATE, valid_values=("2020-01-02", "?")),
        ["2020-01-02"],
        ["2020-01-03"],
    ),
    ("validValues", Column(name="c", logical_type=T.BOOLEAN, valid_values=(True,)), ["true"], ["false"]),
    ("minimum", Column(name="c", logical_type=T.INTEGER, options=options(minimum=0.5)), ["1", None], ["0", "-9"]),
    ("maximum", Column(name="c", logical_type=T.INTEGER, options=options(maximum=-0.5)), ["-1"], ["0"]),
    (
        "exclusiveMinimum",
        Column(name="c", logical_type=T.INTEGER, options=options(exclusive_minimum=0.5)),
        ["1"],
        ["0"],
    ),
    ("exclusiveMinimum", Column(name="c", logical_type=T.INTEGER, options=options(exclusive_minimum=1)), ["2"], ["1"]),
    (
        "exclusiveMaximum",
        Column(name="c", logical_type=T.INTEGER, options=options(exclusive_maximum=1.5)),
        ["1"],
        ["2"],
    ),
    ("exclusiveMaximum", Column(name="c", logical_type=T.INTEGER, options=options(exclusive_maximum=1)), ["0"], ["1"]),
    (
        "exclusiveMinimum",
        Column(name="c", logical_type=T.NUMBER, options=options(minimum=1, exclusive_minimum=True)),
        ["1.0001"],
        ["1", "0"],
    ),
    (
        "minimum",
        Column(name="c", logical_type=T.NUMBER, options=options(minimum=1, exclusive_minimum=False)),
        ["1"],
        ["0.99"],
    ),
    ("minimum", Column(name="c", logical_type=T.NUMBER, options=options(minimum="0.1")), ["0.1", "1e300"], ["0.09"]),
    ("maximum", Column(name="c", logical_type=T.NUMBER, options=options(maximum=0.1, format="f32")), ["0.1"], ["0.11"]),
    (
        "maximum",
        Column(name="c", logical_type=T.NUMBER, physical_type="NUMERIC(4,1)", options=options(maximum=9.99)),
        ["9.9"],
        ["10.0"],
    ),
    ("maximum", Column(name="c", logical_type=T.INTEGER, options=options(maximum=-1e40)), [None], ["-9", "9"]),
    (
        "minimum",
        Column(name="c", logical_type=T.DATE, options=options(minimum="2020-02-29")),
        ["2020-02-29", "2021-01-01", None],
        ["2020-02-28"],
    ),
    (
        "exclusiveMaximum",
        Column(name="c", logical_type=T.DATE, options=options(exclusive_maximum="2020-03-01T00:00:00Z")),
        ["2020-02-29"],
        ["2020-03-01"],
    ),
    (
        "maximum",
        Column(name="c", logical_type=T.TIMESTAMP, options=options(maximum="2020-01-01T12:00:00+02:00")),
        ["2020-01-01 10:00:00"],
        ["2020-01-01 10:00:01"],
    ),
    (
        "maximum",
        Column(
            name="c",
            logical_type=T.TIMESTAMP,
            options=options(maximum="2020-01-01T12:00:00", timezone=True, default_timezone="Europe/Berlin"),
        ),
        ["2020-01-01 11:00:00+00"],
        ["2020-01-01 11:00:01+00"],
    ),
    (
        "exclusiveMinimum",
        Column(name="c", logical_type=T.TIME, options=options(exclusive_minimum="08:00")),
        ["08:00:01"],
        ["08:00:00", "00:00:00"],
    ),
    (
        "multipleOf",
        Column(name="c", logical_type=T.INTEGER, options=options(multiple_of=5)),
        ["0", "-10", "5"],
        ["4", "-1"],
    ),
    ("multipleOf", Column(name="c", logical_type=T.INTEGER, options=options(multiple_of=2.5)), ["5", "10"], ["2", "3"]),
    (
        "multipleOf",
        Column(name="c", logical_type=T.NUMBER, options=options(multiple_of=0.1)),
        ["0.3", "0.7", "1e22", "-0.1", "0"],
        ["0.25", "0.30000000000000004", "1e-20", "inf"],
    ),
    ("multipleOf", Column(name="c", logical_type=T.NUMBER, options=options(multiple_of=3)), ["3e20"], ["1e21", "1.5"]),
    (
        "multipleOf",
        Column(name="c", logical_type=T.NUMBER, physical_type="DECIMAL(38,2)", options=options(multiple_of=0.05)),
        ["0.05", "-1.10", "123456789012345678901234567890.15"],
        ["0.06", "123456789012345678901234567890.16"],
    ),
    (
        "format",
        Column(name="c", logical_type=T.INTEGER, options=options(format="i8")),
        ["127", "-128"],
        ["128", "-129"],
    ),
    (
        "format",
        Column(name="c", logical_type=T.INTEGER, options=options(format="u16")),
        ["0", "65535"],
        ["-1", "65536"],
    ),
    ("format", Column(name="c", logical_type=T.INTEGER, options=options(format="i64")), [str(2**63 - 1)], []),
    ("format", Column(name="c", logical_type=T.INTEGER, options=options(format="u64")), [str(U - 1)], []),
    ("format", Column(name="c", logical_type=T.INTEGER, options=options(format="u128")), [str(U)], ["-1"]),
    (
        "format",
        Column(name="c", options=options(format="email")),
        ["a@b.de", "a.b+c@x-y.example.org", None],
        ["a@b", "a@", "@b.de", "a..b@c.de", "a b@c.de", "a@b.de\n", "a@-b.de", "x a@b.de"],
    ),
    (
        "format",
        Column(name="c", options=options(format="uuid")),
        ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
        ["123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}", ""],
    ),
    (
        "format",
        Column(name="c", options=options(format="uri")),
        ["https://a.de/b?c=%20#d", "mailto:a@b.de", "urn:isbn:1"],
        ["//a.de", "a.de/b", "http://a b", "http://a/%2", "1http://a"],
    ),
    (
        "format",
        Column(name="c", options=options(format="ipv4")),
        ["0.1.0.0", "255.249.199.9"],
        ["256.1.1.1", "1.1.1", "01.1.1.1", "1.1.1.1.1", "1.1.1.1\n"],
    ),
    (
        "format",
        Column(name="c", options=options(format="ipv6")),
        [
            "::",
            "::1",
            "1::",
            "2001:db8::8a2e:370:7334",
            "1:2:3:4:5:6:7:8",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
        ],
        [
            ":",
            "1::2::3",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "12345::",
            "::256.0.0.1",
            "fe80::1%eth0",
            "1:2:3:4:5:6:7:8::",
        ],
    ),
    (
        "format",
        Column(name="c", options=options(format="hostname")),
        ["a", "a-b.example.org", "1.2"],
        ["-a", "a-", "a..b", "a_b", "x" * 64, ".".join(["x" * 50] * 6), ""],
    ),
    (
        "format",
        Column(name="c", options=options(format="byte")),
        ["", "YQ==", "YWJj", "YWI="],
        ["Y", "YQ=", "YQ", "Y Q="],
    ),
    (
        "format",
        Column(name="c", options=options(format="date")),
        ["2020-02-29"],
        ["2021-02-29", "29.02.2020", "2020-2-9"],
    ),
    (
        "format",
        Column(name="c", options=options(format="date-time")),
        ["2020-02-29T00:00:00Z", "2020-02-29t23:59:60.5+01:00"],
        ["2020-02-29", "2020-02-29T24:00:00Z", "2020-02-29T00:00:00", "2021-02-29T00:00:00Z"],
    ),
]


@pytest.mark.parametrize(("kind", "column", "good", "bad"), CASES)
def test_a_rule_counts_the_values_that_break_it_and_no_others(
    workspace: duckdb.DuckDBPyConnection, kind: str, column: Column, good: list[Any], bad: list[Any]
) -> None:
    kept = check(workspace, column, good)[f"t.c.{kind}"]
    assert (kept.result, kept.count, kept.detail) == (Verdict.PASSED, 0, "")

    for value in bad:
        broken = check(workspace, column, [*good, value])[f"t.c.{kind}"]
        assert (broken.result, broken.count, value) == (Verdict.FAILED, 1, value)
        assert broken.locators[0].value == (value and value[:200]) or column.logical_type is not T.STRING


@pytest.mark.parametrize(
    ("column", "rule", "verdict", "words"),
    [
        (Column(name="c", options=options(format="telex")), "format", Verdict.WARNING, "telex"),
        (Column(name="c", options=options(pattern="(")), "pattern", Verdict.ERROR, "regular expression"),
        (Column(name="c", options=options(pattern="a**")), "pattern", Verdict.ERROR, "repeat"),
        (Column(name="c", options=options(minimum=3)), "minimum", Verdict.ERROR, "no bound"),
        (Column(name="c", logical_type=T.DATE, options=options(minimum="soon")), "minimum", Verdict.ERROR, "soon"),
        (
            Column(
                name="c", logical_type=T.TIMESTAMP, options=options(minimum="2020-01-01", default_timezone="Moon/Sea")
            ),
            "minimum",
            Verdict.ERROR,
            "2020-01-01",
        ),
        (
            Column(name="c", logical_type=T.NUMBER, options=options(exclusive_maximum=True)),
            "exclusiveMaximum",
            Verdict.ERROR,
            "None",
        ),
        (Column(name="c", logical_type=T.INTEGER, options=options(format="i7")), "format", Verdict.ERROR, "i7"),
        (Column(name="c", logical_type=T.NUMBER, options=options(format="i32")), "format", Verdict.ERROR, "i32"),
        (Column(name="c", logical_type=T.NUMBER, options=options(multiple_of=0)), "multipleOf", Verdict.ERROR, "zero"),
        (
            Column(name="c", logical_type=T.NUMBER, options=options(multiple_of=1e-30)),
            "multipleOf",
            Verdict.ERROR,
            "places",
        ),
        (
            Column(name="c", logical_type=T.INTEGER, options=options(max_length=3)),
            "maxLength",
            Verdict.WARNING,
            "integer",
        ),
    ],
)
def test_what_cannot_be_checked_is_named_and_never_passes(
    workspace: duckdb.DuckDBPyConnection, column: Column, rule: str, verdict: Verdict, words: str
) -> None:
    result = check(workspace, column, [None])[f"t.c.{rule}"]

    assert result.result is verdict
    assert result.count == 0
    assert words in result.detail
    assert result.blocking is (verdict is Verdict.ERROR)


def test_formats_that_any_text_meets_make_no_rule(workspace: duckdb.DuckDBPyConnection) -> None:
    assert list(check(workspace, Column(name="c", options=options(format="password")), ["x"])) == ["t.c.type"]


def test_a_date_format_informs_reading_and_makes_no_rule(workspace: duckdb.DuckDBPyConnection) -> None:
    column = Column(name="c", logical_type=T.DATE, options=options(format="yyyy-MM-dd"))

    assert list(check(workspace, column, ["2020-01-01"])) == ["t.c.type"]


@pytest.mark.parametrize("bounds", [{"exclusive_minimum": False}, {"exclusive_maximum": False, "maximum": 1}])
def test_a_bound_that_is_not_exclusive_makes_no_exclusive_rule(
    workspace: duckdb.DuckDBPyConnection, bounds: dict[str, Any]
) -> None:
    column = Column(name="c", logical_type=T.NUMBER, options=options(**bounds))

    assert set(check(workspace, column, ["1"])) - {"t.c.type", "t.c.maximum"} == set()


def test_an_unreadable_value_breaks_the_type_and_shows_its_text(workspace: duckdb.DuckDBPyConnection) -> None:
    column = Column(name="c", logical_type=T.DATE, required=True)
    table = Table(name="t", columns=(column,))
    contract = stage(workspace, table, [("2020-01-01",), (None,), (None,)])
    workspace.execute("update stage.t set \"raw$c\" = 'soon', \"op$c\" = 'unreadable' where _row = 2")

    results = {r.rule: r for r in run_rules(workspace, compile_rules(contract, table), contract=contract)}

    assert (results["t.c.type"].result, results["t.c.type"].count) == (Verdict.FAILED, 1)
    assert results["t.c.type"].locators[0].value == "soon"
    assert results["t.c.required"].count == 1  # the other null has its reason in the type
    assert [locator.value for locator in results["t.c.required"].locators] == [None]
    broken = workspace.execute(violating_rows_sql(compile_rules(contract, table), table)).fetchall()
    assert sorted(row[:2] for row in broken) == [(2, "t.c.type"), (3, "t.c.required")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.one_of(st.none(), st.decimals(-1000, 1000, places=2)), max_size=6),
    bound=st.decimals(-1000, 1000, places=3),
    step=st.decimals("0.01", "5", places=2),
    physical=st.sampled_from(["DECIMAL(8,2)", "DOUBLE"]),
)
def test_bounds_and_multiples_agree_with_exact_arithmetic(
    workspace: duckdb.DuckDBPyConnection, values: list[Any], bound: Any, step: Any, physical: str
) -> None:
    size = options(minimum=str(bound), exclusive_maximum=str(bound), multiple_of=float(step))
    column = Column(name="c", logical_type=T.NUMBER, physical_type=physical, options=size)

    results = check(workspace, column, [None if value is None else str(value) for value in values])

    numbers = [value for value in values if value is not None]
    assert results["t.c.minimum"].count == sum(number < bound for number in numbers)
    assert results["t.c.exclusiveMaximum"].count == sum(number >= bound for number in numbers)
    assert results["t.c.multipleOf"].count == sum(number % step != 0 for number in numbers)


@pytest.mark.parametrize(
    ("logical", "form", "bound", "below", "at"),
    [
        (T.DATE, "dd/MM/yyyy", "02/01/2024", "2024-01-01", "2024-01-02"),
        (T.DATE, "yyyyddMM", "20240201", "2024-01-01", "2024-01-02"),
        (T.DATE, "dd/MM/yyyy", "2024-01-02", "2024-01-01", "2024-01-02"),
        (T.TIMESTAMP, "MM-dd-yyyy HH:mm", "01-02-2024 10:30", "2024-01-02 10:29", "2024-01-02 10:30"),
        (T.TIME, "HH'h'mm", "10h30", "10:29", "10:30"),
    ],
)
def test_a_bound_may_be_written_in_the_format_of_its_column(
    workspace: duckdb.DuckDBPyConnection, logical: T, form: str, bound: str, below: str, at: str
) -> None:
    column = Column(name="c", logical_type=logical, options=options(format=form, minimum=bound))
    table = Table(name="t", columns=(column,))
    contract = stage(workspace, table, [(below,), (at,)])
    results = {r.rule: r for r in run_rules(workspace, compile_rules(contract, table), contract=contract)}
    assert (results["t.c.minimum"].result, results["t.c.minimum"].count) == (Verdict.FAILED, 1)


def test_a_bound_in_no_known_form_cannot_be_checked(workspace: duckdb.DuckDBPyConnection) -> None:
    column = Column(name="c", logical_type=T.DATE, options=options(format="dd/MM/yyyy", minimum="31/31/2024"))
    table = Table(name="t", columns=(column,))
    contract = stage(workspace, table, [("2024-01-01",)])
    results = {r.rule: r for r in run_rules(workspace, compile_rules(contract, table), contract=contract)}
    assert results["t.c.minimum"].result is Verdict.ERROR
