"""Opens a file as UTF-8 text: its encoding is found, and a file in another one is copied."""

from pathlib import Path
from typing import NamedTuple

from tools.files import file_stamp
from tools.sources.encoding import Encoding, copy_as_utf8, detect_encoding
from tools.sources.inputs import Input
from tools.sources.prescan import Scan, prescan


class OpenedText(NamedTuple):
    """The UTF-8 text of an input, how it was encoded, the scans of file and text, and the text's stamp before them."""

    path: Path
    encoding: Encoding
    original: Scan
    scan: Scan
    stamp: str


def open_text(given: Input, landing: Path) -> OpenedText:
    """Return the text of the input; SourceError when it is none."""
    stamp = file_stamp(given.content)
    original = prescan(given.content)
    encoding = detect_encoding(given.content, given.name, original)
    if encoding.codec == "utf-8":
        return OpenedText(given.content, encoding, original, original, stamp)
    copy = landing / f"{given.number:06d}.utf8"
    copy_as_utf8(given.content, copy, encoding)
    stamp = file_stamp(copy)
    return OpenedText(copy, encoding, original, prescan(copy), stamp)
