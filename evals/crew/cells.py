"""Published cells beside the true ones, and mapped columns beside the right ones: counts of what is right."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import duckdb

from evals.folders.spec import Fate, FolderTruth, Mess, TrueRow
from tools.sql.quote import literal

Key = tuple[str, ...]
Cells = Mapping[str, str | None]

_SIGNS = re.compile(r"[^0-9a-z]+")
_ZEROS = re.compile(r"0\d+$")
_MIDNIGHT = " 00:00:00"


class Hits(NamedTuple):
    """How many things are right, were given, and were wanted; F1 is `2 right / (given + wanted)`."""

    right: int = 0
    given: int = 0
    wanted: int = 0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where nothing was wanted and nothing given."""
        return 2 * self.right / (self.given + self.wanted) if self.given + self.wanted else 1.0


class PublishedTable(NamedTuple):
    """The rows of a published table by key; of a key that is there twice the last, with its count."""

    rows: dict[Key, Cells]
    counts: Counter[Key]


def read_published(path: Path, keys: tuple[str, ...]) -> PublishedTable:
    """Return a published table as text; an empty one where the file is missing."""
    if not path.exists():
        return PublishedTable({}, Counter())
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        files = literal(str(path / "*.parquet") if path.is_dir() else str(path))
        found = connection.execute(f"select columns(*)::varchar from read_parquet({files})")
        names = [each[0] for each in found.description or ()]
        rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    keyed = [(key_of(row, keys), row) for row in rows]
    return PublishedTable(dict(keyed), Counter(key for key, _ in keyed))


def key_of(row: Cells, keys: tuple[str, ...]) -> Key:
    """Return the key of a row as text that is compared."""
    return tuple(plain(row.get(name)) or "" for name in keys)


def plain(text: str | None) -> str | None:
    """Return a canonical text as it is compared: numbers by value, moments without a zone of UTC."""
    if text is None or text == "":
        return None
    bare = text.removesuffix("+00").removesuffix("Z").replace("T", " ")
    if _ZEROS.match(bare):  # an identifier: its zeros are a part of it
        return text
    if bare[:1].isdigit() or bare[:1] in "-.":
        try:
            return format(Decimal(bare).normalize(), "f")
        except InvalidOperation:
            return bare.removesuffix(_MIDNIGHT)
    return text


def row_hits(truth: FolderTruth, published: Mapping[str, PublishedTable]) -> Iterator[Hits]:
    """Yield the hits of each true row, then of rows published that nothing is known of.

    A row without a required value is not wanted; published all the same, it counts like any other, with the value. A
    value out of its bounds is wanted from nobody.
    """
    seen: set[tuple[str, Key]] = set()
    for row in truth.rows:
        key = key_of(row.values, truth.keys[row.table])
        if not row.values or (row.table, key) in seen:
            continue
        seen.add((row.table, key))
        yield _hits(row, published[row.table].rows.get(key, {}))
    for table, found in published.items():
        for key, cells in found.rows.items():
            extra = found.counts[key] - ((table, key) in seen)
            if extra:
                yield Hits(0, extra * sum(value is not None for value in cells.values()), 0)


def _hits(row: TrueRow, cells: Cells) -> Hits:
    possible = Fate.PUBLISHED in row.ends and (bool(cells) or Mess.INVALID not in row.damaged.values())
    right = given = wanted = 0
    for column, value in row.values.items():
        true, told = plain(value), plain(cells.get(column))
        known = possible and row.damaged.get(column) != Mess.IMPOSSIBLE
        wanted += known and true is not None
        given += told is not None
        right += known and told is not None and told == true
    return Hits(right, given, wanted)


def mapping_hits(truth: FolderTruth, mapping: Mapping[str, Mapping[str, str]]) -> Hits:
    """Return the hits of a mapping over all files, names compared without signs and case."""
    right = {(file, bare(name), column) for file, pairs in truth.mapping.items() for name, column in pairs.items()}
    told = {(file, bare(name), column) for file, pairs in mapping.items() for name, column in pairs.items()}
    return Hits(len(right & told), len(told), len(right))


def bare(name: str) -> str:
    """Return a name without signs and case."""
    return _SIGNS.sub("", name.casefold())
