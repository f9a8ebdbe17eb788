"""What honest voters conclude from the boards they all have: adoption, erratic voters, the fallback."""

from collections.abc import Sequence
from itertools import pairwise

from algorithms.voting.tally import tally
from state.byzantine import Board, Deed, Suspicion
from state.voting import Absence, AbsenceKind, Electorate, Method, Motion, SealedBallot, VotingResult, VotingRule


def adopted(
    motion: Motion, voters: Sequence[str], tolerance: int, boards: Sequence[Board], suspicions: Sequence[Suspicion]
) -> VotingResult | None:
    """Return the result if n-f ballots of the last board name one option, else None."""
    votes = list(boards[-1].choices.values())
    needed = len(voters) - tolerance
    winner = next((option for option in motion.options if votes.count(option) >= needed), None)
    if winner is None:
        return None
    reason = f"{winner!r} has {votes.count(winner)} of {len(voters)} votes; {needed} are needed"
    counted = _counted(motion, voters, boards, suspicions)
    return counted.model_copy(update={"winner": winner, "reason": reason})


def fallback(
    motion: Motion, voters: Sequence[str], tolerance: int, boards: Sequence[Board], suspicions: Sequence[Suspicion]
) -> VotingResult:
    """Return what the simple majority of the last board says, and that it is only that."""
    needed = len(voters) - tolerance
    told = f"no option has {needed} of {len(voters)} votes after round {boards[-1].round}: the simple majority decides"
    return _counted(motion, voters, boards, suspicions).model_copy(update={"fallback": told})


def erratic(boards: Sequence[Board]) -> list[tuple[int, Deed]]:
    """Return the voters that went back to an option they had left, or left one for one with fewer votes before."""
    found = []
    for voter in sorted(boards[-1].choices):
        path = [(board, board.choices.get(voter)) for board in boards if board.choices.get(voter)]
        if any(_went_astray(before, old or "", new or "") for (before, old), (_, new) in pairwise(path)) or _went_back(
            [choice for _, choice in path]
        ):
            found.append((voter, Deed.ERRATIC))
    return found


def follow(boards: Sequence[Board], place: int, options: Sequence[str]) -> str | None:
    """Return the choice for the next round of a voter that yields to the others and is never erratic.

    It goes over to the option with the most votes (of equal ones the first stated) where that has more than its own
    and it has not left it before; else it stays.
    """
    path = [board.choices.get(place, "") for board in boards]
    votes = list(boards[-1].choices.values())
    leader = max(options, key=votes.count)
    own = path[-1]
    if leader != own and leader not in path and votes.count(leader) > (votes.count(own) if own else 0):
        return leader
    return own or None


def _went_astray(before: Board, old: str, new: str) -> bool:
    votes = list(before.choices.values())
    return votes.count(new) < votes.count(old)


def _went_back(path: Sequence[str | None]) -> bool:
    moves = [choice for place, choice in enumerate(path) if place == 0 or choice != path[place - 1]]
    return len({*moves}) < len(moves)


def _counted(
    motion: Motion, voters: Sequence[str], boards: Sequence[Board], suspicions: Sequence[Suspicion]
) -> VotingResult:
    """Return the count of the last board by simple majority; equivocators and silent voters are named."""
    board = boards[-1]
    ballots = [SealedBallot(voter=voters[place], choice=choice or None) for place, choice in board.choices.items()]
    absences = [
        Absence(
            voter=voters[place],
            kind=AbsenceKind.MALFORMED if place in board.equivocators else AbsenceKind.FAILED,
            reason="equivocated" if place in board.equivocators else "no ballot that counts",
        )
        for place in range(len(voters))
        if place not in board.choices
    ]
    by_majority = VotingRule(method=Method.SIMPLE, quorum=motion.rule.quorum)
    simple = motion.model_copy(update={"rule": by_majority})
    result = tally(simple, Electorate(voters=tuple(voters)), ballots, absences, round_=board.round)
    deeds: dict[str, str] = {}
    for suspicion in suspicions:
        name, deed = voters[suspicion.voter], suspicion.deed.value
        deeds[name] = f"{deeds[name]}, {deed}" if name in deeds else deed
    return result.model_copy(update={"suspicious": deeds})
