"""Which files form one table, what it is called, and the globs that find its files.

Files belong together when their headers do and their names do not speak against it. Names are compared by their
words: dates, numbers and counters in them say which delivery a file is, not which table.
"""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from algorithms.names import normal_name, split_words
from state.draft import SourceUnit

_COUNTERS = frozenset({"part", "p", "v", "q", "batch", "h", "t", "z", "w", "kw", "copy", "final", "new", "old", "page"})
_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
_DELIVERIES = _COUNTERS | {word for month in _MONTHS for word in (month, month[:3], month[:4])}
_SUFFIX = re.compile(r"(\.[A-Za-z][A-Za-z0-9]{0,7}){1,2}$")
_SHARED = 0.6
"""Share of the columns of the narrower header that must stand in the other one."""

_MOST_GLOBS = 20


def stem_words(name: str) -> tuple[str, ...]:
    """Return the words of a file's name without suffix, dates, numbers and counters."""
    base = _SUFFIX.sub("", PurePosixPath(name).name)
    words = split_words(base)
    return tuple(word for word in words if not word.isdigit() and word not in _DELIVERIES)


def shared_headers(left: Sequence[str], right: Sequence[str]) -> float:
    """Return the share of the narrower header's names that the other one has, spelt alike but for signs and case."""
    ours, theirs = ({normal_name(name) for name in names} for names in (left, right))
    return len(ours & theirs) / min(len(ours), len(theirs)) if ours and theirs else 0.0


def group_units(
    units: Sequence[SourceUnit], matched: Callable[[SourceUnit, SourceUnit], float]
) -> list[tuple[tuple[SourceUnit, ...], str]]:
    """Return the units by table with the reason, the widest support first.

    Units whose names begin with the same word, or that have no word, are one table when their headers share most
    names, or when `matched` (the share of columns recognised by names and values) says so.
    """
    groups: list[list[SourceUnit]] = []
    reasons: list[str] = []
    for unit in sorted(units, key=lambda each: (-each.rows, each.names)):
        for position, group in enumerate(groups):
            if reason := _belongs(unit, group, matched):
                group.append(unit)
                reasons[position] = reason if reason != "same header" else reasons[position] or reason
                break
        else:
            groups.append([unit])
            reasons.append("")
    return [(tuple(group), reason) for group, reason in zip(groups, reasons, strict=True)]


def _belongs(
    unit: SourceUnit, group: Sequence[SourceUnit], matched: Callable[[SourceUnit, SourceUnit], float]
) -> str | None:
    related = [other for other in group if _related(unit.stem, other.stem)]
    if not related:
        return None
    if any(set(unit.columns) == set(other.columns) for other in related):
        return "same header"
    best = max(shared_headers(unit.columns, other.columns) for other in related)
    if best >= _SHARED:
        return f"headers share {100 * best:.0f} % of their names"
    found = max(matched(unit, other) for other in related)
    return f"{100 * found:.0f} % of the columns recognised by names and values" if found >= _SHARED else None


def _related(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether two files may be of one table by their names: the same first word, or no word at all."""
    return left[:1] == right[:1]


def table_name(units: Sequence[SourceUnit], taken: Sequence[str]) -> str:
    """Return a name for the table of these units: the words their files have in common, else their folder's."""
    stems = [unit.stem for unit in units]
    words: list[str] = []
    for position, word in enumerate(stems[0]):
        if any(stem[position : position + 1] != (word,) for stem in stems):
            break
        words.append(word)
    stem = plain_name("_".join(words)) or plain_name("_".join(split_words(units[0].folder))) or "table"
    stem = stem if stem[0].isalpha() else f"t_{stem}"
    name, number = stem[:100], 1
    while name in taken or name == "_runs":
        number += 1
        name = f"{stem[:100]}_{number}"
    return name


def plain_name(text: str) -> str:
    """Return a text as a name in small letters, digits and underscores; empty when nothing of it is left."""
    return "_".join(re.findall(r"[a-z0-9]+", "_".join(split_words(text))))


def column_names(headers: Sequence[str]) -> tuple[str, ...]:
    """Return a unique name for each header: as it is where it can be used in SQL unquoted, else made plain."""
    names: list[str] = []
    for position, header in enumerate(headers, 1):
        plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", header)
        stem = header if plain else (plain_name(header)[:100] or f"column_{position}")
        stem = stem if stem[0].isalpha() else f"c_{stem}"
        name, number = stem, 1
        while name.casefold() in {other.casefold() for other in names}:
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return tuple(names)


def globs_for(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Return globs that match every one of `names` and none of `others`, the most general that do."""
    bases = sorted({PurePosixPath(name).name.lower() for name in names})
    strangers = [PurePosixPath(name).name.lower() for name in others]
    word = _common_words(bases)
    for glob in (f"{_escaped(word)}*", f"{_escaped(word)}[!a-z]*") if word else ():
        if all(_fits(base, glob) for base in bases) and not any(_fits(other, glob) for other in strangers):
            return (glob,)
    shapes = sorted({re.sub(r"\d", "[0-9]", _escaped(base)) for base in bases})
    if len(shapes) <= _MOST_GLOBS and not any(_fits(other, shape) for other in strangers for shape in shapes):
        return tuple(shapes)
    return tuple(_escaped(base) for base in bases)


def _fits(name: str, glob: str) -> bool:
    return fnmatchcase(name, glob)


def _common_words(bases: Sequence[str]) -> str:
    """Return what all names begin with, cut where a date, number or suffix begins or a word is not whole."""
    first, last = min(bases), max(bases)
    size = next((place for place, letter in enumerate(first) if last[place : place + 1] != letter), len(first))
    common = re.split(r"[\d.]", first[:size])[0]
    if size < len(first) and len(common) == size and not all(base[size : size + 1] in "_-. " for base in bases):
        pieces = re.split(r"[_\- ]", common)
        whole = [base[size : size + 1].isalpha() for base in bases]
        common = common[: len(common) - len(pieces[-1])] if any(whole) else common
    return common.rstrip("_- ")


def _escaped(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)
