import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_count import erratic, follow
from evals.consensus.vote_bugs import BUGS
from evals.consensus.vote_runs import broken_by_one_more, drawn_vote, find_bug, united_vote
from evals.consensus.vote_safety import motion_of
from evals.consensus.vote_traitors import KeyedHash
from state.byzantine import BallotMessage, Board, Deed, SignedBallot
from state.values import digest
from tools.signing import key_ring

NAMES = ("ann", "bob", "cyd", "dan")
MOTION = motion_of(("yes", "no"))


def group() -> list[ByzantineVoter]:
    keys = KeyedHash(NAMES)
    return [ByzantineVoter(place, NAMES, 1, MOTION, keys.signer(name), keys) for place, name in enumerate(NAMES)]


def exchange(voters: list[ByzantineVoter], messages: list[BallotMessage]) -> None:
    while messages:
        for message in messages:
            voters[message.recipient].receive(message)
        messages = [message for voter in voters for message in voter.step()]
    for voter in voters:
        voter.step()


def vote(voters: list[ByzantineVoter], *choices: str | None) -> None:
    exchange(voters, [message for voter, choice in zip(voters, choices, strict=True) for message in voter.cast(choice)])


@pytest.mark.parametrize("number", [4, 5, 6, 7, 10])
@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_up_to_f_traitors_never_break_a_property(number: int, seed: int) -> None:
    assert drawn_vote(seed, number).violation is None


def test_ten_traitors_of_thirty_one_break_nothing() -> None:
    assert drawn_vote(1, 31, traitors=10).violation is None


@pytest.mark.parametrize("number", [4, 7, 10, 31])
def test_one_traitor_more_than_f_can_break_agreement(number: int) -> None:
    tolerance = (number - 1) // 3
    assert broken_by_one_more(number, tolerance).violation is None
    broken = broken_by_one_more(number, tolerance + 1)
    assert len(broken.winners) == 2
    assert broken.violation is not None
    assert broken.violation.startswith("agreement")


@pytest.mark.parametrize("name", BUGS)
def test_every_planted_bug_is_found(name: str) -> None:
    assert find_bug(BUGS[name]) is not None


@pytest.mark.parametrize("number", [4, 7, 10])
def test_messages_are_those_of_the_paper_where_nothing_goes_wrong(number: int) -> None:
    """Everyone sends its ballot to all, and everyone passes each on to all who have not signed it."""
    assert united_vote(number).messages == number * (number - 1) + number * (number - 1) * (number - 2)


def test_too_few_voters_are_refused() -> None:
    keys = KeyedHash(NAMES)
    with pytest.raises(ValueError, match="3f\\+1"):
        ByzantineVoter(0, NAMES[:3], 1, MOTION, keys.signer("ann"), keys)


def test_ballots_are_cast_in_turn_and_for_options() -> None:
    voter = group()[0]
    with pytest.raises(ValueError, match="no option"):
        voter.cast("perhaps")
    voter.cast("yes")
    with pytest.raises(ValueError, match="no ballot is awaited"):
        voter.cast("yes")


def test_three_of_four_adopt() -> None:
    voters = group()
    vote(voters, "yes", "yes", "no", "yes")
    for voter in voters:
        assert voter.result is not None
        assert (voter.result.winner, voter.result.fallback) == ("yes", "")
        assert voter.result.reason == "'yes' has 3 of 4 votes; 3 are needed"


def test_voters_that_do_not_move_fall_back_to_the_majority_and_say_so() -> None:
    voters = group()
    for _ in range(2):
        vote(voters, "yes", "yes", "no", None)
    for voter in voters:
        assert voter.result is not None
        assert voter.result.winner == "yes"
        assert voter.result.fallback == "no option has 3 of 4 votes after round 2: the simple majority decides"
    voters = group()
    for _ in range(2):
        vote(voters, "yes", "yes", "no", "no")
    assert voters[0].result is not None
    assert voters[0].result.winner is None


def test_an_equivocator_is_named_with_a_proof_and_does_not_count() -> None:
    voters, keys = group(), KeyedHash(NAMES)
    honest = [message for voter in voters[:3] for message in voter.cast("yes" if voter.place else "no")]
    for to, choice in ((0, "yes"), (1, "no"), (2, "yes")):
        blank = SignedBallot(digest(MOTION), 1, 3, choice, ())
        mark = ((3, keys.mark("dan", blank.content)),)
        honest.append(BallotMessage(3, to, digest(MOTION), 1, SignedBallot(blank.motion, 1, 3, choice, mark)))
    exchange(voters, honest)
    for voter in voters[:3]:
        assert [(one.voter, one.deed) for one in voter.suspicions] == [(3, Deed.EQUIVOCATION)]
        assert {ballot.choice for ballot in voter.suspicions[0].proof} == {"yes", "no"}
        assert voter.boards[0].choices == {0: "no", 1: "yes", 2: "yes"}


def test_real_signatures_serve_as_well() -> None:
    signers, verifier = key_ring(NAMES)
    voters = [ByzantineVoter(place, NAMES, 1, MOTION, signers[name], verifier) for place, name in enumerate(NAMES)]
    vote(voters, "no", "no", "no", "yes")
    assert {voter.result.winner for voter in voters if voter.result} == {"no"}
    assert not any(voter.suspicions for voter in voters)


def boards(*rounds: str) -> list[Board]:
    return [
        Board(number, {place: {"y": "yes", "n": "no", ".": ""}[vote] for place, vote in enumerate(votes)}, frozenset())
        for number, votes in enumerate(rounds, start=1)
    ]


@pytest.mark.parametrize(
    ("rounds", "named"),
    [
        (("yyn", "yyy"), []),  # joins the majority
        (("yyn", "ynn"), [1]),  # leaves the majority
        (("yn.", "yn."), []),
        (("yn.", "yny", "yyy"), []),
        (("ynn", "nnn", "ynn"), [0]),  # comes back
        (("y..", "...", "y.."), []),  # was silent in between
    ],
)
def test_who_goes_back_or_leaves_the_many_is_erratic(rounds: tuple[str, ...], named: list[int]) -> None:
    assert erratic(boards(*rounds)) == [(place, Deed.ERRATIC) for place in named]


@given(st.lists(st.text("yn.", min_size=5, max_size=5), min_size=1, max_size=1), st.text("yn.", min_size=8, max_size=8))
def test_who_follows_is_never_erratic(first: list[str], others: str) -> None:
    seen = boards(*first)
    for chance in (others[:4], others[4:]):
        own = follow(seen, 4, ("yes", "no")) or ""
        choices = {place: {"y": "yes", "n": "no", ".": ""}[vote] for place, vote in enumerate(chance)}
        seen.append(Board(len(seen) + 1, {**choices, 4: own}, frozenset()))
        assert (4, Deed.ERRATIC) not in erratic(seen)
