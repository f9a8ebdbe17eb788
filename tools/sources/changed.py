"""Whether input files are still as they were when they were scanned: size and time of the last change."""

from collections.abc import Collection, Mapping
from pathlib import Path

from state.errors import SourceError
from state.sources import Inventory, SourceFile

Stamp = tuple[int, int]
"""Bytes, and the time of the last change in nanoseconds."""


def stamps_of(inventory: Inventory) -> dict[int, Stamp]:
    """Return the stamp of every file by its id; SourceError when one is gone."""
    return {file.file_id: _stamp(file) for file in inventory.files}


def changed_files(
    inventory: Inventory, stamps: Mapping[int, Stamp], file_ids: Collection[int]
) -> tuple[SourceFile, ...]:
    """Return those of the files that are not as they were stamped; SourceError when one is gone."""
    chosen = [file for file in inventory.files if file.file_id in set(file_ids)]
    return tuple(file for file in chosen if _stamp(file) != stamps.get(file.file_id))


def _stamp(file: SourceFile) -> Stamp:
    try:
        found = Path(file.path).stat()
    except OSError as error:
        raise SourceError(
            f"is gone since it was scanned: {error.strerror}",
            where=file.name,
            hint="put it back, then resume the run",
        ) from error
    return found.st_size, found.st_mtime_ns
