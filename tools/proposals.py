"""Decompositions that a model proposed and the planner accepted, in the ledger of the run, by the step they are for."""

from collections.abc import Iterable
from typing import Final

import duckdb

from state.plans import Proposal
from tools.ledger import find_receipt, once

_PREFIX: Final = "proposal:"


def keep_proposal(connection: duckdb.DuckDBPyConnection, step_id: str, proposal: Proposal) -> None:
    """Keep what is done instead of a step; what was kept before stays."""
    once(connection, f"{_PREFIX}{step_id}", lambda: proposal.model_dump(mode="json"))


def read_proposals(connection: duckdb.DuckDBPyConnection, steps: Iterable[str]) -> dict[str, Proposal]:
    """Return what was proposed, by the table of the step that it is for."""
    found = {step_id: find_receipt(connection, f"{_PREFIX}{step_id}") for step_id in sorted(steps)}
    return {
        step_id.partition(":")[2]: Proposal.model_validate(receipt)
        for step_id, receipt in found.items()
        if receipt is not None
    }
