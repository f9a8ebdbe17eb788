"""Decompositions that a model proposed and the planner accepted, in the ledger of the run, by the step they are for."""

from collections.abc import Collection, Iterable
from typing import Final

import duckdb

from state.plans import Proposal
from tools.ledger import find_receipt, once

_PREFIX: Final = "proposal:"


def keep_proposal(
    connection: duckdb.DuckDBPyConnection, step_id: str, proposal: Proposal, given_up: Collection[str]
) -> None:
    """Keep what is done instead of a step, others being given up before; what was kept before stays."""
    receipt = {"place": len(given_up), "proposal": proposal.model_dump(mode="json")}
    once(connection, f"{_PREFIX}{step_id}", lambda: receipt)


def read_proposals(connection: duckdb.DuckDBPyConnection, steps: Iterable[str]) -> dict[str, Proposal]:
    """Return what was proposed instead of the steps, by table; of a table the last, which builds on those before."""
    found = [(step_id, find_receipt(connection, f"{_PREFIX}{step_id}")) for step_id in sorted(steps)]
    kept = [(receipt["place"], step_id, receipt["proposal"]) for step_id, receipt in found if receipt is not None]
    return {
        step_id.partition(":")[2]: Proposal.model_validate(proposal)
        for _, step_id, proposal in sorted(kept, key=lambda one: one[:2])
    }
