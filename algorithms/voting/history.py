"""What the history of votes teaches: who was right, once it is known what was."""

from collections.abc import Iterable, Mapping

from algorithms.voting.ballots import votes_of
from state.voting import VotingRecord


def outcomes(history: Iterable[VotingRecord], truths: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Return how often each voter was right and wrong, in the votes whose right option is known by motion id.

    A voter is right whose ballot speaks for the right option before all others: its choice, its first rank, or one of
    its approvals. Abstentions and absences count neither way. `algorithms.voting.reliability.reliabilities` makes
    weights of it.
    """
    found: dict[str, tuple[int, int]] = {}
    for record in history:
        truth = truths.get(record.motion.motion_id)
        if truth is None:
            continue
        method = record.motion.rule.method
        for ballot in record.ballots:
            spoken = votes_of(ballot, method)
            if spoken:
                is_right = truth in (spoken if ballot.approvals and not ballot.ranking else spoken[:1])
                right, wrong = found.get(ballot.voter, (0, 0))
                found[ballot.voter] = (right + is_right, wrong + (not is_right))
    return found
