"""Counting what the schema council scored: log-odds of each pair from all seats, or votes, or one seat alone.

Scores are turned into evidence by weights that belong to the aspect, never by what a member says of itself. One seat
adds a bounded amount, so that no seat decides against all others.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from algorithms.mapping_council import SEATS, Pair, Question, Scores
from state.resolution import Ballot

WEIGHTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "name": (10.0, 0.62),
        "values": (8.0, 0.3),
        "pattern": (4.0, 0.6),
        "type": (5.0, 0.9),
        "shapes": (4.0, 0.75),
        "numbers": (6.0, 0.75),
        "uniqueness": (3.0, 0.8),
        "dependencies": (6.0, 0.85),
        "adopted": (12.0, 0.5),
    }
)
"""Weight of each kind of evidence and the score at which it speaks neither for nor against.

A score s adds weight x (s - neutral) to the log-odds that the pair is right. The figures are set by judgement, not
fitted: a type or a shape that fits is hardly evidence, one that does not fit nearly excludes. Names see the same thing,
so that the best of them counts, once; so do looks (`shape`) that agree.
"""

BAR = 0.5
"""A pair must be more likely right than wrong."""

BEST_SEAT = "names"
"""The seat that does best alone where headers say anything; a contract seldom knows values. See the suite `mapping`."""

_PRIOR = -0.5  # log-odds of a pair of which nothing is known
_NO_NAME = 0.2  # a name that is not alike says no more than this: there are synonyms and other languages
_NAMES = frozenset(SEATS["names"])  # they see the same thing, so that the best of them counts, once


class Counting(StrEnum):
    """How the council decides; the values of the setting `patterns.council`."""

    WEIGHTED = "weighted"  # the evidence of all seats adds up
    MAJORITY = "majority"  # each seat has one vote for each contract column
    OFF = "off"  # the seat that does best alone


class Weighed(NamedTuple):
    """A pair's probability to be right, its log-odds, and the kinds of evidence that spoke."""

    score: float
    log_odds: float
    kinds: Mapping[str, float]

    def reason(self) -> str:
        """Return the evidence in words."""
        return told_kinds(self.kinds)


def told_kinds(kinds: Mapping[str, float]) -> str:
    """Return kinds of evidence with their scores in words."""
    return ", ".join(f"{kind} {score:.2f}" for kind, score in kinds.items())


def weigh(question: Question, by_seat: Mapping[str, Scores], counting: Counting) -> dict[Pair, Weighed]:
    """Return for each pair that was asked about how likely it is right."""
    if counting is Counting.MAJORITY:
        return _majority(question, by_seat)
    counted = {BEST_SEAT: by_seat.get(BEST_SEAT, {})} if counting is Counting.OFF else by_seat
    return {pair: _weighed(kinds_of(pair, counted)) for pair in question.pairs}


def kinds_of(pair: Pair, by_seat: Mapping[str, Scores]) -> dict[str, float]:
    """Return the scores of a pair by kind of evidence, in the order of the weights."""
    said: dict[str, float] = {}
    for scores in by_seat.values():
        said |= scores.get(pair, {})
    return _kinds(said)


def combine(scores: Mapping[str, float | None]) -> float:
    """Return the probability that a pair is right from the scores of the aspects; see `WEIGHTS`."""
    return _weighed(_kinds({name: score for name, score in scores.items() if score is not None})).score


def evidence_of(said: Mapping[str, float]) -> float:
    """Return what scores on a pair add to its log-odds: of looks that agree only the best counts."""
    parts = {
        kind: WEIGHTS[kind][0] * ((max(score, _NO_NAME) if kind == "name" else score) - WEIGHTS[kind][1])
        for kind, score in _kinds(said).items()
    }
    looks = [parts.pop(kind) for kind in SEATS["shape"] if kind in parts]
    return sum(parts.values()) + max([0.0, *looks]) + sum(min(each, 0.0) for each in looks)


def ballots_of(by_seat: Mapping[str, Scores], question: Question) -> dict[int, dict[str, Ballot]]:
    """Return for each contract column the ballot of each seat: the one source it prefers, or an abstention."""
    found: dict[int, dict[str, Ballot]] = defaultdict(dict)
    for seat, scores in by_seat.items():
        for target, choices in _choices(scores).items():
            best = max(evidence for _, evidence in choices)
            names = [question.prepared.sources[source].column.name for source, each in choices if each == best]
            told = "nothing speaks for any source" if best <= 0 else f"{len(names)} sources are equally good"
            if best > 0 and len(names) == 1:
                source = next(place for place, each in choices if each == best)
                told = told_kinds(_kinds(scores[source, target]))
            choice = names[0] if best > 0 and len(names) == 1 else None
            found[target][seat] = Ballot(voter=seat, choice=choice, confidence=0.0, reason=told)
    return found


def _choices(scores: Scores) -> dict[int, list[tuple[int, float]]]:
    """Return for each contract column the sources that were scored, with the evidence for each."""
    found: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (source, target), said in sorted(scores.items()):
        found[target].append((source, evidence_of(said)))
    return found


def _majority(question: Question, by_seat: Mapping[str, Scores]) -> dict[Pair, Weighed]:
    """Return for each pair its share of the votes on the contract column; abstentions do not count."""
    places = {each.column.name: place for place, each in enumerate(question.prepared.sources)}
    votes = {
        target: [places[ballot.choice] for ballot in ballots.values() if ballot.choice is not None]
        for target, ballots in ballots_of(by_seat, question).items()
    }
    found = {}
    for source, target in question.pairs:
        cast = votes.get(target, [])
        share = cast.count(source) / len(cast) if cast else 0.0
        # All votes are no certainty: one more vote against is imagined, as for any share of few.
        score = share * len(cast) / (len(cast) + 1) if share > BAR else share / 2
        odds = math.log(score / (1 - score)) if score else -math.inf
        found[source, target] = Weighed(BAR + score / 2 if share > BAR else score, odds, {"votes": share})
    return found


def _kinds(said: Mapping[str, float]) -> dict[str, float]:
    """Return the scores by kind of evidence, those on names as one."""
    names = [score for name, score in said.items() if name in _NAMES]
    found = {"name": max(names)} if names else {}
    return found | {kind: said[kind] for kind in WEIGHTS if kind != "name" and kind in said}


def _weighed(kinds: Mapping[str, float]) -> Weighed:
    log_odds = _PRIOR + evidence_of(kinds)
    return Weighed(1.0 / (1.0 + math.exp(-log_odds)), log_odds, kinds)
