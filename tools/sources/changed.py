"""Whether input files are still as they were when they were scanned."""

from collections.abc import Collection, Mapping
from pathlib import Path

from state.errors import SourceError
from state.sources import Inventory, SourceFile
from tools.files import file_stamp


def stamps_of(inventory: Inventory) -> dict[int, str]:
    """Return the stamp of every file as it was given, by its id; SourceError when one is gone."""
    return {file.file_id: _stamp(file) for file in inventory.files}


def changed_files(inventory: Inventory, stamps: Mapping[int, str], file_ids: Collection[int]) -> tuple[SourceFile, ...]:
    """Return those of the files that are not as they were stamped; SourceError when one is gone."""
    chosen = [file for file in inventory.files if file.file_id in set(file_ids)]
    return tuple(file for file in chosen if _stamp(file) != stamps.get(file.file_id))


def _stamp(file: SourceFile) -> str:
    stamp = file_stamp(Path(file.path))
    if not stamp:
        raise SourceError("is gone since it was scanned", where=file.name, hint="put it back, then resume the run")
    return stamp
