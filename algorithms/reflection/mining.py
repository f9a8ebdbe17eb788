"""Patterns over the buffer of past runs, and which of them hold up.

Every context and action with enough runs is a candidate in both directions (better and worse than the rest; slower and
faster than estimated). A pattern holds when all of this is true:

- support: at least `SUPPORT` runs on both sides of the comparison, in the older part of the buffer;
- it is no luck: Fisher's exact test against the rest (times: the sign test against the estimate), with the false
  discovery rate controlled over all candidates;
- the 95 % lower bound of its share is above the share of the rest;
- the newest third of the runs, which the test did not see, confirms it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from algorithms.reflection.observations import AGENT, STEP, Key, Observation, by_key
from algorithms.reflection.statistics import LEVEL, discoveries, fisher_greater, lower_bound, sign_test
from state.lessons import Holdout, Pattern, PatternKind

SUPPORT: Final = 6
"""Runs on each side of a comparison: with fewer, six of six against none of six is no more than a hint."""

LEAST_HOLDOUT: Final = 3
HELD_OUT: Final = 1 / 3
SLOWER: Final = 1.25
"""An estimate that is exceeded by less is good enough to plan with; faster is the same the other way round."""

_KEPT_RUNS: Final = 50
_SLOWER, _FASTER = "slower", "faster"


class Candidate(NamedTuple):
    """A pattern to be tested: what its runs and those of the rest showed, each with the place of the run in time."""

    kind: PatternKind
    key: Key
    direction: str
    shown: tuple[tuple[int, bool], ...]
    rest: tuple[tuple[int, bool], ...]
    runs: tuple[str, ...]


def mine(
    contract: str, observations: Sequence[Observation], since: Mapping[Key, int] | None = None
) -> tuple[Pattern, ...]:
    """Return all patterns of a contract's runs that were tested, the surest first.

    `holds` of a pattern says whether it counts, `why` what it lacks.

    `since` is the place in time before which runs say nothing to a pattern: it was retired, or forgotten, there.
    """
    counted = [each for each in observations if each.run >= (since or {}).get(each.key, 0)]
    first_held_out = _first_held_out(observations)
    candidates = [each for each in _candidates(counted) if _supported(each, first_held_out)]
    ps = [_p(each, first_held_out) for each in candidates]
    patterns = [
        _pattern(contract, candidate, (p, q), first_held_out)
        for candidate, p, q in zip(candidates, ps, discoveries(ps), strict=True)
    ]
    return tuple(sorted(patterns, key=lambda one: (one.q, one.p, one.group, one.context, one.action, one.kind)))


def _first_held_out(observations: Sequence[Observation]) -> int:
    """Return the place in time from which on runs are held out: the newest third."""
    runs = sorted({each.run for each in observations})
    return runs[len(runs) - max(round(len(runs) * HELD_OUT), 1)] if runs else 0


def _candidates(observations: Sequence[Observation]) -> list[Candidate]:
    found = by_key(observations)
    return [
        each
        for key, seen in found.items()
        for each in (_shares(key, seen, found) if key[0] in (STEP, AGENT) else _times(key, seen))
    ]


def _shares(key: Key, seen: list[Observation], found: Mapping[Key, list[Observation]]) -> list[Candidate]:
    """Return both directions of an action's success against the rest: other actions there, or else of the group."""
    others = [each for other, rest in found.items() if other[:2] == key[:2] and other != key for each in rest]
    if len(others) < SUPPORT:
        others = [each for other, rest in found.items() if other[0] == key[0] and other != key for each in rest]
    kinds = ((PatternKind.SUCCESS, True), (PatternKind.FAILURE, False))
    return [
        Candidate(
            kind,
            key,
            kind.value,
            tuple((each.run, each.shown is wanted) for each in seen),
            tuple((each.run, each.shown is wanted) for each in others),
            tuple(each.run_id for each in seen),
        )
        for kind, wanted in kinds
    ]


def _times(key: Key, seen: list[Observation]) -> list[Candidate]:
    """Return both directions of a measured time against its estimate."""
    told = {
        _SLOWER: [(each.run, each.ratio > SLOWER) for each in seen],
        _FASTER: [(each.run, each.ratio < 1 / SLOWER) for each in seen],
    }
    runs = tuple(each.run_id for each in seen)
    return [
        Candidate(PatternKind.EFFICIENCY, key, direction, tuple(shown), (), runs) for direction, shown in told.items()
    ]


def _supported(candidate: Candidate, first_held_out: int) -> bool:
    """Return whether there are enough runs to test it; says nothing about what they showed."""
    trials = sum(run < first_held_out for run, _ in candidate.shown)
    rest = sum(run < first_held_out for run, _ in candidate.rest)
    return trials >= SUPPORT and (rest >= SUPPORT or candidate.kind is PatternKind.EFFICIENCY)


def _counts(shown: tuple[tuple[int, bool], ...], first_held_out: int) -> tuple[int, int]:
    """Return trials and successes of the older part."""
    tested = [outcome for run, outcome in shown if run < first_held_out]
    return len(tested), sum(tested)


def _p(candidate: Candidate, first_held_out: int) -> float:
    trials, successes = _counts(candidate.shown, first_held_out)
    if candidate.kind is PatternKind.EFFICIENCY:
        return sign_test(successes, trials)
    rest_trials, rest_successes = _counts(candidate.rest, first_held_out)
    return fisher_greater(successes, trials, rest_successes, rest_trials)


def _pattern(contract: str, candidate: Candidate, pq: tuple[float, float], first_held_out: int) -> Pattern:
    p, q = pq
    trials, successes = _counts(candidate.shown, first_held_out)
    rest_trials, rest_successes = _counts(candidate.rest, first_held_out)
    bar = 0.5 if candidate.kind is PatternKind.EFFICIENCY else rest_successes / rest_trials
    bound = lower_bound(successes, trials)
    held_out = [outcome for run, outcome in candidate.shown if run >= first_held_out]
    enough = len(held_out) >= LEAST_HOLDOUT
    confirms = enough and sum(held_out) > bar * len(held_out)
    holdout = Holdout(trials=len(held_out), successes=sum(held_out), confirms=confirms)
    why = _lack(q, bound, bar, holdout)
    return Pattern(
        contract=contract,
        kind=candidate.kind,
        direction=candidate.direction,
        group=candidate.key[0],
        context=candidate.key[1],
        action=candidate.key[2],
        trials=trials,
        successes=successes,
        rest_trials=rest_trials,
        rest_successes=rest_successes,
        runs=candidate.runs[-_KEPT_RUNS:],
        p=p,
        q=q,
        bound=bound,
        holdout=holdout,
        holds=not why,
        why=why,
    )


def _lack(q: float, bound: float, bar: float, holdout: Holdout) -> str:
    """Return what a pattern lacks to hold, in words; empty where nothing."""
    if q > LEVEL:
        return f"may be luck: false discovery rate {q:.2f} is above {LEVEL}"
    if bound <= bar:
        return f"its lower bound {bound:.2f} is not above the {bar:.2f} it is compared with"
    if holdout.trials < LEAST_HOLDOUT:
        return f"only {holdout.trials} of the newest runs show it"
    return "" if holdout.confirms else f"the newest runs do not confirm it: {holdout.successes} of {holdout.trials}"
