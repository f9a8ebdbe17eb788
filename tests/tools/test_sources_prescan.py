import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.sources import prescan as module
from tools.sources.prescan import Scan, prescan


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prescan") / "file"


def scan(path: Path, content: bytes) -> Scan:
    path.write_bytes(content)
    return prescan(path)


def plain_lines(content: bytes) -> list[bytes]:
    """The lines by an independent rule: a regular expression over the whole content."""
    return re.findall(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", content.removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize(
    ("content", "lines", "blank", "end"),
    [
        (b"", 0, 0, "lf"),
        (b"\xef\xbb\xbf", 0, 0, "lf"),
        (b"a", 1, 0, "lf"),
        (b"a\nb\n", 2, 0, "lf"),
        (b"a\r\n\r\nb", 3, 1, "crlf"),
        (b"a\rb\r\rc", 4, 1, "cr"),
        (b"a\r\nb\nc\r", 3, 0, "mixed"),
        (b"\n\n\n", 3, 3, "lf"),
        (b"\xef\xbb\xbf\na\n", 2, 1, "lf"),
    ],
)
def test_lines_and_line_ends(scratch: Path, content: bytes, lines: int, blank: int, end: str) -> None:
    found = scan(scratch, content)
    assert (found.lines, found.blank_lines, found.line_end) == (lines, blank, end)


@given(
    pieces=st.lists(
        st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b'"', b" ", b"\0", "é".encode(), b"\xe9", b"bcd"]), max_size=40
    ),
    block=st.integers(1, 9),
    bom=st.booleans(),
)
def test_every_count_holds_whatever_the_blocks(scratch: Path, pieces: list[bytes], block: int, *, bom: bool) -> None:
    content = b"\xef\xbb\xbf" * bom + b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", max(block, 3 if bom else 1))
        found = scan(scratch, content)
    lines = plain_lines(content)
    body = b"".join(lines)
    bare = [line.rstrip(b"\r\n") for line in lines]
    quotes = [b"".join(lines[: k + 1]).count(b'"') for k in range(len(lines))]
    assert found.lines == len(lines)
    assert found.blank_lines == bare.count(b"")
    assert found.longest_line == max(map(len, bare), default=0)
    assert found.quotes == body.count(b'"')
    assert found.quotes_even == all(count % 2 == 0 for count in quotes)
    assert found.spaced_quotes == (b'" ' in body or b' "' in body)
    # The byte before a line end that a block begins with may be noted needlessly, never the other way round.
    assert {line[-1] for line in bare if line} <= set(found.last_bytes)
    assert found.nul_bytes == content.count(0)
    assert found.crlf_ends == body.count(b"\r\n")
    assert found.lf_ends == body.count(b"\n") - body.count(b"\r\n")
    assert found.cr_ends == body.count(b"\r") - body.count(b"\r\n")
    assert found.bom == bom
    assert found.size == len(content)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.utf8 == is_utf8(content)


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_a_large_file_is_scanned_in_blocks(scratch: Path) -> None:
    line = ("x" * 99 + "\n").encode()
    found = scan(scratch, line * 100_000)
    assert (found.lines, found.longest_line, found.size) == (100_000, 99, 10_000_000)
    assert found.sha256 == hashlib.sha256(line * 100_000).hexdigest()


def test_a_bad_byte_is_found_where_it_is(scratch: Path) -> None:
    assert scan(scratch, b"a,b\n" * 1000 + b"caf\xe9\n").bad_byte == 4003
