import csv
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from algorithms.mapping import match_columns, match_tables_instances
from state.contract import Column, LogicalType, Table, TypeOptions
from state.mapping import MappingEvidence, SourceColumn
from state.sources import LINE_BITS
from tools.profile import MAX_CELLS, MIN_ROWS, describe_targets, profile_landed

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PAIRS = SHARED / "column_mapping"
REPORTS = SHARED / "covid19"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema land")
        yield opened


def land(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Sequence[Sequence[str | None]]], relation: str = "land.v001"
) -> str:
    """Land records as files 0, 1, ...; a blank field is null."""
    width = len(files[0][0])
    connection.execute(f"create table {relation} (_row bigint, {', '.join(f'c{i} varchar' for i in range(width))})")
    rows = [
        [file << LINE_BITS | line, *(field or None for field in record)]
        for file, records in enumerate(files)
        for line, record in enumerate(records, 2)
    ]
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        marks = ", ".join(f"({', '.join('?' for _ in range(width + 1))})" for _ in part)
        connection.execute(f"insert into {relation} values {marks}", [field for row in part for field in row])
    return relation


def profile(connection: duckdb.DuckDBPyConnection, values: Sequence[str | None]) -> SourceColumn:
    relation = land(connection, [[[value] for value in values]])
    (column,) = profile_landed(connection, relation, ["x"], file_ids=None)
    return column


def test_counts_samples_and_shapes(connection: duckdb.DuckDBPyConnection) -> None:
    column = profile(connection, ["AB-12", "AB-12", "xyz 7", None, "  ", "Zürich"])
    assert (column.name, column.rows, column.filled, column.distinct) == ("x", 6, 4, 3)
    assert column.samples[0] == "AB-12"
    assert set(column.samples[1:]) == {"xyz 7", "Zürich"}
    assert column.shapes[0] == "a-9"
    assert set(column.shapes) == {"a-9", "a 9", "a"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("12", {"integer", "number"}),
        ("1,234,567", {"integer", "number"}),
        ("0.055", {"number"}),
        ("-1.5e3", {"number"}),
        ("€ 12,50", {"number"}),
        ("12.0 oz", {"number"}),
        ("100%", {"number"}),
        ("2020-02-02T23:43:02", {"timestamp"}),
        ("1/22/2020 17:00", {"timestamp"}),
        ("3/8/20 5:31", {"timestamp"}),
        ("2024-03-01", {"date", "timestamp"}),
        ("1.3.2024", {"date", "timestamp"}),
        ("20240301", {"date", "timestamp", "integer", "number"}),
        ("20241399", {"integer", "number"}),
        ("12 März 2024", {"date", "timestamp"}),
        ("March 12, 2024", {"date", "timestamp"}),
        ("9:05 a.m.", {"time"}),
        ("23:59:01", {"time"}),
        ("Yes", {"boolean"}),
        ("0", {"boolean", "integer", "number"}),
        ('{"a": 1}', {"object"}),
        ("[1, 2]", {"array"}),
        ("C0001", set()),
        ("AA-59-JFK", set()),
        ("12 Main Street", set()),
    ],
)
def test_what_a_text_can_be_read_as(connection: duckdb.DuckDBPyConnection, text: str, kinds: set[str]) -> None:
    column = profile(connection, [text])
    assert column.type_share == dict.fromkeys({"string", *kinds}, 1.0)


def test_shares_are_of_filled_rows(connection: duckdb.DuckDBPyConnection) -> None:
    column = profile(connection, ["1", "1", "1", "n/a", None])
    assert column.type_share["integer"] == 0.75


def test_quantiles_of_numbers_only(connection: duckdb.DuckDBPyConnection) -> None:
    assert profile(connection, ["1", "2", "3", "4", "1,000"]).quantiles == (1.0, 2.0, 3.0, 4.0, 1000.0)
    connection.execute("drop table land.v001")
    assert profile(connection, ["1", "a", "b", "nan"]).quantiles == ()


def test_quantiles_of_numbers_with_a_decimal_comma(connection: duckdb.DuckDBPyConnection) -> None:
    assert profile(connection, ["71,5", "68,25", "1.071,50", "-3,0", "12"]).quantiles == (
        -3.0,
        12.0,
        68.25,
        71.5,
        1071.5,
    )


def test_commas_that_group_are_no_decimal_sign(connection: duckdb.DuckDBPyConnection) -> None:
    assert profile(connection, ["1,234", "1,234.5", "1,234,567"]).quantiles[-1] == 1_234_567.0


def test_columns_without_values_and_tables_without_rows(connection: duckdb.DuckDBPyConnection) -> None:
    relation = land(connection, [[["", "1"], ["", "2"]]])
    empty, full = profile_landed(connection, relation, ["a", "b"], file_ids=None)
    assert (empty.rows, empty.filled, empty.distinct, empty.samples, empty.type_share) == (2, 0, 0, (), {})
    assert full.filled == 2
    assert profile_landed(connection, relation, ["a", "b"], file_ids=[7])[1].rows == 0
    assert profile_landed(connection, relation, [], file_ids=None) == ()


def test_only_the_given_files_are_looked_at(connection: duckdb.DuckDBPyConnection) -> None:
    relation = land(connection, [[["a"]], [["b"], ["c"]], [["d"]]])
    (column,) = profile_landed(connection, relation, ["x"], file_ids=[1, 2])
    assert sorted(column.samples) == ["b", "c", "d"]


def test_the_sample_is_bounded_spread_over_all_files_and_repeatable(connection: duckdb.DuckDBPyConnection) -> None:
    relation = land(connection, [[[f"file {file}", str(line)] for line in range(200)] for file in range(20)])
    first = profile_landed(connection, relation, ["file", "line"], file_ids=None, sample_rows=500)
    assert 350 < first[0].rows < 650
    assert first[0].distinct == 20
    assert first == profile_landed(connection, relation, ["file", "line"], file_ids=None, sample_rows=500)


def test_the_sample_keeps_no_step_with_the_lines(connection: duckdb.DuckDBPyConnection) -> None:
    relation = land(connection, [[["odd" if line % 2 else "even", "1" if line % 2 else ""] for line in range(4000)]])
    _, filled = profile_landed(connection, relation, ["parity", "filled"], file_ids=None, sample_rows=500)
    assert 0.4 < filled.filled / filled.rows < 0.6


def test_samples_are_bounded(connection: duckdb.DuckDBPyConnection) -> None:
    column = profile(connection, [f"{number}{'x' * 300}" for number in range(200)])
    assert len(column.samples) == 50
    assert {len(sample) for sample in column.samples} == {200}
    assert column.distinct == 200


def test_samples_of_columns_with_common_values_meet(connection: duckdb.DuckDBPyConnection) -> None:
    values = [f"v{number}" for number in range(900)]
    relation = land(connection, [[[here, there] for here, there in zip(values[:600], values[300:], strict=True)]])
    here, there = profile_landed(connection, relation, ["here", "there"], file_ids=None)
    assert len({*here.samples} & {*there.samples}) >= 15  # half of the values are common; chance would give four


def test_five_thousand_columns_in_seconds(connection: duckdb.DuckDBPyConnection) -> None:
    width = 5000
    fields = ", ".join(f"((i * {number + 1}) % 997)::varchar as c{number}" for number in range(width))
    connection.execute(f"create table land.wide as select i::bigint as _row, {fields} from range(1000) t(i)")
    started = time.process_time()
    columns = profile_landed(connection, "land.wide", [f"x{number}" for number in range(width)], file_ids=None)
    assert time.process_time() - started < 8  # about three seconds on an idle machine
    assert len(columns) == width
    assert MAX_CELLS // width == MIN_ROWS
    assert 100 < columns[0].rows < 300
    assert all(column.filled == column.rows for column in columns)
    assert columns[4].type_share["integer"] == 1.0


def test_names_of_columns_are_never_read_as_sql(connection: duckdb.DuckDBPyConnection) -> None:
    relation = land(connection, [[["1", "2"]]])
    columns = profile_landed(connection, relation, ['a" b', "c'; drop table land.v001"], file_ids=None)
    assert [column.samples for column in columns] == [("1",), ("2",)]


def test_contract_columns_that_want_a_source() -> None:
    table = Table(
        name="orders",
        columns=(
            Column(name="order_id", logical_type=LogicalType.INTEGER, key_position=1, required=True),
            Column(
                name="country",
                aliases=("nation",),
                physical_name="CTRY",
                business_name="Country/Region",
                valid_values=("Spain", "Italy"),
                examples=("Spain",),
            ),
            Column(name="amount", options=TypeOptions(minimum=0, maximum=9.5, pattern="^[0-9.]+$"), unique=True),
            Column(name="paid", valid_values=(True, False)),
            Column(name="day", transform_logic="cast(strptime(_file, '%d') as date)"),
            Column(name="place", transform_logic="country || ', ' || lower(other_place) || 'place' || s.place"),
            Column(name="net", transform_logic="round(NET / 100, 2)"),
        ),
    )
    targets = {target.name: target for target in describe_targets(table, {"country": ["Spain"] * 60})}
    assert list(targets) == ["order_id", "country", "amount", "paid", "net"]
    assert targets["order_id"].unique
    assert targets["order_id"].required
    assert targets["country"].names == ("nation", "CTRY", "Country/Region")
    assert targets["country"].valid_values == ("Spain", "Italy")
    assert targets["country"].samples == ("Spain",) * 50
    assert not targets["country"].unique
    assert (targets["amount"].minimum, targets["amount"].maximum, targets["amount"].pattern) == (0, 9.5, "^[0-9.]+$")
    assert targets["amount"].unique
    assert targets["paid"].valid_values == ("true", "false")


def test_a_key_of_two_columns_makes_neither_unique() -> None:
    table = Table(name="t", columns=(Column(name="a", key_position=1), Column(name="b", key_position=2)))
    assert [target.unique for target in describe_targets(table)] == [False, False]


def land_files(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], relation: str) -> list[str]:
    """Land files of one header; return the header."""
    with paths[0].open(newline="", encoding="utf-8-sig") as stream:
        header = next(csv.reader(stream))
    fields = {f"c{number}": "VARCHAR" for number in range(len(header))}
    connection.execute(f"create table {relation} (_row bigint, {', '.join(f'{name} varchar' for name in fields)})")
    for file, path in enumerate(paths):
        connection.execute(
            f"insert into {relation} select ({file}::bigint << {LINE_BITS}) + row_number() over (), * from "
            f"read_csv('{path}', header = false, skip = 1, columns = {fields}, auto_detect = false, delim = ',', "
            """quote = '"', escape = '"')"""
        )
    return header


@pytest.mark.shared_data
@pytest.mark.skipif(not PAIRS.exists(), reason="the shared column_mapping data is missing")
def test_benchmark_of_eighteen_pairs_of_tables(connection: duckdb.DuckDBPyConnection) -> None:
    found: dict[str, set[tuple[str, str]]] = {}
    truth: dict[str, set[tuple[str, str]]] = {}
    for folder in sorted(path for path in PAIRS.iterdir() if path.is_dir()):
        sides = []
        for side in ("source", "target"):
            relation = f"land.{folder.name}_{side}"
            header = land_files(connection, [folder / f"{side}.csv"], relation)
            sides.append(profile_landed(connection, relation, header, file_ids=None))
        found[folder.name] = {(match.source, match.target) for match in match_tables_instances(*sides).matches}
        truth[folder.name] = {tuple(pair) for pair in json.loads((folder / "truth.json").read_text())["matches"]}
    right = sum(len(found[name] & truth[name]) for name in truth)
    f1 = 2 * right / (sum(map(len, found.values())) + sum(map(len, truth.values())))
    wrong = {name: found[name] ^ truth[name] for name in truth if found[name] != truth[name]}
    assert f1 >= 0.98, wrong


def daily_reports(alias: bool) -> Table:  # noqa: FBT001  a test parameter
    number, integer = LogicalType.NUMBER, LogicalType.INTEGER
    return Table(
        name="daily_reports",
        columns=(
            Column(name="country", required=True),
            Column(name="province"),
            Column(name="admin2"),
            Column(name="last_update", logical_type=LogicalType.TIMESTAMP),
            Column(name="latitude", logical_type=number, aliases=("Lat",) if alias else ()),
            Column(name="longitude", logical_type=number, aliases=("Long_",) if alias else ()),
            *(Column(name=name, logical_type=integer) for name in ("confirmed", "deaths", "recovered", "fips")),
            Column(name="combined_key"),
        ),
    )


OLD = {"country": "Country/Region", "province": "Province/State", "last_update": "Last Update"}
COUNTS = {"confirmed": "Confirmed", "deaths": "Deaths", "recovered": "Recovered"}
EXPECTED = {
    6: OLD | COUNTS,
    8: OLD | COUNTS | {"latitude": "Latitude", "longitude": "Longitude"},
    12: COUNTS
    | {"country": "Country_Region", "province": "Province_State", "last_update": "Last_Update", "latitude": "Lat"}
    | {"longitude": "Long_", "fips": "FIPS", "admin2": "Admin2", "combined_key": "Combined_Key"},
}


@pytest.mark.shared_data
@pytest.mark.skipif(not REPORTS.exists(), reason="the shared covid19 data is missing")
@pytest.mark.parametrize("alias", [True, False])
def test_the_three_column_lists_of_the_daily_reports(connection: duckdb.DuckDBPyConnection, alias: bool) -> None:  # noqa: FBT001  a test parameter
    variants: dict[str, list[Path]] = {}
    for path in sorted(REPORTS.glob("*.csv")):
        variants.setdefault(path.read_text(encoding="utf-8-sig").splitlines()[0], []).append(path)
    assert len(variants) == 3
    spent = 0.0
    for files in variants.values():
        relation = f"land.v{len(files)}"
        header = land_files(connection, files, relation)
        started = time.process_time()
        columns = profile_landed(connection, relation, header, file_ids=range(len(files)))
        evidence = MappingEvidence(
            table="daily_reports", variant_id="v", sources=columns, targets=describe_targets(daily_reports(alias))
        )
        found = match_columns(evidence)
        spent += time.process_time() - started
        assert {match.target: match.source for match in found.matches} == EXPECTED[len(header)]
        assert set(found.unmapped_sources) == ({"Active"} if len(header) == 12 else set())
    assert spent < 2  # a quarter of a second on an idle machine
