"""Quality rules: metrics, operators, units and severities against a plain Python oracle."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, LogicalType, QualityRule, Severity, Table
from tools.checks.compile import compile_rules, violating_rows_sql
from tools.checks.run import judge, run_rules, sql_rule_query
from tools.checks.types import expected_type
from tools.sql.quote import ident
from tools.workspace import create_views, open_workspace

VALUES = (None, "", "a", "a", "N/A", "kg", "pound", "pound", "pound", "x1")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path_factory.mktemp("workspace")) as connection:
        yield connection


def rule(metric: str | None = None, operator: str | None = "mustBe", threshold: Any = 0, **fields: Any) -> QualityRule:
    return QualityRule(
        **{"id": "t.c.quality[0]", "type": "library"} | fields, metric=metric, operator=operator, threshold=threshold
    )


def run(
    connection: duckdb.DuckDBPyConnection,
    values: tuple[Any, ...],
    *rules: QualityRule,
    on_table: bool = False,
    **column: Any,
) -> CheckResult:
    """Return the verdict on the last rule, on column `c` or its table, whose rows also have a constant `k`."""
    c = Column(name="c", rules=() if on_table else rules, **column)
    k = Column(name="k")
    table = Table(name="t", columns=(k, c), rules=rules if on_table else (), may_be_empty=True)
    contract = Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="0")
    columns = ", ".join(
        f"{ident(c.name)} {expected_type(c)}, {ident('raw$' + c.name)} varchar, {ident('op$' + c.name)} varchar"
        for c in table.columns
    )
    connection.execute("drop view if exists live.t; drop view if exists main.t")
    connection.execute(f"create or replace table stage.t (_row bigint, {columns})")
    for number, value in enumerate(values, start=1):
        connection.execute("insert into stage.t values (?, 'k', null, null, ?, null, null)", [number, value])
    create_views(connection, table)
    return run_rules(connection, compile_rules(contract, table), contract=contract)[-1]


def _missing(value: str | None) -> bool:
    return value in (None, "", "N/A")


METRICS: dict[str, tuple[dict[str, Any], Any]] = {
    "nullValues": ({}, lambda values: sum(value is None for value in values)),
    "missingValues": ({"missingValues": [None, "", "N/A"]}, lambda values: sum(map(_missing, values))),
    "invalidValues": (
        {"validValues": ["a", "kg", ""], "pattern": "^[a-z]*$"},
        lambda values: sum(value is not None and value not in ("a", "kg", "") for value in values),
    ),
    "duplicateValues": ({}, lambda values: len(f := [value for value in values if value is not None]) - len(set(f))),
}
OPERATORS: dict[str, Any] = {
    "mustBe": lambda figure, limit: figure == limit,
    "mustNotBe": lambda figure, limit: figure != limit,
    "mustBeGreaterThan": lambda figure, limit: figure > limit,
    "mustBeGreaterOrEqualTo": lambda figure, limit: figure >= limit,
    "mustBeLessThan": lambda figure, limit: figure < limit,
    "mustBeLessOrEqualTo": lambda figure, limit: figure <= limit,
    "mustBeBetween": lambda figure, limit: limit[0] <= figure <= limit[1],
    "mustNotBeBetween": lambda figure, limit: not limit[0] <= figure <= limit[1],
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.sampled_from(VALUES), max_size=8).map(tuple),
    metric=st.sampled_from(sorted(METRICS)),
    operator=st.sampled_from(sorted(OPERATORS)),
    bounds=st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted),
    percent=st.booleans(),
)
def test_metrics_and_operators_agree_with_the_oracle(
    workspace: duckdb.DuckDBPyConnection,
    values: tuple[str | None, ...],
    metric: str,
    operator: str,
    bounds: list[int],
    percent: bool,  # noqa: FBT001
) -> None:
    arguments, oracle = METRICS[metric]
    scale = 12.5 if percent else 1  # eighths of the rows
    limits = (bounds[0] * scale, bounds[1] * scale)
    threshold = limits if "Between" in operator else limits[0]
    unit = "percent" if percent else "rows"

    result = run(workspace, values, rule(metric, operator, threshold, arguments=arguments, unit=unit))

    count = oracle(values)
    figure = (100 * count / len(values) if values else 0) if percent else count
    met = OPERATORS[operator](figure, threshold)
    assert result.result is (Verdict.PASSED if met else Verdict.FAILED)
    assert result.measured == figure
    assert result.count == (0 if met else count)


@pytest.mark.parametrize(
    ("quality", "quarantines"),
    [
        (rule("nullValues"), True),
        (rule("nullValues", "mustBeLessThan", 1), True),
        (rule("missingValues", "mustBeLessOrEqualTo", 0, unit="percent"), True),
        (rule("invalidValues", arguments={"validValues": ["a"]}), True),
        (rule("duplicateValues"), True),
        (rule("nullValues", "mustBeLessThan", 1, unit="percent"), False),
        (rule("nullValues", "mustBeLessThan", 2), False),
        (rule("nullValues", severity=Severity.WARNING), False),
        (rule("nullValues", "mustNotBe", 0), False),
    ],
)
def test_only_strict_rules_of_severity_error_set_rows_aside(
    workspace: duckdb.DuckDBPyConnection,
    quality: QualityRule,
    quarantines: bool,  # noqa: FBT001
) -> None:
    run(workspace, (None, "", "b", "b"), quality)
    table = Table(name="t", columns=(Column(name="c", rules=(quality,)), Column(name="k")))
    contract = Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="0")

    rows = workspace.execute(violating_rows_sql(compile_rules(contract, table), table)).fetchall()

    assert bool(rows) is quarantines
    assert {row[1] for row in rows} <= {"t.c.quality[0]"}


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
def test_a_broken_rule_of_lower_severity_is_a_warning(workspace: duckdb.DuckDBPyConnection, severity: Severity) -> None:
    broken = run(workspace, (None,), rule("nullValues", severity=severity))
    unknown = run(workspace, (None,), rule("freshness", severity=severity))

    assert (broken.result, broken.count, broken.blocking) == (Verdict.WARNING, 1, False)
    assert (unknown.result, unknown.blocking) == (Verdict.WARNING, False)


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        (rule("freshness"), "'freshness'"),
        (rule(None), "no metric"),
        (rule("nullValues", operator=None, threshold=None), "no operator"),
        (rule("nullValues", "mustBeLessThan", "many"), "needs a number"),
        (rule("nullValues", "mustBeBetween", 3), "mustBeBetween"),
        (rule("nullValues", "mustEqual", 3), "mustEqual"),
        (rule("nullValues", unit="days"), "'days'"),
        (rule("nullValues", arguments={"filter": "x"}), "'filter'"),
        (rule("missingValues", arguments={"missingValues": "N/A"}), "not a list"),
        (rule("invalidValues"), "neither"),
        (rule("invalidValues", arguments={"pattern": "("}), "regular expression"),
        (rule("invalidValues", arguments={"validValues": [["a"]]}), "not a list of values"),
        (rule(None, type="custom", engine="soda"), "'soda'"),
        (rule(None, type="magic"), "'magic'"),
        (rule(None, type="sql", query=" "), "no query"),
        (rule(None, type="sql", query="select 1 from ${lake}"), "${lake}"),
        (rule(None, type="sql", query="select 1", operator=None), "no operator"),
    ],
)
def test_a_rule_that_cannot_be_checked_blocks_and_says_why(
    workspace: duckdb.DuckDBPyConnection, quality: QualityRule, words: str
) -> None:
    result = run(workspace, ("a",), quality)

    assert (result.result, result.count, result.blocking) == (Verdict.ERROR, 0, True)
    assert words in result.detail


def test_a_rule_in_words_is_shown_and_never_passes(workspace: duckdb.DuckDBPyConnection) -> None:
    result = run(workspace, ("a",), rule(None, None, None, type="text", description="Mails were verified."))

    assert (result.result, result.blocking) == (Verdict.WARNING, False)
    assert result.detail == "described in words, not checkable by a machine: Mails were verified."


@pytest.mark.parametrize(
    ("name", "threshold", "values", "count"),
    [
        ("nullCheck", None, (None, "a"), 1),
        ("duplicateCount", 0, ("a", "a", "a"), 2),
        ("uniqueCheck", None, ("a", "a"), 1),
    ],
)
def test_names_of_version_3_0_mean_the_metrics_of_3_1(
    workspace: duckdb.DuckDBPyConnection, name: str, threshold: Any, values: tuple[Any, ...], count: int
) -> None:
    quality = rule(name, None if threshold is None else "mustBe", threshold)

    assert run(workspace, values, quality).count == count
    assert run(workspace, ("a", "b"), quality).result is Verdict.PASSED


@pytest.mark.parametrize(("rows", "met"), [(99, False), (100, True), (120, True), (121, False)])
def test_row_counts_are_compared_with_a_range(
    workspace: duckdb.DuckDBPyConnection,
    rows: int,
    met: bool,  # noqa: FBT001
) -> None:
    result = run(workspace, ("a",) * rows, rule("rowCount", "mustBeBetween", (100.0, 120.0)), on_table=True)

    assert result.result is (Verdict.PASSED if met else Verdict.FAILED)
    assert (result.measured, result.expected) == (rows, "between 100 and 120 rows")


def test_a_share_of_the_row_count_is_not_supported(workspace: duckdb.DuckDBPyConnection) -> None:
    assert run(workspace, ("a",), rule("rowCount", unit="percent"), on_table=True).result is Verdict.ERROR


def test_duplicates_over_several_columns_ignore_rows_with_a_null(workspace: duckdb.DuckDBPyConnection) -> None:
    quality = rule("duplicateValues", arguments={"properties": ["c", "k"]}, id="t.quality[0]")

    result = run(workspace, ("a", "a", "b", None, None), quality, on_table=True)

    assert (result.result, result.count) == (Verdict.FAILED, 1)
    assert [locator.value for locator in result.locators] == ["c=a, k=k", "c=a, k=k"]


@pytest.mark.parametrize("properties", [None, [], ["nope"]])
def test_duplicates_of_a_table_need_known_columns(workspace: duckdb.DuckDBPyConnection, properties: Any) -> None:
    quality = rule("duplicateValues", arguments={"properties": properties} if properties is not None else {})

    assert run(workspace, ("a",), quality, on_table=True).result is Verdict.ERROR


def test_a_metric_of_columns_on_a_table_is_named(workspace: duckdb.DuckDBPyConnection) -> None:
    assert "needs a column" in run(workspace, ("a",), rule("nullValues"), on_table=True).detail


def test_missing_values_are_compared_as_the_type_of_the_column(workspace: duckdb.DuckDBPyConnection) -> None:
    quality = rule("missingValues", arguments={"missingValues": [-999, "n/a"]})

    result = run(workspace, (-999.0, 1.0, None), quality, logical_type=LogicalType.NUMBER)

    assert result.count == 1  # null is not listed


def test_a_pattern_with_lookaround_can_have_a_threshold(workspace: duckdb.DuckDBPyConnection) -> None:
    quality = rule("invalidValues", "mustBeLessThan", 50, unit="percent", arguments={"pattern": "^(?!x)"})

    result = run(workspace, ("xa", "xb", "a", None), quality)

    assert (result.result, result.measured, result.count) == (Verdict.FAILED, 50.0, 2)


def test_valid_values_that_a_rule_repeats_are_judged_once(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(
        name="t",
        columns=(
            Column(name="c", valid_values=("a",), rules=(rule("invalidValues", arguments={"validValues": ["a"]}),)),
        ),
    )
    contract = Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="0")

    ids = [compiled.id for compiled in compile_rules(contract, table)]

    assert ids == ["t.notEmpty", "t.c.type", "t.c.quality[0]"]


def sql_rule(query: str, operator: str = "mustBe", threshold: Any = 0, name: str = "c") -> Any:
    quality = rule(None, operator, threshold, type="sql", query=query)
    table = Table(name='o"t', columns=(Column(name=name, rules=(quality,)),))
    contract = Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="0")
    return compile_rules(contract, table)[-1]


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ("select count(*) from {object} where {property} is null;", 'select count(*) from "o""t" where "c" is null'),
        ("SELECT 1 FROM ${schema}.${table} WHERE ${COLUMN} > 1", 'SELECT 1 FROM "o""t" WHERE "c" > 1'),
        ("select '${column}', \"${column}\", `{model}`.{field}", """select 'c', "c", "o""t"."c\""""),
        ("select {'a': 1}", "select {'a': 1}"),
    ],
)
def test_placeholders_of_sql_rules_are_filled_with_quoted_names(query: str, filled: str) -> None:
    compiled = sql_rule(query)

    assert (compiled.untrusted, compiled.quarantines) == (True, False)
    assert sql_rule_query(compiled) == filled


def test_a_name_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert sql_rule_query(sql_rule("select {column}", name="${lake} {table}")) == 'select "${lake} {table}"'


def test_sql_of_the_contract_is_never_run_here(workspace: duckdb.DuckDBPyConnection) -> None:
    result = run(workspace, ("a",), rule(None, type="sql", query="select 1"))

    assert result.rule == "t.c.type"  # the last rule that was run


@pytest.mark.parametrize(
    ("operator", "threshold", "measured", "verdict", "count"),
    [
        ("mustBe", 0, 0, Verdict.PASSED, 0),
        ("mustBe", 0, 7, Verdict.FAILED, 7),
        ("mustBeLessThan", 5, 7, Verdict.FAILED, 1),
        ("mustBe", True, True, Verdict.PASSED, 0),
        ("mustBe", True, False, Verdict.FAILED, 1),
        ("mustBe", 0, None, Verdict.ERROR, 0),
        ("mustBeLessThan", 5, "few", Verdict.ERROR, 0),
    ],
)
def test_the_result_of_a_query_is_judged(
    operator: str, threshold: Any, measured: Any, verdict: Verdict, count: int
) -> None:
    result = judge(sql_rule("select 1", operator, threshold), measured)

    assert (result.result, result.count) == (verdict, count)
