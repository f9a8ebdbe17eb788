"""The shop against its own truth, and every side table against the bytes of the input files."""

import csv
import gzip
import importlib.util
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

SEEDS = (7, 2024)
TABLES = ("customers", "orders")
UNCLOSED = "orders_2024_q4.csv"
"""The one file with a quote that is never closed, and no other: its quotes are text."""


@dataclass(frozen=True)
class Source:
    """One input file, read without the product: the records by the line they begin on, by column of the contract."""

    lines: list[str]
    records: dict[int, list[str]]
    columns: dict[str, int]

    def cell(self, line: int, column: str) -> str:
        return self.records[line][self.columns[column]]


def load_generator(folder: Path) -> Any:
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("shop_generate", folder / "generate.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def read_source(path: Path, export: Any) -> Source:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = content.decode(export.encoding).removeprefix("\ufeff")
    lines = text.splitlines()
    quoting = csv.QUOTE_NONE if path.name == UNCLOSED else csv.QUOTE_MINIMAL
    reader = csv.reader(text.splitlines(keepends=True), delimiter=export.delimiter, quoting=quoting)
    records, begins = {}, 1
    for record in reader:
        records[begins] = record
        begins = reader.line_num + 1
    del records[1]
    names = [column for column, _ in export.header]
    return Source(lines, records, {name: names.index(name) for name in names if name})


@pytest.fixture(scope="module", params=SEEDS)
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, examples: Path, play_once: Any
) -> Any:
    module, folder = load_generator(examples / "shop"), tmp_path_factory.mktemp("shop")
    module.write_shop(folder, request.param)
    played = play_once(examples / "shop" / "contract.odcs.yaml", folder / "input", out=folder / "out")
    chance = random.Random(request.param)  # noqa: S311  the generator's own
    customers = module.customer_files(chance)
    orders = module.order_files(chance, ["C0001"])
    sources = {
        table: {export.file: read_source(folder / "input" / export.file, export) for export, _ in files}
        for table, files in (("customers", customers), ("orders", orders))
    }
    return played, sources, folder / "truth"


@pytest.mark.parametrize("table", TABLES)
def test_the_books_are_the_true_ones(shop: Any, table: str) -> None:
    played, _, truth = shop
    assert played.status == "published"
    played.assert_balanced()
    books = json.loads((truth / "accounting.json").read_text())["tables"][table]
    assert {name: played.tables[table][name] for name in books} == books


@pytest.mark.parametrize("table", TABLES)
def test_published_cells_are_the_true_ones(shop: Any, table: str) -> None:
    played, _, folder = shop
    truth = folder / f"{table}.csv"
    with duckdb.connect() as connection:
        connection.execute(f"create view published as from '{played.out / table}.parquet'")
        columns = connection.execute("select column_name, column_type from (describe published)").fetchall()
        casts = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in columns)
        connection.execute(f"create view expected as select {casts} from read_csv('{truth}', all_varchar = true)")
        missing = connection.execute("from expected except all from published").fetchall()
        invented = connection.execute("from published except all from expected").fetchall()
    assert (missing[:3], invented[:3]) == ([], [])


@pytest.mark.parametrize("table", TABLES)
def test_every_record_of_the_input_is_in_exactly_one_place(shop: Any, table: str) -> None:
    played, sources = shop[0], shop[1][table]
    places = [place for found in played.places(table).values() for place in found]
    expected = [(name, line) for name, source in sources.items() for line in source.records]
    assert len(places) == len(set(places))
    assert set(places) == set(expected)


@pytest.mark.parametrize("table", TABLES)
def test_quarantined_rows_stand_where_it_says(shop: Any, table: str) -> None:
    played, sources = shop[0], shop[1][table]
    columns = list(next(iter(sources.values())).columns)
    fields = ", ".join(f'"{column}"' for column in columns)
    for name, line, raw, reason, rule, *values in played.quarantine(
        table, f"_file, _line, _raw, _reason, _rule, {fields}"
    ):
        source = sources[name]
        assert reason
        assert rule.startswith(f"{table}.")
        if raw is not None:
            assert source.lines[line - 1] == raw
            assert len(source.records[line]) != len(source.records[min(source.records)]) or name == UNCLOSED
            continue
        held = [source.cell(line, column) or None for column in columns]
        assert held == values, (name, line)


@pytest.mark.parametrize("table", TABLES)
def test_changes_begin_from_the_text_of_the_file_and_none_is_untold(shop: Any, table: str) -> None:
    played, sources = shop[0], shop[1][table]
    changes = played.side("changes", table, 'file, line, "column", before, after, operator, row_id')
    assert len(changes) == played.tables[table]["cells_changed"]
    told = {(name, line, column): (before, after) for name, line, column, before, after, *_ in changes}
    assert len(told) == len(changes)
    for (name, line, column), (before, after) in told.items():
        assert before == sources[name].cell(line, column)
        assert before != after
    key = "customer_id" if table == "customers" else "order_id"
    texts = [
        column
        for column in ("name", "email", "country", "status", "comment")
        if column in next(iter(sources.values())).columns
    ]
    rows = {str(row[0]): row[1:] for row in played.rows(table, ", ".join([key, *texts]))}
    for name, line in played.places(table)["published"]:
        row = rows[sources[name].cell(line, key).strip()]
        for column, value in zip(texts, row, strict=True):
            text = sources[name].cell(line, column) or None
            assert told.get((name, line, column), (None, text))[1] == value, (name, line, column)
