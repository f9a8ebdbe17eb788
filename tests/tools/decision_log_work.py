"""Work on a decision log for the tests: one proposal a call; as a script it adopts several, one after the other."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from state.decision_log import Adopted, LogEntry, Proposal, ProposalKind, Ruling, StandingMapping, Verdict
from state.faults import FaultSchedule
from tools.decision_log.log import adopt

CONTRACT = "shop"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def proposal_of(name: str) -> Proposal:
    """A mapping of one source column that has this name."""
    content = StandingMapping(table="orders", matches={name: f"to {name}"}, reasons={name: "values 0.9"})
    return Proposal(kind=ProposalKind.MAPPING, contract=CONTRACT, run_id=f"run of {name}", mapping=content)


def accepting(member: str, _: Proposal, __: Sequence[LogEntry], ___: Adopted) -> Verdict:
    """Accept."""
    return Verdict(member=member, accepts=True, reason="seen")


def adopt_names(home: Path, names: Sequence[str], schedule: FaultSchedule | None = None) -> tuple[Ruling, ...]:
    """Propose a mapping for each name, all in one session."""
    proposals = [proposal_of(name) for name in names]
    return adopt(home, CONTRACT, proposals, accepting, schedule or FaultSchedule(), NOW)


if __name__ == "__main__":
    for one in sys.argv[2:]:
        assert all(ruling.adopted for ruling in adopt_names(Path(sys.argv[1]), [one]))
