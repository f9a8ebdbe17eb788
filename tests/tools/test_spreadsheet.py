"""Exports as a spreadsheet reads them: read back with the standard library's CSV, ZIP and XML readers."""

import csv
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tools.outputs.spreadsheet as module
from state.errors import SetupError
from tools.outputs.excel import write_excel
from tools.outputs.spreadsheet import write_sheet
from tools.spreadsheet_text import unprotect

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'quoted", "''=1", "＝1+1", "=cmd|'/c calc'!A0",
    "<r><t>x</t></r>", "<f>1+1</f>", "http://example.org", 'a,b;"c"\nd', "_x0041_", "bell\x07", "cr\rlf", "\ufffe",
    " blank ", "1e5", "007", "true", "\U0001f600",
]  # fmt: skip


def parquet(folder: Path, query: str, *values: Any) -> Path:
    path = folder / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table t as {query}", list(values))
        connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def texts(folder: Path, values: list[str]) -> Path:
    return parquet(folder, "select unnest(?::varchar[]) as v", values)


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def read_excel(path: Path) -> list[dict[str, tuple[str, str]]]:
    """Return the cells of every row as (type, content) by the letters of their column."""
    with zipfile.ZipFile(path) as book:
        root = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own file
    assert not list(root.iter(f"{SPACE}f")), "a formula"
    rows = []
    for row in root.iter(f"{SPACE}row"):
        cells = {}
        for cell in row:
            text = "".join(part.text or "" for part in cell.iter() if part.tag in (f"{SPACE}t", f"{SPACE}v"))
            plain = re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)
            cells[cell.attrib["r"].rstrip("0123456789")] = (cell.attrib.get("t", "n"), plain)
        rows.append(cells)
    return rows


def test_hostile_text_is_text_in_both_formats_and_comes_back(tmp_path: Path) -> None:
    source = texts(tmp_path, HOSTILE)
    assert write_sheet(source, tmp_path / "t.csv", title="t") == len(HOSTILE)
    assert [unprotect(row[0]) for row in read_csv(tmp_path / "t.csv")[1:]] == HOSTILE
    assert not [row for row in read_csv(tmp_path / "t.csv") if row[0].startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert write_sheet(source, tmp_path / "t.xlsx", title="t") == len(HOSTILE)
    found = [row["A"] for row in read_excel(tmp_path / "t.xlsx")[1:]]
    assert {kind for kind, _ in found} == {"inlineStr"}
    assert [unprotect(text) for _, text in found] == HOSTILE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_any_text_survives_excel(tmp_path: Path, values: list[str]) -> None:
    path = tmp_path / "any.xlsx"
    path.unlink(missing_ok=True)
    write_excel(path, [["head"], *([value] for value in values)])
    assert [row.get("A", ("", ""))[1] for row in read_excel(path)[1:]] == values


def test_numbers_stay_numbers_and_their_digits_stay(tmp_path: Path) -> None:
    source = parquet(
        tmp_path,
        "select -5 as i, -1.50::decimal(10,2) as d, -1234567890123456789 as big, 0.1::double as f, 'nan'::double as n, "
        "true as b, date '2024-03-01' as day, null::varchar as gone, '-3' as typed_as_text",
    )
    write_sheet(source, tmp_path / "t.csv", title="t")
    assert read_csv(tmp_path / "t.csv")[1] == [
        "-5", "-1.50", "-1234567890123456789", "0.1", "nan", "true", "2024-03-01", "", "'-3",
    ]  # fmt: skip
    write_sheet(source, tmp_path / "t.xlsx", title="t")
    assert read_excel(tmp_path / "t.xlsx")[1] == {
        "A": ("n", "-5"), "B": ("n", "-1.50"), "C": ("inlineStr", "-1234567890123456789"), "D": ("n", "0.1"),
        "E": ("inlineStr", "nan"), "F": ("b", "1"), "G": ("inlineStr", "2024-03-01"), "I": ("inlineStr", "'-3"),
    }  # fmt: skip


def test_headers_are_text_of_strangers_too(tmp_path: Path) -> None:
    source = parquet(tmp_path, 'select 1 as "=HYPERLINK(1)", 2 as "\'b"')
    write_sheet(source, tmp_path / "t.csv", title="t")
    assert read_csv(tmp_path / "t.csv")[0] == ["'=HYPERLINK(1)", "''b"]
    write_sheet(source, tmp_path / "t.xlsx", title="t")
    assert [cell[1] for cell in read_excel(tmp_path / "t.xlsx")[0].values()] == ["'=HYPERLINK(1)", "''b"]


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    source = texts(tmp_path, HOSTILE)
    for name in ("a.xlsx", "b.xlsx"):
        write_sheet(source, tmp_path / name, title="t")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_columns_beyond_z_have_their_letters(tmp_path: Path) -> None:
    write_excel(tmp_path / "wide.xlsx", [[f"c{number}" for number in range(800)]])
    letters = list(read_excel(tmp_path / "wide.xlsx")[0])
    assert (letters[25], letters[26], letters[701], letters[702]) == ("Z", "AA", "ZZ", "AAA")


def test_what_a_sheet_cannot_hold_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = texts(tmp_path, ["ok", "x" * 32_768])
    with pytest.raises(SetupError, match=r"t\.v, row 2: a cell holds 32,768 characters.*\.csv"):
        write_sheet(long, tmp_path / "t.xlsx", title="t")
    assert write_sheet(long, tmp_path / "t.csv", title="t") == 2
    (tmp_path / "t.parquet").unlink()
    pairs = texts(tmp_path, ["\U0001f600" * 16_384])
    with pytest.raises(SetupError, match="32,768"):
        write_sheet(pairs, tmp_path / "t.xlsx", title="t")
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    (tmp_path / "t.parquet").unlink()
    three = texts(tmp_path, ["a", "b", "c"])
    with pytest.raises(SetupError, match="4 rows with the header"):
        write_sheet(three, tmp_path / "t.xlsx", title="t")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"], "something was left behind"


def test_a_file_is_never_overwritten_unless_that_is_asked_for(tmp_path: Path) -> None:
    source, target = texts(tmp_path, ["a"]), tmp_path / "mine.csv"
    target.write_text("my work")
    with pytest.raises(SetupError, match="--force"):
        write_sheet(source, target, title="t")
    assert target.read_text() == "my work"
    write_sheet(source, target, title="t", replace=True)
    assert read_csv(target) == [["v"], ["a"]]


def test_a_link_is_replaced_not_written_through(tmp_path: Path) -> None:
    source, elsewhere = texts(tmp_path, ["a"]), tmp_path / "elsewhere.csv"
    elsewhere.write_text("not mine")
    (tmp_path / "t.csv").symlink_to(elsewhere)
    with pytest.raises(SetupError, match="exists already"):
        write_sheet(source, tmp_path / "t.csv", title="t")
    write_sheet(source, tmp_path / "t.csv", title="t", replace=True)
    assert elsewhere.read_text() == "not mine"
    assert not (tmp_path / "t.csv").is_symlink()


def test_a_failing_export_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = texts(tmp_path, ["a"]), tmp_path / "t.csv"
    target.write_text("old")

    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "sync_file", full)
    with pytest.raises(SetupError, match="No space left"):
        write_sheet(source, target, title="t", replace=True)
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


def test_a_folder_of_parts_and_signs_of_patterns_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "out[1]*" / "t.parquet"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for number in range(3):
            part = tmp_path / f"part-{number:04}.parquet"
            connection.execute(f"copy (select {number} as n) to '{part}' (format parquet)")
            part.rename(folder / part.name)
    write_sheet(folder, tmp_path / "t.csv", title="t")
    assert read_csv(tmp_path / "t.csv") == [["n"], ["0"], ["1"], ["2"]]
