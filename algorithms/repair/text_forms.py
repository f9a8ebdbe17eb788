"""Columns of text: spacing, letter case, punctuation, and parts that do not belong to the form of the column."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final

from algorithms.repair.rewriting import Rewriting
from algorithms.repair.typed_forms import Distinct
from state.repair import CellFault

_BLANKS: Final = re.compile(r"\s+")
_LIGHT: Final = re.compile(r"[\s._,'’-]+")  # signs that tell no two words apart
_PLAIN: Final = re.compile(r"[^\W\d_]+( [^\W\d_]+)*")
_CASED: Final = 0.9  # share of the rows with letters that must be in one case
_STYLES: Final[dict[str, Callable[[str], str]]] = {"lower": str.lower, "upper": str.upper, "title": str.title}
_LEADING: Final = 0.8  # share of its spellings' rows that one spelling must have
_OFTEN: Final = 3  # rows of the leading spelling at least
_TEMPLATE: Final = 0.8  # share of the rows that must have one arrangement of digits


def spacing(distinct: Distinct) -> list[Rewriting]:
    """Return the texts with blanks at their ends, or more than one in a row."""
    texts: dict[int, str | None] = {
        code: plain for code, text, _ in distinct if (plain := _BLANKS.sub(" ", text).strip()) != text
    }
    return [Rewriting("spacing", texts, 0.98, CellFault.FORMAT, "blanks at an end or in a row")] if texts else []


def spellings(distinct: Distinct) -> list[Rewriting]:
    """Return rare spellings of a text that differ from a frequent one only in case, blanks and punctuation."""
    groups: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for entry in distinct:
        key = _LIGHT.sub("", entry[1]).casefold()
        if any(letter.isalpha() for letter in key):
            groups[key].append(entry)
    texts: dict[int, str | None] = {}
    for members in groups.values():
        code, text, count = min(members, key=lambda one: (-one[2], one[1]))
        if len(members) > 1 and count >= _OFTEN and count >= _LEADING * sum(rows for *_, rows in members):
            texts.update({other: text for other, *_ in members if other != code})
    return [Rewriting("spelling", texts, 0.95, CellFault.FORMAT, "most rows spell it so")] if texts else []


def letter_case(distinct: Distinct) -> list[Rewriting]:
    """Return the texts that are not in the letter case of nearly all others."""
    lettered = [(code, text, count) for code, text, count in distinct if any(letter.isalpha() for letter in text)]
    rows: Counter[str] = Counter()
    for _, text, count in lettered:
        for style, change in _STYLES.items():
            rows[style] += count * (change(text) == text)
    whole = sum(count for *_, count in lettered)
    if not whole:
        return []
    style, most = min(rows.items(), key=lambda item: (-item[1], item[0]))
    texts: dict[int, str | None] = {}
    if _CASED * whole <= most < whole and whole > _OFTEN:
        change = _STYLES[style]
        known = {text for _, text, _ in lettered}
        repetitive = 2 * sum(count for *_, count in lettered if count >= _OFTEN) > whole
        texts = {
            code: change(text)
            for code, text, _ in lettered
            if _plainly_other(text, style) and (change(text) in known if repetitive else _PLAIN.fullmatch(text))
        }
    return [Rewriting("case", texts, 0.85, CellFault.FORMAT, f"nearly all rows are in {style} case")] if texts else []


def arrangement(distinct: Distinct) -> list[Rewriting]:
    """Return codes of digits whose signs stand elsewhere than in nearly all others ("555 1234" for "555-1234")."""
    shapes: Counter[str] = Counter()
    for _, text, count in distinct:
        if _template(text):
            shapes[_template(text)] += count
    if not shapes:
        return []
    shape, most = min(shapes.items(), key=lambda item: (-item[1], item[0]))
    rows = sum(count for *_, count in distinct)
    if "." in shape or most < _TEMPLATE * rows or not re.search(r"[^#]", shape):
        return []
    length = shape.count("#")
    texts: dict[int, str | None] = {}
    for code, text, _ in distinct:
        digits = re.sub(r"\D", "", text)
        if _template(text) not in ("", shape) and len(digits) == length and _same_runs(text, shape):
            fresh = iter(digits)
            texts[code] = "".join(next(fresh) if sign == "#" else sign for sign in shape)
    told = "the digits stand as in nearly all rows"
    return [Rewriting("arrangement", texts, 0.9, CellFault.FORMAT, told)] if texts else []


def _template(text: str) -> str:
    """Return the text with # for every digit; "" where it has letters or no digit."""
    if any(letter.isalpha() for letter in text) or not any(letter.isdigit() for letter in text):
        return ""
    return re.sub(r"\d", "#", text)


def _same_runs(text: str, shape: str) -> bool:
    """Whether the digits stand in one run, or in runs as long as those of the shape."""
    runs = [len(run) for run in re.findall(r"\d+", text)]
    return len(runs) == 1 or runs == [len(run) for run in re.findall(r"#+", shape)]


def _plainly_other(text: str, style: str) -> bool:
    """Whether a whole text is in another case; one odd letter may have its reason ("McDonald", "iPhone")."""
    if style == "title":
        return text.isupper() or text.islower()
    return text.islower() if style == "upper" else text.isupper() or text.istitle()
