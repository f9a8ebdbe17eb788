"""One good file beside one faulty one: one line says what is wrong, or every line of both is accounted for."""

import gzip
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders
name: orders
version: 1.0.0
status: active
schema:
  - name: orders
    customProperties:
      - {property: millwright.sources, value: "*"}
      - {property: millwright.maxQuarantine, value: 1}
    properties:
      - {name: order_id, logicalType: integer, primaryKey: true}
      - {name: customer, logicalType: string, required: true}
      - {name: amount, logicalType: number, required: true}
"""
HEADER = "order_id,customer,amount\n"
GOOD_ROWS = 20


def lines(first: int, count: int, customer: str = "Ann") -> str:
    return "".join(f"{number},{customer} {number},{number}.5\n" for number in range(first, first + count))


@dataclass(frozen=True)
class Fault:
    """How the faulty file is written; either what the one line says, or rows published, quarantined and merged."""

    name: str
    write: Callable[[Path], object]
    says: str = ""
    books: tuple[int, int, int] = (0, 0, 0)
    file: str = "orders_bad.csv"


def text(content: str, codec: str = "utf-8") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content.encode(codec))


def raw(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def rubbish() -> bytes:
    return b"\x07" + random.Random(3).randbytes(20_000)  # noqa: S311  the same rubbish every time


def stray_quote() -> str:
    """20,000 records with a quote in the middle that is never closed."""
    good = lines(1000, 10_000), lines(11_001, 9_999)
    return HEADER + good[0] + '11000,"Ann 11000,11000.5\n' + good[1]


WIDE = ",".join(f"c{number}" for number in range(5000))

FAULTS = [
    Fault("binary rubbish", raw(rubbish()), says="does not look like text"),
    Fault("latin-1", text(HEADER + lines(100, 5, "Zoë Müller"), "latin-1"), books=(5, 0, 0)),
    Fault("utf-16", text(HEADER + lines(100, 5, "Zoë"), "utf-16"), books=(5, 0, 0)),
    Fault("a line of 10 MB", text(HEADER + f"100,{'x' * 10_000_000},1.5\n" + lines(101, 2)), books=(3, 0, 0)),
    Fault("a broken line of 10 MB", text(HEADER + f"100{'x' * 10_000_000}\n" + lines(101, 2)), books=(2, 1, 0)),
    Fault("gzip bomb", raw(gzip.compress(b"0" * 30_000_000)), says="max_decompressed_bytes", file="orders_bad.csv.gz"),
    Fault(
        "truncated gzip",
        raw(gzip.compress((HEADER + lines(100, 500)).encode())[:-40]),
        says="cut short",
        file="orders_bad.csv.gz",
    ),
    Fault("empty", raw(b"")),
    Fault("blank lines only", raw(b"\n\n\r\n")),
    Fault("header only", text(HEADER)),
    Fault("duplicate headers", text("order_id,customer,amount,amount\n100,Ann,1.5,9\n"), books=(1, 0, 0)),
    Fault("5,000 columns", text(f"{HEADER.strip()},{WIDE}\n100,Ann,1.5{',1' * 5000}\n"), books=(1, 0, 0)),
    Fault("unterminated quote", text(stray_quote()), books=(19_999, 1, 0)),
    Fault("ragged lines", text(HEADER + "100,Ann\n101,Ann,1.5,surplus\n102\n,,\n" + lines(103, 2)), books=(2, 4, 0)),
    Fault("NUL bytes", text(HEADER + "100,A\0nn,1.5\n101,Bob,\0002.5\n"), books=(2, 0, 0)),
    Fault("only NUL bytes", raw(bytes(5000)), says="does not look like text"),
    Fault("CR only", text((HEADER + lines(100, 3)).replace("\n", "\r")), books=(3, 0, 0)),
    Fault("mixed line ends", text("order_id,customer,amount\r\n100,Ann,1\n101,Bob,2\r\n102,Eve,3\r"), books=(3, 0, 0)),
    Fault("no line end", text(HEADER + "100,Ann,1.5"), books=(1, 0, 0)),
    Fault("header after blank lines", text("\n\n" + HEADER + lines(100, 2)), books=(2, 0, 0)),
    Fault("damaged UTF-8", raw((HEADER + lines(100, 30, "Zoë")).encode() + b"200,B\xffob,1.5\n"), books=(30, 1, 0)),
    Fault(
        "two letters of UTF-8 and bad bytes",
        raw((HEADER + "100,été,1.5\n").encode() + b"101,\xff\xfe\xfab,1.5\n"),
        books=(1, 1, 0),
    ),
    Fault("no header", text("100,Ann,1.5\n101,Bob,2.5\n"), books=(0, 1, 0)),
    Fault("a title before the header", text("Report of 2024\n\n" + HEADER + lines(100, 2)), books=(2, 0, 0)),
    Fault("the same rows again", text(HEADER + lines(1, 3)), books=(0, 0, 3)),
    Fault("a folder called x.csv", lambda path: path.mkdir(), file="x.csv"),
    Fault("a link out of the folder", lambda path: path.symlink_to("/etc/hostname"), says="outside", file="out.csv"),
    Fault("a dangling link", lambda path: path.symlink_to("gone.csv"), file="dangling.csv"),
    Fault("a pipe", os.mkfifo, file="pipe.csv"),
    Fault("a long name", text(HEADER + lines(100, 2)), books=(2, 0, 0), file=f"{'n' * 251}.csv"),
    Fault("odd letters in the name", text(HEADER + lines(100, 2)), books=(2, 0, 0), file="o'r\"d [1]*ers\n\u202e.csv"),
    Fault("a PDF", raw(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"), says="PDF"),
    Fault("a contract", text(CONTRACT), file="contract.yaml"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "orders_good.csv").write_text(HEADER + lines(1, GOOD_ROWS))
    return tmp_path / "input"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_faulty_file_is_named_or_every_line_is_accounted_for(play: Any, folder: Path, fault: Fault) -> None:
    fault.write(folder / fault.file)
    played = play(CONTRACT, folder, fails=True, context={"max_decompressed_bytes": 20_000_000})
    if fault.says:
        assert played.status == "setup"
        assert fault.says in played.problem
        assert fault.file in played.problem
        assert "\n" not in played.problem
        assert not played.published()
        return
    assert played.status == "published", played.problem
    played.assert_balanced()
    orders, (published, quarantined, merged) = played.tables["orders"], fault.books
    assert (orders["rows_published"], orders["rows_quarantined"], orders["rows_merged"]) == (
        GOOD_ROWS + published,
        quarantined,
        merged,
    )
    assert len(played.rows("orders")) == GOOD_ROWS + published
    places = [place for found in played.places("orders").values() for place in found]
    assert len(places) == len(set(places)) == GOOD_ROWS + sum(fault.books)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("a folder called x.csv", ""),
        ("a dangling link", "dangling.csv"),
        ("a pipe", "pipe.csv"),
        ("a contract", "contract.yaml"),
        ("duplicate headers", "orders_bad.csv: the header has 'amount' twice; the second is called amount_1"),
        ("latin-1", "orders_bad.csv: not UTF-8, read as cp1252"),
        ("damaged UTF-8", "orders_bad.csv: UTF-8 with damaged bytes"),
        ("no header", "orders_bad.csv: line 1 does not look like a header: '100', 'Ann', '1.5'"),
        (
            "a title before the header",
            "orders_bad.csv: 2 lines above the header on line 3 are no records: 'Report of 2024'",
        ),
        ("empty", "orders_bad.csv"),
    ],
)
def test_what_is_left_out_is_told(play: Any, folder: Path, fault: str, said: str) -> None:
    chosen = next(each for each in FAULTS if each.name == fault)
    chosen.write(folder / chosen.file)
    told = play(CONTRACT, folder).told
    assert said in " ".join([*told["warnings"], *(check["detail"] for check in told["checks"])])


@pytest.mark.parametrize("name", ["missing.csv", "missing/", "missing*.csv", "pipe", "dangling.csv"])
def test_a_source_that_cannot_be_one_is_named(play: Any, folder: Path, name: str) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "dangling.csv").symlink_to("gone.csv")
    played = play(CONTRACT, folder / name, fails=True)
    assert played.status == "setup"
    assert name.strip("/") in played.problem


def test_an_unreadable_file_is_named(play: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "orders_good.csv":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    played = play(CONTRACT, folder, fails=True)
    assert played.status == "setup"
    assert "orders_good.csv" in played.problem
    assert "Permission denied" in played.problem


def test_a_contract_given_as_source_alone_is_no_data(play: Any, tmp_path: Path) -> None:
    (tmp_path / "given.yaml").write_text(CONTRACT)
    played = play(CONTRACT, tmp_path / "given.yaml", fails=True)
    assert played.status in ("setup", "not_met")
    assert not played.published()
    if played.status == "not_met":
        played.assert_balanced()


@pytest.mark.parametrize(
    ("fault", "code"),
    [("binary rubbish", 2), ("a PDF", 2), ("a pipe", 0), ("ragged lines", 0), ("truncated gzip", 2)],
)
def test_the_command_line_says_it_without_a_traceback(
    calling: Any, folder: Path, tmp_path: Path, fault: str, code: int
) -> None:
    chosen = next(each for each in FAULTS if each.name == fault)
    chosen.write(folder / chosen.file)
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    call = calling("run", tmp_path / "contract.yaml", folder, "--out", tmp_path / "out", home=tmp_path / "home")
    ended, output, errors = call.ended()
    assert ended == code, errors
    assert "Traceback" not in output + errors
    assert "internal error" not in errors
    if code == 2:
        assert chosen.file in errors.splitlines()[-1]
