"""Rules that nothing can meet: told only where it is certain."""

from typing import Any

import pytest

from algorithms.impossible_rules import impossible_rules
from state.contract import Column, LogicalType, QualityRule, Severity, Table, TypeOptions


def table(*columns: Column, rules: tuple[QualityRule, ...] = (), **fields: Any) -> Table:
    return Table(name="t", columns=columns, rules=rules, **fields)


def number(**options: Any) -> Column:
    return Column(name="a", logical_type=LogicalType.NUMBER, options=TypeOptions(**options))


def rule(operator: str, threshold: Any, metric: str = "rowCount", **fields: Any) -> QualityRule:
    made = {"id": "t.quality[0]", "type": "library", "metric": metric, "operator": operator, "threshold": threshold}
    return QualityRule(**{**made, **fields})


KEYED = Column(name="a", unique=True, required=True, valid_values=("x", "y"))

IMPOSSIBLE = [
    table(number(minimum=5, maximum=4)),
    table(number(minimum=5, exclusive_maximum=5)),
    table(number(exclusive_minimum=5, maximum=5)),
    table(Column(name="a", options=TypeOptions(min_length=3, max_length=2))),
    table(number(minimum=5).model_copy(update={"valid_values": (1, 2)})),
    table(KEYED),
    table(rules=(rule("mustBeGreaterThan", 100),)),
    table(rules=(rule("mustBeLessThan", 0),)),
    table(rules=(rule("mustBeGreaterThan", 5), rule("mustBeLessThan", 5, id="t.quality[1]"))),
    table(Column(name="a", required=True, rules=(rule("mustBe", 3, "nullValues"),))),
    table(Column(name="a", rules=(rule("mustBeGreaterThan", 100, "invalidValues", unit="percent"),))),
]
POSSIBLE = [
    table(number(minimum=5, maximum=5)),
    table(number(minimum="2024-01-01", maximum="2023-01-01")),
    table(KEYED, max_quarantine=0.99),
    table(KEYED, relaxed_quarantine=0.99),
    table(rules=(rule("mustBeGreaterThan", 99),)),
    table(rules=(rule("mustBeLessOrEqualTo", 0),)),
    table(rules=(rule("mustBeBetween", (5, 500)),)),
    table(rules=(rule("mustNotBe", 5),)),
    table(rules=(rule("mustBeGreaterThan", 100),), transform_logic="select 1"),
    table(rules=(rule("mustBeGreaterThan", 100, severity=Severity.WARNING),)),
    table(rules=(rule("mustBeGreaterThan", 5), rule("mustBeLessThan", 5, "nullValues", id="t.quality[1]"))),
]


@pytest.mark.parametrize("case", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_what_nothing_can_meet_is_told_with_why(case: Table) -> None:
    (found,) = impossible_rules(case, rows_read=100)
    assert found.why.startswith(found.rule)


@pytest.mark.parametrize("case", POSSIBLE, ids=range(len(POSSIBLE)))
def test_what_may_be_met_is_not_called_impossible(case: Table) -> None:
    assert impossible_rules(case, rows_read=100) == ()
