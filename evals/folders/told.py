"""A table as it is written into files, with what is true of each line."""

from typing import NamedTuple

from evals.folders.spec import TrueRow


class FileTold(NamedTuple):
    """One file."""

    name: str
    content: bytes
    lines: int  # that are to be accounted for
    mapping: dict[str, str]  # column of the contract by name in the file
    rows: tuple[TrueRow, ...]
    in_place: bool = True  # every line stands where it would without a fault


class TableTold(NamedTuple):
    """All files of a table."""

    name: str
    files: tuple[FileTold, ...]
