"""Kinds of files: what a run was given, told so that files of the same kind are recognised the next time."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from state.experience import SourceFamily

SAME_KIND: Final = 0.5
"""From this kinship on files are of the same kind: half of the headers, or of the names, are known."""

_MOST: Final = 200
_SHORT: Final = 16  # hexadecimal digits of a fingerprint: a family goes with every lesson
_DIGITS: Final = re.compile(r"\d+")


def family_of(headers: Iterable[str], names: Iterable[str]) -> SourceFamily:
    """Return the family of files by the fingerprints of their header variants and their names; 200 of each at most."""
    return SourceFamily(
        headers=tuple(sorted({header[:_SHORT] for header in headers})[:_MOST]),
        names=tuple(sorted({name_pattern(name) for name in names})[:_MOST]),
    )


def name_pattern(name: str) -> str:
    """Return a file's name without its folder, in small letters, every number as #."""
    return _DIGITS.sub("#", PurePosixPath(name).name.lower())


def kinship(known: SourceFamily, now: SourceFamily) -> float:
    """Return how much of the files of now is known, 0..1: by headers or by names, whichever says more."""
    return max(_known(known.headers, now.headers), _known(known.names, now.names))


def same_kind(known: SourceFamily, now: SourceFamily) -> bool:
    """Return whether what holds for one family holds for the other; an empty family is of every kind."""
    return known.empty or kinship(known, now) >= SAME_KIND


def _known(known: tuple[str, ...], now: tuple[str, ...]) -> float:
    return len(set(known) & set(now)) / len(now) if now else 0.0
