from algorithms.voting.history import outcomes
from algorithms.voting.tally import tally
from state.voting import Electorate, Method, Motion, SealedBallot, VotingRecord, VotingRule


def held(motion_id: str, *ballots: SealedBallot, method: Method = Method.PLURALITY) -> VotingRecord:
    motion = Motion(motion_id=motion_id, subject="s", options=("a", "b"), rule=VotingRule(method=method))
    electorate = Electorate(voters=tuple(ballot.voter for ballot in ballots))
    result = tally(motion, electorate, ballots)
    return VotingRecord(motion=motion, electorate=electorate, ballots=ballots, result=result)


def test_whoever_spoke_for_the_right_option_was_right() -> None:
    history = [
        held("1", SealedBallot(voter="x", choice="a"), SealedBallot(voter="y", choice="b"), SealedBallot(voter="z")),
        held("2", SealedBallot(voter="x", ranking=("b", "a")), method=Method.RANKED),
        held("3", SealedBallot(voter="x", approvals=("a", "b")), method=Method.APPROVAL),
        held("4", SealedBallot(voter="x", choice="a")),
    ]
    assert outcomes(history, {"1": "a", "2": "a", "3": "b"}) == {"x": (2, 1), "y": (0, 1)}
    assert outcomes(history, {}) == {}
