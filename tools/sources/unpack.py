"""Recognises compressed and foreign files by their first bytes and decompresses gzip under limits."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from state.errors import SourceError
from tools.sources.limits import LandingLimits
from tools.sources.room import Room

GZIP_MAGIC = b"\x1f\x8b"

_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "a SQLite database",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x7fELF": "a program",
}
_BLOCK = 1 << 20
_GZIP_WINDOW = 31  # zlib's code for "with a gzip header"


def compression_of(path: Path, name: str) -> str:
    """Return "gzip" or "none" by the first bytes; SourceError for formats that are no text."""
    with path.open("rb") as handle:
        head = handle.read(16)
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise SourceError(f"does not look like text: it is {kind}", where=name, hint="export it as CSV")
    if path.name.lower().endswith(".gz") and head:
        raise SourceError("is named .gz but is not compressed with gzip", where=name, hint="rename or compress it")
    return "none"


def gunzip(path: Path, name: str, target: Path, limits: LandingLimits) -> None:
    """Decompress all members of the gzip file `path` into `target`, streaming; memory stays bounded."""
    packed, written = path.stat().st_size, 0
    room = Room(name, target.parent)
    with target.open("wb") as out:
        for block in _blocks(path, name):
            written += len(block)
            _check_limits(name, packed, written, limits)
            room.take(len(block))
            out.write(block)


def _blocks(path: Path, name: str) -> Iterator[bytes]:
    """Yield what the members of a gzip file hold, in blocks of bounded size."""
    machine = zlib.decompressobj(_GZIP_WINDOW)
    try:
        with path.open("rb") as handle:
            data = handle.read(_BLOCK)
            while data:
                yield machine.decompress(data, _BLOCK)
                if machine.eof:
                    # Another member may follow; zero bytes are padding that tape tools leave.
                    data = (machine.unused_data or handle.read(_BLOCK)).lstrip(b"\0") or handle.read(_BLOCK)
                    machine = zlib.decompressobj(_GZIP_WINDOW) if data else machine
                else:
                    data = machine.unconsumed_tail or handle.read(_BLOCK)
    except zlib.error as error:
        raise SourceError(f"is a damaged gzip file: {error}", where=name, hint="fetch the file again") from error
    if not machine.eof:
        raise SourceError("is a gzip file cut short", where=name, hint="fetch the file again")


def _check_limits(name: str, packed: int, written: int, limits: LandingLimits) -> None:
    if written > limits.max_decompressed_bytes:
        raise SourceError(
            f"unpacks to more than {limits.max_decompressed_bytes} bytes (limit max_decompressed_bytes)",
            where=name,
            hint="split the file or unpack it yourself",
        )
    if written > limits.ratio_from_bytes and written > limits.max_ratio * packed:
        raise SourceError(
            f"unpacks to more than {limits.max_ratio:g} times its size (limit max_ratio), as a gzip bomb does",
            where=name,
            hint="unpack it yourself if you trust it",
        )
