"""Text from data made visible: what steers a terminal, or turns the order of letters, is spelt out."""

import unicodedata

MOST_CHARACTERS = 400

_SIGNS = {"\n": "⏎", "\r": "␍", "\t": "⇥"}


def visible(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return the text with characters that cannot be seen spelt out, and cut at `most` characters with their number."""
    cut = text[:most]
    shown = "".join(character if character.isprintable() else _spelt(character) for character in cut)
    return shown if len(text) <= most else f"{shown}… ({len(text):,} characters)"


def visible_lines(text: str, most: int = 10 * MOST_CHARACTERS) -> str:
    """Return text of several lines, such as SQL, with every line made visible."""
    lines = "\n".join(visible(line, most) for line in text[:most].replace("\t", "    ").splitlines())
    return lines if len(text) <= most else f"{lines}\n… ({len(text):,} characters)"


def exact(text: str) -> str:
    """Return a value with what would look alike told apart: blanks at its ends, and marks that stand behind a letter.

    Marks are spelt out where the text is not composed (NFC): "e" with an accent behind it looks like "é".
    """
    before, behind = len(text) - len(text.lstrip(" ")), len(text) - len(text.rstrip(" "))
    inner = text.strip(" ")
    if not unicodedata.is_normalized("NFC", inner):
        inner = "".join(_spelt(character) if unicodedata.combining(character) else character for character in inner)
    return "␣" * len(text) if before == len(text) else "␣" * before + inner + "␣" * behind


def _spelt(character: str) -> str:
    return _SIGNS.get(character, f"⟨U+{ord(character):04X}⟩")
