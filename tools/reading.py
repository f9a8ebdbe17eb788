"""An engine in memory for reading files that the project wrote: started once in a process, with nothing kept in it.

Starting an engine costs more than reading a small file. For large files of others, and for answers that hang on its
settings, a connection of one's own is the way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb


@contextmanager
def reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection for reading files with one thread; several threads may each have one at once."""
    with _engine().cursor() as connection:
        yield connection


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Return the engine; it has no threads of its own and keeps nothing of what it read, so no file is told stale."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_file_cache": "false",
        "autoinstall_known_extensions": "false",
        "threads": "1",
    }
    return duckdb.connect(":memory:", config=config)
