"""The database of operation, opened: transactions on SQLite or PostgreSQL in one way.

Tables are SQLAlchemy Core; each area (queue, metrics, alerts, agents) declares its own `MetaData` and migrations
(tools/database/migrations). Dialects differ in this module, in `tools/database/locks.py` and in the queue's clock only.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as AllInUse
from sqlalchemy.pool import ConnectionPoolEntry
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from state.errors import SetupError
from tools.database.address import checked, shown

FILE = "operation.sqlite"

PATIENCE = 30.0
"""Seconds for which work is tried again when the server is gone, e.g. restarts, or another process writes."""

_READING = "millwright_reading"
_REFUSED = ("authentication failed", "does not exist", "no pg_hba.conf entry", "Name or service not known")

Result = TypeVar("Result")


class Dialect(StrEnum):
    """The two kinds of database."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; threads may share it, processes may not: each opens its own.

    Attributes:
        engine: SQLAlchemy's engine with its pool.
        dialect: which of the two it is.
        place: where it lies, without user and password.
        patience: seconds for which `perform` tries again.

    """

    engine: Engine
    dialect: Dialect
    place: str
    patience: float = PATIENCE

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes; on SQLite it is the only one from its beginning (BEGIN IMMEDIATE)."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads one state of the database and waits for nobody."""
        with self.engine.connect().execution_options(**{_READING: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def locking(self, look: Callable[[Connection], None]) -> Iterator[None]:
        """Look, and lock what is seen, in a transaction that is kept open for the block and writes nothing.

        It is begun again while the server is gone; a connection that is lost within the block is no error.
        """
        with ExitStack() as stack:
            for attempt in self._tries():
                with attempt, ExitStack() as entered:
                    look(entered.enter_context(self.writing()))
                    stack.push(entered.pop_all())
            yield
            with suppress(DBAPIError):
                stack.close()

    def perform(self, work: Callable[[Connection], Result]) -> Result:
        """Do work in a transaction that writes, and again from its beginning when the connection is lost.

        It may be done twice where the answer to its commit is lost: let it be so made that this does no harm.
        Raises SetupError when the database cannot be reached for `patience` seconds.
        """
        return self._again(work, self.writing)

    def look(self, work: Callable[[Connection], Result]) -> Result:
        """Read in a transaction, again when the connection is lost; raises as `perform` does."""
        return self._again(work, self.reading)

    def close(self) -> None:
        """Give up all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _again(
        self, work: Callable[[Connection], Result], transaction: Callable[[], AbstractContextManager[Connection]]
    ) -> Result:
        try:
            for attempt in self._tries():
                with attempt, transaction() as connection:
                    return work(connection)
        except OperationalError as error:
            raise told(self.place, error) from None  # the cause shows the parameters of the statement
        except AllInUse:
            what = f"all connections of this process were in use for {self.patience:g} s"
            hint = "raise operation.database_pool_size, or lower operation.parallel_streams"
            raise SetupError(what, where=self.place, hint=hint) from None
        raise AssertionError  # the last attempt raises

    def _tries(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception(passes),
            stop=stop_after_delay(self.patience),
            wait=wait_random_exponential(multiplier=0.05, max=1.0),
            reraise=True,
        )


def connect(home: Path, url: str = "", *, pool_size: int = 4, patience: float = PATIENCE) -> Database:
    """Return the database of a home folder, or of a URL; nothing is created in it yet.

    Raises SetupError when the URL is of another kind or its driver is not installed.
    """
    if address := checked(url):
        return _postgresql(address, pool_size, patience)
    path = home.absolute() / FILE
    engine = create_engine(f"sqlite:///{path}", pool_size=pool_size, connect_args={"timeout": patience})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Database(engine, Dialect.SQLITE, str(path), patience)


def passes(error: BaseException) -> bool:
    """Whether an error of the database may pass by itself: the server is gone or starts, or somebody else writes."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    if any(sign in str(error.orig) for sign in _REFUSED):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state is None:
        return isinstance(error, OperationalError) or error.connection_invalidated
    return state[:2] in ("08", "57", "40", "53")  # connection, shutting down or starting, serialisation, too many


def told(place: str, error: DBAPIError) -> Exception:
    """Return what is to be raised for an error of the database: of a full disk SQLite's own, which others know."""
    if isinstance(error.orig, sqlite3.OperationalError) and not passes(error):
        return error.orig
    return unreachable(place, error)


def unreachable(place: str, error: BaseException) -> SetupError:
    """Return what a person is told when the database does not answer."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    what = f"the database does not answer: {reason[0] if reason else type(error).__name__}"
    return SetupError(what, where=place, hint="start it, or correct MILLWRIGHT_DATABASE_URL")


def _postgresql(url: str, pool_size: int, patience: float) -> Database:
    address = "postgresql+psycopg" + url.removeprefix("postgresql")
    try:
        engine = create_engine(
            address,
            pool_size=pool_size,
            max_overflow=0,  # or it would be ten more
            pool_timeout=patience,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "application_name": "millwright"},
        )
    except ModuleNotFoundError as error:
        hint = "install the extra: pip install 'millwright[postgres]'"
        raise SetupError("the driver of PostgreSQL is not installed", where=shown(url), hint=hint) from error
    return Database(engine, Dialect.POSTGRESQL, shown(url), patience)


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Let transactions be begun here, not by the driver; readers and one writer do not wait for each other."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        cursor.execute(f"pragma {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("begin" if reads else "begin immediate")
