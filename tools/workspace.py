"""The workspace of a run: one DuckDB file with what was landed, staged and decided.

Schemas and tables (columns in their order):

    land.files       file_id, name, path, sha256, variant_id, lines, header_lines, blank_lines, record_lines,
                     reject_lines, records, rejects
    land.<variant>   _row BIGINT, c0, c1, ... VARCHAR: field i of the header; a blank field is NULL. A table, or a view
                     over the engine's reader for one large clean file, with some of its rows in the table
                     land.<variant>_sample (same columns; there _row says the file, not the line)
    land.rejects     _row, file_id, line, lines (spanned), raw, reason
    stage.<table>    _row BIGINT, then for every contract column c: c (typed), raw$c VARCHAR (the text as it was,
                     where it differs from the canonical text of the typed value), op$c VARCHAR (the operator that
                     changed it; 'unreadable' where the text could not be read as the type; NULL when unchanged). A
                     table for derived tables, for others a view over typed.<table>
    typed.<table>    the same columns without raw$c and op$c of columns in which every text is canonical and no cell
                     was repaired
    live.<table>     view: stage.<table> without quarantined and merged rows
    main.<table>     view for SQL of the contract: the contract's columns of live.<table>, and _file, _line
    ops.value_map    table_name, column_name, value, resolved, operator, decision_id, votes, confidence
    ops.repairs      table_name, _row, column_name, before, after, fault, verdict, operator, evidence, votes,
                     confidence, outcome (applied, proposed, left), reason (of the outcome), decision_id: what the
                     council found
    ops.quarantine   table_name, _row, rule, reason
    ops.merged       table_name, _row, kept_row
    ops.decisions    decision_id, seq, step_id (empty: of none), record (JSON)
    ops.reports      step_id, record (JSON): how each step of the plan ended
    ops.trace        seq, step_id, attempt, record (JSON): every attempt of every step, in order
    ops.messages     seq, message_id, record (JSON): messages between the agents of the run, with their receipts
    ops.processed_messages   message_id: written in the transaction of the effect that the message caused
    ops.marks        seq, agent, table_name, column_name, kind, note, evidence: what agents leave for others to find
    ops.answers      question, seq, record (JSON): what models answered, written at once, outside of any step's
                     transaction: it was paid for
    ops.receipts     step_key, receipt (JSON): written in the transaction of the effect it proves

`_row` is `file_id << 36 | line` for rows from files (see `state.sources.LINE_BITS`) and 1, 2, ... for derived rows.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from weakref import WeakValueDictionary

import duckdb

from state.contract import Table
from state.errors import SetupError
from state.sources import LINE_BITS
from tools.sql.quote import ident, literal

WORKSPACE_FILE = "workspace.duckdb"
SPILL_FOLDER = "spill"

PART_ROWS = 983_040
"""Staged rows of one part of a large table: eight row groups of the engine."""

_LARGE_BYTES = 64 * 1024 * 1024

# Finding the tightest compression costs more than half of the time of writing a large table, and these tables are read
# a few times at most: 5.2 s against 9.0 s for ten million rows of text, and 1.0 GB on disk against 0.4.
_COSTLY = "dict_fsst,fsst,zstd"

_TABLES = """
create schema if not exists land;
create schema if not exists typed;
create schema if not exists stage;
create schema if not exists live;
create schema if not exists ops;
create table if not exists land.files (
    file_id integer primary key, name varchar, path varchar, sha256 varchar, variant_id varchar, lines bigint,
    header_lines bigint, blank_lines bigint, record_lines bigint, reject_lines bigint, records bigint, rejects bigint);
create table if not exists land.rejects (
    _row bigint, file_id integer, line bigint, lines bigint, raw varchar, reason varchar);
create table if not exists ops.value_map (
    table_name varchar, column_name varchar, value varchar, resolved varchar, operator varchar,
    decision_id varchar, votes varchar, confidence double);
create table if not exists ops.repairs (
    table_name varchar, _row bigint, column_name varchar, before varchar, after varchar, fault varchar,
    verdict varchar, operator varchar, evidence varchar, votes varchar, confidence double, outcome varchar,
    reason varchar, decision_id varchar);
create table if not exists ops.quarantine (table_name varchar, _row bigint, rule varchar, reason varchar);
create table if not exists ops.merged (table_name varchar, _row bigint, kept_row bigint);
create table if not exists ops.decisions (
    decision_id varchar primary key, seq bigint, step_id varchar, record varchar);
create table if not exists ops.reports (step_id varchar primary key, record varchar);
create table if not exists ops.trace (seq bigint, step_id varchar, attempt integer, record varchar);
create table if not exists ops.answers (question varchar primary key, seq bigint, record varchar);
create table if not exists ops.messages (seq bigint, message_id varchar primary key, record varchar);
create table if not exists ops.processed_messages (message_id varchar primary key);
create table if not exists ops.marks (
    seq bigint, agent varchar, table_name varchar, column_name varchar, kind varchar, note varchar, evidence varchar,
    primary key (agent, table_name, column_name, kind, note));
create table if not exists ops.receipts (step_key varchar primary key, receipt varchar);
"""


class _Place:
    """Who in this process has the workspace of one folder open; its lock is held while that changes."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.openings = 0
        self.kept = False  # a session wants the engine's instance to outlive an opening
        self.keeper: duckdb.DuckDBPyConnection | None = None  # keeps it
        self.given: tuple[int, str | None] | None = None  # threads and memory that the instance was given last


_places: WeakValueDictionary[Path, _Place] = WeakValueDictionary()
_places_lock = threading.Lock()


def _place_of(folder: Path) -> _Place:
    with _places_lock:
        return _places.setdefault(folder.absolute(), _Place())


@contextmanager
def workspace_kept(folder: Path) -> Iterator[None]:
    """Let openings of the workspace in `folder` follow each other without opening and closing its file every time.

    What is committed is durable at once all the same. The file is let go where another process needs it, where the
    engine is to be locked down, where an opening ends with an error, and as soon as it is large: then opening it takes
    little of the time, and what the engine would keep in memory is much.
    """
    place = _place_of(folder)
    place.kept = True
    try:
        yield
    finally:
        place.kept = False
        release_workspace(folder)


def release_workspace(folder: Path) -> None:
    """Let go of the workspace's file between two openings."""
    place = _place_of(folder)
    with place.lock:
        keeper, place.keeper = place.keeper, None
        if keeper is not None:
            keeper.close()


@contextmanager
def open_workspace(
    folder: Path, *, threads: int = 2, memory: str | None = None, alone: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the workspace database in `folder`, made with its tables when new; flushed on leaving.

    Several threads may have it open at once, each with its own connection and transactions. They share one instance of
    the engine: for threads and memory, what was asked for last holds for all of them. With `alone` nobody else
    may have it open, and what is set for the whole engine ends with the connection.
    """
    place, path = _place_of(folder), folder.absolute()
    connection = _connect(place, path, alone=alone)
    try:
        connection.execute("set enable_progress_bar = false")  # it would draw on standard output, which is for answers
        _give(place, connection, threads, memory)
        yield connection
    except BaseException:  # after an error of the engine nothing of it is trusted; it rises
        release_workspace(folder)
        raise
    finally:
        _disconnect(place, path, connection)


def _connect(place: _Place, path: Path, *, alone: bool) -> duckdb.DuckDBPyConnection:
    """Open a connection; the first of several sets up the engine's instance."""
    with place.lock:
        if alone:
            release_workspace(path)
        connection = _connected(path)
        try:
            if place.keeper is None and not place.openings:
                place.given = None
                _set_up(connection, path)
                if place.kept and not alone:
                    place.keeper = _connected(path)
        except BaseException:  # a kill from the keyboard too: the half-made connection is closed, and it rises
            connection.close()
            raise
        place.openings += 1
        return connection


def _give(place: _Place, connection: duckdb.DuckDBPyConnection, threads: int, memory: str | None) -> None:
    """Let the engine's instance use so many threads and so much memory; each statement that sets them has its price."""
    with place.lock:
        if place.given != (threads, memory):
            connection.execute(f"set threads = {int(threads)}")
            connection.execute(f"set memory_limit = {literal(memory)}" if memory else "reset memory_limit")
            place.given = threads, memory


def _disconnect(place: _Place, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection, and let go of the file when it has become large; the last one to close writes it out."""
    with place.lock:
        place.openings -= 1
        connection.close()
        if place.keeper is not None and _is_large(path):
            release_workspace(path)


def _connected(place: Path) -> duckdb.DuckDBPyConnection:
    """Connect to the workspace; SetupError where its file is damaged: no receipt in it could be trusted."""
    path = place / WORKSPACE_FILE
    try:
        return duckdb.connect(str(path))
    except (duckdb.IOException, duckdb.SerializationException) as error:
        if "not a valid DuckDB database" not in str(error) and "checksum" not in str(error):
            raise
        told = "the workspace of the run is damaged; nothing was published from it"
        raise SetupError(told, where=str(path), hint="start the run again under another run id") from error


def _set_up(connection: duckdb.DuckDBPyConnection, place: Path) -> None:
    """Set what holds for every connection to the engine, and make the tables that are not there."""
    connection.execute("set global preserve_insertion_order = true")
    connection.execute("set global TimeZone = 'UTC'")  # what a time means must not hang on the machine it runs on
    connection.execute(f"set temp_directory = {literal(str(place / SPILL_FOLDER))}")
    connection.execute(f"set disabled_compression_methods = {literal(_COSTLY)}")
    connection.execute(_TABLES)


def _is_large(place: Path) -> bool:
    return (place / WORKSPACE_FILE).stat().st_size > _LARGE_BYTES


def discard_workspace(folder: Path) -> None:
    """Remove the workspace, so that opening it makes a new one; nobody may be connected to it."""
    release_workspace(folder)
    for path in (folder / f"{WORKSPACE_FILE}.wal", folder / WORKSPACE_FILE):
        path.unlink(missing_ok=True)


def clear_spill(folder: Path) -> None:
    """Remove what the engine wrote aside for want of memory; nobody may be connected to the workspace."""
    release_workspace(folder)
    shutil.rmtree(folder / SPILL_FOLDER, ignore_errors=True)


def raw_name(column: str) -> str:
    """Return the name of the staged column that keeps the raw text of `column`."""
    return f"raw${column}"


def operator_name(column: str) -> str:
    """Return the name of the staged column that keeps the operator applied to `column`."""
    return f"op${column}"


def row_file(row: str) -> str:
    """Return SQL for the file id in a row's id, given as SQL."""
    return f"({row} >> {LINE_BITS})"


def row_line(row: str) -> str:
    """Return SQL for the physical line in a row's id, given as SQL."""
    return f"({row} & {(1 << LINE_BITS) - 1})"


def file_name(row: str) -> str:
    """Return SQL for the name of the file in a row's id, given as SQL.

    The names are one value, in the order of the files' ids: a join would cost more and not keep the order of the rows.
    """
    names = (
        "select list(f.name order by i) from range((select max(file_id) + 1 from land.files)) r(i) "
        "left join land.files f on f.file_id = i"
    )
    return f"({names})[{row_file(row)} + 1]"


def create_views(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make `live.<table>` and `main.<table>` over the staged table."""
    for sql in view_statements(table):
        connection.execute(sql)


def view_statements(table: Table) -> tuple[str, str]:
    """Return the SQL that makes `live.<table>` and `main.<table>` over the staged table."""
    name, columns = ident(table.name), ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    gone = " union all ".join(
        f"select _row from ops.{side} where table_name = {literal(table.name)}" for side in ("quarantine", "merged")
    )
    kept = f"not exists (select 1 from ({gone}) g where g._row = s._row)"
    place = "" if table.derived else f", {file_name('s._row')} as _file, {row_line('s._row')} as _line"
    return (
        f"create or replace view live.{name} as select s.* from stage.{name} s where {kept}",
        f"create or replace view main.{name} as select {columns}{place} from live.{name} s",
    )


def row_ranges(connection: duckdb.DuckDBPyConnection, table: Table, most: int = PART_ROWS) -> tuple[str, ...]:
    """Return predicates on `_row` that cut the staged rows, in their order, into parts of `most` rows."""
    placed = f"select _row, row_number() over () - 1 as place from stage.{ident(table.name)}"
    firsts = [
        row
        for (row,) in connection.execute(
            f"select _row from ({placed}) where place % {int(most)} = 0 order by _row"
        ).fetchall()
    ]
    return tuple(
        f"_row >= {first}" + (f" and _row < {after}" if after is not None else "")
        for first, after in zip_longest(firsts, firsts[1:])
    )


def landed_rows(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Return the number of landed records by file id."""
    return dict(connection.execute("select file_id, records from land.files").fetchall())


def is_staged(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Return whether the table has been staged."""
    row = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'stage' and table_name = ?", [table]
    ).fetchone()
    return bool(row and row[0])


def published_columns(connection: duckdb.DuckDBPyConnection, table: Table) -> tuple[str, ...]:
    """Return the columns to publish: the contract's, then those that `drift: evolve` kept."""
    staged = connection.execute(f"select column_name from (describe live.{ident(table.name)})").fetchall()
    known = [column.name for column in table.columns]
    work = {"_row", *map(raw_name, known), *map(operator_name, known)}
    return (*known, *(row[0] for row in staged if row[0] not in work and row[0] not in known))
