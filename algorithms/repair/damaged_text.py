"""Damaged characters: texts that were decoded with the wrong table, and entities of HTML left in them."""

import html
import re
from typing import Final

from algorithms.repair.rewriting import Rewriting
from algorithms.repair.typed_forms import Distinct
from state.repair import CellFault

_LATIN: Final = 256
_ENTITY: Final = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,8});?")


def damaged_text(distinct: Distinct) -> list[Rewriting]:
    """Return the texts with damaged characters, and what they were before where that can be undone."""
    texts: dict[int, str | None] = {}
    for code, text, _ in distinct:
        whole = _decoded(html.unescape(text) if _ENTITY.search(text) else text)
        if whole != text:
            texts[code] = whole
        elif "�" in text:
            texts[code] = None
    return [Rewriting("encoding", texts, 0.97, CellFault.ENCODING, "damaged characters, read again")] if texts else []


def _decoded(text: str) -> str:
    """Return a text that was UTF-8 and was read as Windows-1252 as it should be; any other as it is."""
    if text.isascii():
        return text
    try:
        fresh = b"".join(_byte(letter) for letter in text).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
    return fresh if fresh.isprintable() else text


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        if ord(letter) < _LATIN:
            return bytes([ord(letter)])
        raise
