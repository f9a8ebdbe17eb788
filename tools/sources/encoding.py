r"""Finds the encoding of a text file that is not UTF-8, and copies such a file as UTF-8 so that any reader can read it.

Bytes that do not fit the encoding stay visible as `\xNN` in the copy: nothing is dropped and no line is lost. A UTF-8
file with damaged bytes is not copied: landing sets the damaged lines aside.
"""

import codecs
from pathlib import Path

from state.errors import SourceError
from state.values import Value
from tools.sources.damage import count_damage, is_damaged
from tools.sources.prescan import Scan

SAMPLE_BYTES = 1 << 18

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What files in the wild are written in; each can be told from cp1252 by its letters.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp932", "gb18030", "big5", "euc_kr", "euc_jp", "koi8_r", "cp850", "cp437", "mac_roman",
]  # fmt: skip
# Guesses that say "Western European, one byte a letter": then cp1252 is what such files are.
_WESTERN = {"ascii", "latin_1", "iso8859_1", "iso8859_15", "cp1252", "cp1254", "cp850", "cp437", "mac_roman"}
_USUAL = "cp1252"
_SAMPLE_LINES = 400
_PLAIN_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1b\x1c\x1d\x1e\x1f\0")
_MAX_CONTROLS = 0.02
_MAX_NULS = 0.1
_TEXT_CONTROL_END = 32
_COPY_CHARACTERS = 1 << 20


class Encoding(Value):
    """A Python codec name, whether a byte-order mark comes first, and why this encoding."""

    codec: str
    bom: bool = False
    guessed: bool = False  # by the letters of a sample: other encodings would read the file as well
    evidence: str


def detect_encoding(path: Path, name: str, scan: Scan) -> Encoding:
    """Return the encoding of the file: byte-order mark, then strict UTF-8, then the letters of a sample.

    Raises SourceError when the content does not look like text in any encoding.
    """
    head = _read(path, 0)
    if marked := next((codec for mark, codec in _BOMS if head.startswith(mark)), None):
        return Encoding(codec=marked, bom=True, evidence=f"{marked} by its byte-order mark")
    if scan.nul_bytes and (wide := _wide(head)):
        return Encoding(codec=wide, evidence=f"{wide}: every other byte is zero")
    _check_text(head, name)
    if scan.utf8:
        evidence = "UTF-8 with byte-order mark" if scan.bom else "valid UTF-8"
        return Encoding(codec="utf-8", bom=scan.bom, evidence=evidence)
    sample = _telling_lines(head + _read(path, max(len(head), scan.bad_byte - SAMPLE_BYTES // 2)))
    return _damaged_utf8(sample) or _guess(sample, name)


def copy_as_utf8(path: Path, target: Path, encoding: Encoding) -> None:
    """Write the text of `path` to `target` in UTF-8 without byte-order mark, its line ends as they are."""
    with (
        path.open(encoding=encoding.codec, errors="backslashreplace", newline="") as text,
        target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out,
    ):
        out.write(text.read(1).removeprefix("\ufeff"))
        while block := text.read(_COPY_CHARACTERS):
            out.write(block)


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as handle:
        handle.seek(offset)
        return handle.read(SAMPLE_BYTES)


def _wide(head: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte-order mark: zeros stand at odd or at even places only."""
    pairs = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    many, few = 0.4, 0.05
    if odd > many and even < few:
        return "utf-16-le"
    return "utf-16-be" if even > many and odd < few else None


def _check_text(head: bytes, name: str) -> None:
    size = max(1, len(head))
    controls = sum(head.count(byte) for byte in range(_TEXT_CONTROL_END) if byte not in _PLAIN_CONTROLS)
    if head.count(0) / size > _MAX_NULS or controls / size > _MAX_CONTROLS:
        raise SourceError(
            f"does not look like text: {head.count(0)} zero and {controls} control bytes in the first {len(head)}",
            where=name,
            hint="export it as CSV",
        )


def _telling_lines(sample: bytes) -> bytes:
    """Return the lines of the sample that hold more than ASCII: the others say nothing about the encoding."""
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    return b"\n".join(lines[:_SAMPLE_LINES])[: SAMPLE_BYTES // 4]


def _damaged_utf8(sample: bytes) -> Encoding | None:
    """Return UTF-8 when most of what is not ASCII is UTF-8: then some bytes are damaged, not the encoding.

    Most: as many letters as bytes that are none, or as many whole lines as lines with such bytes. In another encoding
    hardly a letter, and hardly ever a line, is UTF-8 by chance.
    """
    text = sample.decode("utf-8", errors="surrogateescape")
    bad = count_damage(text)
    good = sum(not letter.isascii() for letter in text) - bad
    lines = text.split("\n")
    broken = sum(map(is_damaged, lines))
    if good < bad and len(lines) - broken < broken:
        return None
    return Encoding(
        codec="utf-8", evidence=f"UTF-8 with damaged bytes: {good} letters of a sample fit, {bad} bytes do not"
    )


def _guess(sample: bytes, name: str) -> Encoding:
    from charset_normalizer import from_bytes  # noqa: PLC0415  costs 20 ms that UTF-8 files need not pay

    matches = from_bytes(sample, cp_isolation=_CANDIDATES, threshold=0.5)
    best = matches.best()
    codec = best.encoding if best else _USUAL
    # A few letters fit several alphabets equally well: then it is the usual one.
    usual = any(
        _USUAL in match.could_be_from_charset and match.chaos <= best.chaos and match.coherence >= best.coherence
        for match in matches
        if best
    )
    if usual or codec in _WESTERN:
        codec = _USUAL
    letters = sum(byte > 127 for byte in sample)  # noqa: PLR2004  the end of ASCII
    if best is None and letters > len(sample) // 3:
        raise SourceError("does not look like text in any known encoding", where=name, hint="save it as UTF-8")
    why = "fits best" if best else "is the usual one, none fits"
    evidence = (
        f"not UTF-8, read as {codec}: of the encodings known it {why} for the {letters} bytes beyond ASCII of a sample"
    )
    return Encoding(codec=codec, guessed=True, evidence=evidence)
