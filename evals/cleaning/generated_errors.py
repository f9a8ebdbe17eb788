"""Errors put into a table that is right, at a given rate and of given kinds, from a seed."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from evals.cleaning.generated_tables import DOMAINS, Columns

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_BLANKS: Final = ("", "", "", "N/A", "-", "?")
_PATTERNS: Final = ("%Y-%m-%d", "%m/%d/%y", "%d.%m.%Y", "%d %B %Y")
_UNITS: Final = {"kg": ("kgs", "kilo", "KG"), "ml": ("mls", "milliliter", "ML"), "min": ("mins", "minutes", "Min")}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_TRIES: Final = 12


class Damaged(NamedTuple):
    """A table, what it should be, and the kind of every wrong cell by (row, column)."""

    dirty: Columns
    clean: Columns
    kinds: dict[tuple[int, str], str]


class _Cell(NamedTuple):
    """A cell that is to be damaged."""

    text: str
    column: Sequence[str]  # the column's right cells
    mark: str  # the letter that this table's misreading puts in place of others


def damage(clean: Columns, rate: float, kinds: Sequence[str], seed: int) -> Damaged:
    """Return the table with about `rate` of its cells wrong; a column whose values all differ first of all is left alone.

    ValueError for an unknown kind.
    """
    chance = random.Random(seed)  # noqa: S311  data, no secret
    unknown = set(kinds) - set(ALL_KINDS)
    if unknown:
        raise ValueError(f"unknown kinds of errors: {sorted(unknown)}")
    dirty = {name: list(cells) for name, cells in clean.items()}
    names = list(clean)[1:]  # the first column names the row
    rows = len(clean[names[0]])
    wanted = round(rate * rows * len(clean))
    mark = chance.choice("qz*#~0")
    found: dict[tuple[int, str], str] = {}
    leaning = {name: chance.random() + 0.1 for name in names}  # some columns are worse than others
    if "source" in kinds and "source" in clean:
        _misreport(chance, dirty, found, rate)
    kinds = [kind for kind in kinds if kind != "source"]
    for _ in range(wanted * _TRIES if kinds else 0):
        if len(found) >= wanted:
            break
        name = chance.choices(names, weights=[leaning[one] for one in names])[0]
        row, kind = chance.randrange(rows), chance.choice(list(kinds))
        if (row, name) in found:
            continue
        if kind == "misplaced":
            _misplace(chance, dirty, found, row, names.index(name), names)
            continue
        if dirty[name][row] != clean[name][row]:
            continue
        text = KINDS[kind](chance, _Cell(clean[name][row], clean[name], mark))
        if text is not None and text != clean[name][row]:
            dirty[name][row] = text
            found[row, name] = kind
    return Damaged(dirty, clean, found)


def generated(domain: str, rows: int, rate: float, kinds: Sequence[str], seed: int) -> Damaged:
    """Return a damaged table of a domain."""
    return damage(DOMAINS[domain](random.Random(seed), rows), rate, kinds, seed + 1)  # noqa: S311


def _misreport(chance: random.Random, dirty: Columns, found: dict[tuple[int, str], str], rate: float) -> None:
    """Let each source err at its own rate and be silent at its own; some only copy what another says.

    Wrong values of a thing are few, so that sources agree on them; all of it is spread over the columns but the thing's.
    """
    told = [name for name in dirty if name not in ("source", next(iter(dirty)), "trip")]
    sources = sorted(set(dirty["source"]))
    erring = {source: min(0.9, rate * chance.expovariate(0.5)) for source in sources}
    silent = {source: min(0.9, rate * chance.expovariate(1.0)) for source in sources}
    copied = {source: chance.choice(sources) for source in sources if chance.random() < 0.3}  # noqa: PLR2004
    feeds = [set(chance.sample(sources, len(sources) // 4)) for _ in range(2)]  # each tells one story
    for name in told:
        right = list(dirty[name])
        stories = [
            {thing: chance.choice(right) for thing in sorted(set(dirty["trip"])) if chance.random() < rate}
            for _ in feeds
        ]
        wrong: dict[str, list[str]] = {}
        said: dict[tuple[str, str], str] = {}
        for row, (source, thing) in enumerate(zip(dirty["source"], dirty["trip"], strict=True)):
            others = wrong.setdefault(thing, [chance.choice(right) for _ in range(3)])
            text = chance.choice(others) if chance.random() < erring[source] else right[row]
            for feed, story in zip(feeds, stories, strict=True):
                text = story.get(thing, text) if source in feed else text
            text = "" if chance.random() < silent[source] else said.get((copied.get(source, source), thing), text)
            said[source, thing] = text
            if text != right[row]:
                dirty[name][row] = text
                found[row, name] = "source" if text else "missing"


def _misplace(
    chance: random.Random,
    dirty: Columns,
    found: dict[tuple[int, str], str],
    row: int,
    place: int,
    names: list[str],
) -> None:
    """Put a value into the column beside it, whose own value goes to its place, or behind that column's value."""
    if place + 1 >= len(names):
        return
    left, right = names[place], names[place + 1]
    if (row, left) in found or (row, right) in found or dirty[left][row] == dirty[right][row]:
        return
    one, other = dirty[left][row], dirty[right][row]
    dirty[left][row], dirty[right][row] = (other, one) if chance.random() < 0.5 else (f"{one} {other}", "")  # noqa: PLR2004
    found[row, left] = found[row, right] = "misplaced"


def _typo(chance: random.Random, cell: _Cell) -> str | None:
    text = cell.text
    if len(text) < 3 or _NUMBER.fullmatch(text):  # noqa: PLR2004
        return None
    place = chance.randrange(len(text))
    letter = chance.choice(_LETTERS)
    return chance.choice(
        (
            text[:place] + letter + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place + 1 :],
            text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
        )
    )


def _misread(chance: random.Random, cell: _Cell) -> str | None:
    """Replace some characters by the table's mark: the damage of one bad device, the same sign everywhere."""
    changed = [cell.mark if chance.random() < 0.15 else letter for letter in cell.text]  # noqa: PLR2004
    return "".join(changed)


def _swap(chance: random.Random, cell: _Cell) -> str | None:
    return chance.choice(cell.column)


def _missing(chance: random.Random, _cell: _Cell) -> str | None:
    return chance.choice(_BLANKS)


def _format(chance: random.Random, cell: _Cell) -> str | None:
    for pattern in _PATTERNS:
        try:
            moment = datetime.strptime(cell.text, pattern)  # noqa: DTZ007  a day without a clock
        except ValueError:
            continue
        return moment.strftime(chance.choice([one for one in _PATTERNS if one != pattern]))
    if re.fullmatch(r"[\d-]+", cell.text) and "-" in cell.text:
        return cell.text.replace("-", chance.choice(("", " ", ".")))
    if any(letter.isalpha() for letter in cell.text):
        return chance.choice((cell.text.upper(), cell.text.lower(), f" {cell.text}", cell.text.replace(" ", "  ")))
    return None


def _unit(chance: random.Random, cell: _Cell) -> str | None:
    number, _, unit = cell.text.partition(" ")
    if unit in _UNITS and _NUMBER.fullmatch(number):
        return chance.choice((f"{number} {chance.choice(_UNITS[unit])}", number, number + unit))
    if cell.text.endswith("%"):
        return chance.choice((cell.text[:-1], f"{cell.text[:-1]} %", f"{cell.text[:-1]} percent"))
    return None


def _encoding(_chance: random.Random, cell: _Cell) -> str | None:
    return None if cell.text.isascii() else cell.text.encode().decode("cp1252", errors="replace")


def _outlier(chance: random.Random, cell: _Cell) -> str | None:
    if not _NUMBER.fullmatch(cell.text) or float(cell.text) == 0:
        return None
    return f"{float(cell.text) * chance.choice((-1000, 100, 1000, 10000)):g}"


KINDS: Final[Mapping[str, Callable[[random.Random, _Cell], str | None]]] = {
    "typo": _typo,
    "misread": _misread,
    "swap": _swap,
    "missing": _missing,
    "format": _format,
    "unit": _unit,
    "encoding": _encoding,
    "outlier": _outlier,
}
"""The kinds of errors that concern one cell; each returns None where the cell cannot have it."""

ALL_KINDS: Final = (*KINDS, "misplaced", "source")
"""Every kind."""
