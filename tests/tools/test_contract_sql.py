"""SQL of a contract that no run could use is found before any data is read."""

import pytest

from state.contract import Column, Contract, LogicalType, QualityRule, Severity, Table
from tools.contract_sql import contract_sql_faults


def contract_of(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c", sha256="0")


def source(*rules: QualityRule, logic: str | None = None) -> Table:
    columns = (
        Column(name="id", logical_type=LogicalType.INTEGER),
        Column(name="name"),
        Column(name="made", transform_logic=logic),
    )
    return Table(name="t", columns=columns, rules=rules)


def rule(query: str, severity: Severity = Severity.ERROR, number: int = 0) -> QualityRule:
    return QualityRule(
        id=f"t.quality[{number}]", type="sql", query=query, operator="mustBe", threshold=0, severity=severity
    )


def derived(sql: str) -> Table:
    return Table(name="d", columns=(Column(name="name"), Column(name="n")), transform_logic=sql)


def told(*tables: Table) -> dict[str, str]:
    faults = contract_sql_faults(contract_of(*tables))
    assert all(fault.error for fault in faults)
    return {fault.place: fault.message for fault in faults}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("drop table t", "'DROP'"),
        ("select name, 1 as n from read_csv('/etc/passwd')", "a function stands where a table is read"),
        ("select nme as name, 1 as n from t", "nme"),
        ("select name from t", '"n"'),
        ("select name, 1 as n from d", "d"),
        ("select name, id + name::date as n from t", ""),
    ],
)
def test_sql_of_a_table_that_cannot_make_it_is_a_fault(sql: str, said: str) -> None:
    found = told(source(), derived(sql))
    assert list(found) == ["d.transformLogic"]
    assert said in found["d.transformLogic"]


@pytest.mark.parametrize("sql", ["nme", "(select 1)", "id + name::date", "getenv('HOME')"])
def test_sql_of_a_column_that_cannot_make_it_is_a_fault(sql: str) -> None:
    assert list(told(source(logic=sql))) == ["t.made.transformLogic"]


def test_every_faulty_piece_is_named_and_sound_ones_are_not() -> None:
    table = source(
        rule("select count(*) from t where _line = 1"),
        rule("select count(*) from t where nme = 1", number=1),
        rule("select count(*) from read_text('/etc/passwd')", number=2),
        rule("select count(*) from d where nme = 1", number=3),
        logic="upper(name) || _file",
    )
    sound = derived("select name, count(*) as n from t group by name")
    assert list(told(table, sound)) == ["t.quality[1]", "t.quality[2]", "t.quality[3]"]


def test_a_rule_that_cannot_block_is_a_warning() -> None:
    (fault,) = contract_sql_faults(contract_of(source(rule("drop table t", Severity.WARNING))))
    assert not fault.error


def test_a_contract_without_sql_has_none() -> None:
    assert contract_sql_faults(contract_of(source())) == ()
