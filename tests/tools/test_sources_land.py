"""Landing through its public face: files are written, landed, and looked up in the workspace."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.errors import AccountingError, SourceError
from state.sources import LINE_BITS, FileBooks, Inventory, Reading
from tools.sources import careful, fast
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.limits import LandingLimits
from tools.sources.rejects import MAX_RAW
from tools.workspace import open_workspace

COVID = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "covid19"
HEADER = "id,name,amount\n"
Row = tuple[int, tuple[str | None, ...]]
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Place:
    """A workspace to land single files in, again and again."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.connection, self.folder = connection, folder
        self.inventory = Inventory(files=(), variants=())

    def land(self, content: bytes | str, name: str = "in.csv", reading: Reading | None = None) -> FileBooks:
        path = self.folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.inventory = take_inventory([str(path)], self.folder)
        if reading:
            file = self.inventory.files[0].model_copy(update={"reading": reading})
            self.inventory = self.inventory.model_copy(update={"files": (file,)})
        self.connection.execute("drop table if exists land.v001")
        (books,) = land(self.connection, self.inventory)
        assert books.balanced
        return books

    @property
    def reading(self) -> Reading:
        return self.inventory.files[0].reading

    def rows(self, variant: str = "v001") -> list[Row]:
        found = self.connection.execute(f"select * from land.{variant} order by _row").fetchall()
        return [(row[0] & ((1 << LINE_BITS) - 1), row[1:]) for row in found]

    def rejects(self) -> list[tuple[int, int, str, str]]:
        return self.connection.execute("select line, lines, raw, reason from land.rejects order by _row").fetchall()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("land")
    with open_workspace(folder) as connection:
        yield Place(connection, folder)


def simple(count: int, start: int = 1) -> list[str]:
    return [f"{number},name {number},{number / 4}\n" for number in range(start, start + count)]


@pytest.mark.parametrize(
    ("content", "rows", "reading"),
    [
        pytest.param(HEADER + "1,a,2\n3,b,4\n", [(2, ("1", "a", "2")), (3, ("3", "b", "4"))], "fast", id="plain"),
        pytest.param(HEADER + "1,a,2", [(2, ("1", "a", "2"))], "fast", id="no newline at the end"),
        pytest.param("\ufeff" + HEADER + "1,a,2\n", [(2, ("1", "a", "2"))], "fast", id="byte-order mark"),
        pytest.param(HEADER + ' 1 ,"a,b",\n', [(2, (" 1 ", "a,b", None))], "fast", id="quotes, blanks, nothing"),
        pytest.param("id,name\r\n1,a\r\n2,b\r\n", [(2, ("1", "a")), (3, ("2", "b"))], "fast", id="crlf"),
        pytest.param("id,name\r1,a\r2,b", [(2, ("1", "a")), (3, ("2", "b"))], "careful", id="cr only"),
        pytest.param("id,name\r\n1,a\n2,b\r", [(2, ("1", "a")), (3, ("2", "b"))], "careful", id="mixed line ends"),
        pytest.param("id,name\n\n1,a\n\n\n2,b\n", [(3, ("1", "a")), (6, ("2", "b"))], "careful", id="blank lines"),
        pytest.param("\n\nid,name\n1,a\n", [(4, ("1", "a"))], "careful", id="blank lines before the header"),
        pytest.param(
            'id,name\n1,"a\n\nb"\n2,c\n', [(2, ("1", "a\n\nb")), (5, ("2", "c"))], "careful", id="quoted newlines"
        ),
        pytest.param('"id","long\nname"\n1,a\n', [(3, ("1", "a"))], "careful", id="newline in the header"),
        pytest.param("id,name\n1,a\0b\n2,c\n", [(2, ("1", "a\0b")), (3, ("2", "c"))], "careful", id="nul"),
        pytest.param("id\nSmith, John\n", [(2, ("Smith, John",))], "fast", id="one column"),
        pytest.param('id,name\n1, "a, b"\n', [(2, ("1", "a, b"))], "careful", id="blank before a quote"),
        pytest.param('id,name\n1,5" pipe\n', [(2, ("1", '5" pipe'))], "careful", id="quote within a field"),
        pytest.param("id;name\n1;a,b\n2;c,d\n", [(2, ("1", "a,b")), (3, ("2", "c,d"))], "fast", id="semicolons"),
        pytest.param("id,name\n1,'a'\n2,it's\n", [(2, ("1", "'a'")), (3, ("2", "it's"))], "fast", id="apostrophes"),
    ],
)
def test_good_files_come_back_exactly(place: Place, content: str, rows: list[Row], reading: str) -> None:
    books = place.land(content)
    assert place.rows() == rows
    assert (books.records, books.rejects) == (len(rows), 0)
    assert place.reading == reading


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "id,name\n1,Müller Café\n2,Élodie Brontë\n"),
        ("cp1252", "id,name\n1,“Müller” – 5 €\n2,naïve\n"),
        ("utf-16", "id,name\n1,Müller ✓\n2,x\n"),
        ("utf-16-le", "id,name\n1,Müller\n2,x\n"),
        ("utf-16-be", "id,name\r\n1,Müller\r\n2,x\r\n"),
        ("cp1251", "id,name\n1,Привет, как дела\n2,Москва и Петербург\n".replace(", как", " как")),
    ],
)
def test_other_encodings_are_read(place: Place, encoding: str, text: str) -> None:
    place.land(text.encode(encoding))
    lines = text.splitlines()[1:]
    assert [row for _, row in place.rows()] == [tuple(line.split(",")) for line in lines]
    assert place.inventory.files[0].dialect.decoded_from


NO_UTF8 = "bytes that are no UTF-8"


def test_lines_with_damaged_bytes_are_set_aside(place: Place) -> None:
    good = "".join(f"{number},Müller Straße\n" for number in range(50)).encode()
    books = place.land(b"id,name\n" + good + b"50,caf\xe9\n51,ok\n")
    assert [number for number, _ in place.rows()] == [*range(2, 52), 53]
    assert place.rejects() == [(52, 1, "50,caf\\xe9", NO_UTF8)]
    assert (books.records, books.rejects) == (51, 1)
    assert "damaged" in place.inventory.warnings[0]


def test_two_letters_against_three_bad_bytes_in_one_line_are_utf8(place: Place) -> None:
    place.land(b"id,name,v\n7,ok,1\n8,\xff\xfe\xfabad,2\n9,\xc3\xa9t\xc3\xa9(utf-8),3\n")
    assert place.rows() == [(2, ("7", "ok", "1")), (4, ("9", "été(utf-8)", "3"))]
    assert place.rejects() == [(3, 1, "8,\\xff\\xfe\\xfabad,2", NO_UTF8)]


def test_damage_in_a_quoted_record_costs_that_record(place: Place) -> None:
    place.land(b'id,name\n1,"\xc3\xa9, \xc3\xa9\nx\xff"\n2,"b, c"\n3,"open \xff\n' + b"4,\xc3\xa9\n" * 9)
    assert place.rejects() == [(2, 2, '1,"é, é\nx\\xff"\n', NO_UTF8), (5, 1, '3,"open \\xff', NO_UTF8)]
    assert place.rows() == [(4, ("2", "b, c")), *((line, ("4", "é")) for line in range(6, 15))]


def test_a_damaged_header_is_told_and_its_records_land(place: Place) -> None:
    place.land(b"id,n\xff\n1,\xc3\xa9\n")
    assert place.inventory.files[0].header == ("id", "n\\xff")
    assert "in.csv: the header has bytes that are no UTF-8, shown as \\xNN" in place.inventory.warnings
    assert place.rows() == [(2, ("1", "é"))]


def test_a_guessed_encoding_is_told_with_its_evidence(place: Place) -> None:
    place.land("id,name\n1,Müller Café\n2,Élodie\n".encode("latin-1"))
    (warning,) = place.inventory.warnings
    assert warning.startswith("in.csv: not UTF-8, read as cp1252: ")
    assert "3 bytes beyond ASCII" in warning
    place.land("id,name\n1,Müller Café\n2,Élodie\n")
    assert place.inventory.warnings == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("11,a\n12,b\n", "line 1 does not look like a header: '11', 'a'; its values"),
        ("\n-1.5;a\n12;b\n", "line 2 does not look like a header: '-1.5', 'a'; its values"),
        ("a,2024-01-31\nb,2024-02-01\n", "line 1 does not look like a header: 'a', '2024-01-31'; its"),
        ("a,b,c,d,e,2024-01-31T10:00:00Z\n", "'a', 'b', 'c', 'd', 'e', ...; its"),
        (
            "Report of 2024\n\nid,name,v\n1,a,2\n3,b,4\n",
            "2 lines above the header on line 3 are no records: 'Report of",
        ),
        ("Report\nid\tname\n1\ta\n3\tb\n", "1 lines above the header on line 2 are no records: 'Report'"),
        ("Report\nid\tname\nx\ta\ny\tb\n", "line 1 does not look like a header: 'Report'; its"),
        ("name,name\n1,2\n", "the header has 'name' twice; the second is called name_1"),
        ("a, a,b,a\n1,2,3,4\n", "the header has 'a' 3 times; the later ones are called a_1, a_2"),
        ("a,b,c,d,e,f,a,b,c,d,e,f\n", "the header has 1 more names more than once"),
    ],
)
def test_a_doubtful_header_is_told(place: Place, content: str, said: str) -> None:
    place.land(content)
    told = [warning for warning in place.inventory.warnings if said in warning]
    assert len(told) == 1
    assert told[0].startswith("in.csv: ")


@pytest.mark.parametrize(
    "content",
    [
        "id,name,x2024,v 1\n1,2,3,4\n",
        "id,,v,\n1,2,3,4\n",
        "id\n1\n2\n",
        'name\n"Smith,John"\n"Doe,Jane"\n',
        "name\nSmith, John\nDoe, Jane\n",
        "note\nnone\na,b\n,c,d\nword\n",
    ],
)
def test_a_sound_header_gives_no_warning(place: Place, content: str) -> None:
    place.land(content)
    assert place.inventory.warnings == ()


@relaxed
@given(
    lines=st.lists(
        st.lists(st.sampled_from([b"\xff", "é".encode(), b"a", b",", b'"', b"\xe2\x82"]), min_size=1, max_size=5),
        max_size=20,
    )
)
def test_damage_is_never_published_and_the_books_balance(place: Place, lines: list[list[bytes]]) -> None:
    good = "1,é\n".encode() * 60
    books = place.land(b"id,name\n" + good + b"".join(b"".join(pieces) + b"\n" for pieces in lines))
    held = "".join(value or "" for _, row in place.rows() for value in row)
    assert "\\x" not in held
    assert books.lines == 61 + len(lines)
    damaged = {62 + at for at, pieces in enumerate(lines) if not _is_utf8(b"".join(pieces))}
    covered = {line + k for line, span, *_ in place.rejects() for k in range(span)}
    assert damaged <= covered


def _is_utf8(content: bytes) -> bool:
    return content.decode(errors="replace").find("\ufffd") < 0


@pytest.mark.parametrize("reading", [Reading.FAST, Reading.CAREFUL])
def test_ragged_lines_are_rejected_with_reason(place: Place, reading: Reading) -> None:
    lines = [HEADER, *simple(3000)]
    lines[700] = "short,1\n"
    lines[701] = "long,1,2,3\n"
    lines[2999] = "\tgarbage\n"
    books = place.land("".join(lines), reading=reading)
    assert place.rejects() == [
        (701, 1, "short,1", "2 fields where the header has 3"),
        (702, 1, "long,1,2,3", "4 fields where the header has 3"),
        (3000, 1, "\tgarbage", "1 field where the header has 3"),
    ]
    assert place.rows() == [
        (number, tuple(line.rstrip().split(",")))
        for number, line in enumerate(lines, 1)
        if number not in {1, 701, 702, 3000}
    ]
    assert books == FileBooks(
        file_id=0, name="in.csv", lines=3001, header_lines=1, blank_lines=0, record_lines=2997, reject_lines=3,
        records=2997, rejects=3,
    )  # fmt: skip


def test_ragged_lines_at_both_ends_and_in_a_row(place: Place) -> None:
    place.land(HEADER + "x\ny\n1,a,2\nz\n")
    assert place.reading == Reading.FAST
    assert [line for line, *_ in place.rejects()] == [2, 3, 5]
    assert place.rows() == [(4, ("1", "a", "2"))]


def test_the_engine_lands_ragged_lines_of_a_large_file_without_the_careful_path(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "LARGE", 1)
    monkeypatch.setattr(careful, "read_batches", None)
    lines = [HEADER, *simple(5000)]
    lines[10] = '"quoted, but",short\n'
    lines[4000] = lines[4001] = "short\n"
    place.land("".join(lines))
    assert [line for line, *_ in place.rejects()] == [11, 4001, 4002]
    expected = [
        (number, tuple(line.rstrip().split(",")))
        for number, line in enumerate(lines, 1)
        if number not in {1, 11, 4001, 4002}
    ]
    assert place.rows() == expected


def test_more_rejects_than_the_engine_is_asked_for_send_the_file_the_careful_way(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "MAX_REJECTS", 2)
    lines = [HEADER, *simple(50)]
    lines[10:40] = ["short\n"] * 30
    books = place.land("".join(lines))
    assert (books.records, books.rejects) == (20, 30)
    assert [line for line, *_ in place.rejects()] == list(range(11, 41))


def test_lines_that_the_engine_skips_without_a_word_send_the_file_the_careful_way(place: Place) -> None:
    # Played: the prescan sends no file with blank lines to the engine.
    books = place.land(HEADER + "1,a,2\n\n3,b,4\n", reading=Reading.FAST)
    assert (books.records, books.blank_lines) == (2, 1)
    assert [line for line, _ in place.rows()] == [2, 4]


@pytest.mark.parametrize("shift", [-1, 12])
def test_a_reject_that_the_engine_misplaces_sends_the_file_the_careful_way(
    place: Place, monkeypatch: pytest.MonkeyPatch, shift: int
) -> None:
    real = fast._line_start
    monkeypatch.setattr(fast, "_line_start", lambda descriptor, offset: real(descriptor, offset + shift))
    place.land(HEADER + "".join(simple(5)) + "short\n" + "".join(simple(5)))
    assert [line for line, *_ in place.rejects()] == [7]
    assert [line for line, _ in place.rows()] == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_lines_keep_their_numbers_whatever_the_batches(
    place: Place, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(careful, "_BATCH_CHARACTERS", size)
    lines = [HEADER, *simple(400)]
    lines[100], lines[200], lines[300] = '100,"a\nb\nc",1\n', '200,"open,1\n', "\n"
    place.land("".join(lines))
    starts = [*range(2, 102), *range(104, 203), *range(204, 303), *range(304, 404)]
    assert [line for line, _ in place.rows()] == starts
    assert [line for line, *_ in place.rejects()] == [203]
    assert place.rows()[-1] == (403, ("400", "name 400", "100.0"))


STRAYS = {
    "unterminated in the middle": {10_000: '9999,"open,1\n'},
    "two far apart": {5_000: '4999,"open,1\n', 15_000: '14999,open",1\n'},
    "two within reach": {5_000: '4999,"open,1\n', 5_010: '5009,open",1\n'},
    "two of the same kind far apart": {5_000: '4999,"open,1\n', 5_900: '5899,"open,1\n'},
    "on adjacent lines": {7_000: '6999,"open,1\n', 7_001: '7000,"open,1\n'},
    "in the last line": {20_000: '19999,"open,1\n'},
    "with text behind the closing quote": {9_000: '8999,"a"b,1\n'},
}


@pytest.mark.parametrize("strays", STRAYS.values(), ids=STRAYS)
def test_a_stray_quote_costs_its_own_line_only(place: Place, strays: dict[int, str]) -> None:
    lines = [HEADER, *simple(20_000)]
    for index, line in strays.items():
        lines[index] = line
    books = place.land("".join(lines))
    lost = {index + 1 for index, line in strays.items() if ',"' in line}
    assert {line for line, *_ in place.rejects()} == lost
    assert (books.records, books.rejects) == (20_000 - len(lost), len(lost))
    assert {number for number, _ in place.rows()} == set(range(2, 20_002)) - lost


def test_a_long_text_with_line_ends_is_one_record(place: Place) -> None:
    letter = "Dear all,\nplease find 3 things, enclosed:\n1, 2\n\nYours, X"
    place.land(HEADER + "".join(simple(5)) + f'6,"{letter}",1\n' + "7,b,2\n")
    assert place.rows()[-2:] == [(7, ("6", letter, "1")), (12, ("7", "b", "2"))]
    assert not place.rejects()


def test_a_record_of_several_lines_with_a_wrong_number_of_fields_is_one_reject(place: Place) -> None:
    place.land(HEADER + '1,"a\nb"\n2,b,2\n')
    assert place.rejects() == [(2, 2, '1,"a\nb"\n', "2 fields where the header has 3")]
    assert place.rows() == [(4, ("2", "b", "2"))]


def test_a_line_of_ten_megabytes_lands_whole(place: Place) -> None:
    huge = "x" * 10_000_000
    place.land(HEADER + f"1,{huge},2\n3,b,4\n{huge}\n")
    assert place.rows() == [(2, ("1", huge, "2")), (3, ("3", "b", "4"))]
    ((line, span, raw, reason),) = place.rejects()
    assert (line, span, raw) == (4, 1, huge[:MAX_RAW])
    assert "raw text cut" in reason


def test_five_thousand_columns(place: Place) -> None:
    header = ",".join(f"column {number}" for number in range(5000)) + "\n"
    row = ",".join(str(number) for number in range(5000)) + "\n"
    for reading in Reading.FAST, Reading.CAREFUL:
        place.land(header + row + "1,2\n" + row, reading=reading)
        assert [line for line, *_ in place.rejects()] == [3]
        assert place.rows() == [(2, tuple(row.strip().split(","))), (4, tuple(row.strip().split(",")))]


def test_fields_that_hold_the_delimiter_and_the_usual_separator(place: Place) -> None:
    place.land('id,name\n1,"a,b\x1fc\n"\n2,d\x1f\x1e\n3,e\n')
    assert [row for _, row in place.rows()] == [("1", "a,b\x1fc\n"), ("2", "d\x1f\x1e"), ("3", "e")]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,a,a", ("a", "a_1", "a_2")),
        ("a,,b,", ("a", "column_2", "b", "column_4")),
        ("a_1,a,a", ("a_1", "a", "a_2")),
        ("a,a,a_1", ("a", "a_2", "a_1")),
        (' a ,"b, c"', ("a", "b, c")),
        (",".join("xyxy"), ("x", "y", "x_1", "y_1")),
    ],
)
def test_column_names_are_unique(place: Place, header: str, names: tuple[str, ...]) -> None:
    place.land(header + "\n" + ",".join("1" for _ in names) + "\n")
    assert place.inventory.variants[0].columns == names
    assert place.inventory.files[0].header == names


@pytest.mark.parametrize("content", [b"", b"\n\r\n\n", b"\xef\xbb\xbf"])
def test_a_file_with_nothing_in_it_is_legal(place: Place, content: bytes) -> None:
    books = place.land(content)
    assert place.reading == Reading.EMPTY
    assert (place.inventory.variants, place.inventory.files[0].header) == ((), ())
    assert "holds nothing" in place.inventory.warnings[0]
    assert (books.records, books.blank_lines) == (0, content.count(b"\n"))
    assert place.connection.execute("select variant_id, lines from land.files").fetchall() == [(None, books.lines)]


@pytest.mark.parametrize("content", ["id,name", "id,name\n", "id,name\n\n"])
def test_a_header_alone_is_legal(place: Place, content: str) -> None:
    books = place.land(content)
    assert place.rows() == []
    assert books.records == 0
    assert place.inventory.files[0].header == ("id", "name")


def test_a_header_that_cannot_be_cut_is_cut_bluntly(place: Place) -> None:
    place.land('id,"name,amount\n1,a,2\n3,b,4\n')
    assert place.inventory.files[0].header == ("id", "name", "amount")
    assert "not closed" in place.inventory.warnings[0]
    assert len(place.rows()) == 2


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", bytes(range(256)) * 50, "does not look like text"),
        ("a.csv", b"a,b\n" + b"\0" * 5000, "does not look like text"),
        ("a.csv", b"PK\x03\x04rest of it", "ZIP"),
        ("a.csv", b"PAR1....", "Parquet"),
        ("a.xls", b"\xd0\xcf\x11\xe0 and the rest", "old .xls format"),
        ("a.xlsx", b"a,b\n1,2\n", "is no Excel file"),
        ("a.json", b"a,b\n1,2\n", "is no JSON document"),
        ("a.csv.gz", b"a,b\n1,2\n", "not compressed"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-9], "cut short"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:25], "cut short"),
        ("a.csv.gz", b"\x1f\x8b\x08\0" + b"\xff" * 100, "damaged"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=what) as caught:
        take_inventory([str(tmp_path / name)], tmp_path / "ws")
    assert caught.value.where == name
    assert caught.value.hint


def test_gzip_of_several_members_lands_like_the_text(place: Place) -> None:
    packed = gzip.compress(b"id,name\n1,a\n") + gzip.compress(b"2,b\n") + b"\0" * 30
    place.land(packed, "a.csv.gz")
    assert place.rows() == [(2, ("1", "a")), (3, ("2", "b"))]
    file = place.inventory.files[0]
    assert (file.compression, file.size, file.name) == ("gzip", len(packed), "a.csv.gz")


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (LandingLimits(max_decompressed_bytes=1_000_000), "max_decompressed_bytes"),
        (LandingLimits(max_ratio=100, ratio_from_bytes=1_000_000), "max_ratio"),
    ],
)
def test_a_gzip_bomb_is_stopped_by_name_of_the_limit(tmp_path: Path, limits: LandingLimits, what: str) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"0" * 50_000_000))
    with pytest.raises(SourceError, match=what):
        take_inventory([str(tmp_path)], tmp_path / "ws", limits)
    written = sum(path.stat().st_size for path in (tmp_path / "ws" / "landing").iterdir())
    assert written < 5_000_000


def test_too_many_files_or_columns_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(SourceError, match="max_files"):
        take_inventory([str(tmp_path)], tmp_path / "ws", LandingLimits(max_files=1))
    with pytest.raises(SourceError, match="max_columns"):
        take_inventory([str(tmp_path)], tmp_path / "ws", LandingLimits(max_columns=2))


def test_landing_again_replaces_and_files_may_come_in_chunks(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"f{number}.csv").write_text(HEADER + "".join(simple(10 + number)) + "bad\n" * number)
    (tmp_path / "other.csv").write_text('k,v\n1,"a\nb"\n')
    inventory = take_inventory([str(tmp_path)], tmp_path)
    with open_workspace(tmp_path) as connection:
        land(connection, inventory, file_ids=[0, 1])
        land(connection, inventory, file_ids=[1, 2, 3, 4])
        books = land(connection, inventory)
        assert [(book.records, book.rejects) for book in books] == [(10, 0), (11, 1), (12, 2), (13, 3), (1, 0)]
        counts = "select count(*), count(distinct _row) from "
        assert connection.execute(counts + "land.v001").fetchone() == (46, 46)
        assert connection.execute(counts + "land.v002").fetchone() == (1, 1)
        assert connection.execute(counts + "land.rejects").fetchone() == (6, 6)
        assert connection.execute("select count(*) from land.files").fetchone() == (5,)


def test_a_crash_between_reading_and_numbering_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "LARGE", 1)
    (tmp_path / "a.csv").write_text(HEADER + "".join(simple(100)))
    inventory = take_inventory([str(tmp_path)], tmp_path)

    def crash(*args: object) -> None:
        raise KeyboardInterrupt

    with open_workspace(tmp_path) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(fast, "close_books", crash)
            with pytest.raises(KeyboardInterrupt):
                land(connection, inventory)
        assert connection.execute("select count(*) from land.files").fetchone() == (0,)
        land(connection, inventory)
        assert connection.execute("select count(*), min(_row), max(_row) from land.v001").fetchone() == (100, 2, 101)


def test_settings_of_the_connection_are_put_back(place: Place) -> None:
    place.connection.execute("set preserve_insertion_order = false")
    place.land(HEADER + "1,a,2\n")
    query = "select current_setting('preserve_insertion_order')"
    assert place.connection.execute(query).fetchone() == (False,)
    place.connection.execute("set preserve_insertion_order = true")


@pytest.mark.parametrize("reading", [Reading.FAST, Reading.CAREFUL])
def test_a_file_that_changed_after_its_scan_stops_the_run(tmp_path: Path, reading: Reading) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "1,a,2\n3,b,4\n")
    inventory = take_inventory([str(tmp_path)], tmp_path)
    file = inventory.files[0].model_copy(update={"reading": reading})
    inventory = inventory.model_copy(update={"files": (file,)})
    (tmp_path / "a.csv").write_text(HEADER + "1,a,2\n")
    with open_workspace(tmp_path) as connection:
        with pytest.raises(AccountingError, match=r"a\.csv: has 3 lines, of which 2 are accounted for"):
            land(connection, inventory)
        assert connection.execute("select count(*) from land.files").fetchone() == (0,)
        assert connection.execute("select count(*) from land.v001").fetchone() == (0,)


@pytest.mark.parametrize("large", [1, 1 << 30])
@pytest.mark.parametrize("line", ["1,a,2,\n", "1,a,2,,,\n", '1,a,2,""\n', ",,,\n"])
def test_empty_fields_too_many_are_a_reject_too(
    place: Place, monkeypatch: pytest.MonkeyPatch, line: str, large: int
) -> None:
    # The engine's reader takes such lines and says nothing.
    monkeypatch.setattr(fast, "LARGE", large)
    place.land(HEADER + '5,"b, c",\n' + line + "6,d,\nx\n")
    assert [number for number, *_ in place.rejects()] == [3, 5]
    assert place.rows() == [(2, ("5", "b, c", None)), (4, ("6", "d", None))]


def test_paths_that_the_engine_would_take_for_patterns(place: Place) -> None:
    place.land("id,name\n1,a\n", "a[1]{x}*.csv")
    assert place.rows() == [(2, ("1", "a"))]


VALUE = st.text(alphabet=st.sampled_from("ab1 ,;'\"\n\r\té€\x1f|"), max_size=6)
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(VALUE, min_size=width, max_size=width), max_size=8))


@relaxed
@given(
    table=TABLES, line_end=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
)
def test_what_csv_writes_lands_exactly(place: Place, table: list[list[str]], line_end: str, quoting: int) -> None:
    width = len(table[0]) if table else 2
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=quoting)  # so that CR and LF within fields are quoted
    writer.writerow([f"head{number}" for number in range(width)])
    expected: list[Row] = []
    for row in table:
        # A row of one empty field is written as "" or as nothing by csv; a blank line is no record.
        before = out.getvalue()
        writer.writerow(row)
        line = 1 + len(list(io.StringIO(before, newline="")))
        expected.append((line, tuple(value or None for value in row)))
    text = (
        out.getvalue()
        if any("\n" in value or "\r" in value for row in table for value in row)
        else (out.getvalue().replace("\r\n", line_end))
    )
    place.land(text, reading=Reading.CAREFUL if table else None)
    careful_rows, careful_rejects = place.rows(), place.rejects()
    assert careful_rows == expected
    assert careful_rejects == []
    place.land(text)
    assert place.rows() == careful_rows


PIECE = st.sampled_from([",", ",", '"', '""', '","', " ", "x", "7", "\u00e9", "\t", '" "', ", ", ' "'])
LINES = st.lists(st.tuples(st.lists(PIECE, max_size=6), st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])), max_size=25)


@relaxed
@given(soup=LINES, blank=st.sets(st.integers(0, 24), max_size=3), large=st.booleans())
def test_no_line_of_a_soup_is_lost(
    place: Place, soup: list[tuple[list[str], str]], blank: set[int], *, large: bool
) -> None:
    marks = [f"L{number}L" for number in range(len(soup))]
    body = [
        "\r\n" if number in blank else "".join(pieces[:3]) + marks[number] + "".join(pieces[3:]) + end
        for number, (pieces, end) in enumerate(soup)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "LARGE", 1 if large else 1 << 30)
        patch.setattr(careful, "_BATCH_CHARACTERS", 20 if large else 1 << 20)
        books = place.land("a,b,c\n" + "".join(body))
    rows, rejects = place.rows(), place.rejects()
    held = "\n".join([*(value or "" for _, row in rows for value in row), *(raw for _, _, raw, _ in rejects)])
    missing = [mark for number, mark in enumerate(marks) if number not in blank and mark not in held]
    assert not missing
    lines = [*(line for line, _ in rows), *(line + k for line, span, _, _ in rejects for k in range(span))]
    assert len(lines) == len(set(lines))
    assert books.lines == 1 + len(body)
    physical = {number: mark for number, mark in enumerate(marks, 2) if number - 2 not in blank}
    for line, row in rows:
        # The record begins where its number says.
        assert line not in physical or physical[line] in "\n".join(value or "" for value in row)


@relaxed
@given(
    rows=st.lists(
        st.lists(st.text(alphabet=st.sampled_from('ab,,"" 1\\#\té'), max_size=5), min_size=2, max_size=2),
        min_size=1,
        max_size=12,
    )
)
def test_both_ways_of_reading_agree_where_the_engine_is_believed(place: Place, rows: list[list[str]]) -> None:
    # Written without a care for quoting: the engine sees ragged lines and odd quotes.
    text = "k,v\n" + "".join(",".join(row) + "\n" for row in rows)
    place.land(text)
    believed = (place.rows(), place.rejects())
    place.land(text, reading=Reading.CAREFUL)
    assert (place.rows(), place.rejects()) == believed


@pytest.mark.shared_data
@pytest.mark.skipif(not COVID.is_dir(), reason="the shared benchmark data is not beside the project")
def test_the_covid_files_land_as_csv_reads_them(tmp_path: Path) -> None:
    inventory = take_inventory([str(COVID)], tmp_path)
    assert [(len(variant.columns), len(variant.file_ids)) for variant in inventory.variants] == [
        (6, 39),
        (8, 21),
        (12, 10),
    ]
    assert sum(variant.header_forms for variant in inventory.variants) == 9
    with open_workspace(tmp_path) as connection:
        books = land(connection, inventory)
        assert sum(book.records for book in books) == 40_870
        assert sum(book.rejects for book in books) == 0
        for variant in inventory.variants:
            landed = connection.execute(f"select * from land.{variant.variant_id} order by _row").fetchall()
            assert landed == [row for file_id in variant.file_ids for row in read_with_csv(inventory, file_id)]


def read_with_csv(inventory: Inventory, file_id: int) -> Iterator[tuple[int | str | None, ...]]:
    with Path(inventory.files[file_id].path).open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.reader(handle)
        before = reader.line_num
        for row in reader:
            if before:
                yield (file_id << LINE_BITS | before + 1, *(value or None for value in row))
            before = reader.line_num
