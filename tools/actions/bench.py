"""What actions work on: one run's folder, read only. One action at a time uses the engine.

The engine's file belongs to one process at a time, and queries of others run in a process of their own: actions that
run side by side therefore take turns at it.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from state.contract import Contract, Table
from state.errors import StepError
from state.values import Value
from tools.intake import Intake, read_contract, read_intake
from tools.sql.sandbox import SandboxLimits
from tools.workspace import is_staged, open_workspace

_turns: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


class Found(Value):
    """What an action found: plain JSON data, and how much it helps (0 nothing, 1 it settles its question)."""

    content: dict[str, object]
    quality: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A run's folder and the limits of queries on it."""

    folder: Path
    home: Path
    limits: SandboxLimits

    @property
    def contract(self) -> Contract:
        """The contract of the run."""
        return read_contract(self.folder)

    @property
    def intake(self) -> Intake:
        """What intake found."""
        return read_intake(self.folder)

    def table(self, name: str) -> Table:
        """Return a table of the contract; StepError names those there are."""
        for table in self.contract.tables:
            if table.name == name:
                return table
        known = ", ".join(table.name for table in self.contract.tables)
        raise StepError(f"there is no table {name!r}", hint=f"tables: {known}"[:500])

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the engine's file for one action, whoever opens it."""
        with _turns[self.folder.absolute()]:
            yield

    @contextmanager
    def engine(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the workspace when it is this action's turn."""
        with self.turn(), open_workspace(self.folder, threads=self.limits.threads) as connection:
            yield connection

    def staged(self) -> tuple[str, ...]:
        """Return the names of the tables that can be queried."""
        with self.engine() as connection:
            return tuple(table.name for table in self.contract.tables if is_staged(connection, table.name))
