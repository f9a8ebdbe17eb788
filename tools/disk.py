"""What is said when the machine under a run fails: a disk without room, a file that cannot be read or written.

Libraries say it each in their own class of error; here they are told apart from faults of data and of the program.
"""

import errno
import sqlite3
from pathlib import Path

import duckdb

from state.errors import ResourceError, SetupError

MACHINE_ERRORS = (OSError, sqlite3.OperationalError, duckdb.Error)
"""Classes that say it, among other things; `machine_error` decides."""

_NO_ROOM_CODES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_ROOM_WORDS = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "database or disk is full",
    "disk I/O error",  # what SQLite says when it cannot let its log grow
)
_LONGEST = 300


def no_room(error: BaseException) -> bool:
    """Return whether the error says that a file could not grow."""
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM_CODES
    return isinstance(error, sqlite3.Error | duckdb.Error | ResourceError) and says_no_room(str(error))


def says_no_room(text: str) -> bool:
    """Return whether the words of an error say that a file could not grow."""
    return any(words in text for words in _NO_ROOM_WORDS)


def machine_error(error: Exception, *, place: Path | str, again: str) -> SetupError | None:
    """Return the error for the operator, who is told to do `again`; None when it is not the machine's.

    `place` is named where the error itself names no file.
    """
    text = " ".join(str(error).split())[:_LONGEST]
    if no_room(error):
        return SetupError(f"there is no room on the disk: {text}", where=str(place), hint=f"make room, then {again}")
    if isinstance(error, OSError):
        named = str(error.filename or place)
        return SetupError(f"{error.strerror or text}", where=named, hint=f"mend the cause, then {again}")
    if isinstance(error, sqlite3.OperationalError | duckdb.IOException):
        return SetupError(text, where=str(place), hint=f"mend the cause, then {again}")
    return None
