"""The parts of an .xlsx workbook that its sheets refer to: their names, the shared texts and the number formats."""

import posixpath
import xml.parsers.expat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from state.errors import SourceError
from tools.sources.excel_dates import Shown, shown_as
from tools.sources.limits import LandingLimits, check_unpacked

_BLOCK = 1 << 18
_BOOK = "xl/workbook.xml"
_TRUE = frozenset({"1", "true", "on"})

Attributes = dict[str, str]


class Sheet:
    """One sheet: its name, the member of the archive it is in, and whether it is hidden."""

    __slots__ = ("hidden", "member", "name")

    def __init__(self, name: str, member: str, *, hidden: bool) -> None:
        self.name, self.member, self.hidden = name, member, hidden


class Workbook:
    """An opened workbook; close it by leaving the `with` block."""

    def __init__(self, path: Path, name: str, limits: LandingLimits = LandingLimits()) -> None:  # noqa: B008  a frozen value
        self.name, self.limits = name, limits
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise SourceError(f"is a damaged workbook: {error}", where=name, hint="save it again") from error
        self.since_1904 = False
        self.sheets: list[Sheet] = []

    def __enter__(self) -> Self:
        self._read_book()
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @cached_property
    def texts(self) -> list[str]:
        """The shared texts by their numbers."""
        reader = _Texts()
        self._parse_optional("xl/sharedStrings.xml", reader.start, reader.end, reader.characters)
        return reader.found

    @cached_property
    def formats(self) -> list[Shown]:
        """What each cell style shows a number as."""
        reader = _Formats()
        self._parse_optional("xl/styles.xml", reader.start, reader.end, None)
        return [shown_as(number, reader.codes.get(number)) for number in reader.styles]

    def blocks(self, member: str) -> Iterator[bytes]:
        """Yield the bytes of a member, under the limits of unpacking."""
        try:
            info = self._archive.getinfo(member)
            written = 0
            with self._archive.open(info) as packed:
                while block := packed.read(_BLOCK):
                    written += len(block)
                    check_unpacked(self.name, info.compress_size, written, self.limits)
                    yield block
        except (KeyError, zipfile.BadZipFile, EOFError, RuntimeError, ValueError) as error:
            raise SourceError(f"is a damaged workbook: {error}", where=self.name, hint="save it again") from error

    def parser(
        self,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        characters: Callable[[str], None] | None,
    ) -> xml.parsers.expat.XMLParserType:
        """Return a parser that knows no document types: a workbook has none, an attack does."""
        parser = xml.parsers.expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = start, end
        if characters:
            parser.CharacterDataHandler = characters

        def refuse(*_: object) -> None:
            raise SourceError("holds a document type, which no workbook does", where=self.name, hint="save it again")

        parser.StartDoctypeDeclHandler = refuse
        return parser

    def parse(self, parser: xml.parsers.expat.XMLParserType, block: bytes, *, last: bool = False) -> None:
        """Feed the parser; SourceError when it is no XML, or refers to what is not there."""
        try:
            parser.Parse(block, last)
        except (xml.parsers.expat.ExpatError, LookupError, ValueError) as error:
            raise SourceError(f"is a damaged workbook: {error}", where=self.name, hint="save it again") from error

    def _parse_member(
        self,
        member: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        characters: Callable[[str], None] | None,
    ) -> None:
        parser = self.parser(start, end, characters)
        for block in self.blocks(member):
            self.parse(parser, block)
        self.parse(parser, b"", last=True)

    def _parse_optional(
        self,
        member: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        characters: Callable[[str], None] | None,
    ) -> None:
        if member in self._archive.namelist():
            self._parse_member(member, start, end, characters)

    def _read_book(self) -> None:
        links: dict[str, str] = {}
        found: list[Attributes] = []

        def link(tag: str, attributes: Attributes) -> None:
            if plain(tag) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
                target = attributes["Target"]
                links[attributes["Id"]] = target.lstrip("/") if target[:1] == "/" else posixpath.join("xl", target)

        def entry(tag: str, attributes: Attributes) -> None:
            if plain(tag) == "workbookPr":
                self.since_1904 = attributes.get("date1904", "") in _TRUE
            elif plain(tag) == "sheet":
                found.append({plain(key): value for key, value in attributes.items()})

        self._parse_member("xl/_rels/workbook.xml.rels", link, _ignore, None)
        self._parse_member(_BOOK, entry, _ignore, None)
        # A sheet without a link is a chart or a macro: it holds no cells.
        self.sheets = [
            Sheet(each["name"], links[each["id"]], hidden=each.get("state", "visible") != "visible")
            for each in found
            if each.get("id", "") in links
        ]


def plain(tag: str) -> str:
    """Return the name of an element or attribute without its prefix."""
    return tag.rsplit(":", 1)[-1]


@dataclass
class _Texts:
    """Collects shared texts: runs of formatted text are joined, how to pronounce them is left out."""

    found: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    within: bool = False
    spoken: bool = False

    def start(self, tag: str, _: Attributes) -> None:
        name = plain(tag)
        self.within = name == "t" and not self.spoken
        if name == "rPh":
            self.spoken = True
        elif name == "si":
            self.parts = []

    def end(self, tag: str) -> None:
        name = plain(tag)
        self.within = False
        if name == "rPh":
            self.spoken = False
        elif name == "si":
            self.found.append("".join(self.parts))

    def characters(self, text: str) -> None:
        if self.within:
            self.parts.append(text)


@dataclass
class _Formats:
    """Collects the number format of each cell style, and the formats that the workbook defines."""

    codes: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    within: bool = False

    def start(self, tag: str, attributes: Attributes) -> None:
        name = plain(tag)
        if name == "numFmt":
            self.codes[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif name == "cellXfs":
            self.within = True
        elif name == "xf" and self.within:
            self.styles.append(int(attributes.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        if plain(tag) == "cellXfs":
            self.within = False


def _ignore(_: str) -> None:
    """Take an end of an element that tells nothing."""
