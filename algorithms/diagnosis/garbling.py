"""Text read in the wrong encoding: signs that no word holds, and the encodings that turn them back into letters."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

_READ_AS = ("cp1252", "latin_1")
_WRITTEN_IN = ("utf-8", "cp850", "mac_roman", "cp1250", "cp1251", "cp437", "koi8_r", "cp1253")
_SAMPLE = 300  # texts that are looked at
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_SIGNS = "„…†‡ˆ‰‹‘“”•˜™›œŸ¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶¸¹º»¼½¾¿×÷€‚ƒ"
_IN_WORD = re.compile(
    rf"[^\W\d_][{re.escape(_SIGNS)}]+[^\W\d_]|[^\W\d_][\x80-\x9f]|[a-zß-ÿ][À-Þ][a-zß-ÿ]|[A-Za-zß-ÿ][ŠŽŸŒ][a-zß-ÿ]|[ÃÂÅÄ][{re.escape(_SIGNS)}\x80-\xbf]|â€"
)
_LOST = re.compile(r"\ufffd|[^\W\d_]\?[^\W\d_]")


def is_garbled(text: str) -> bool:
    """Whether a text has signs within words that come of a wrong encoding."""
    if text.isascii():
        return _LOST.search(text) is not None or _ESCAPE.search(text) is not None
    return _IN_WORD.search(text) is not None or _LOST.search(text) is not None or _ESCAPE.search(text) is not None


def is_lost(text: str) -> bool:
    """Whether letters were replaced by a sign, so that nothing can bring them back."""
    return _LOST.search(text) is not None


def mended(text: str, read_as: str, written_in: str) -> str | None:
    """Return the text as it was meant if it was written in one encoding and read as the other; None if it was not."""
    try:
        data = b"".join(_bytes(part, read_as) for part in _pieces(text))
        meant = data.decode(written_in)
    except (UnicodeDecodeError, UnicodeEncodeError):
        return None
    return meant if meant != text else None


def likely_encodings(texts: Iterable[str]) -> tuple[str, str, float]:
    """Return what garbled texts were read as, what they were written in, and the share that this turns into words."""
    sample = list(texts)[:_SAMPLE]
    tally = _tally(sample)
    if not tally:
        return "", "", 0.0
    # Of encodings that explain as much the one named first is meant: the list begins with what occurs most.
    best = max(tally, key=lambda pair: (tally[pair], -_WRITTEN_IN.index(pair[1]), -_READ_AS.index(pair[0])))
    return best[0], best[1], tally[best] / len(sample)


def rivals(texts: Iterable[str], read_as: str, written_in: str) -> tuple[str, ...]:
    """Return the encodings that turn as many garbled texts into words, but into others: nothing tells them apart."""
    sample = list(texts)[:_SAMPLE]
    tally = _tally(sample)
    equal = [pair for pair, count in tally.items() if count >= tally[read_as, written_in] and pair[1] != written_in]
    meant = [mended(text, read_as, written_in) for text in sample]
    return tuple(sorted({pair[1] for pair in equal if [mended(text, *pair) for text in sample] != meant}))


def _tally(sample: Iterable[str]) -> Counter[tuple[str, str]]:
    """Return for each pair of encodings how many texts it turns into words."""
    tally: Counter[tuple[str, str]] = Counter()
    for text in sample:
        for read_as in _READ_AS:
            for written_in in _WRITTEN_IN:
                meant = mended(text, read_as, written_in)
                if meant is not None and not is_garbled(meant) and _is_wordlike(text, meant):
                    tally[read_as, written_in] += 1
    return tally


def transcoded(text: str, read_as: str, written_in: str) -> str | None:
    """Return a text as it was written, None where not all of it was written in one encoding and read as the other."""
    try:
        return text if text.isascii() else _bytes(text, read_as).decode(written_in)
    except (UnicodeDecodeError, UnicodeEncodeError):
        return None


def garbled_rows(counts: Mapping[str | None, int]) -> dict[str, int]:
    """Return the garbled texts of a column with their rows."""
    return {text: rows for text, rows in counts.items() if text is not None and is_garbled(text)}


def _pieces(text: str) -> list[str]:
    return [part for part in re.split(r"(\\x[0-9a-f]{2})", text) if part]


def _bytes(part: str, codec: str) -> bytes:
    escaped = _ESCAPE.fullmatch(part)
    if escaped:
        return bytes([int(escaped[1], 16)])
    out = bytearray()
    for letter in part:
        try:
            out += letter.encode(codec)
        except UnicodeEncodeError:
            if ord(letter) > 0xFF:  # noqa: PLR2004  the end of one byte
                raise
            out.append(ord(letter))  # bytes that the code page leaves free are passed through
    return bytes(out)


def _is_wordlike(text: str, meant: str) -> bool:
    """Whether what was garbled has become letters."""
    before = {letter for letter in text if not letter.isascii()}
    new = [letter for letter in meant if not letter.isascii() and letter not in before]
    return bool(new) and all(letter.isalpha() or letter in "’–€“”°" for letter in new)
