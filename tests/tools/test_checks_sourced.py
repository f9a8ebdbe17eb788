"""Columns without a source are told, and fail a table that may not hold nulls in them."""

import pytest

from state.checks import Verdict
from state.contract import Column, OnViolation, Table
from state.mapping import ColumnMapping, ColumnMatch
from tools.checks.sourced import judge_mapping, judge_rejects


def table_of(policy: OnViolation = OnViolation.REPAIR) -> Table:
    columns = (
        Column(name="id", required=True),
        Column(name="email"),
        Column(name="made", transform_logic="upper(email)", required=True),
    )
    return Table(name="t", columns=columns, on_violation=policy)


def mapping(variant: str, *targets: str) -> ColumnMapping:
    matches = tuple(ColumnMatch(target=target, source=target, score=1) for target in targets)
    return ColumnMapping(
        table="t", variant_id=variant, matches=matches, unmapped_targets=(), unmapped_sources=(), confidence=1
    )


V1, V2, NOTHING = mapping("v1", "id", "email"), mapping("v2", "id"), mapping("v3")


@pytest.mark.parametrize(
    ("mappings", "policy", "verdict", "count", "said"),
    [
        ((), "repair", Verdict.PASSED, 0, ""),
        ((V1, mapping("v2", "email", "id")), "fail", Verdict.PASSED, 0, ""),
        ((V1, V2), "repair", Verdict.WARNING, 1, "v2 without a column for email"),
        ((V1, V2), "fail", Verdict.WARNING, 1, "v2 without a column for email"),
        ((V2,), "repair", Verdict.WARNING, 1, "no file has a column for email: published as null"),
        ((mapping("v1", "email"),), "repair", Verdict.FAILED, 1, "no file has a column for id: published as null"),
        (
            (V1, NOTHING),
            "repair",
            Verdict.WARNING,
            1,
            "rows of 1 header variant set aside: no column is the contract's",
        ),
        ((V1, NOTHING), "fail", Verdict.FAILED, 1, "rows of 1 header variant set aside"),
        ((NOTHING,), "repair", Verdict.FAILED, 3, "no file has a column for id, email: published as null"),
        ((V2, NOTHING), "repair", Verdict.WARNING, 2, "set aside"),
    ],
)
def test_the_verdict_on_a_mapping(
    mappings: tuple[ColumnMapping, ...], policy: str, verdict: Verdict, count: int, said: str
) -> None:
    result = judge_mapping(table_of(OnViolation(policy)), mappings)
    assert (result.rule, result.kind) == ("t.mapping", "mapping")
    assert (result.result, result.count) == (verdict, count)
    assert result.blocking is (verdict is Verdict.FAILED)
    assert said in result.detail
    assert "made" not in result.detail


def test_a_key_that_no_file_has_fails_the_table() -> None:
    table = Table(name="t", columns=(Column(name="id", key_position=1), Column(name="email")))
    assert judge_mapping(table, [mapping("v1", "email")]).blocking


def test_a_table_of_derived_columns_alone_wants_no_source() -> None:
    table = Table(name="t", columns=(Column(name="made", transform_logic="_file"),), on_violation=OnViolation.FAIL)
    assert judge_mapping(table, [NOTHING]).result is Verdict.PASSED


def test_a_long_list_is_cut() -> None:
    columns = tuple(Column(name=f"c{number}") for number in range(100))
    result = judge_mapping(Table(name="t", columns=columns), [mapping("v1", "c0"), mapping("v2", "c1")])
    assert "and 78 more: published as null" in result.detail
    assert result.count == 100


def test_one_reject_is_told_in_the_singular() -> None:
    assert judge_rejects(table_of(), 1).detail.startswith("1 reject:")
