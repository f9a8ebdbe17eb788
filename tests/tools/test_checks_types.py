"""The engine's type of a column, and that it survives a Parquet file."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from state.contract import Column, LogicalType, TypeOptions
from tools.checks.types import expected_type, fits
from tools.sql.quote import literal

T = LogicalType
CASES = [
    (T.STRING, None, {}, "VARCHAR"),
    (T.STRING, "VARCHAR(10)", {}, "VARCHAR"),
    (T.DATE, None, {"format": "dd.MM.yyyy"}, "DATE"),
    (T.TIMESTAMP, None, {}, "TIMESTAMP"),
    (T.TIMESTAMP, None, {"timezone": True}, "TIMESTAMPTZ"),
    (T.TIMESTAMP, None, {"timezone": False}, "TIMESTAMP"),
    (T.TIME, None, {}, "TIME"),
    (T.BOOLEAN, None, {}, "BOOLEAN"),
    (T.NUMBER, None, {}, "DOUBLE"),
    (T.NUMBER, "DECIMAL(10,2)", {}, "DECIMAL(10,2)"),
    (T.NUMBER, "numeric( 5 )", {}, "DECIMAL(5,0)"),
    (T.NUMBER, "NUMBER(12, 4)", {}, "DECIMAL(12,4)"),
    (T.NUMBER, "NUMERIC", {}, "DECIMAL(38,9)"),
    (T.NUMBER, "number", {}, "DOUBLE"),
    (T.NUMBER, "DECIMAL(76,38)", {}, "DOUBLE"),
    (T.NUMBER, "DECIMAL(4,6)", {}, "DOUBLE"),
    (T.NUMBER, "FLOAT", {}, "FLOAT"),
    (T.NUMBER, "DOUBLE PRECISION", {}, "DOUBLE"),
    (T.NUMBER, None, {"format": "f32"}, "FLOAT"),
    (T.NUMBER, "FLOAT", {"format": "f64"}, "DOUBLE"),
    (T.INTEGER, "INT", {}, "BIGINT"),
    (T.INTEGER, None, {"format": "i8"}, "BIGINT"),
    (T.INTEGER, None, {"format": "u64"}, "UBIGINT"),
    (T.INTEGER, None, {"format": "i128"}, "DECIMAL(38,0)"),
    (T.INTEGER, "HUGEINT", {}, "DECIMAL(38,0)"),
    (T.INTEGER, "DECIMAL(10,0)", {}, "BIGINT"),
    (T.INTEGER, "DECIMAL(20,0)", {}, "DECIMAL(20,0)"),
    (T.OBJECT, "JSON", {}, "VARCHAR"),
    (T.ARRAY, None, {}, "VARCHAR"),
]


@pytest.mark.parametrize(("logical", "physical", "options", "expected"), CASES)
def test_a_column_has_the_type_its_contract_names(
    logical: LogicalType, physical: str | None, options: dict[str, Any], expected: str
) -> None:
    column = Column(name="c", logical_type=logical, physical_type=physical, options=TypeOptions(**options))

    assert expected_type(column) == expected


@pytest.mark.parametrize("expected", sorted({case[-1] for case in CASES}))
def test_every_type_comes_back_from_parquet(tmp_path: Path, expected: str) -> None:
    path = literal(str(tmp_path / "x.parquet"))
    duckdb.execute(f"copy (select null::{expected} as c) to {path}")

    read = duckdb.execute(f"describe from {path}").fetchall()[0][1]

    assert read == ("TIMESTAMP WITH TIME ZONE" if expected == "TIMESTAMPTZ" else expected)


@pytest.mark.parametrize(("logical", "physical", "options", "expected"), CASES)
def test_the_own_type_of_a_column_fits_it(
    logical: LogicalType, physical: str | None, options: dict[str, Any], expected: str
) -> None:
    column = Column(name="c", logical_type=logical, physical_type=physical, options=TypeOptions(**options))

    described = duckdb.execute(f"describe select null::{expected} as c").fetchall()[0][1]

    assert fits(column, described)


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        (Column(name="c"), ["VARCHAR"], ["BIGINT", "DATE", "JSON"]),
        (
            Column(name="c", logical_type=T.INTEGER),
            ["INTEGER", "HUGEINT", "DECIMAL(5,0)"],
            ["DOUBLE", "VARCHAR", "DECIMAL(5,2)"],
        ),
        (Column(name="c", logical_type=T.NUMBER), ["BIGINT", "FLOAT", "DECIMAL(9,2)"], ["VARCHAR", "BOOLEAN"]),
        (
            Column(name="c", logical_type=T.NUMBER, physical_type="DECIMAL(9,2)"),
            ["DECIMAL(9,2)"],
            ["DOUBLE", "DECIMAL(9,3)", "BIGINT"],
        ),
        (Column(name="c", logical_type=T.DATE), ["DATE"], ["TIMESTAMP", "VARCHAR"]),
        (Column(name="c", logical_type=T.TIMESTAMP), ["TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"], ["DATE", "VARCHAR"]),
        (
            Column(name="c", logical_type=T.TIMESTAMP, options=TypeOptions(timezone=True)),
            ["TIMESTAMP WITH TIME ZONE"],
            ["TIMESTAMP"],
        ),
        (
            Column(name="c", logical_type=T.OBJECT),
            ["JSON", "VARCHAR", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)"],
            ["INTEGER[]"],
        ),
        (Column(name="c", logical_type=T.ARRAY), ["JSON", "INTEGER[]", "STRUCT(a INTEGER)[]"], ["STRUCT(a INTEGER)"]),
    ],
)
def test_which_physical_types_of_others_fit(column: Column, good: list[str], bad: list[str]) -> None:
    assert [physical for physical in good if not fits(column, physical)] == []
    assert [physical for physical in bad if fits(column, physical)] == []
