"""Pairs of tables with a known answer, cut from a generated table: columns chosen, renamed, shuffled, rows sampled.

Three relations: all columns on both sides, half of them in common, one to three in common. Three kinds: clean; noisy,
with typing errors in the cells of the target; hidden, where a third of the target's names say nothing, either. The
answer is known because the same column was taken for both sides.
"""

import csv
import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from evals.mapping.domains import DOMAINS, make_rows

RELATIONS = ("unionable", "view_unionable", "joinable")
KINDS = ("clean", "noisy", "hidden")

_ROWS = 500
_SHARE = 0.6  # of the rows, drawn for each side on its own
_TYPING_ERRORS = 0.06  # share of the cells of a target that is not clean
_HIDDEN = 0.34  # share of the names of a hidden target that say nothing
_VOWELS = re.compile(r"(?<!^)[aeiou]")


class Pair(NamedTuple):
    """Two tables, each a header and its rows, and the columns that are the same: (of source, of target)."""

    name: str
    source: tuple[tuple[str, ...], list[tuple[str, ...]]]
    target: tuple[tuple[str, ...], list[tuple[str, ...]]]
    matches: tuple[tuple[str, str], ...]


def make_pairs(seed: int) -> tuple[Pair, ...]:
    """Return one pair of each domain, relation and kind; the same for the same seed."""
    return tuple(
        make_pair(domain, relation, kind, seed) for domain in DOMAINS for relation in RELATIONS for kind in KINDS
    )


def make_pair(domain: str, relation: str, kind: str, seed: int) -> Pair:
    """Return one pair of tables."""
    name = f"{domain}_{relation}_{kind}_{seed}"
    rng = random.Random(name)  # noqa: S311  test data
    header, rows = make_rows(domain, _ROWS, rng)
    left, right = _chosen(header, relation, rng)
    renamed = _renamed(right, rng, hidden=_HIDDEN if kind == "hidden" else 0.0)
    target = _cut(header, rows, right, rng)
    if kind != "clean":
        target = [tuple(_mistyped(cell, rng) for cell in row) for row in target]
    return Pair(
        name=name,
        source=(left, _cut(header, rows, left, rng)),
        target=(tuple(renamed[column] for column in right), target),
        matches=tuple((column, renamed[column]) for column in left if column in renamed),
    )


def write_pair(pair: Pair, folder: Path) -> None:
    """Write a pair as source.csv, target.csv and truth.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, (header, rows) in (("source", pair.source), ("target", pair.target)):
        with (folder / f"{side}.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])
    (folder / "truth.json").write_text(json.dumps({"matches": pair.matches}))


def _chosen(header: Sequence[str], relation: str, rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of both sides in the order in which they stand there."""
    columns = rng.sample(header, len(header))
    if relation == "unionable":
        return tuple(columns), tuple(rng.sample(columns, len(columns)))
    common = len(columns) // 2 if relation == "view_unionable" else rng.randint(1, 3)
    shared, rest = columns[:common], columns[common:]
    half = len(rest) // 2
    left, right = [*shared, *rest[:half]], [*shared, *rest[half:]]
    return tuple(rng.sample(left, len(left))), tuple(rng.sample(right, len(right)))


def _cut(
    header: Sequence[str], rows: Sequence[tuple[str, ...]], columns: Sequence[str], rng: random.Random
) -> list[tuple[str, ...]]:
    places = [header.index(column) for column in columns]
    return [tuple(row[place] for place in places) for row in rng.sample(rows, int(_SHARE * len(rows)))]


def _mistyped(cell: str, rng: random.Random) -> str:
    if len(cell) < 2 or rng.random() > _TYPING_ERRORS:  # noqa: PLR2004  two letters to exchange
        return cell
    place = rng.randrange(len(cell) - 1)
    return f"{cell[:place]}{cell[place + 1]}{cell[place]}{cell[place + 2 :]}"


def _renamed(columns: Sequence[str], rng: random.Random, *, hidden: float) -> dict[str, str]:
    """Return a new name for each column: one habit of naming each, no name twice."""
    found: dict[str, str] = {}
    for place, column in enumerate(columns):
        if rng.random() < hidden:
            found[column] = f"field {place + 1}"
            continue
        habits = [habit(column.split("_")) for habit in rng.sample(HABITS, len(HABITS))]
        found[column] = next(name for name in (*habits, column) if name not in found.values())
    return found


def _first_letters(words: Sequence[str]) -> str:
    return "_".join(word[:3] for word in words)


def _consonants(words: Sequence[str]) -> str:
    return "_".join(_VOWELS.sub("", word) for word in words)


def _last_letter_lost(words: Sequence[str]) -> str:
    return "_".join(words)[:-1]


HABITS: tuple[Callable[[Sequence[str]], str], ...] = (
    "_".join,
    lambda words: "_".join(words).upper(),
    lambda words: "".join(words).upper(),
    lambda words: "".join(word.capitalize() for word in words),
    lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "-".join,
    lambda words: f"src_{'_'.join(words)}",
    lambda words: f"{'_'.join(words)}_raw",
    lambda words: " ".join(words).capitalize(),
    _first_letters,
    _consonants,
    _last_letter_lost,
)
"""Ways in which people write the same name."""
