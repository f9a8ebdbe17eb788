"""Quorums: how far a group has come, and whether a vote is won.

A configuration is one group of voters, or two while it changes (joint consensus, section 6 of the Raft paper): then
both must agree. The empty group agrees to everything, so that a second group may be absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

WITHOUT_BOUND = 2**64 - 1
"""How far the empty group has come: it holds nobody back."""


class VoteResult(StrEnum):
    """How a vote stands."""

    WON = "won"
    LOST = "lost"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Who must agree: a majority of `voters`, and while the group changes one of `outgoing` as well."""

    voters: frozenset[int]
    outgoing: frozenset[int] = frozenset()

    @property
    def members(self) -> frozenset[int]:
        """All who vote in either group."""
        return self.voters | self.outgoing

    def reached(self, indexes: Mapping[int, int]) -> int:
        """Return the largest index that a quorum has; voters that are not named have none."""
        return min(_reached(self.voters, indexes), _reached(self.outgoing, indexes))

    def result(self, votes: Mapping[int, bool]) -> VoteResult:
        """Return how a vote stands; voters that are not named have not voted."""
        results = {_result(self.voters, votes), _result(self.outgoing, votes)}
        if VoteResult.LOST in results:
            return VoteResult.LOST
        return VoteResult.PENDING if VoteResult.PENDING in results else VoteResult.WON


def majority(size: int) -> int:
    """Return how many of `size` voters are more than half."""
    return size // 2 + 1


def _reached(group: frozenset[int], indexes: Mapping[int, int]) -> int:
    if not group:
        return WITHOUT_BOUND
    ranked = sorted((indexes.get(voter, 0) for voter in group), reverse=True)
    return ranked[majority(len(group)) - 1]


def _result(group: frozenset[int], votes: Mapping[int, bool]) -> VoteResult:
    if not group:
        return VoteResult.WON
    needed = majority(len(group))
    cast = [votes[voter] for voter in group if voter in votes]
    if sum(cast) >= needed:
        return VoteResult.WON
    return VoteResult.PENDING if sum(cast) + len(group) - len(cast) >= needed else VoteResult.LOST
