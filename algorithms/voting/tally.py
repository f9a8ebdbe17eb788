"""Counting ballots: the result of a vote, and whether it is certain before all ballots are in.

All sums are exact fractions, so the order in which ballots arrive changes nothing. Ties are decided by the stated
order of the options, and said to be.
"""

from collections.abc import Iterable

from algorithms.voting.count import Count, in_number
from state.voting import Absence, AbsenceKind, Electorate, Motion, SealedBallot, VotingResult


def tally(
    motion: Motion,
    electorate: Electorate,
    ballots: Iterable[SealedBallot],
    absences: Iterable[Absence] = (),
    *,
    round_: int = 1,
) -> VotingResult:
    """Return the result with the ballots there are; who is neither present nor absent has failed to answer.

    ValueError for a malformed ballot, a second one of a voter, and an absence of somebody who voted.
    """
    count = Count(motion, electorate, tuple(ballots), tuple(absences))
    missing = tuple(Absence(voter=voter, kind=AbsenceKind.FAILED, reason="no ballot") for voter in count.outstanding)
    if missing:
        count = Count(motion, electorate, count.given, (*count.absences, *missing))
    return _result(count, *count.decide(), round_)


def certain(
    motion: Motion,
    electorate: Electorate,
    ballots: Iterable[SealedBallot],
    absences: Iterable[Absence] = (),
    *,
    round_: int = 1,
) -> VotingResult | None:
    """Return the result if no outstanding ballot can change who wins, else None; errors as in `tally`.

    Sound, not complete: with weights of correlated voters or ranked ballots it may wait for a ballot it did not need.
    """
    count = Count(motion, electorate, tuple(ballots), tuple(absences))
    if not count.outstanding:
        return _result(count, *count.decide(), round_)
    ending = count.certain()
    if ending is None:
        return None
    winner, reason = ending
    left = tuple(Absence(voter=voter, kind=AbsenceKind.NOT_AWAITED) for voter in count.outstanding)
    result = _result(count, winner, f"{reason}; {in_number(len(left), 'ballot')} not awaited", (), round_)
    return result.model_copy(update={"stopped_early": True, "absent": (*count.absences, *left)})


def _result(count: Count, winner: str | None, reason: str, tied: tuple[str, ...], round_: int) -> VotingResult:
    return VotingResult(
        motion_id=count.motion.motion_id,
        winner=winner,
        reason=reason,
        tally={option: float(weight) for option, weight in count.low.items()},
        present=len(count.given),
        voters=len(count.electorate.voters),
        abstained=tuple(ballot.voter for ballot in count.given if ballot.abstains),
        absent=count.absences,
        round=round_,
        tied=tied,
    )
