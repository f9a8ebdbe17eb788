"""Workbooks, archives, and quarantine files that come back, through the public face of landing."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.contract import Column, Contract, Table
from state.errors import AccountingError, SourceError
from state.sources import LINE_BITS, FileBooks, Inventory, Kind
from tools.sources import excel_book, excel_sources
from tools.sources.excel_dates import Shown, date_text, number_text, shown_as
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.limits import LandingLimits
from tools.sources.match import match_tables
from tools.workspace import open_workspace

relaxed = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="<"))


class Landed:
    """One file landed in a workspace of its own: the books of its first source and the rows of its first variant."""

    def __init__(self, path: Path, contract: Contract | None = None) -> None:
        number = len(list(path.parent.glob("ws*")))
        self.inventory: Inventory = take_inventory([str(path)], path.parent / f"ws{number}", contract=contract)
        with open_workspace(path.parent / f"ws{number}") as connection:
            self.books: FileBooks = land(connection, self.inventory)[0]
            columns = self.inventory.variants[0].columns
            rows = connection.execute("select * from land.v001 order by _row").fetchall()
            self.lines = [row[0] & ((1 << LINE_BITS) - 1) for row in rows]
            self.rows = [
                {name: text for name, text in zip(columns, row[1:], strict=True) if text is not None} for row in rows
            ]
            self.rejects: list[tuple[int, str, str]] = connection.execute(
                "select line, raw, reason from land.rejects order by _row"
            ).fetchall()

    def told(self, text: str) -> bool:
        return any(text in warning for warning in self.inventory.warnings)


def contract(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c.yaml", sha256="0")


def table(name: str, *columns: str, sources: tuple[str, ...] = ()) -> Table:
    return Table(name=name, columns=tuple(Column(name=each) for each in columns), sources=sources)


def test_a_sheet_is_read_with_its_preamble_dates_and_errors(tmp_path: Path, write_book: Any, sheet_row: Any) -> None:
    rows = [
        sheet_row(1, "Report"),
        sheet_row(3, "id", "day", "moment", "clock", "share", "ran", "text"),
        sheet_row(4, 1, ("n", 45000, 1), ("n", 45000.5, 2), ("n", 0.25, 3), ("n", 0.25, 4), ("n", 1.5, 5), "a"),
        sheet_row(5, 2, ("e", "#N/A", 0), None, None, 19.989999999999998, None, ("s", 0, 0), hidden=True),
        sheet_row(6, 3, ("e", "#REF!", 0)),
        sheet_row(8, 4, "<f>A4+1</f>"),
        sheet_row(9, "<f>A4+1</f><v>5</v>", None, None, None, None, None, None, "beyond"),
        sheet_row(10, 6, ("n", 60, 1)),
        *(sheet_row(at, at, ("n", 45000, 1), ("n", 45000.5, 2), ("n", 0.25, 3), 1, 2, "a") for at in range(11, 17)),
    ]
    texts = ("<r><t>sh</t></r><r><t>ared</t></r><rPh><t>no</t></rPh>",)
    sheets = {"Orders": "".join(rows), "Empty": ""}
    landed = Landed(write_book(tmp_path / "book.xlsx", sheets, texts=texts))
    books = landed.books
    assert [file.name for file in landed.inventory.files] == ["book.xlsx#Orders"]
    assert (books.lines, books.header_lines, books.blank_lines, books.records, books.rejects) == (16, 3, 1, 8, 4)
    assert landed.lines == [4, 5, *range(11, 17)]
    assert landed.rows[:2] == [
        {"id": "1", "day": "2023-03-15", "moment": "2023-03-15 12:00:00", "clock": "06:00:00", "share": "0.25",
         "ran": "36:00:00", "text": "a"},
        {"id": "2", "share": "19.99", "text": "shared"},
    ]  # fmt: skip
    assert [(line, reason) for line, _, reason in landed.rejects] == [
        (6, "B6 holds the error #REF!"),
        (8, "B8 holds a formula without a stored value: open the workbook in Excel and save it"),
        (9, "1 cells stand beyond the 7 columns of the header"),
        (10, "B10 holds the number 60 is formatted as a date and is none"),
    ]
    assert landed.told("1 rows above the header in row 3 are no records: 'Report'")
    assert landed.told("1 rows are hidden; they are read")
    assert landed.told("1 cells show #N/A")


def test_merged_cells_hold_for_all_they_cover(tmp_path: Path, write_book: Any, sheet_row: Any) -> None:
    rows = [sheet_row(1, "id", "area", None, "n"), sheet_row(2, 1, "x", "y", 5), sheet_row(3, 2, None, "z", 6)]
    merged = '<mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="B2:B3"/></mergeCells>'
    sheet = f"<sheetData>{''.join(rows)}</sheetData>{merged}"
    landed = Landed(write_book(tmp_path / "m.xlsx", {"S": sheet}))
    assert landed.rows == [
        {"id": "1", "area": "x", "area_1": "y", "n": "5"},
        {"id": "2", "area": "x", "area_1": "z", "n": "6"},
    ]
    assert landed.told("1 merged ranges (B2:B3, ...)")


def test_hidden_sheets_are_read_and_the_system_of_1904_is_known(
    tmp_path: Path, write_book: Any, sheet_row: Any
) -> None:
    rows = sheet_row(1, "a", "b") + sheet_row(2, 1, ("n", 0, 1)) + sheet_row(3, 2, ("n", 43538.5, 2))
    landed = Landed(write_book(tmp_path / "old.xlsx", {"S": rows}, since_1904=True, hidden=("S",)))
    assert [row["b"] for row in landed.rows] == ["1904-01-01", "2023-03-15 12:00:00"]
    assert landed.told("the sheet is hidden; it is read")


def test_a_sheet_reader_that_loses_a_row_is_found(
    tmp_path: Path, write_book: Any, sheet_row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(sheet_row(at, "a" if at == 1 else at) for at in range(1, 9))
    path = write_book(tmp_path / "lost.xlsx", {"S": rows})
    real = excel_sources.sheet_rows
    monkeypatch.setattr(excel_sources, "sheet_rows", lambda *args: (row for row in real(*args) if row.number != 5))
    with pytest.raises(AccountingError, match="has 8 lines, of which 7"):
        Landed(path)


@relaxed
@given(
    st.lists(
        st.tuples(st.integers(-(10**14), 10**14), _CELLS),
        min_size=1,
        max_size=8,
    ),
    st.integers(20, 400),
)
def test_sheets_give_what_json_lines_give(
    tmp_path: Path, write_book: Any, sheet_row: Any, rows: list[tuple[int, str]], block: int
) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"n": n, "t": text}) + "\n" for n, text in rows))
    sheet = sheet_row(1, "n", "t") + "".join(sheet_row(at, *row) for at, row in enumerate(rows, 2))
    path = write_book(tmp_path / "p.xlsx", {"S": sheet})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(excel_book, "_BLOCK", block)
        landed = Landed(path)
    expected = [
        {**row, "t": ""} if row.get("t", "").startswith("<") else row for row in Landed(tmp_path / "in.jsonl").rows
    ]
    assert landed.rows == [{name: text for name, text in row.items() if text} for row in expected]
    assert landed.books.records == len(rows)


@pytest.mark.parametrize(
    ("raw", "text"),
    [("1", "1"), ("1.0", "1"), ("0.30000000000000004", "0.3"), ("1.5E-3", "0.0015"), ("1E+2", "100"), ("-0.5", "-0.5"),
     ("12345678901234567", "12345678901234567"), ("1200.5", "1200.5"), ("1E+99", "1E+99"), ("100", "100")],
)  # fmt: skip
def test_numbers_of_cells(raw: str, text: str) -> None:
    assert number_text(raw) == text


@pytest.mark.parametrize(
    ("code", "shown"),
    [("dd/mm/yyyy", Shown.DATE), ("mmm-yy", Shown.DATE), ("[$-409]d-mmm;@", Shown.DATE), ("h:mm AM/PM", Shown.TIME),
     ("mm:ss", Shown.TIME), ("yyyy-mm-dd hh:mm", Shown.MOMENT), ("[h]:mm", Shown.ELAPSED), ("General", Shown.NUMBER),
     ('0.00" days"', Shown.NUMBER), ("#,##0.00 [Red]", Shown.NUMBER), ('"Stand: "0', Shown.NUMBER)],
)  # fmt: skip
def test_what_number_formats_show(code: str, shown: Shown) -> None:
    assert shown_as(164, code) is shown


@pytest.mark.parametrize(
    ("raw", "shown", "text"),
    [("59", Shown.DATE, "1900-02-28"), ("60", Shown.DATE, None), ("61", Shown.DATE, "1900-03-01"),
     ("-1", Shown.DATE, None), ("2958465", Shown.DATE, "9999-12-31"), ("2958466", Shown.DATE, None),
     ("45000.25", Shown.DATE, "2023-03-15 06:00:00"), ("0.5", Shown.TIME, "12:00:00"), ("x", Shown.DATE, None),
     ("45000.123456", Shown.MOMENT, "2023-03-15 02:57:46.598")],
)  # fmt: skip
def test_dates_of_cells(raw: str, shown: Shown, text: str | None) -> None:
    assert date_text(raw, shown, since_1904=False) == text


def test_a_workbook_with_a_document_type_is_refused(tmp_path: Path, write_book: Any) -> None:
    path = write_book(tmp_path / "bomb.xlsx", {"S": ""})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>')
    with pytest.raises(SourceError, match="document type"):
        Landed(path)


@pytest.mark.parametrize("value", [("s", 7, 0), ("s", "x", 0), "<v>1</v></c></row><row>"])
def test_a_damaged_sheet_is_one_line(tmp_path: Path, write_book: Any, sheet_row: Any, value: Any) -> None:
    path = write_book(tmp_path / "bad.xlsx", {"S": sheet_row(1, "a") + sheet_row(2, value)})
    with pytest.raises(SourceError, match="is a damaged workbook") as caught:
        Landed(path)
    assert caught.value.where == "bad.xlsx"


def packed(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def encrypted(content: bytes) -> bytes:
    """Return an archive of one member with the sign of encryption set, in both of its headers."""
    out = bytearray(content)
    out[6] |= 1
    out[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(out)


PLAIN = packed(("a.csv", b"a,b\n1,2\n"))


def test_members_are_files_of_their_own(tmp_path: Path) -> None:
    lines = gzip.compress(b'{"a":1}\n{"a":2}\n')
    content = packed(("x/b.csv", b"a,b\n1,2\n"), ("a.jsonl.gz", lines), ("__MACOSX/._b.csv", b"?"))
    (tmp_path / "in.zip").write_bytes(content)
    landed = Landed(tmp_path / "in.zip")
    assert [(file.name, file.kind) for file in landed.inventory.files] == [
        ("in.zip/a.jsonl.gz", Kind.JSON_LINES),
        ("in.zip/x/b.csv", Kind.TEXT),
    ]
    assert landed.rows == [{"a": "1"}, {"a": "2"}]
    globs = contract(table("t", "a", sources=("in.zip/x/*.csv",)), table("u", "a", sources=("a.jsonl*",)))
    assert match_tables(landed.inventory, globs).files == {"t": (1,), "u": (0,)}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(packed(("../a.csv", b"a\n1\n")), "leads outside", id="parent"),
        pytest.param(packed(("/etc/a.csv", b"a\n1\n")), "leads outside", id="absolute"),
        pytest.param(packed(("..\\a.csv", b"a\n1\n")), "leads outside", id="backslash"),
        pytest.param(packed(("C:/a.csv", b"a\n1\n")), "leads outside", id="drive"),
        pytest.param(packed((link("a.csv"), b"/etc/passwd")), "is a link", id="link"),
        pytest.param(packed(("b.zip", PLAIN)), "archive within an archive", id="nested"),
        pytest.param(packed(("a.csv", b"0" * 1_500_000)), "max_ratio", id="ratio"),
        pytest.param(
            packed(("a.csv", b"a\n"), ("b.csv", bytes(range(256)) * 9000)), "max_decompressed_bytes", id="size"
        ),
        pytest.param(packed(), "holds no file", id="empty"),
        pytest.param(PLAIN[:-30], "damaged ZIP", id="cut"),
        pytest.param(encrypted(PLAIN), "is encrypted", id="encrypted"),
    ],
)
def test_archives_that_are_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "in.zip").write_bytes(content)
    limits = LandingLimits(max_decompressed_bytes=2_000_000, max_ratio=300, ratio_from_bytes=100_000)
    with pytest.raises(SourceError, match=what) as caught:
        take_inventory([str(tmp_path / "in.zip")], tmp_path / "ws", limits)
    assert caught.value.where.startswith("in.zip")
    assert caught.value.hint
    assert not (tmp_path / "a.csv").exists()


def test_sheets_feed_the_table_they_are_called_after(tmp_path: Path, write_book: Any, sheet_row: Any) -> None:
    rows = sheet_row(1, "a") + sheet_row(2, 1)
    path = write_book(tmp_path / "shop.xlsx", {"Orders 2024": rows, "Notes": rows, "customers": rows})
    inventory = take_inventory([str(path)], tmp_path)
    named = match_tables(inventory, contract(table("orders", "a"), table("customers", "a")))
    assert (named.files, named.unused) == ({"orders": (0,), "customers": (2,)}, ("shop.xlsx#Notes",))
    assert match_tables(inventory, contract(table("orders", "a"))).files == {"orders": (0,)}
    globs = contract(table("t", "a", sources=("shop.xlsx#Notes",)), table("u", "a", sources=("shop.xlsx",)))
    assert match_tables(inventory, globs).files == {"t": (1,), "u": (0, 1, 2)}


def test_the_only_sheet_goes_by_the_name_of_its_workbook(tmp_path: Path, write_book: Any, sheet_row: Any) -> None:
    path = write_book(tmp_path / "orders.xlsx", {"Sheet1": sheet_row(1, "a") + sheet_row(2, 1)})
    inventory = take_inventory([str(path)], tmp_path)
    wanted = contract(table("orders", "a"), table("customers", "a"))
    assert match_tables(inventory, wanted, optional=[each.name for each in wanted.tables]).files == {"orders": (0,)}


SHOP = contract(
    table("customers", "id", "name", sources=("c*",)), table("orders", "id", "note", "amount", sources=("o*",))
)
NAMES = ("id", "note", "amount", "_reason", "_rule", "_file", "_line", "_raw", "_extra")
QUARANTINED = [
    ("1", "=1+1", "5", "r", "orders.x", "o.csv", "3", "", "{}"),
    ("2", "'=x", "6", "broken", "orders.reject", "o.csv", "4", "2,x", ""),
    ("", "", "", "broken", "orders.reject", "o.csv", "5", "=3,y", ""),
]


def guarded(text: str) -> str:
    """Return a text as the spreadsheet export writes it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else text


def write_quarantine(folder: Path, kind: str, write_book: Any, sheet_row: Any) -> Path:
    path = folder / f"fixed.{kind}"
    rows = [NAMES, *([guarded(cell) for cell in row] for row in QUARANTINED)]
    if kind == "csv":
        path.write_text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows))
    elif kind == "xlsx":
        write_book(
            path, {"S": "".join(sheet_row(at, *[cell or None for cell in row]) for at, row in enumerate(rows, 1))}
        )
    else:
        with duckdb.connect() as connection:
            columns = ", ".join(f'"{name}" varchar' for name in NAMES)
            connection.execute(f"create table q ({columns})")
            connection.executemany(
                f"insert into q values ({', '.join('?' * len(NAMES))})",
                [[cell or None for cell in row] for row in QUARANTINED],
            )
            connection.execute(f"copy q to '{path}' (format parquet)")
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "xlsx"])
def test_a_corrected_quarantine_file_feeds_its_table(
    tmp_path: Path, write_book: Any, sheet_row: Any, kind: str
) -> None:
    landed = Landed(write_quarantine(tmp_path, kind, write_book, sheet_row), SHOP)
    assert (landed.books.records, landed.books.rejects) == (2, 1)
    assert landed.inventory.variants[0].columns == ("id", "note", "amount")
    assert landed.rows == [
        {"id": "1", "note": "=1+1", "amount": "5"},
        {"id": "2", "note": "'=x", "amount": "6"},
    ]
    assert landed.rejects[0][1:] == ("=3,y", "not corrected: broken")
    assert match_tables(landed.inventory, SHOP, optional=[each.name for each in SHOP.tables]).files == {"orders": (0,)}
