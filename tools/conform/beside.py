"""Derived tables made by a process with a database and a memory limit of its own, while others use the workspace.

What the SQL reads is copied into that database, the process makes the tables there, and they are copied back in one
transaction with their receipts. Until then nothing of them is in the workspace: killed at any time, or given up,
there is only a folder to remove. Whether SQL may be made so is a matter of `tools/sql/order_free.py`.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from state.values import digest
from tools.ledger import receipt_statement
from tools.sql.quote import ident, literal
from tools.workspace import WORKSPACE_FILE

FOLDER = "beside"
"""Of a run's folder; each group of steps has a folder of its own in it."""

_MADE = """
create schema {db}.stage; create schema {db}.live; create schema {db}.ops;
create table {db}.ops.quarantine (table_name varchar, _row bigint, rule varchar, reason varchar);
create table {db}.ops.merged (table_name varchar, _row bigint, kept_row bigint);
"""


def own_folder(folder: Path, step_id: str) -> Path:
    """Return the folder in which a step is performed beside the others."""
    return folder / FOLDER / digest(step_id)[:16]


def copy_inputs(
    connection: duckdb.DuckDBPyConnection, place: Path, queries: Sequence[str], inputs: Sequence[str]
) -> None:
    """Make the database in `place`, with those columns of the tables `inputs` that the queries may read."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with _attached(connection, place) as db:
        connection.execute(_MADE.format(db=db))
        for table in inputs:
            columns = [row[0] for row in connection.execute(f"describe main.{ident(table)}").fetchall()]
            kept = ", ".join(ident(name) for name in _used(queries, columns))
            connection.execute(f"create table {db}.main.{ident(table)} as select {kept} from main.{ident(table)}")


def take_over(connection: duckdb.DuckDBPyConnection, place: Path, made: Mapping[str, str]) -> None:
    """Copy staged tables (by the id of their step) into the workspace, with the receipts of the steps."""
    with _attached(connection, place, " (read_only)") as db:
        connection.begin()
        for step_id, table in made.items():
            name = ident(table)
            connection.execute(f"create or replace table stage.{name} as select * from {db}.stage.{name} order by _row")
            connection.execute(receipt_statement(step_id, {"table": table}))
        connection.commit()


def forget(place: Path) -> None:
    """Remove what is left of a database."""
    shutil.rmtree(place, ignore_errors=True)


def _used(queries: Sequence[str], columns: Collection[str]) -> list[str]:
    """Return the columns that a query may mean by a name; all where one takes whole rows."""
    names: set[str] = set()
    for query in queries:
        tree = sqlglot.parse_one(query, read="duckdb")
        tables = {name.casefold() for table in tree.find_all(exp.Table) for name in (table.name, table.alias)}
        whole = any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
        natural = any(join.args.get("method") for join in tree.find_all(exp.Join))
        rows = any(not node.table and node.name.casefold() in tables for node in tree.find_all(exp.Column))
        if whole or natural or rows:
            return list(columns)
        names |= {node.name.casefold() for node in tree.find_all(exp.Identifier)}
    return [name for name in columns if name.casefold() in names] or list(columns)[:1]


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, place: Path, how: str = "") -> Iterator[str]:
    db = ident(f"beside_{place.name}")
    connection.execute(f"attach {literal(str(place / WORKSPACE_FILE))} as {db}{how}")
    try:
        yield db
    except BaseException:  # what ended it rises; the transaction it was in must be over before the database is let go
        with suppress(duckdb.TransactionException):
            connection.rollback()
        raise
    finally:
        connection.execute(f"detach {db}")
