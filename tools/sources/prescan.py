"""Reads the bytes of a file once, in blocks, and says what is in them. Knows lines and bytes, nothing of fields.

The line count made here is independent of whatever reads the file later: the books are checked against it.
A physical line ends with LF, CRLF or a lone CR; a last line without a line end counts.
"""

import codecs
import hashlib
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from state.values import Value

BOM = b"\xef\xbb\xbf"

_BLOCK = 1 << 20  # fits the cache: four times faster than blocks that do not
_THREAD_FROM = 1 << 23  # bytes from which hashing beside the scan pays for its thread
_LF, _CR, _QUOTE, _SPACE, _ASCII_END = 10, 13, 34, 32, 128
_CRLF_BYTES = 2

_Bytes = NDArray[np.uint8]
_Positions = NDArray[np.int64]


class Scan(Value):
    """What the bytes of one file hold; a UTF-8 byte-order mark is not part of the first line."""

    sha256: str
    size: int  # bytes
    lines: int
    blank_lines: int  # lines without a single byte
    longest_line: int  # bytes, without its end
    lf_ends: int
    crlf_ends: int
    cr_ends: int
    quotes: int  # double quotes
    quotes_even: bool  # the number of quotes so far is even at every line end
    spaced_quotes: bool  # a space stands beside a quote
    last_bytes: tuple[int, ...]  # that lines end with, sorted; without the line ends
    nul_bytes: int
    bom: bool
    utf8: bool  # strictly valid
    bad_byte: int  # offset of the first byte that is not UTF-8 (a few bytes off where a block begins); -1: none

    @property
    def line_end(self) -> str:
        """Return lf, crlf, cr or mixed; lf when there is no line end at all."""
        kinds = {"lf": self.lf_ends, "crlf": self.crlf_ends, "cr": self.cr_ends}
        present = [kind for kind, count in kinds.items() if count]
        return "mixed" if len(present) > 1 else (present or ["lf"])[0]


def prescan(path: Path) -> Scan:
    """Scan the file at `path`; memory stays bounded whatever its size and its longest line are."""
    scanner = _Scanner()
    with ThreadPoolExecutor(1) as pool, path.open("rb", buffering=0) as handle:
        small = path.stat().st_size < _THREAD_FROM
        beside = None if small else pool.submit(sha256_of, path)
        _feed(scanner, handle)
        digest = beside.result() if beside else sha256_of(path)
    return scanner.finish(digest)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, 64 hex digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _feed(scanner: "_Scanner", handle: FileIO) -> None:
    """Give the whole file to the scanner, no block ending between a CR and its LF."""
    held = b""
    while block := handle.read(_BLOCK):
        data = held + block
        held = b"\r" if data.endswith(b"\r") else b""
        scanner.feed(data[: len(data) - len(held)])
    scanner.feed(held)


class _Scanner:
    """Counts over a stream of blocks; positions are offsets in the file."""

    def __init__(self) -> None:
        self.offset = 0
        self.last_end = -1  # of the last byte of the last line end
        self.lines = self.blank = self.longest = 0
        self.lf = self.crlf = self.cr = 0
        self.quotes = self.nul = 0
        self.even, self.spaced, self.last_byte = True, False, -1
        self.bom = False
        self.last_bytes = np.zeros(1 << 8, bool)
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.pending = False  # the decoder holds the start of a character
        self.bad_byte = -1

    def feed(self, data: bytes) -> None:
        """Count one block."""
        if not self.offset and data.startswith(BOM):
            self.bom, self.offset, self.last_end = True, len(BOM), len(BOM) - 1
            data = data[len(BOM) :]
        if not data:
            return
        block = np.frombuffer(data, np.uint8)
        self._check_utf8(data, block)
        ends = self._find_ends(data, block)
        self._count_quotes(data, block, ends)
        self._note_last_bytes(block, ends)
        self.nul += data.count(0) if b"\0" in data else 0
        self.offset += len(data)
        self.last_byte = data[-1]

    def finish(self, sha256: str) -> Scan:
        """Return the counts; an unfinished last line becomes a line."""
        rest = self.offset - 1 - self.last_end
        if rest > 0:
            self.lines += 1
            self.last_bytes[self.last_byte] = True
            self.longest = max(self.longest, rest)
            self.even = self.even and self.quotes % 2 == 0
        if self.bad_byte < 0 and self.pending:
            self.bad_byte = max(0, self.offset - 1)
        return Scan(
            sha256=sha256,
            size=self.offset,
            lines=self.lines,
            blank_lines=self.blank,
            longest_line=self.longest,
            lf_ends=self.lf,
            crlf_ends=self.crlf,
            cr_ends=self.cr,
            quotes=self.quotes,
            quotes_even=self.even,
            spaced_quotes=self.spaced,
            last_bytes=tuple(int(byte) for byte in np.flatnonzero(self.last_bytes)),
            nul_bytes=self.nul,
            bom=self.bom,
            utf8=self.bad_byte < 0,
            bad_byte=self.bad_byte,
        )

    def _find_ends(self, data: bytes, block: _Bytes) -> _Positions:
        """Count the lines that end in this block; return the places of their ends in it."""
        ends = np.flatnonzero(block == _LF)
        breaks = np.ones(len(ends), np.int64)  # bytes of each line end
        if b"\r" in data:
            returns = np.flatnonzero(block == _CR)
            lone = returns[np.append(block[1:], 0)[returns] != _LF]
            breaks += np.insert(block[:-1], 0, 0)[ends] == _CR
            self.crlf += int((breaks == _CRLF_BYTES).sum())
            self.cr += len(lone)
            ends = np.append(ends, lone)
            breaks = np.append(breaks, np.ones(len(lone), np.int64))
            order = np.argsort(ends)
            ends, breaks = ends[order], breaks[order]
        self.lf = self.lines + len(ends) - self.crlf - self.cr
        if len(ends):
            lengths = np.diff(ends, prepend=self.last_end - self.offset) - breaks
            self.blank += len(lengths) - int(np.count_nonzero(lengths))
            self.longest = max(self.longest, int(lengths.max()))
            self.last_end = self.offset + int(ends[-1])
            self.lines += len(ends)
        return ends

    def _count_quotes(self, data: bytes, block: _Bytes, ends: _Positions) -> None:
        if b'"' not in data:
            # The parity at each line end here is the one the block began with.
            self.even = self.even and not (len(ends) and self.quotes % 2)
            self.spaced = self.spaced or (self.last_byte == _QUOTE and data[0] == _SPACE)
            return
        quotes = np.flatnonzero(block == _QUOTE)
        across = (self.last_byte, data[0]) in {(_QUOTE, _SPACE), (_SPACE, _QUOTE)}
        self.spaced = self.spaced or across or _beside_space(block, quotes)
        self.even = self.even and not np.any((np.searchsorted(quotes, ends) + self.quotes) & 1)
        self.quotes += len(quotes)

    def _note_last_bytes(self, block: _Bytes, ends: _Positions) -> None:
        """Note the last byte of each line that ends in this block; of a CRLF the byte before it."""
        if not len(ends):
            return
        if self.last_byte >= 0 and (ends[0] == 0 or block[0] == _CR):
            self.last_bytes[self.last_byte] = True
        before = ends[ends > 0] - 1
        self.last_bytes[block[before]] = True
        self.last_bytes[block[before[(block[before] == _CR) & (before > 0)] - 1]] = True

    def _check_utf8(self, data: bytes, block: _Bytes) -> None:
        # Most blocks are plain ASCII, and finding that out is much cheaper than decoding.
        if self.bad_byte >= 0 or not (self.pending or block.max() >= _ASCII_END):
            return
        try:
            self.decoder.decode(data)
        except UnicodeDecodeError as error:
            self.bad_byte = self.offset + error.start
        else:
            self.pending = bool(self.decoder.getstate()[0])


def _beside_space(block: _Bytes, places: _Positions) -> bool:
    """Return whether a space stands before or behind one of the places; searching for the pairs is far slower."""
    behind, before = places[places < len(block) - 1] + 1, places[places > 0] - 1
    return bool(np.any(block[behind] == _SPACE) or np.any(block[before] == _SPACE))
