"""Publishing: all tables of a run appear together or not at all, once, and provably.

Every table is written aside, read back and synced before a journal declares the renames; a crash before the journal
leaves what was published before untouched, a crash after it is rolled forward by the next publication or by `recover`.

What is promised is the state after recovery. Renames are one by one: a reader that looks between two of them sees some
tables of the new publication and some of the old, and where a folder replaces a file or another folder, its name is
missing for a moment. Readers that need all tables of one publication take the names and hashes from its receipt.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import Field, ValidationError

from state.errors import ResourceError
from state.jobs import Fence
from state.values import Value
from tools.files import sync_folder
from tools.outputs.destination import (
    LOCK_SECONDS,
    PUBLISHING,
    RECEIPT,
    RUNS,
    check_table_names,
    locked,
    run_folder,
    target_name,
)
from tools.outputs.journal import (
    Checkpoint,
    PublishedTable,
    Receipt,
    no_checkpoint,
    receipt_path,
    recover,
    roll_forward,
    write_journal,
    write_receipt,
)
from tools.outputs.parquet import Layout, Shape, check_written, query_columns, table_sha256, write_file, write_parts

__all__ = ["Hooks", "Layout", "PublishTable", "PublishedTable", "Receipt", "publish", "receipt_path", "recover"]


class PublishTable(Value):
    """A table to publish."""

    name: str  # also the name of its file
    query: str  # SELECT of the final columns, with an ORDER BY
    rows: int = Field(ge=0)  # as the books say; the file must hold as many
    parts: tuple[str, ...] = ()  # SELECTs in an order without ties: a large table has a file for each


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a caller may set around a publication."""

    checkpoint: Checkpoint = no_checkpoint  # called between any two effects
    fence: Fence = Fence()  # noqa: RUF009  frozen; held from the journal on, as nothing is published before it
    lock_seconds: float = LOCK_SECONDS  # how long to wait for another run


def publish(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[PublishTable],
    destination: Path,
    *,
    key: str,
    run_id: str,
    hooks: Hooks | None = None,
    layout: Layout | None = None,
) -> Receipt:
    """Publish `tables` into `destination` and return the receipt; with the same `key` again, change nothing.

    `key` stands for contract, inputs, plan and destination. Where it was published before and the files still have
    the hashes of that receipt, that receipt is returned and also noted in this run's folder.

    Raises:
        SetupError: a name leaves the destination, or the destination cannot be written.
        RunError: another run publishes there.
        AccountingError, StepError: a file does not hold what it should.
        ResourceError: the disk is full.
        ClaimLost: the worker's claim on the run is over; nothing is published.

    """
    hooks = hooks or Hooks()
    check_table_names(table.name for table in tables)
    own = run_folder(destination, run_id)
    with locked(destination, holder=f"run {run_id}", seconds=hooks.lock_seconds):
        hooks.checkpoint("locked")
        roll_forward(destination, hooks.checkpoint)
        hooks.checkpoint("recovered")
        done = _published_before(destination, tables, key)
        if done is not None:
            if not (own / RECEIPT).exists():
                write_receipt(own / RECEIPT, done)
            return done
        receipt = Receipt(
            key=key,
            run_id=run_id,
            tables=_write_aside(connection, tables, own / PUBLISHING, hooks.checkpoint, layout or Layout()),
        )
        with hooks.fence.held():
            write_journal(destination, receipt)
            hooks.checkpoint("journal written")
            roll_forward(destination, hooks.checkpoint)
        return receipt


def _published_before(destination: Path, tables: Sequence[PublishTable], key: str) -> Receipt | None:
    """Return a receipt of the same key for the same tables whose files are still as it says."""
    wanted = {table.name: table.rows for table in tables}
    for path in sorted((destination / RUNS).glob(f"*/{RECEIPT}")):
        try:
            receipt = Receipt.model_validate_json(path.read_bytes())
        except ValidationError:
            continue  # of another version: it proves nothing here
        if receipt.key != key or {name: table.rows for name, table in receipt.tables.items()} != wanted:
            continue
        if all(table_sha256(destination / table.file) == table.sha256 for table in receipt.tables.values()):
            return receipt
    return None


def _write_aside(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[PublishTable],
    folder: Path,
    checkpoint: Checkpoint,
    layout: Layout,
) -> dict[str, PublishedTable]:
    """Write, check and sync all tables in `folder`; nothing is left of it when that fails."""
    written = {}
    try:
        folder.mkdir(parents=True)
        checkpoint("folder made")
        for table in tables:
            written[table.name] = _write_one(connection, table, folder, checkpoint, layout)
        for made in (folder, *folder.parents[:3]):
            sync_folder(made)
        checkpoint("files synced")
    except (duckdb.IOException, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ResourceError(
            f"the files could not be written: {' '.join(str(error).split())[:300]}",
            where=str(folder.parents[2]),
            hint="make room on the disk, then resume; nothing was published",
        ) from error
    except BaseException:  # whatever ended it, a kill from the keyboard too: leave nothing half written, let it rise
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return written


def _write_one(
    connection: duckdb.DuckDBPyConnection, table: PublishTable, folder: Path, checkpoint: Checkpoint, layout: Layout
) -> PublishedTable:
    path = folder / target_name(table.name)
    expected = Shape(rows=table.rows, columns=query_columns(connection, table.query))
    if table.rows <= layout.single_file_rows:
        write_file(connection, table.query, path)
    else:
        write_parts(connection, table.parts or [table.query], path)
    checkpoint(f"written {table.name}")
    check_written(connection, path, expected, where=f"table {table.name}")
    checkpoint(f"checked {table.name}")
    return PublishedTable(file=path.name, rows=table.rows, sha256=table_sha256(path))
