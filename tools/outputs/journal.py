"""The journal of a publication: what is to be renamed, durable before the first rename, so that a crash rolls forward.

Without a journal on disk nothing that was published before has been touched, and what a crashed run wrote aside is
swept away. With it the renames are done until all are done: each is idempotent, as a source that is gone was moved.
"""

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from state.errors import ResourceError, RunError
from state.values import Value
from tools.files import remove, sync_folder, write_durably
from tools.outputs.destination import (
    PUBLISHING,
    RECEIPT,
    REPLACED,
    RUNS,
    check_file_name,
    check_table_names,
    locked,
    run_folder,
    target_name,
)
from tools.outputs.parquet import table_sha256

Checkpoint = Callable[[str], None]
"""Called with a name between any two effects; crash tests end the process there."""

JOURNAL = ".journal.json"


class PublishedTable(Value):
    """One published table in a receipt."""

    file: str  # name in the destination: a file, or a folder of part files
    rows: int
    sha256: str  # of the file; of a folder, of the lines "<sha256>  <part>\\n"


class Receipt(Value):
    """Proof of a publication. Equal keys mean equal contract, inputs, plan and destination."""

    key: str
    run_id: str
    tables: dict[str, PublishedTable]


def no_checkpoint(_name: str) -> None:
    """Do nothing: the checkpoint outside crash tests."""


def receipt_path(destination: Path, run_id: str) -> Path:
    """Return where the receipt of a run lies."""
    return run_folder(destination, run_id) / RECEIPT


def write_receipt(path: Path, receipt: Receipt) -> None:
    """Write a receipt durably; the same receipt gives the same bytes."""
    write_durably(path, (receipt.model_dump_json(indent=2) + "\n").encode())


def write_journal(destination: Path, receipt: Receipt) -> None:
    """Declare durably that the files written aside are to become those of `receipt`."""
    write_durably(destination / RUNS / JOURNAL, receipt.model_dump_json().encode())


def recover(destination: Path) -> Receipt | None:
    """Finish a publication that a crash interrupted, or remove what it had written aside.

    Return the receipt of a publication that was finished here; None when there was nothing to finish. A destination
    without any runs is left alone.
    """
    if not (destination / RUNS).is_dir():
        return None
    with locked(destination, holder="recovery"):
        return roll_forward(destination)


def roll_forward(destination: Path, checkpoint: Checkpoint = no_checkpoint) -> Receipt | None:
    """Do what `recover` says; the caller holds the lock.

    ResourceError when files cannot be moved; done again it goes on where it stopped.
    """
    try:
        receipt = _read_journal(destination / RUNS / JOURNAL)
        proven = receipt is not None and _put_in_place(destination, receipt, checkpoint)
        if receipt is not None and proven:
            write_receipt(receipt_path(destination, receipt.run_id), receipt)
            checkpoint("receipt written")
        _sweep(destination)
        checkpoint("swept")
        if receipt is not None:
            (destination / RUNS / JOURNAL).unlink()
            sync_folder(destination / RUNS)
            checkpoint("journal removed")
    except OSError as error:
        raise ResourceError(
            f"the files could not be put in place: {error}",
            where=str(destination),
            hint="remove the cause and resume: the publication is then finished",
        ) from error
    return receipt if proven else None


def _read_journal(path: Path) -> Receipt | None:
    try:
        receipt = Receipt.model_validate_json(path.read_bytes())
        check_table_names(receipt.tables)
        check_file_name(receipt.run_id, kind="run id")
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise RunError(
            f"the journal of an interrupted publication cannot be read ({error.error_count()} faults)",
            where=str(path),
            hint="it is not of this version; look at its files, then remove it",
        ) from error
    return receipt


def _put_in_place(destination: Path, receipt: Receipt, checkpoint: Checkpoint) -> bool:
    """Rename what is still aside; whether all files are then those of the receipt.

    A source that is gone was moved before a crash. Its target is compared with the receipt, as somebody may have
    removed either since.
    """
    folder = run_folder(destination, receipt.run_id)
    moved = []
    for table, entry in receipt.tables.items():
        source, target = folder / PUBLISHING / target_name(table), destination / target_name(table)
        if source.exists():
            if target.is_dir() or (source.is_dir() and os.path.lexists(target)):
                _move_away(target, folder / REPLACED / target_name(table))
                checkpoint(f"moved away {table}")
            source.rename(target)
            checkpoint(f"renamed {table}")
        else:
            moved.append(table_sha256(target) == entry.sha256)
    sync_folder(destination)
    checkpoint("destination synced")
    return all(moved)


def _move_away(target: Path, away: Path) -> None:
    """Clear the way where a rename cannot replace: to a folder, or from one."""
    away.parent.mkdir(exist_ok=True)
    remove(away)
    target.rename(away)


def _sweep(destination: Path) -> None:
    """Remove what was written aside or moved away; only under the lock, so no live run owns any of it."""
    for name in (PUBLISHING, REPLACED):
        for left in sorted((destination / RUNS).glob(f"*/{name}")):
            remove(left)
            sync_folder(left.parent)
    for pattern in (f".{JOURNAL}.*.tmp", f"*/.{RECEIPT}.*.tmp"):
        for left in sorted((destination / RUNS).glob(pattern)):
            left.unlink()
