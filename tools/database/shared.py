"""The databases this process has open, by home folder: whoever notes something about a run opens none of its own."""

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from tools.database.address import database_url, pool_size
from tools.database.database import FILE, Database
from tools.database.open import open_database

_MOST: Final = 8
"""A process works in one home folder; tests work in many."""

_Key = tuple[int, str, str, int]

_lock = threading.Lock()
_open: OrderedDict[_Key, Database] = OrderedDict()


def database_of(home: Path) -> Database:
    """Return the database in use for a home folder, opened where it was not.

    A fork of the process opens it anew, and so does whoever finds another file in its place. Raises SetupError as
    `open_database` does.
    """
    with _lock:
        found = _open.get(_key(home))
        if found is not None:
            _open.move_to_end(_key(home))
            return found
        database = open_database(home, database_url(), pool_size=pool_size())
        _open[_key(home)] = database
        while len(_open) > _MOST:
            _open.popitem(last=False)[1].close()
        return database


def has_database(home: Path) -> bool:
    """Return whether there is a database to ask: reading must not make a home folder."""
    return bool(database_url()) or (home / FILE).is_file()


def _key(home: Path) -> _Key:
    url = database_url()
    try:
        file = 0 if url else (home / FILE).stat().st_ino
    except (FileNotFoundError, NotADirectoryError):
        file = -1
    return os.getpid(), str(home.absolute()), url, file
