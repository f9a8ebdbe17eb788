"""Files that a recovery reads again: what intake found before and after, in the ledger; the landing that goes with it.

The ledger is right: it is written in the transaction of the landing. The artefact of intake follows it, and is made to
follow wherever a run goes on.
"""

from pathlib import Path

import duckdb

from state.sources import SourcesRef
from state.values import Value
from tools.intake import Intake, read_intake, replace_intake
from tools.ledger import find_receipt, revise
from tools.proofs import PROOFS
from tools.recovery import read_recoveries
from tools.sources.relanding import forget_past, replace_landing, restore_landing

_PREFIX = "reread:"


class Reread(Value):
    """What intake found before and after files were read again, or were made a header variant of their own."""

    number: int  # of the recovery
    files: tuple[int, ...]
    before: Intake
    after: Intake


def begin_reread(connection: duckdb.DuckDBPyConnection, reread: Reread) -> None:
    """Land the files anew and put that on record, within the caller's transaction; what was proved is forgotten."""
    replace_landing(connection, reread.before.inventory, reread.after.inventory, reread.files)
    revise(connection, _key(reread.number), reread.model_dump(mode="json"))
    revise(connection, PROOFS, None)


def end_reread(connection: duckdb.DuckDBPyConnection, number: int, *, kept: bool) -> None:
    """Keep the new landing of a recovery, or put the old one back, within the caller's transaction; of none nothing."""
    reread = find_reread(connection, number)
    if reread is None:
        return
    if kept:
        forget_past(connection)
    else:
        restore_landing(connection, reread.before.inventory, reread.after.inventory, reread.files)
        revise(connection, PROOFS, None)


def find_reread(connection: duckdb.DuckDBPyConnection, number: int) -> Reread | None:
    """Return what a recovery read again; None where it read nothing again."""
    receipt = find_receipt(connection, _key(number))
    return None if receipt is None else Reread.model_validate(receipt)


def settled_intake(connection: duckdb.DuckDBPyConnection, folder: Path) -> Intake:
    """Return what intake found as the ledger has it; the artefact is replaced where it is another."""
    now = read_intake(folder)
    for recovery in reversed(read_recoveries(connection)):
        reread = find_reread(connection, recovery.number)
        if reread is not None:
            right = reread.after if recovery.holds else reread.before
            if right != now:
                replace_intake(folder, right)
            return right
    return now


def counted_sources(connection: duckdb.DuckDBPyConnection, intake: Intake, known: SourcesRef) -> SourcesRef:
    """Return what state holds of the inputs with the counts of what is landed now."""
    found = connection.execute("select coalesce(sum(records), 0), coalesce(sum(rejects), 0) from land.files").fetchall()
    records, rejects = map(int, found[0])
    variants = sum(bool(variant.file_ids) for variant in intake.inventory.variants)
    return known.model_copy(update={"records": records, "rejects": rejects, "variants": variants})


def _key(number: int) -> str:
    return f"{_PREFIX}{number:03d}"
