"""Ballots counted: what every option has, at least and at most while ballots are outstanding, and what follows.

All sums are exact fractions, so the order in which ballots arrive changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from algorithms.voting.ballots import Counts, fault_of, votes_of, weights_of
from algorithms.voting.ranked import beats_all, pair_weights, points
from state.voting import Absence, Base, Electorate, Method, Motion, SealedBallot, VotingRule, share

_ZERO = Fraction(0)
_SHARES = frozenset({Method.SIMPLE, Method.QUALIFIED, Method.UNANIMITY, Method.WEIGHTED})


@dataclass(slots=True)
class Count:
    """Ballots by voter and what options have at least and at most."""

    motion: Motion
    electorate: Electorate
    given: tuple[SealedBallot, ...]
    absences: tuple[Absence, ...]
    outstanding: tuple[str, ...] = ()
    weights: dict[str, Counts] = field(default_factory=dict)
    low: dict[str, Fraction] = field(default_factory=dict)
    high: dict[str, Fraction] = field(default_factory=dict)
    base_low: Fraction = _ZERO  # weight of the base without the outstanding
    base_high: Fraction = _ZERO
    to_come: Fraction = _ZERO  # most weight of the outstanding

    def __post_init__(self) -> None:
        voters = self.electorate.voters
        by_voter = _by_voter(self.given, self.absences, self.motion, voters)
        absent = {absence.voter for absence in self.absences}
        self.outstanding = tuple(voter for voter in voters if voter not in by_voter and voter not in absent)
        self.given = tuple(by_voter[voter] for voter in voters if voter in by_voter)
        self.weights = weights_of(self.electorate, self.rule, by_voter, self.outstanding)
        self.to_come = sum((self.weights[voter].high for voter in self.outstanding), _ZERO)
        self.low = self._sums([(ballot, self.weights[ballot.voter].low) for ballot in self.given])
        self.high = self._sums([(ballot, self.weights[ballot.voter].high) for ballot in self.given])
        based = [self.weights[voter] for voter in voters if self._based(voter, by_voter)]
        self.base_low = sum((counts.low for counts in based), _ZERO)
        self.base_high = sum((counts.high for counts in based), _ZERO)

    @property
    def rule(self) -> VotingRule:
        """The rule of the vote."""
        return self.motion.rule

    @property
    def spoken(self) -> bool:
        """Whether somebody with a weight speaks for an option."""
        return any(self.high.values())

    def _based(self, voter: str, by_voter: dict[str, SealedBallot]) -> bool:
        if voter in self.outstanding:
            return False
        if self.rule.base is Base.ALL:
            return True
        return voter in by_voter and (self.rule.base is Base.PRESENT or not by_voter[voter].abstains)

    def _sums(self, weighed: Sequence[tuple[SealedBallot, Fraction]]) -> dict[str, Fraction]:
        """Return votes, approvals or points by option."""
        sums = dict.fromkeys(self.motion.options, _ZERO)
        for ballot, weight in weighed:
            options = votes_of(ballot, self.rule.method)
            if self.rule.method is Method.RANKED and options:
                for option, number in points(self.motion.options, options).items():
                    sums[option] += weight * number
            elif self.rule.method is not Method.RANKED:
                for option in options:
                    sums[option] += weight
        return sums

    def decide(self) -> tuple[str | None, str, tuple[str, ...]]:
        """Return winner, reason and tied options once nothing is outstanding."""
        missing = self._quorum_missing(len(self.given))
        if missing:
            return None, missing, ()
        if not self.spoken:
            return None, "nobody with a weight voted for an option", ()
        if self.rule.method in _SHARES:
            return self._by_share()
        champion = self._beats_all(_ZERO) if self.rule.method is Method.RANKED else None
        if champion is not None:
            return champion, f"{champion!r} beats every other in pairs", ()
        most = max(self.low.values())
        tied = tuple(option for option in self.motion.options if self.low[option] == most)
        what = {Method.PLURALITY: "votes", Method.APPROVAL: "approvals"}.get(self.rule.method, "points")
        reason = f"{tied[0]!r} has the most {what}"
        if len(tied) == 1:
            return tied[0], reason, ()
        return tied[0], f"{_listed(tied)} have the most {what}; {tied[0]!r} is stated first", tied

    def _by_share(self) -> tuple[str | None, str, tuple[str, ...]]:
        leader = max(self.motion.options, key=lambda option: self.low[option])
        reached = self.low[leader] / self.base_low
        told = f"{leader!r} has {_percent(reached)} of {_base_in_words(self.rule)}"
        if self._suffices(reached):
            return leader, told, ()
        return None, f"{told}; {_needed(self.rule)}", ()

    def _suffices(self, reached: Fraction) -> bool:
        if self.rule.method is Method.UNANIMITY:
            return reached == 1
        threshold = share(self.rule.threshold) if self.rule.method is Method.QUALIFIED else _ZERO
        return reached > Fraction(1, 2) and reached >= threshold

    def certain(self) -> tuple[str | None, str] | None:
        """Return winner and reason where no outstanding ballot can change the winner."""
        missing = self._quorum_missing(len(self.given) + len(self.outstanding))
        if missing:
            return None, missing
        if self.rule.method in _SHARES and self._out_of_reach():
            return None, f"no option can reach what is needed: {_needed(self.rule)}"
        if self._quorum_missing(len(self.given)) or not self.spoken:
            return None
        leader = self._certain_leader()
        return None if leader is None else (leader, f"the lead of {leader!r} cannot be caught")

    def _certain_leader(self) -> str | None:
        if self.rule.method is Method.RANKED:
            return self._beats_all(self.to_come)
        leader = max(self.motion.options, key=lambda option: self.low[option])
        if self.rule.method in _SHARES:
            others = sum((weight for option, weight in self.high.items() if option != leader), _ZERO)
            rest = self.base_high - sum(self.high.values(), _ZERO)  # abstentions and absences that count
            worst = self.low[leader] + others + rest + self.to_come
            return leader if self._suffices(self.low[leader] / worst) else None
        order = self.motion.options.index
        caught = (
            self.low[leader] < self.high[option] + self.to_come
            or (self.low[leader] == self.high[option] + self.to_come and order(option) < order(leader))
            for option in self.motion.options
            if option != leader
        )
        return None if any(caught) else leader

    def _out_of_reach(self) -> bool:
        """Whether no option suffices even with all outstanding ballots."""
        for option in self.motion.options:
            best = self.high[option] + self.to_come
            others = sum((weight for other, weight in self.low.items() if other != option), _ZERO)
            rest = self.base_low - sum(self.low.values(), _ZERO)
            whole = best + others + rest
            if not whole or self._suffices(best / whole):
                return False
        return True

    def _beats_all(self, margin: Fraction) -> str | None:
        """Return who beats every other in pairs by more than the margin, however much correlated voters count."""
        options, method = self.motion.options, self.rule.method
        least = pair_weights(options, [(votes_of(one, method), self.weights[one.voter].low) for one in self.given])
        most = pair_weights(options, [(votes_of(one, method), self.weights[one.voter].high) for one in self.given])
        return beats_all(options, least, most, margin)

    def _quorum_missing(self, present: int) -> str:
        """Return what is said where so many present are too few, else nothing."""
        voters = len(self.electorate.voters)
        if present >= share(self.rule.quorum) * voters:
            return ""
        return f"no quorum: {present} of {voters} voters present, {_percent(share(self.rule.quorum))} needed"


def in_number(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _by_voter(
    ballots: Sequence[SealedBallot], absences: Sequence[Absence], motion: Motion, voters: Sequence[str]
) -> dict[str, SealedBallot]:
    """Return the ballot of each voter; ValueError for malformed, doubled and contradictory ones."""
    found: dict[str, SealedBallot] = {}
    absent = {absence.voter for absence in absences}
    for ballot in ballots:
        fault = fault_of(ballot, motion, voters)
        if fault is None and ballot.voter in found:
            fault = "there is another of this voter"
        if fault is None and ballot.voter in absent:
            fault = "its voter is said to be absent"
        if fault is not None:
            raise ValueError(f"the ballot of {ballot.voter!r} does not count: {fault}")
        found[ballot.voter] = ballot
    return found


def _base_in_words(rule: VotingRule) -> str:
    what = {Base.VOTES: "votes", Base.PRESENT: "those present", Base.ALL: "all voters"}[rule.base]
    return f"{what}, by weight" if rule.counts_weights else what


def _needed(rule: VotingRule) -> str:
    if rule.method is Method.UNANIMITY:
        return "all are needed"
    if rule.method is Method.QUALIFIED:
        return f"at least {_percent(share(rule.threshold))} are needed"
    return "more than half is needed"


def _percent(part: Fraction) -> str:
    return f"{float(part):.1%}".replace(".0%", "%")


def _listed(options: Sequence[str]) -> str:
    return ", ".join(map(repr, options[:-1])) + f" and {options[-1]!r}"
