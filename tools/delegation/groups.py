"""Files of one kind belong together: before the scan by what their first line says, after it by header variant."""

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb

from algorithms.delegation.cutting import Group
from state.sources import Reading
from tools.intake import Intake
from tools.sources.fast import LARGE
from tools.sources.find import FoundSources

_HEAD = 4_096
"""Bytes in which the first line is looked for."""

_BOM = b"\xef\xbb\xbf"


def groups_to_scan(found: FoundSources) -> tuple[list[Group], int]:
    """Return the places of the found files by extension and first line, and the bytes of all files together."""
    groups: dict[tuple[str, bytes], list[int]] = {}
    size = 0
    for place, file in enumerate(found.files):
        with Path(file.path).open("rb", buffering=0) as handle:
            head = handle.read(_HEAD)
            size += os.fstat(handle.fileno()).st_size
        line = head.removeprefix(_BOM).partition(b"\n")[0].rstrip(b"\r")
        groups.setdefault((Path(file.name).suffix.lower(), line), []).append(place)
    return _together(groups.values()), size


def groups_to_land(connection: duckdb.DuckDBPyConnection, intake: Intake) -> tuple[list[Group], int]:
    """Return the ids of the files that workers land, by variant, and their bytes.

    Not among them: what is landed already, and what is large: that the coordinator lands itself, with all threads.
    """
    landed = {row[0] for row in connection.execute("select file_id from land.files").fetchall()}
    wanted = {file_id for files in intake.table_files.values() for file_id in files} - landed
    files = intake.inventory.files
    small = {
        file_id for file_id in wanted if files[file_id].size < LARGE and files[file_id].reading is not Reading.EMPTY
    }
    groups = [tuple(each for each in variant.file_ids if each in small) for variant in intake.inventory.variants]
    return _together(groups), sum(files[file_id].size for file_id in small)


def _together(groups: Iterable[Iterable[int]]) -> list[Group]:
    """Return the groups that are not empty."""
    return [group for group in map(tuple, groups) if group]
