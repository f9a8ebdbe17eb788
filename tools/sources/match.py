"""Decides which files feed which table of the contract: by the contract's globs, else by the files' names."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from state.contract import Contract, Table
from state.errors import SourceError
from state.sources import Inventory, SourceFile
from state.values import Value

_SUFFIXES = (".gz", ".csv", ".tsv", ".txt", ".psv", ".tab")
_COUNTED = re.compile(r"(?:part|p|v|batch)?\d*(?:t\d+z?)?")


class TableSources(Value):
    """Ids of the files that feed each source-fed table, and the names of the files that feed none."""

    files: dict[str, tuple[int, ...]]
    unused: tuple[str, ...] = ()


def match_tables(inventory: Inventory, contract: Contract, *, every_table: bool = True) -> TableSources:
    """Return which files feed which table.

    A table with `millwright.sources` is fed by the files that one of its globs matches (name or base name, without
    regard to case). The other files go to the table without globs that is called as the file is, apart from signs,
    numbers and dates behind the name; the longest name wins. Where the contract has a single source-fed table, and
    it has no globs, all files feed it. Raises SourceError naming every source-fed table that is left without a file,
    unless `every_table` is false: then only the fed ones are returned.
    """
    fed = [table for table in contract.tables if not table.derived]
    named = [table for table in fed if not table.sources]
    chosen: dict[str, list[int]] = {table.name: [] for table in fed}
    unused: list[str] = []
    for file in inventory.files:
        tables = [table for table in fed if _matches_glob(file, table.sources)]
        if not tables:
            tables = named if len(fed) == 1 else _longest_named(file, named)
        for table in tables:
            chosen[table.name].append(file.file_id)
        if not tables:
            unused.append(file.name)
    if every_table:
        _check_fed(fed, chosen, unused)
    return TableSources(files={name: tuple(ids) for name, ids in chosen.items() if ids}, unused=tuple(unused))


def _matches_glob(file: SourceFile, globs: Sequence[str]) -> bool:
    name = file.name.lower()
    base = PurePosixPath(name).name
    return any(fnmatchcase(name, glob.lower()) or fnmatchcase(base, glob.lower()) for glob in globs)


def _longest_named(file: SourceFile, tables: Sequence[Table]) -> list[Table]:
    """Return the table that the file is called after, if there is one."""
    stem = _plain(_stem(file.name))
    fitting: list[tuple[int, Table]] = []
    for table in tables:
        names = {_plain(name) for name in (table.name, table.physical_name or "")} - {""}
        fitting += [(len(name), table) for name in names if _is_called(stem, name)]
    longest = max((length for length, _ in fitting), default=0)
    return [table for length, table in fitting if length == longest][:1]


def _is_called(stem: str, name: str) -> bool:
    return stem.startswith(name) and _COUNTED.fullmatch(stem[len(name) :]) is not None


def _stem(name: str) -> str:
    base = PurePosixPath(name).name.lower()
    for suffix in _SUFFIXES:
        base = base.removesuffix(suffix)
    return base


def _plain(name: str) -> str:
    """Return the name in small letters and digits only."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _check_fed(fed: Sequence[Table], chosen: dict[str, list[int]], unused: Sequence[str]) -> None:
    starved = [table for table in fed if not chosen[table.name]]
    if not starved:
        return
    wanted = "; ".join(
        f"table {table.name!r} (" + (f"globs {', '.join(table.sources)}" if table.sources else "by its name") + ")"
        for table in starved
    )
    left = f"; unused: {', '.join(unused[:5])}" if unused else ""
    raise SourceError(f"no file feeds {wanted}{left}", hint="name the file after the table or set millwright.sources")
