"""Opens the found files down to what is read: gzip is unpacked, archives become members, kinds are recognised."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from state.errors import SourceError
from state.sources import Kind
from tools.sources.archive import archive_members, extract_member, open_archive
from tools.sources.find import FoundFile
from tools.sources.limits import LandingLimits
from tools.sources.unpack import Wrapping, check_suffix, gunzip, wrapping_of

_JSON = (".json", ".jsonl", ".ndjson", ".geojson")
_WORKBOOK, _BINARY_WORKBOOK, _OPEN_DOCUMENT = "xl/workbook.xml", "xl/workbook.bin", "content.xml"
_OFFICE = "[Content_Types].xml"
_UNPACKED, _UNZIPPED = ".member", ".unpacked"  # copies of members, and of what gzip held


class Input(NamedTuple):
    """One file to take into the inventory; `content` is read, `path` is the file as given."""

    number: int
    name: str
    path: Path
    content: Path
    packing: str  # none | gzip | zip
    kind: Kind


class Opener:
    """Numbers inputs and unpacks them; copies of what is packed are written to `landing`, under numbers."""

    def __init__(self, landing: Path, limits: LandingLimits) -> None:
        self.landing, self.limits, self.number = landing, limits, 0

    def open(self, file: FoundFile) -> Iterator[Input]:
        """Yield the inputs that a found file is, or holds, in order."""
        yield from self._open(file.name, Path(file.path), Path(file.path), "none")

    def _open(self, name: str, path: Path, content: Path, packing: str, *, unzipped: bool = False) -> Iterator[Input]:
        """Yield the same of `content`; `unzipped`: it is what gzip held."""
        wrapping = wrapping_of(content, name)
        if wrapping is Wrapping.GZIP:
            if unzipped:
                raise SourceError("is compressed with gzip twice", where=name, hint="unpack it yourself")
            copy = self._copy(_UNZIPPED)
            gunzip(content, name, copy, self.limits)
            if content.parent == self.landing:
                content.unlink()  # a member of an archive, which is needed no more
            yield from self._open(name, path, copy, packing if packing == "zip" else "gzip", unzipped=True)
        elif wrapping is Wrapping.ZIP:
            yield from self._zip(name, path, content, packing)
        else:
            if wrapping is Wrapping.TEXT and not unzipped:
                check_suffix(content, name)
            kind = Kind.PARQUET if wrapping is Wrapping.PARQUET else _text_kind(name)
            yield self._input(name, path, content, packing, kind)

    def _zip(self, name: str, path: Path, content: Path, packing: str) -> Iterator[Input]:
        with open_archive(content, name) as archive:
            if _is_workbook(set(archive.namelist()), name):
                yield self._input(name, path, content, packing, Kind.EXCEL)
                return
            if packing == "zip":
                raise SourceError(
                    "is an archive within an archive", where=name, hint="unpack the outer one and give its files"
                )
            before = count = 0
            for member in archive_members(archive, name, self.limits):
                shown, copy = f"{name}/{member.filename}", self._copy(_UNPACKED)
                before += extract_member(archive, member, shown, copy, self.limits, before)
                count += 1
                yield from self._open(shown, path, copy, "zip")
            if not count:
                raise SourceError("holds no file", where=name, hint="check the archive")

    def _copy(self, suffix: str) -> Path:
        return self.landing / f"{self.number:06d}{suffix}"

    def _input(self, name: str, path: Path, content: Path, packing: str, kind: Kind) -> Input:
        self.number += 1
        return Input(self.number - 1, name, path, content, packing, kind)


def _is_workbook(members: set[str], name: str) -> bool:
    """Whether the archive is a workbook that is read; SourceError for office documents that are none."""
    if _WORKBOOK in members:
        return True
    if _BINARY_WORKBOOK in members or {"mimetype", _OPEN_DOCUMENT} <= members:
        raise SourceError("is a workbook of a kind that is not read", where=name, hint="save it as .xlsx")
    if _OFFICE in members:
        raise SourceError("is an office document without a table", where=name, hint="export it as CSV")
    return False


def _text_kind(name: str) -> Kind:
    """Return JSON by the name; which kind of JSON its lines say."""
    return Kind.JSON if name.lower().removesuffix(".gz").endswith(_JSON) else Kind.TEXT
