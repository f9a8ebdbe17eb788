"""What came of the rulings of a run, put into the history: later runs ask it before they choose how to settle."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from algorithms.conflicts.remedies import conflict_of, figures_of, ruled, worth_of
from algorithms.conflicts.table import quality, table_of
from nodes.conflict import past
from nodes.steps.ruling import RULING
from state.conflicts import ConflictRuling, PastRuling
from state.plans import StepKind
from state.remedies import BadRows
from state.run import ReceiptRef, TableAccount
from tools.conform.remedies import WITHHELD
from tools.ledger import Receipt, receipts_of
from tools.rulings import add_rulings


def rulings_of(connection: duckdb.DuckDBPyConnection) -> tuple[Receipt, ...]:
    """Return the rulings of the run, each with the figures it was made on, its decision and the columns it withheld."""
    kinds = (StepKind.DEDUPE, StepKind.QUARANTINE)
    receipts = [receipt for kind in kinds for receipt in receipts_of(connection, f"{kind.value}:")]
    return tuple(receipt[RULING] for receipt in receipts if RULING in receipt)


def withheld_by(rulings: tuple[Receipt, ...]) -> dict[str, str]:
    """Return the decision on each column of which values were withheld, as "table.column:discard_value"."""
    return {
        f"{ruling['bad']['table']}.{column}:{WITHHELD}": ruling["decision"]
        for ruling in rulings
        for column in ruling["columns"]
    }


def remember_rulings(
    home: Path,
    run_id: str,
    rulings: tuple[Receipt, ...],
    accounts: Mapping[str, TableAccount],
    receipt: ReceiptRef | None,
) -> str:
    """Add the rulings of a run that has ended to the history; return what is wrong with that in words, if anything."""
    try:
        add_rulings(home, _past(run_id, rulings, accounts, receipt.tables if receipt else {}))
    except OSError as error:
        return f"what came of {len(rulings)} rulings could not be kept: {error}"
    return ""


def _past(
    run_id: str, rulings: tuple[Receipt, ...], accounts: Mapping[str, TableAccount], published: Mapping[str, int]
) -> Iterator[PastRuling]:
    for told in rulings:
        ruling, bad = ConflictRuling.model_validate(told["ruling"]), BadRows.model_validate(told["bad"])
        account = accounts.get(bad.table)
        known = account is not None and bad.table in published
        yield past(ruling, run_id, outcome(bad, ruling.option, account) if known and account else 0.0)


def outcome(bad: BadRows, option: str, account: TableAccount) -> float:
    """Return the quality of a ruling by the books of its table: what was foreseen and what came may differ."""
    package, conflict = ruled(bad, option), conflict_of(bad)
    if package is None or conflict is None:
        return 0.0
    figures = figures_of(bad, package.remedies) | {"rows_quarantined": account.rows_quarantined}
    worth = worth_of(bad, figures)
    options = tuple(
        each.model_copy(update={"worth": worth}) if each.name == option else each for each in conflict.options
    )
    number = [each.name for each in options].index(option)
    return quality(table_of(conflict.model_copy(update={"options": options})), number)
