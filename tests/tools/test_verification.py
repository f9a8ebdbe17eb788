"""Verification: rules of the contract's SQL in the sandbox, drift, quarantine, and what may be delivered."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tools.verification
from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, Drift, LogicalType, OnViolation, QualityRule, Relationship, Severity, Table
from state.mapping import ColumnMapping
from state.run import TableAccount
from state.sources import Inventory, Variant
from tools.intake import Intake
from tools.ledger import once
from tools.sql.sandbox import SandboxLimits
from tools.verification import (
    deliverable,
    judge_drift,
    judge_quarantine,
    read_checks,
    reasons_not_met,
    run_contract_rules,
    write_checks,
)
from tools.workspace import create_views, open_workspace

NAMES = "abcde"
LIMITS = SandboxLimits(seconds=20, memory="1GB", threads=1)


def contract_of(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c", sha256="0")


def verdict(table: str, result: Verdict = Verdict.FAILED, severity: Severity = Severity.ERROR) -> CheckResult:
    return CheckResult(rule=f"{table}.r", kind="k", table=table, column=None, severity=severity, result=result, count=1)


def sql_rule(number: int, query: str, severity: Severity = Severity.ERROR) -> QualityRule:
    return QualityRule(
        id=f"t.quality[{number}]", type="sql", query=query, operator="mustBe", threshold=0, severity=severity
    )


def table_of(*rules: QualityRule, **fields: object) -> Table:
    columns = (Column(name="id", logical_type=LogicalType.INTEGER, required=True),)
    return Table.model_validate({"name": "t", "columns": columns, "rules": rules, **fields})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Two rows, of which one breaks a rule of the columns."""
    with open_workspace(tmp_path) as connection:
        connection.execute('create table stage.t (_row bigint, id integer, "raw$id" varchar, "op$id" varchar)')
        connection.execute("insert into stage.t (_row, id) values (1, 1), (2, null)")
        create_views(connection, table_of())
    yield tmp_path
    with open_workspace(tmp_path) as connection:
        assert connection.execute("select count(*) from stage.t").fetchone() == (2,)


# ------------------------------------------------------------------ rules


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select no_such_column from t", "no_such_column"),
        ("select count(*) from read_csv('/etc/passwd')", "a function stands where a table is read"),
        ("drop table stage.t", ""),
        ("select count(*) from (select 1 from range(100000) a, range(100000) b, range(1000) c)", ""),
        ("selec", ""),
        ("select 'text'::int from t", ""),
    ],
)
def test_a_rule_whose_sql_fails_is_an_error_and_stops_no_other(folder: Path, query: str, said: str) -> None:
    table = table_of(sql_rule(0, "select count(*) from t where id = 1"), sql_rule(1, query), sql_rule(2, "select 0"))
    limits = LIMITS.model_copy(update={"seconds": 1.5})

    results = run_contract_rules(folder, contract_of(table), limits=limits)

    found = {result.rule: result for result in results}
    assert [result.rule for result in results if not result.rule.endswith(".type")] == [
        "t.notEmpty", "t.id.required", "t.quality[0]", "t.quality[1]", "t.quality[2]",
    ]  # fmt: skip
    assert found["t.id.required"].result is Verdict.FAILED
    assert found["t.quality[0]"].result is Verdict.FAILED
    assert found["t.quality[0]"].measured == 1
    assert found["t.quality[1]"].result is Verdict.ERROR
    assert found["t.quality[1]"].blocking
    assert said in found["t.quality[1]"].detail
    assert found["t.quality[2]"].result is Verdict.PASSED


def test_sql_of_the_contract_runs_in_the_sandbox_and_nothing_else_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    real = tools.verification.run_statements

    def spy(workspace: Path, statements: list[object], *, limits: SandboxLimits) -> object:
        sent.extend(statement.sql for statement in statements)  # type: ignore[attr-defined]  statements of the sandbox
        return real(workspace, statements, limits=limits)  # type: ignore[arg-type]  passed on as they came

    monkeypatch.setattr(tools.verification, "run_statements", spy)
    rules = (sql_rule(0, "select count(*) - 2 from t"), sql_rule(1, "select 0 from t limit 0", Severity.WARNING))
    run_contract_rules(folder, contract_of(table_of(*rules)), limits=LIMITS)
    assert len(sent) == 2
    assert all("id" not in sql for sql in sent)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select i from range(3) r(i)", "returned 3 rows, one value is needed"),
        ("select id from t where false", "returned 0 rows, one value is needed"),
        ("select 0, 1", "returned 2 values, one value is needed"),
        ("select max(id) from t where false", "null"),
    ],
)
def test_a_rule_needs_exactly_one_value(folder: Path, query: str, said: str) -> None:
    results = run_contract_rules(folder, contract_of(table_of(sql_rule(0, query))), limits=LIMITS)
    assert results[-1].result is Verdict.ERROR
    assert results[-1].blocking
    assert said in results[-1].detail


def test_verdicts_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_checks(tmp_path) == ()
    results = (verdict("a"), verdict("ü\u2028'\"", Verdict.ERROR).model_copy(update={"measured": float("inf")}))
    write_checks(tmp_path, results)
    assert read_checks(tmp_path) == results


# ------------------------------------------------------------------ delivery


EDGES = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=10)
RESULTS = st.lists(
    st.builds(verdict, st.sampled_from(NAMES), st.sampled_from(list(Verdict)), st.sampled_from(list(Severity))),
    max_size=6,
)


@given(references=EDGES, sources=EDGES, results=RESULTS)
def test_what_is_delivered_is_closed_under_needs_and_as_large_as_can_be(
    references: set[tuple[str, str]], sources: set[tuple[str, str]], results: list[CheckResult]
) -> None:
    sources = {(table, source) for table, source in sources if table > source}  # SQL makes no cycles
    tables = tuple(
        Table(
            name=name,
            columns=(Column(name="x"),),
            relationships=tuple(
                Relationship(id=f"{name}-{to}", columns=("x",), to_table=to, to_columns=("x",))
                for table, to in sorted(references)
                if table == name
            ),
            transform_logic="select 1" if any(table == name for table, _ in sources) else None,
            transform_sources=tuple(source for table, source in sorted(sources) if table == name),
        )
        for name in NAMES
    )
    bad = {
        result.table
        for result in results
        if result.severity is Severity.ERROR and result.result in (Verdict.FAILED, Verdict.ERROR)
    }

    given_out = deliverable(contract_of(*tables), tuple(results))

    reach = {name: {name} for name in NAMES}
    for _ in NAMES:
        for name, other in references | sources:
            reach[name] |= reach[other]
    for _ in NAMES:
        for name in NAMES:
            reach[name] |= set().union(*(reach[other] for other in reach[name]))
    assert given_out == tuple(name for name in NAMES if not reach[name] & bad)


@given(RESULTS)
def test_there_is_a_reason_for_every_blocking_verdict_and_for_no_other(results: list[CheckResult]) -> None:
    assert len(reasons_not_met(tuple(results))) == sum(result.blocking for result in results)


def test_a_reason_says_that_a_rule_could_not_be_checked() -> None:
    error = verdict("t", Verdict.ERROR).model_copy(update={"detail": "could not be checked: no table x", "count": 0})
    failed = verdict("t").model_copy(update={"expected": "no nulls", "count": 3, "detail": "all of them"})
    assert reasons_not_met((error, failed)) == (
        "t.r: could not be checked: no table x",
        "t.r: 3 violations, expected no nulls (all of them)",
    )


def test_an_empty_table_is_told_after_what_emptied_it() -> None:
    empty = verdict("t").model_copy(update={"rule": "t.notEmpty", "count": 1, "expected": "at least one row"})
    assert reasons_not_met((empty, verdict("t"))) == (
        "t.r: 1 violation",
        "t.notEmpty: 1 violation, expected at least one row",
    )


# ------------------------------------------------------------------ drift and quarantine


def mapping(variant: str, *unmapped: str) -> ColumnMapping:
    return ColumnMapping(
        table="t", variant_id=variant, matches=(), unmapped_targets=(), unmapped_sources=unmapped, confidence=1
    )


def drift(connection: duckdb.DuckDBPyConnection, policy: Drift) -> CheckResult:
    derived = Table(name="d", columns=(Column(name="x"),), transform_logic="select 1")
    variants = tuple(
        Variant(variant_id=name, columns=("x",), fingerprint="", file_ids=(number,), header_forms=1)
        for number, name in enumerate(("v001", "v002"))
    )
    intake = Intake(inventory=Inventory(files=(), variants=variants), table_files={"t": (0, 1)})
    results = judge_drift(connection, contract_of(table_of(drift=policy), derived), intake)
    assert [result.rule for result in results] == ["t.drift", "t.mapping", "t.reject"]
    return results[0]


@pytest.mark.parametrize("policy", list(Drift))
def test_columns_the_contract_does_not_know_fail_a_frozen_table_and_warn_elsewhere(folder: Path, policy: Drift) -> None:
    found = (mapping("v001", "b", "a"), mapping("v002", "b"))
    receipt = {"mappings": [entry.model_dump(mode="json") for entry in found]}
    with open_workspace(folder) as connection:
        assert drift(connection, policy).result is Verdict.PASSED
        once(connection, "map:t", lambda: receipt)
        result = drift(connection, policy)
    assert result.result is (Verdict.FAILED if policy is Drift.FREEZE else Verdict.WARNING)
    assert result.blocking is (policy is Drift.FREEZE)
    assert (result.count, result.detail) == (2, "2 columns in 2 header variants: a, b")


@pytest.mark.parametrize("policy", [OnViolation.REPAIR, OnViolation.FAIL])
def test_lines_that_are_no_record_are_counted_in_the_files_of_the_table(folder: Path, policy: OnViolation) -> None:
    variants = (Variant(variant_id="v001", columns=("x",), fingerprint="", file_ids=(0, 1, 2), header_forms=1),)
    intake = Intake(inventory=Inventory(files=(), variants=variants), table_files={"t": (0, 2)})
    contract = contract_of(table_of(on_violation=policy))
    with open_workspace(folder) as connection:
        assert judge_drift(connection, contract, intake)[-1].result is Verdict.PASSED
        connection.execute("insert into land.files (file_id, rejects) values (0, 2), (1, 7), (2, 1)")
        result = judge_drift(connection, contract, intake)[-1]
    assert result.result is (Verdict.FAILED if policy is OnViolation.FAIL else Verdict.WARNING)
    assert result.blocking is (policy is OnViolation.FAIL)
    assert result.count == 3


@pytest.mark.parametrize(
    ("rows", "limit", "blocking"),
    [((0, 0), 0.0, False), ((0, 9), 0.0, False), ((1, 9), 0.0, True), ((5, 100), 0.05, False), ((6, 100), 0.05, True),
     ((9, 9), 1.0, False), ((3, 10_000), 0.0003, False), ((4, 10_000), 0.0003, True)],
)  # fmt: skip
def test_more_in_quarantine_than_allowed_is_a_violation(rows: tuple[int, int], limit: float, *, blocking: bool) -> None:
    aside, read = rows
    account = TableAccount(
        table="t", derived=False, rows_read=read, rows_published=read - aside, rows_quarantined=aside, rows_merged=0,
        cells_changed=0,
    )  # fmt: skip
    (result,) = judge_quarantine(contract_of(table_of(max_quarantine=limit)), {"t": account})
    assert result.blocking is blocking
    assert result.count == (aside if blocking else 0)
    assert f"{100 * limit:.6g}%" in result.expected
