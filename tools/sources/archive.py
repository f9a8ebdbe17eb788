"""Takes the members of a ZIP archive apart, under limits: none is written outside, none is silently left out."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from state.errors import SourceError
from tools.sources.limits import LandingLimits, check_unpacked
from tools.sources.room import Room

_BLOCK = 1 << 20
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def open_archive(path: Path, name: str) -> zipfile.ZipFile:
    """Return the opened archive; SourceError when it is damaged."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError) as error:
        raise SourceError(f"is a damaged ZIP archive: {error}", where=name, hint="fetch the file again") from error


def archive_members(archive: zipfile.ZipFile, name: str, limits: LandingLimits) -> Iterator[zipfile.ZipInfo]:
    """Yield the files of an archive in the order of their names, without folders and hidden ones.

    Raises SourceError for encrypted members, links, names that lead outside or stand twice, and too many members.
    """
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > limits.max_files:
        raise SourceError(
            f"holds {len(members)} files, more than {limits.max_files} (limit max_files)", where=name, hint="split it"
        )
    names: set[str] = set()
    for member in sorted(members, key=lambda each: each.filename):
        shown = f"{name}/{member.filename}"
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.filename in names:
            raise SourceError("stands twice in the archive", where=shown, hint="unpack it yourself and choose one")
        names.add(member.filename)
        if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
            raise SourceError("has a name that leads outside of the archive", where=shown, hint="pack it again")
        _check_member(member, shown)
        # What a folder's walk leaves out: hidden files, and what macOS and Excel put beside others.
        if not any(part.startswith((".", "__MACOSX", "~$")) for part in parts):
            yield member


def _check_member(member: zipfile.ZipInfo, shown: str) -> None:
    if member.flag_bits & _ENCRYPTED:
        raise SourceError("is encrypted", where=shown, hint="unpack the archive yourself and give the files")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise SourceError("is a link", where=shown, hint="pack the file it leads to")
    if member.compress_type not in _METHODS:
        raise SourceError(
            f"is packed by a method that is not read ({member.compress_type})", where=shown, hint="unpack it yourself"
        )


def extract_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, shown: str, target: Path, limits: LandingLimits, before: int
) -> int:
    """Write one member to `target`; return its bytes. `before` bytes of the archive count towards the limit of size."""
    written, room = 0, Room(shown, target.parent)
    try:
        with archive.open(member) as packed, target.open("wb") as out:
            for block in _blocks(packed):
                written += len(block)
                check_unpacked(shown, member.compress_size, written, limits, before)
                room.take(len(block))
                out.write(block)
    except (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise SourceError(f"is damaged: {error}", where=shown, hint="fetch the archive again") from error
    return written


def _blocks(packed: IO[bytes]) -> Iterator[bytes]:
    while block := packed.read(_BLOCK):
        yield block
