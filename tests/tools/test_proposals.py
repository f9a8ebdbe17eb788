"""Proposals are kept once, and of one table the last counts."""

from pathlib import Path

from state.plans import Proposal
from tools.proposals import keep_proposal, read_proposals
from tools.workspace import open_workspace

FIRST, SECOND, OTHER = (Proposal(actions=(name,), by="sim") for name in ("first", "second", "other"))


def test_the_last_proposal_of_a_table_counts_whatever_its_step_is_called(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as connection:
        keep_proposal(connection, "format:t", FIRST, ())
        keep_proposal(connection, "conform:t", SECOND, {"format:t"})
        keep_proposal(connection, "conform:u:v", OTHER, {"format:t", "conform:t"})
    with open_workspace(tmp_path) as connection:
        both = {"format:t", "conform:t", "map:t"}
        assert read_proposals(connection, both) == {"t": SECOND}
        assert read_proposals(connection, {"format:t"}) == {"t": FIRST}  # the step of the second is not given up
        assert read_proposals(connection, {"conform:u:v"}) == {"u:v": OTHER}
        keep_proposal(connection, "conform:t", OTHER, ())
        assert read_proposals(connection, both) == {"t": SECOND}
