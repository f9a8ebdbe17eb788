"""Counting what the council on formats says to one question.

Who knows comes first: what the contract states and what texts say that read in one way only. They must be of one mind,
and nobody overrules them; where they are not, or where somebody's own evidence contradicts itself and the contract does
not say, the question stays open: nothing is guessed. Where nobody knows, the others conclude: they vote with the weight
of their kind of evidence (`algorithms.voting`), and what is not clearly more likely stays open as well.
"""

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from algorithms.format_questions import Kind, Vote
from algorithms.mapping_tally import Counting
from algorithms.voting.reliability import weight
from algorithms.voting.tally import tally
from state.voting import Electorate, Method, Motion, SealedBallot, VotingRule

RELIABILITY: Mapping[Kind, float] = MappingProxyType(
    {
        Kind.STATED: 1.0,
        Kind.TEXTS: 1.0,
        Kind.HEADER: 1.0,
        Kind.BOUNDS: 0.95,
        Kind.FILES: 0.95,
        Kind.WHOLE: 0.9,
        Kind.POINTS: 0.9,
        Kind.NAME: 0.9,
        Kind.ADOPTED: 0.9,
        Kind.BESIDE: 0.85,
        Kind.RHYTHM: 0.9,
        Kind.PLAUSIBLE: 0.8,
        Kind.NOTATION: 0.8,
    }
)
"""How often each kind of evidence is thought to be right. Set by judgement, the same for all tables."""

KNOWS = frozenset({Kind.STATED, Kind.BOUNDS, Kind.TEXTS, Kind.HEADER})
OPEN = 0.5
"""Confidence in an answer that leaves something unread."""

BAR = 0.75
"""What is concluded must be at least so likely."""

BEST_SEATS = ("contract", "shape")
"""Who is heard where the council is switched off."""


class Ruled(NamedTuple):
    """What a question is answered with (None: it stays open), how sure, and on whose word in words."""

    choice: str | None
    confidence: float
    reason: str


def rule(votes: Mapping[str, Vote], counting: Counting) -> Ruled:
    """Return the answer to one question by what each seat says."""
    if counting is Counting.OFF:
        votes = {seat: vote for seat, vote in votes.items() if seat in BEST_SEATS}
    stated = next((vote for vote in votes.values() if vote.choice and vote.kind in (Kind.STATED, Kind.BOUNDS)), None)
    torn = next((vote for vote in votes.values() if vote.kind is Kind.CONFLICT), None)
    if torn is not None and stated is None:
        return Ruled(None, OPEN, torn.reason)
    cast = tuple((seat, vote.choice, vote.kind) for seat, vote in votes.items() if vote.choice is not None)
    winner, confidence = _counted(cast, counting)
    if winner is None:
        told = f"{stated.reason}, but the values contradict it" if stated else ""
        return Ruled(None, OPEN, told)
    reasons = [vote.reason for vote in votes.values() if vote.choice == winner and vote.kind is not Kind.TEXTS]
    known = any(kind in KNOWS for _, _, kind in cast)
    return Ruled(winner, confidence, stated.reason if stated else "" if known else "; ".join(reasons))


@lru_cache(maxsize=4096)
def _counted(cast: tuple[tuple[str, str, Kind], ...], counting: Counting) -> tuple[str | None, float]:
    """Return who wins and how likely it is right; the same ballots are counted once."""
    knowing = tuple(each for each in cast if each[2] in KNOWS)
    if knowing:
        winner = _winner(knowing, Method.UNANIMITY)
        return winner, max(RELIABILITY[kind] for _, _, kind in knowing) if winner else OPEN
    if not cast:
        return None, OPEN
    winner = _winner(cast, Method.SIMPLE if counting is Counting.MAJORITY else Method.WEIGHTED)
    odds = sum(_weight(kind) * (1 if choice == winner else -1) for _, choice, kind in cast)
    likely = round(1.0 / (1.0 + math.exp(-odds)), 6)
    if counting is Counting.MAJORITY:
        agreed = sum(choice == winner for _, choice, _ in cast)
        likely = BAR + (1 - BAR) * agreed / (len(cast) + 1)
    return (winner, likely) if winner is not None and likely >= BAR else (None, OPEN)


def _winner(cast: tuple[tuple[str, str, Kind], ...], method: Method) -> str | None:
    voters = tuple(seat for seat, _, _ in cast)
    options = tuple(sorted({choice for _, choice, _ in cast}))
    motion = Motion(motion_id="format", subject="format", options=options, rule=VotingRule(method=method))
    weights = {seat: _weight(kind) for seat, _, kind in cast}
    electorate = Electorate(voters=voters, weights=weights)
    return tally(motion, electorate, [SealedBallot(voter=seat, choice=choice) for seat, choice, _ in cast]).winner


@cache
def _weight(kind: Kind) -> float:
    """Return what a vote on a kind of evidence weighs: its log-odds."""
    return float(weight(np.array([RELIABILITY[kind]]), 2)[0])
