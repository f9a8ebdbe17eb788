"""The proofs of a run: what was proved of its tables before they were planned, kept in the ledger."""

from typing import Final

import duckdb

from state.plans import Proof
from tools.ledger import find_receipt

PROOFS: Final = "proofs"
"""The key of their receipt."""


def read_proofs(connection: duckdb.DuckDBPyConnection) -> dict[str, Proof] | None:
    """Return what was proved, by table; None before anything was looked at."""
    receipt = find_receipt(connection, PROOFS)
    return None if receipt is None else {name: Proof.model_validate(told) for name, told in receipt.items()}


def proof_of(connection: duckdb.DuckDBPyConnection, table: str) -> Proof:
    """Return what was proved of a table: nothing where it was not looked at."""
    return (read_proofs(connection) or {}).get(table, Proof())
