"""JSON documents, JSON lines and Parquet through the public face of landing."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.contract import Column, Contract, LogicalType, Table
from state.errors import AccountingError, SourceError
from state.sources import LINE_BITS, FileBooks, Inventory, Kind, Reading
from tools.sources import json_lines, json_scan, json_sources
from tools.sources.inventory import take_inventory
from tools.sources.json_scan import count_documents, count_elements
from tools.sources.json_values import JsonFault, read_line, write_value
from tools.sources.land import land
from tools.sources.match import match_tables
from tools.workspace import open_workspace

relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Row = dict[str, str | None]


class Place:
    """A workspace to land single files in, again and again."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.connection, self.folder = connection, folder
        self.inventory = Inventory(files=(), variants=())

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self, content: bytes | str | Path, name: str = "in.json", contract: Contract | None = None) -> FileBooks:
        path = content if isinstance(content, Path) else self.write(name, content)
        self.inventory = take_inventory([str(path)], self.folder, contract=contract)
        for (table,) in self.connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'land' and table_name like 'v0%'"
        ).fetchall():
            self.connection.execute(f"drop table land.{table}")
        self.connection.execute("delete from land.rejects; delete from land.files")
        books = land(self.connection, self.inventory)
        assert all(each.balanced for each in books)
        return books[0]

    def rows(self, variant: int = 0) -> list[tuple[int, Row]]:
        """Return the line and the filled fields of each record."""
        found = self.inventory.variants[variant]
        rows = self.connection.execute(f"select * from land.{found.variant_id} order by _row").fetchall()
        named = [(row[0], zip(found.columns, row[1:], strict=True)) for row in rows]
        return [(row & ((1 << LINE_BITS) - 1), {k: v for k, v in fields if v is not None}) for row, fields in named]

    def rejects(self) -> list[tuple[int, str, str]]:
        return self.connection.execute("select line, raw, reason from land.rejects order by _row").fetchall()

    def told(self, text: str) -> bool:
        return any(text in warning for warning in self.inventory.warnings)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("values")
    with open_workspace(folder) as connection:
        yield Place(connection, folder)


def contract(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c.yaml", sha256="0")


def table(name: str, *columns: Column | str, sources: tuple[str, ...] = ()) -> Table:
    made = tuple(Column(name=each) if isinstance(each, str) else each for each in columns)
    return Table(name=name, columns=made, sources=sources)


# JSON values


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"a":1.10,"b":1E5,"c":-0.0}', '{"a":1.10,"b":1E5,"c":-0.0}'),
        ('{"a":123456789012345678901234567890}', '{"a":123456789012345678901234567890}'),
        ('{"a":0.1234567890123456789012345}', '{"a":0.1234567890123456789012345}'),
        ("[NaN, -Infinity, null, true]", "[NaN,-Infinity,null,true]"),
        ('"\\u00e9\\ud83d\\ude00\\n"', '"é😀\\n"'),
    ],
)
def test_values_keep_what_the_text_says(text: str, written: str) -> None:
    assert write_value(read_line(text)) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":1,"a":2}', "the key 'a' stands twice"),
        ('{"a":{"b":1,"b":1}}', "the key 'b' stands twice"),
        ('{"a":1}}', "text follows the JSON value at character 8"),
        ('{"a":1,}', "broken JSON at character 8"),
        ('{"a":"\\ud800"}', "half a surrogate pair"),
        ("[" * 300 + "]" * 300, "nested deeper than 200"),
        ("[" * 100_000 + "]" * 100_000, "nested deeper than 200"),
        ('{"a":"x\ty"}', "broken JSON"),
        ("", "broken JSON"),
    ],
)
def test_what_is_no_value_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(JsonFault, match=reason):
        read_line(text)


# JSON lines


def test_json_lines_land_with_physical_lines(place: Place) -> None:
    text = '\ufeff{"id":1,"c":{"city":"X","tags":["a",1.50]},"n":null}\n\n{"id":2,"c":null}\r\n{"id":3,\n[1]\n{"id":4}'
    books = place.land(text, "in.jsonl")
    assert (books.lines, books.blank_lines, books.records, books.rejects) == (6, 1, 3, 2)
    assert place.rows() == [
        (1, {"id": "1", "c.city": "X", "c.tags": '["a",1.50]'}), (3, {"id": "2"}), (6, {"id": "4"}),
    ]  # fmt: skip
    assert [(line, raw) for line, raw, _ in place.rejects()] == [(4, '{"id":3,'), (5, "[1]")]
    assert place.inventory.files[0].header == ("id", "c.city", "c.tags", "n")


def test_json_lines_of_rejects_alone_are_accounted_for(place: Place) -> None:
    books = place.land("{broken}\n{also broken}\n", "in.ndjson")
    assert (books.records, books.rejects) == (0, 2)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_json_is_read_in_its_encoding(place: Place, codec: str) -> None:
    for name, text in (("in.jsonl", '{"a":"Müller €"}\n{"a":"b"}\n'), ("in.json", '[{"a":"Müller €"},{"a":"b"}]')):
        place.land(text.encode(codec), name)
        assert [row for _, row in place.rows()] == [{"a": "Müller €"}, {"a": "b"}]


def test_damaged_bytes_cost_one_record(place: Place) -> None:
    for name, text in (
        ("in.jsonl", b'{"a":"\xff"}\n{"a":"\xc3\xa9"}\n'),
        ("in.json", b'[{"a":"\xff"},{"a":"\xc3\xa9"}]'),
    ):
        place.land(text, name)
        assert [row for _, row in place.rows()] == [{"a": "é"}]
        assert place.rejects()[0][1:] == ('{"a":"\\xff"}', "bytes that are no UTF-8")


def test_gzip_and_json_lines_named_json(place: Place) -> None:
    place.land(gzip.compress(b'{"a":1}\n{"a":2}\n'), "in.json.gz")
    assert place.inventory.files[0].kind is Kind.JSON_LINES
    assert [row for _, row in place.rows()] == [{"a": "1"}, {"a": "2"}]


def test_a_key_that_stands_twice_costs_the_record(place: Place) -> None:
    books = place.land('{"a":1,"a":2}\n{"a":3}\n', "in.jsonl")
    assert (books.records, books.rejects) == (1, 1)


# Documents


def test_an_array_in_an_envelope(place: Place) -> None:
    text = '{"page": 1,\n "data": {"orders": [\n  {"id": 1},\n  {"id": },\n  "no",\n  {"id": 3}\n ]}}'
    books = place.land(text)
    assert (books.lines, books.records, books.rejects) == (4, 2, 2)
    assert place.rows() == [(3, {"id": "1"}), (6, {"id": "3"})]
    assert [(line, raw) for line, raw, _ in place.rejects()] == [(4, '{"id": }'), (5, '"no"')]
    assert place.told("beside the records it holds page")
    assert place.inventory.files[0].part == "data.orders"


def test_records_on_one_line_are_numbered(place: Place) -> None:
    place.land('[{"a":1},{"a":2},5,{"a":3}]')
    assert place.rows() == [(1, {"a": "1"}), (2, {"a": "2"}), (4, {"a": "3"})]
    assert place.inventory.files[0].numbered


def test_brackets_that_do_not_close_cost_one_record(place: Place) -> None:
    books = place.land('[\n {"id":1},\n {"id":2\n {"id":3},\n {"id":4}\n]')
    assert (books.records, books.rejects) == (3, 1)
    assert place.told("is damaged")
    books = place.land('[\n {"id":1},\n {"id":2,"x":"')
    assert (books.records, books.rejects) == (1, 1)


@pytest.mark.parametrize("text", ["[]", "", " \n", '{"data": []}'.replace("[]", "[ ]")])
def test_a_document_without_records(place: Place, text: str) -> None:
    books = place.land(text)
    assert books.rejects == 0
    assert books.records == (1 if "data" in text else 0)


def test_documents_that_follow_each_other(place: Place) -> None:
    books = place.land('{\n"a": 1\n}\n{\n"a": 2\n}\n')
    assert (books.lines, books.records) == (2, 2)
    assert place.rows() == [(1, {"a": "1"}), (4, {"a": "2"})]


def test_a_record_is_told_from_an_envelope(place: Place) -> None:
    text = '{"order_id": 7, "items": [{"sku": "x"}, {"sku": "y"}]}'
    place.land(text)
    assert place.rows() == [(1, {"order_id": "7", "items": '[{"sku":"x"},{"sku":"y"}]'})]
    place.land(text, contract=contract(table("lines", "sku")))
    assert [row for _, row in place.rows()] == [{"sku": "x"}, {"sku": "y"}]


def test_several_arrays_are_several_sources(place: Place) -> None:
    place.land('{"orders": [{"id": 1}], "customers": [{"name": "a"}, {"name": "b"}]}', "shop.json")
    assert [file.name for file in place.inventory.files] == ["shop.json#orders", "shop.json#customers"]
    wanted = contract(table("orders", "id"), table("customers", "name"))
    assert match_tables(place.inventory, wanted).files == {"orders": (0,), "customers": (1,)}


def test_the_contract_asks_for_elements_and_whole_objects(place: Place) -> None:
    text = '[{"items": [{"sku": "x"}, {"sku": "y"}], "a": {"b": {"c": 1.0}}, "k.l": 2}]'
    whole = Column(name="a", logical_type=LogicalType.OBJECT)
    place.land(text, contract=contract(table("t", whole, Column(name="second", aliases=("items[1].sku",)), "a.b.c")))
    (_, row), = place.rows()  # fmt: skip
    assert row["items[1].sku"] == "y"
    assert row["a"] == '{"b":{"c":1.0}}'
    assert row["a.b.c"] == "1.0"
    assert row['["k.l"]'] == "2"


def test_json_files_with_optional_keys_share_a_variant(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(1000):
        record = {"id": number, "a": 1, "b": 2, **({"c": 3} if number % 3 else {})}
        (tmp_path / "in" / f"o{number}.json").write_text(json.dumps(record))
    inventory = take_inventory([str(tmp_path / "in")], tmp_path / "ws")
    assert [variant.columns for variant in inventory.variants] == [("id", "a", "b", "c")]
    with open_workspace(tmp_path / "ws") as connection:
        assert sum(books.records for books in land(connection, inventory)) == 1000


def test_a_reader_that_loses_an_element_is_found(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.write("lost.json", '[{"a":1},{"a":2},{"a":3}]')
    place.land(path)
    real = json_sources._pieces
    monkeypatch.setattr(json_sources, "_pieces", lambda *args: list(real(*args))[1:])
    with pytest.raises(AccountingError, match="has 3 lines, of which 2"):
        land(place.connection, place.inventory)


def test_a_reader_that_loses_a_line_is_found(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.land('{"a":1}\n{"a":2}\n', "lost.jsonl")
    real = json_lines._blocks
    monkeypatch.setattr(json_lines, "_blocks", lambda path: (lines[1:] for lines in real(path)))
    with pytest.raises(AccountingError, match="has 2 lines"):
        land(place.connection, place.inventory)


json_texts = st.text(st.characters(codec="utf-8"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | json_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_texts, inner, max_size=3),
    max_leaves=8,
)


@relaxed
@given(
    st.lists(st.dictionaries(json_texts, json_values, max_size=4), min_size=1, max_size=6), st.sampled_from([None, 1])
)
def test_documents_and_lines_give_the_same_records(place: Place, records: list[Any], indent: int | None) -> None:
    lines = place.land("".join(f"{json.dumps(each)}\n" for each in records) + "\n", "in.jsonl")
    by_line = [row for _, row in place.rows()]
    document = place.land(json.dumps(records, indent=indent))
    assert [row for _, row in place.rows()] == by_line
    assert (lines.records, document.records) == (len(records), len(records))


@relaxed
@given(json_values)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = json.dumps(value)
    assert json.loads(write_value(read_line(text))) == json.loads(text)


@relaxed
@given(st.lists(json_values, max_size=6), st.sampled_from([None, 1]), st.integers(1, 30))
def test_elements_are_counted_from_bytes(tmp_path: Path, values: list[Any], indent: int | None, block: int) -> None:
    path = tmp_path / "count.json"
    path.write_text(f"  {json.dumps(values, indent=indent)} ")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "_BLOCK", block)
        assert count_elements(path, 2) == len(values)
        assert count_documents(path) == 1


# Parquet


def parquet(place: Place, query: str, name: str = "in.parquet") -> Path:
    path = place.write(name, b"")
    place.connection.execute(f"copy ({query}) to '{path}' (format parquet)")
    return path


FLAT = (
    "select 1::utinyint as a, 12.50::decimal(9,2) as d, timestamp '2024-01-02 03:04:05.120' as t, "
    "'2024-01-02 03:04:05+02'::timestamptz as z, true as b, 9223372036854775807 as big, '' as e, null::int as n, "
    "0.1::double as f, 0.1::float as g, 'nan'::double as nan, date '2024-01-02' as day, {'x': {'y': 'q'}} as s, "
    "'x'::blob as raw"
)


def test_parquet_becomes_the_text_that_shows_it_whole(place: Place) -> None:
    place.land(parquet(place, FLAT))
    assert place.inventory.files[0].reading is Reading.COLUMNS
    assert place.rows() == [
        (1, {"a": "1", "d": "12.50", "t": "2024-01-02 03:04:05.12", "z": "2024-01-02 01:04:05+00", "b": "true",
             "big": "9223372036854775807", "f": "0.1", "g": "0.1", "nan": "nan", "day": "2024-01-02", "s.x.y": "q",
             "raw": "x"})
    ]  # fmt: skip


def test_parquet_with_lists_is_read_like_json(place: Place) -> None:
    query = "select 1 as a, [{'p': 1.10::decimal(30,2), 'q': 'x'}, null] as l, map {'k': true} as m, {'x': [1]} as s"
    place.land(parquet(place, query), contract=contract(table("t", "l[0].p")))
    assert place.inventory.files[0].reading is Reading.VALUES
    assert place.rows() == [
        (1, {"a": "1", "l": '[{"p":1.10,"q":"x"},null]', "l[0].p": "1.10", "m": '{"k":true}', "s.x": "[1]"})
    ]


def test_parquet_is_checked_against_its_metadata(place: Place) -> None:
    place.land(parquet(place, "select range as r from range(5000)"))
    (file,) = place.inventory.files
    assert file.lines == 5000
    wrong = place.inventory.model_copy(update={"files": (file.model_copy(update={"lines": 5001}),)})
    with pytest.raises(AccountingError, match="has 5001 lines"):
        land(place.connection, wrong)


def test_damaged_parquet_is_one_line(place: Place) -> None:
    whole = parquet(place, "select 1 as a").read_bytes()
    for content in (whole[:-20], b"PAR1" + b"x" * 50):
        with pytest.raises(SourceError, match="cannot be read as Parquet") as caught:
            place.land(content, "cut.parquet")
        assert caught.value.where == "cut.parquet"


@relaxed
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), json_texts, st.lists(st.integers(-9, 9))), min_size=1))
def test_parquet_and_json_lines_give_the_same_records(place: Place, rows: list[tuple[int, str, list[int]]]) -> None:
    records = [{"n": number, "o": {"t": text}, "l": numbers} for number, text, numbers in rows]
    place.land("".join(f"{json.dumps(each)}\n" for each in records) + "\n", "in.jsonl")
    expected = [row for _, row in place.rows()]
    place.connection.execute("create or replace temp table made (n bigint, o struct(t varchar), l bigint[])")
    place.connection.executemany("insert into made values (?, {'t': ?}, ?)", rows)
    place.land(parquet(place, "select * from made"))
    assert [row for _, row in place.rows()] == expected
