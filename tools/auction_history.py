"""The history of execution contracts in a home folder: what was promised and what became of it, over all runs.

A contract is kept under its run, step, attempt and agent, so that a report that is written again adds nothing.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from state.auctions import Fulfilment

HISTORY: Final = "auctions.sqlite"

RECENT: Final = 400
"""Contracts that bids are made of."""

_COLUMNS: Final = tuple(Fulfilment.model_fields)
_WAIT: Final = 10.0  # seconds for another run that writes

_TABLE: Final = f"""
create table if not exists contracts (
    number integer primary key, {", ".join(_COLUMNS)}, unique (run_id, task_id, attempt, agent_id))
"""


def add(home: Path, contracts: Iterable[Fulfilment]) -> None:
    """Add contracts that ended; those that are there already stay as they are."""
    rows = [tuple(each.model_dump(mode="json").values()) for each in contracts]
    if not rows:
        return
    home.mkdir(parents=True, exist_ok=True)
    marks = ", ".join("?" * len(_COLUMNS))
    with _opened(home) as connection, connection:
        connection.execute(_TABLE)
        connection.executemany(f"insert or ignore into contracts ({', '.join(_COLUMNS)}) values ({marks})", rows)


def recent(home: Path, most: int = RECENT) -> tuple[Fulfilment, ...]:
    """Return the last contracts in the order in which they were written; none where there is no history."""
    if not (home / HISTORY).is_file():
        return ()
    query = f"select {', '.join(_COLUMNS)} from contracts order by number desc limit ?"
    with _opened(home) as connection:
        rows = connection.execute(query, [most]).fetchall()
    return tuple(Fulfilment.model_validate(dict(zip(_COLUMNS, row, strict=True))) for row in reversed(rows))


@contextmanager
def _opened(home: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(home / HISTORY, timeout=_WAIT)) as connection:
        yield connection
