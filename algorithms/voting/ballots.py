"""What is wrong with a ballot, and how much each counts."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from state.voting import Base, Electorate, Method, Motion, SealedBallot, VotingRule, share


def fault_of(ballot: SealedBallot, motion: Motion, voters: Sequence[str]) -> str | None:
    """Return why a ballot is malformed, or None."""
    if ballot.voter not in voters:
        return f"{ballot.voter!r} is no voter"
    if ballot.abstains:
        return None
    named = (*(() if ballot.choice is None else (ballot.choice,)), *ballot.ranking, *ballot.approvals)
    unknown = next((option for option in named if option not in motion.options), None)
    if unknown is not None:
        return f"{unknown!r} is no option"
    if any(len({*several}) < len(several) for several in (ballot.ranking, ballot.approvals)):
        return "an option is named twice"
    if not votes_of(ballot, motion.rule.method):
        return f"it says nothing that a vote by {motion.rule.method.value} counts"
    return None


def votes_of(ballot: SealedBallot, method: Method) -> tuple[str, ...]:
    """Return the options a ballot speaks for, as the method reads it: ranked ones best first."""
    choice = () if ballot.choice is None else (ballot.choice,)
    if method is Method.RANKED:
        return ballot.ranking or choice
    if method is Method.APPROVAL:
        return ballot.approvals or choice
    return choice


class Counts(NamedTuple):
    """How much a voter counts at least and at most, whatever the outstanding voters do."""

    low: Fraction
    high: Fraction


def weights_of(
    electorate: Electorate, rule: VotingRule, ballots: Mapping[str, SealedBallot], outstanding: Iterable[str]
) -> dict[str, Counts]:
    """Return how much each voter counts; without outstanding voters least and most are equal.

    A voter counts 1, or its weight where the rule counts weights; then m members of a correlated group count together
    as m / (1 + (m-1) c), m being those of them that the rule's base holds.
    """
    if not rule.counts_weights:
        return {voter: Counts(Fraction(1), Fraction(1)) for voter in electorate.voters}
    waiting = {*outstanding}
    found = {}
    groups = {voter: group for group in electorate.groups for voter in group}
    for voter in electorate.voters:
        plain = Fraction(electorate.weights.get(voter, 1.0))
        group = groups.get(voter, (voter,))
        inside = {other for other in group if other == voter or _in_base(other, rule.base, ballots)}
        most = len(inside | (waiting & {*group}))
        correlation = share(electorate.correlation)
        found[voter] = Counts(_discounted(plain, most, correlation), _discounted(plain, len(inside), correlation))
    return found


def _in_base(voter: str, base: Base, ballots: Mapping[str, SealedBallot]) -> bool:
    if base is Base.ALL:
        return True
    ballot = ballots.get(voter)
    return ballot is not None and (base is Base.PRESENT or not ballot.abstains)


def _discounted(plain: Fraction, members: int, correlation: Fraction) -> Fraction:
    return plain / (1 + (members - 1) * correlation)
