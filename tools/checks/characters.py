"""Sets of characters as ranges of code points, and single characters quoted for two dialects of patterns."""

CharacterSet = tuple[tuple[int, int], ...]
"""Ranges of code points, both ends included."""

_LAST = 0x10FFFF

DIGIT: CharacterSet = ((0x30, 0x39),)
WORD: CharacterSet = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
LINE_END: CharacterSet = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
SPACE: CharacterSet = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
"""WhiteSpace and LineTerminator of ECMA-262."""


def invert(characters: CharacterSet) -> CharacterSet:
    """Return every code point that is not in `characters`."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for first, last in sorted(characters):
        if first > start:
            gaps.append((start, first - 1))
        start = max(start, last + 1)
    if start <= _LAST:
        gaps.append((start, _LAST))
    return tuple(gaps)


def quote(point: int, dialect: str) -> str:
    """Return one character so that it stands for itself in a pattern or a class of `dialect` ("re2" or "python")."""
    char = chr(point)
    if char.isascii() and char.isalnum():
        return char
    return f"\\x{{{point:x}}}" if dialect == "re2" else f"\\U{point:08x}"
