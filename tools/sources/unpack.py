"""Recognises files by their first bytes: what kind of source they are, and which are none. Decompresses gzip."""

import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from state.errors import SourceError
from tools.sources.limits import LandingLimits, check_unpacked
from tools.sources.room import Room


class Wrapping(StrEnum):
    """What a file is by its first bytes."""

    GZIP = "gzip"
    ZIP = "zip"  # an archive or a workbook
    PARQUET = "parquet"
    TEXT = "text"


_KNOWN = {
    b"\x1f\x8b": Wrapping.GZIP,
    b"PK\x03\x04": Wrapping.ZIP,
    b"PK\x05\x06": Wrapping.ZIP,  # an archive without a member
    b"PAR1": Wrapping.PARQUET,
}
_FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "a SQLite database",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\x7fELF": "a program",
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_BLOCK = 1 << 20
_GZIP_WINDOW = 31  # zlib's code for "with a gzip header"


def wrapping_of(path: Path, name: str) -> Wrapping:
    """Return what the file is by its first bytes; SourceError for what cannot be a source."""
    with path.open("rb") as handle:
        head = handle.read(16)
    for magic, wrapping in _KNOWN.items():
        if head.startswith(magic):
            return wrapping
    if head.startswith(_OLD_OFFICE):
        raise SourceError(
            "is a workbook of the old .xls format, or one with a password",
            where=name,
            hint="open it in a spreadsheet program and save it as .xlsx without a password",
        )
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise SourceError(f"does not look like text: it is {kind}", where=name, hint="export it as CSV")
    return Wrapping.TEXT


def check_suffix(path: Path, name: str) -> None:
    """Refuse a text that is named like something else; an empty file may be called anything."""
    called = {".gz": "gzip", ".zip": "ZIP", ".parquet": "Parquet", ".pq": "Parquet", ".xlsx": "Excel", ".xlsm": "Excel"}
    suffix = Path(name).suffix.lower()
    if suffix in called and path.stat().st_size:
        what = "is not compressed with gzip" if suffix == ".gz" else f"is no {called[suffix]} file"
        raise SourceError(f"is named {suffix} but {what}", where=name, hint="rename it, or fetch it again")


def gunzip(path: Path, name: str, target: Path, limits: LandingLimits) -> None:
    """Decompress all members of the gzip file `path` into `target`, streaming; memory stays bounded."""
    packed, written = path.stat().st_size, 0
    room = Room(name, target.parent)
    with target.open("wb") as out:
        for block in _blocks(path, name):
            written += len(block)
            check_unpacked(name, packed, written, limits)
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
