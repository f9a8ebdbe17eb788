"""Room on the disk while something is unpacked: what is unpacked stops before the disk is full, not after."""

import shutil
from pathlib import Path

from state.errors import SourceError

RESERVE = 512 << 20
"""Bytes of the disk that unpacking leaves to everybody else."""

STEP = 64 << 20
"""Bytes written between two looks; less than that is not looked at."""


class Room:
    """Watches the disk of `folder` while the source `name` is unpacked into it."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder, self._unseen = name, folder, 0

    def take(self, size: int) -> None:
        """Note that `size` bytes are about to be written; SourceError when they would fill the disk."""
        self._unseen += size
        if self._unseen < STEP:
            return
        self._unseen = 0
        if shutil.disk_usage(self._folder).free < RESERVE:
            raise SourceError(
                f"unpacks to more than the disk holds: {RESERVE >> 20} MiB are left free in {self._folder}",
                where=self._name,
                hint="make room, set MILLWRIGHT_HOME to a larger disk, or split the file",
            )
