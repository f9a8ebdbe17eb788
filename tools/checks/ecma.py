r"""Regular expressions of ECMA-262, the dialect of ODCS patterns, translated to RE2 (the engine) and to Python's `re`.

RE2 has no lookaround, no backreference and no repetition above 1,000; Python's `re` has no Unicode properties. What
neither can say is unsupported. Differences in meaning are written out: `.`, `$`, `\s`, `\w`, empty classes, groups
that took no part. A leading `(?i)` is accepted although ECMA-262 has flags outside the pattern.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tools.checks.characters import DIGIT, LINE_END, SPACE, WORD, CharacterSet, invert, quote

_MOST_REPEATS = 1000
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??")
_GROUP = re.compile(r"\((?:\?(?::|<?[=!]|<([A-Za-z_][A-Za-z0-9_]*)>))?")
_PROPERTY = re.compile(r"\\([pP])\{(?:(?:Script|sc|General_Category|gc)=)?([A-Za-z_]+)\}")
_POINT = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\})")
_REFERENCE = re.compile(r"\\(?:([1-9]\d*)|k<([A-Za-z_][A-Za-z0-9_]*)>)")
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_CLASSES = {"d": DIGIT, "w": WORD, "s": SPACE}
_NEVER_RE2, _NEVER_PYTHON = r"[^\x{0}-\x{10ffff}]", "(?!)"


class PatternError(ValueError):
    """The text is not a pattern that can be translated; the message says why."""


@dataclass(frozen=True)
class Translation:
    """A pattern in the two dialects; None where a dialect cannot say it. At least one is set."""

    re2: str | None
    python: str | None


def translate(pattern: str) -> Translation:
    """Return `pattern` for a search (unanchored, as JSON Schema has it) in both dialects.

    Raises:
        PatternError: the text is no regular expression, or neither dialect can say it.

    """
    reader = _Reader(pattern)
    reader.read()
    re2, python = "".join(reader.re2), "(?a)" + "".join(reader.python)
    if reader.python_says:
        try:
            re.compile(python)
        except (re.error, OverflowError, RecursionError) as error:
            raise PatternError(f"{pattern!r} is not a regular expression: {error}") from error
    if not reader.re2_says and not reader.python_says:
        raise PatternError(f"{pattern!r} mixes Unicode properties with lookaround, backreferences or long repetition")
    return Translation(re2=re2 if reader.re2_says else None, python=python if reader.python_says else None)


class _Reader:
    """Reads a pattern once, left to right, and writes both translations."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.re2: list[str] = []
        self.python: list[str] = []
        self.re2_says = True
        self.python_says = True

    def read(self) -> None:
        if self.text.startswith("(?i)"):
            self.at = len("(?i)")
            self._put("(?i)", "(?i)")
        repeatable = False
        while self.at < len(self.text):
            if quantifier := _QUANTIFIER.match(self.text, self.at):
                if not repeatable:
                    raise PatternError(f"nothing to repeat at position {self.at} of {self.text!r}")
                self._quantifier(quantifier)
                repeatable = False
                continue
            repeatable = self._term()

    def _put(self, re2: str, python: str) -> None:
        self.re2.append(re2)
        self.python.append(python)

    def _take(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        match = expression.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _quantifier(self, match: re.Match[str]) -> None:
        self.at = match.end()
        if max(int(match[1] or 0), int(match[2] or 0)) > _MOST_REPEATS:
            self.re2_says = False
        self._put(match[0], match[0])

    def _term(self) -> bool:
        """Read one term and return whether it may be repeated."""
        char = self.text[self.at]
        special: dict[str, Callable[[], bool]] = {
            "(": self._group,
            "[": self._class,
            "\\": self._escape,
            ".": lambda: self._set(invert(LINE_END)),
            "^": lambda: self._plain("^", "^", repeatable=False),
            "$": lambda: self._plain(r"\z", r"\Z", repeatable=False),
            "|": lambda: self._plain("|", "|", repeatable=False),
            ")": lambda: self._plain(")", ")", repeatable=True),
        }
        if char not in "(\\":  # those two read themselves
            self.at += 1
        return special[char]() if char in special else self._literal(char)

    def _plain(self, re2: str, python: str, *, repeatable: bool) -> bool:
        self._put(re2, python)
        return repeatable

    def _literal(self, char: str) -> bool:
        self._put(quote(ord(char), "re2"), quote(ord(char), "python"))
        return True

    def _set(self, characters: CharacterSet) -> bool:
        if characters:
            self._put(f"[{_ranges(characters, 're2')}]", f"[{_ranges(characters, 'python')}]")
        else:
            self._put(_NEVER_RE2, _NEVER_PYTHON)
        return True

    def _group(self) -> bool:
        match = self._take(_GROUP)
        if match is None or self.text.startswith("?", self.at):
            raise PatternError(f"the group at position {self.at} of {self.text!r} is not of ECMA-262")
        if match[0].endswith(("=", "!")):
            self.re2_says = False
        self._put("(" if match[1] else match[0], f"(?P<{match[1]}>" if match[1] else match[0])
        return False

    def _escape(self) -> bool:
        if match := self._take(_REFERENCE):
            name = match[1] or match[2]
            self.re2_says = False
            again = f"\\{name}" if match[1] else f"(?P={name})"
            self._put("", f"(?:(?({name}){again}|))")
            return True
        if match := self._take(_PROPERTY):
            self.python_says = False
            self._put(f"\\{match[1]}{{{match[2]}}}", "")
            return True
        if self.text[self.at : self.at + 2] in (r"\b", r"\B"):
            self.at += 2
            return self._plain(self.text[self.at - 2 : self.at], self.text[self.at - 2 : self.at], repeatable=False)
        item = self._escaped()
        return self._set(item) if isinstance(item, tuple) else self._literal(chr(item))

    def _escaped(self) -> int | CharacterSet:
        """Read an escape that stands for one character (returned as code point) or a set."""
        if match := self._take(_POINT):
            point = int(match[1] or match[2] or match[3], 16)
            if point > 0x10FFFF:  # noqa: PLR2004  the last code point
                raise PatternError(f"{match[0]} is beyond Unicode")
            return point
        letter = self.text[self.at + 1 : self.at + 2]
        if not letter:
            raise PatternError(f"{self.text!r} ends in a backslash")
        self.at += 2
        if letter == "c" and re.match("[A-Za-z]", self.text[self.at : self.at + 1]):
            self.at += 1
            return ord(self.text[self.at - 1]) % 32
        if letter.lower() in _CLASSES:
            characters = _CLASSES[letter.lower()]
            return characters if letter.islower() else invert(characters)
        return ord(_CONTROLS.get(letter, letter))

    def _class(self) -> bool:
        """Read the rest of a character class."""
        negated = self.text.startswith("^", self.at)
        self.at += negated
        ranges: list[tuple[int, int]] = []
        properties: list[str] = []
        while not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise PatternError(f"a character class of {self.text!r} is not closed")
            if match := self._take(_PROPERTY):
                properties.append(f"\\{match[1]}{{{match[2]}}}")
            else:
                ranges.extend(self._class_item())
        self.at += 1
        characters = tuple(ranges)
        if not properties:
            return self._set(invert(characters) if negated else characters)
        self.python_says = False
        self._put(f"[{'^' if negated else ''}{_ranges(characters, 're2')}{''.join(properties)}]", "")
        return True

    def _class_item(self) -> CharacterSet:
        first = self._class_atom()
        dash = self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at)
        if isinstance(first, tuple) or not dash:
            return first if isinstance(first, tuple) else ((first, first),)
        self.at += 1
        last = self._class_atom()
        if isinstance(last, tuple):
            return (first, first), (ord("-"), ord("-")), *last
        if last < first:
            raise PatternError(f"a range of {self.text!r} is out of order")
        return ((first, last),)

    def _class_atom(self) -> int | CharacterSet:
        if self.at >= len(self.text):
            raise PatternError(f"a character class of {self.text!r} is not closed")
        if self.text.startswith("\\b", self.at):
            self.at += 2
            return ord("\b")
        if self.text[self.at] == "\\":
            return self._escaped()
        self.at += 1
        return ord(self.text[self.at - 1])


def _ranges(characters: CharacterSet, dialect: str) -> str:
    return "".join(
        quote(first, dialect) if first == last else f"{quote(first, dialect)}-{quote(last, dialect)}"
        for first, last in characters
    )
