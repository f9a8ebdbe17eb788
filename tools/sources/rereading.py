"""Reads a text file otherwise than its scan found it should be read: cut by another delimiter, or decoded otherwise.

The file as given is never written to; what is decoded otherwise is a copy in `landing/`, the same bytes each time.
"""

import codecs
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from algorithms.diagnosis.garbling import is_garbled, rivals, transcoded
from state.sources import Dialect, Kind, SourceFile
from tools.files import file_stamp, sync_file
from tools.sources.careful import read_batches
from tools.sources.dialect import Cut, Memory
from tools.sources.encoding import Encoding
from tools.sources.inputs import Input
from tools.sources.inventory import OpenedFile
from tools.sources.limits import LandingLimits
from tools.sources.prescan import Scan, prescan
from tools.sources.text import OpenedText

DELIMITER, READ_AS, ENCODING = "delimiter", "read_as", "encoding"
"""How a file is read again: by another delimiter; or its text, that was read as one encoding, from another one."""

_GARBLED_LINES = 300


class Fit(NamedTuple):
    """What a description makes of its file: records, and lines that are none."""

    records: int
    refused: int

    @property
    def share(self) -> float:
        """Records per record or refused line; 0 without either."""
        return self.records / max(1, self.records + self.refused)


def can_be_read_again(file: SourceFile) -> bool:
    """Whether there is a choice of how to read the file: of delimited text that is not what quarantine sent out."""
    return file.kind is Kind.TEXT and not file.returned and bool(file.header)


def describe_again(file: SourceFile, how: Mapping[str, str], landing: Path) -> SourceFile | None:
    """Return the file as it is when it is read as `how` says; None where some of it cannot be read so.

    A copy that is decoded otherwise is written to `landing` unless it is there. OSError when the file is gone.
    """
    if how.get(DELIMITER):
        cut = Cut(delimiter=how[DELIMITER], quote='"', evidence="as a recovery diagnosed")
        return _described(file, Path(file.text_path), cut)
    copy = landing / f"{file.file_id:06d}.{how[READ_AS]}.{how[ENCODING]}.again"
    if not _decode(file, how[READ_AS], how[ENCODING], copy):
        return None
    dialect = file.dialect
    cut = Cut(delimiter=dialect.delimiter, quote=dialect.quote, evidence=dialect.evidence)
    found = _described(file, copy, cut)
    if found.lines != file.lines:
        return None
    told = f"{dialect.evidence}; what was read as {how[READ_AS]} is {how[ENCODING]}, as a recovery diagnosed"
    update = {"decoded_from": how[ENCODING], "evidence": told}
    return found.model_copy(
        update={
            "dialect": Dialect.model_validate(dialect.model_dump() | update),
            "given_path": file.given_path or file.text_path,
        }
    )


def fit_of(file: SourceFile) -> Fit:
    """Return how many records a description finds in its file, and how many lines it refuses."""
    records = refused = 0
    for batch in read_batches(file, len(file.header)):
        records += len(batch.rows)
        refused += len(batch.rejects)
    return Fit(records, refused)


def rival_encodings(file: SourceFile, read_as: str, encoding: str) -> tuple[str, ...]:
    """Return the encodings in which the garbled lines of the file read as words too, but as other ones."""
    return rivals(islice(filter(is_garbled, _lines(Path(file.text_path))), _GARBLED_LINES), read_as, encoding)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        yield from text


def _decode(file: SourceFile, read_as: str, encoding: str, copy: Path) -> bool:
    """Write the file's text in UTF-8, decoded from `encoding`; False where that does not explain all of it.

    Of a file that was decoded by a guess the bytes are read anew; else the text itself was read as `read_as` before it
    was written, and each line of it must turn back.
    """
    guessed = file.dialect.decoded_from
    if file.damaged or (guessed and codecs.lookup(guessed).name != codecs.lookup(read_as).name):
        return False
    aside = copy.with_suffix(".part")
    with aside.open("w", encoding="utf-8", newline="") as out:
        try:
            if guessed:
                with Path(file.given_path).open(encoding=encoding, errors="strict", newline="") as text:
                    out.writelines(text)
            else:
                for line in _lines(Path(file.text_path)):
                    meant = transcoded(line, read_as, encoding)
                    if meant is None:
                        return False
                    out.write(meant)
        except UnicodeDecodeError:
            return False
    sync_file(aside)
    aside.replace(copy)
    return True


def _described(file: SourceFile, text: Path, cut: Cut) -> SourceFile:
    """Return the file with the header, counts and way of reading that follow from its text and how it is cut."""
    scan: Scan = prescan(text)
    dialect = file.dialect
    known = Encoding(codec=dialect.decoded_from or "utf-8", bom=dialect.bom, evidence=dialect.evidence)
    given = Input(file.file_id, file.name, Path(file.path), text, file.compression, Kind.TEXT)
    opened = OpenedFile(file.file_id, given, OpenedText(text, known, scan, scan, file_stamp(text)), LandingLimits())
    found = opened.describe(Memory(), [], cut)
    kept = {name: getattr(file, name) for name in ("sha256", "size", "given_path")}
    return found.model_copy(update=kept)
