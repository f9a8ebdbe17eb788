"""Decides which files feed which table of the contract: by the contract's globs, else by the files' names."""

import re
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from state.contract import Contract, Table
from state.errors import SourceError
from state.sources import Inventory, SourceFile
from state.values import Value
from tools.sources.find import KINDS
from tools.sources.returned import returned_table

_COUNTED = re.compile(r"(?:part|p|v|batch)?\d*(?:t\d+z?)?")


class TableSources(Value):
    """Ids of the files that feed each source-fed table, and the names of the files that feed none."""

    files: dict[str, tuple[int, ...]]
    unused: tuple[str, ...] = ()


def match_tables(inventory: Inventory, contract: Contract, *, optional: Collection[str] = ()) -> TableSources:
    """Return which files feed which table.

    A quarantine file that comes back feeds the table it came from. A table with `millwright.sources` is fed by the
    files that one of its globs matches (name or base name, without regard to case; of a sheet or an array also without
    what stands behind the #). The other files go to the table without globs that is called as the file is, apart from
    signs, numbers and dates behind the name; the longest name wins. A sheet goes by its own name, and by that of its
    workbook where it is the only one. Where the contract has a single source-fed table, and it has no globs, all files
    feed it. Raises SourceError naming every source-fed table that is left without a file and is not `optional`.
    """
    fed = [table for table in contract.tables if not table.derived]
    named = [table for table in fed if not table.sources]
    chosen: dict[str, list[int]] = {table.name: [] for table in fed}
    unused: list[str] = []
    for file in inventory.files:
        tables = _fed_by(file, fed, named, inventory)
        for table in tables:
            chosen[table.name].append(file.file_id)
        if not tables:
            unused.append(file.name)
    _check_fed([table for table in fed if table.name not in optional], chosen, unused)
    return TableSources(files={name: tuple(ids) for name, ids in chosen.items() if ids}, unused=tuple(unused))


def _fed_by(file: SourceFile, fed: Sequence[Table], named: Sequence[Table], inventory: Inventory) -> Sequence[Table]:
    if file.returned:
        table = returned_table(file, fed)
        return [table] if table else []
    if tables := [table for table in fed if _matches_glob(file, table.sources)]:
        return tables
    return _only_fed(file, named, inventory) if len(fed) == 1 else _longest_named(file, named, inventory)


def _matches_glob(file: SourceFile, globs: Sequence[str]) -> bool:
    whole = _whole_name(file).lower()
    names = {whole, PurePosixPath(whole).name}
    # Where a document holds one array its address is not part of the name, but may be asked for.
    names |= {f"{name}#{file.part.lower()}" for name in names if file.part}
    return any(fnmatchcase(name, glob.lower()) for glob in globs for name in names)


def _whole_name(file: SourceFile) -> str:
    """Return the name of the file without the part of it."""
    return file.name.removesuffix(f"#{file.part}") if file.part else file.name


def _only_fed(file: SourceFile, named: Sequence[Table], inventory: Inventory) -> Sequence[Table]:
    """Return the contract's only table, unless another part of the same file is called like it and this one is not."""
    beside = _beside(file, inventory)
    called = any(_longest_called(_plain(each.part), named) for each in beside)
    return () if len(beside) > 1 and called and not _longest_called(_plain(file.part), named) else named


def _longest_named(file: SourceFile, tables: Sequence[Table], inventory: Inventory) -> Sequence[Table]:
    """Return the table that the file, or the part of it, is called after, if there is one."""
    found = _longest_called(_plain(file.part), tables) if file.part else []
    if found or len(_beside(file, inventory)) > 1:
        return found
    return _longest_called(_plain(_stem(_whole_name(file))), tables)


def _longest_called(stem: str, tables: Sequence[Table]) -> list[Table]:
    fitting: list[tuple[int, Table]] = []
    for table in tables:
        names = {_plain(name) for name in (table.name, table.physical_name or "")} - {""}
        fitting += [(len(name), table) for name in names if _is_called(stem, name)]
    longest = max((length for length, _ in fitting), default=0)
    return [table for length, table in fitting if length == longest][:1]


def _beside(file: SourceFile, inventory: Inventory) -> list[SourceFile]:
    """Return all parts of the file that this one is a part of."""
    return [each for each in inventory.files if each.part and _whole_name(each) == _whole_name(file)] or [file]


def _is_called(stem: str, name: str) -> bool:
    return stem.startswith(name) and _COUNTED.fullmatch(stem[len(name) :]) is not None


def _stem(name: str) -> str:
    base = PurePosixPath(name).name.lower().removesuffix(".gz")
    for suffix in KINDS:
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
