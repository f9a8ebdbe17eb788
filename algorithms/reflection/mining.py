"""Patterns over the buffer of past runs, and which of them hold up.

Every context and action with enough runs is a candidate in both directions (better and worse than the rest; slower and
faster than estimated). A pattern holds when all of this is true:

- support: at least `SUPPORT` runs on both sides of the comparison, in the older part of the buffer;
- it is no luck: Fisher's exact test against the rest (times: the sign test against the estimate), with the false
  discovery rate controlled over all candidates;
- the 95 % lower bound of its share is above the share of the rest;
- the newest third of the runs, which the test did not see, is more like it than like the rest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from algorithms.reflection.observations import AGENT, BID, DURATION, STEP, Key, Observation, by_key
from algorithms.reflection.statistics import LEVEL, discoveries, fisher_greater, lower_bound, sign_test
from state.lessons import Holdout, Pattern, PatternKind

SUPPORT: Final = 6
"""Runs on each side of a comparison: with fewer, six of six against none of six is no more than a hint."""

LEAST_HOLDOUT: Final = 3
HELD_OUT: Final = 1 / 3
SLOWER: Final = 1.25
"""An estimate that is exceeded by less is good enough to plan with; faster is the same the other way round."""

_KEPT_RUNS: Final = 50


class Count(NamedTuple):
    """Runs, and those of them that showed something."""

    trials: int = 0
    successes: int = 0

    def plus(self, other: "Count") -> "Count":
        """Return the sum of both."""
        return Count(self.trials + other.trials, self.successes + other.successes)

    def failures(self) -> "Count":
        """Return the runs, and those of them that did not show it."""
        return Count(self.trials, self.trials - self.successes)


class Candidate(NamedTuple):
    """A pattern to be tested: what the older runs showed, what the others it is compared with, what the newest."""

    kind: PatternKind
    key: Key
    direction: str
    tested: Count
    rest: Count
    held_out: Count
    runs: tuple[str, ...]


def mine(contract: str, observations: Sequence[Observation]) -> tuple[Pattern, ...]:
    """Return all patterns of a contract's runs that were tested, the surest first.

    `holds` of a pattern says whether it counts, `why` what it lacks.
    """
    first_held_out = _first_held_out(observations)
    seen = by_key(observations)
    candidates = [
        *_shares({key: each for key, each in seen.items() if key[0] in (STEP, AGENT)}, first_held_out),
        *(
            each
            for key, found in seen.items()
            if key[0] in (DURATION, BID)
            for each in _times(key, found, first_held_out)
        ),
    ]
    ps = [_p(each) for each in candidates]
    patterns = [
        _pattern(contract, candidate, p, q) for candidate, p, q in zip(candidates, ps, discoveries(ps), strict=True)
    ]
    return tuple(sorted(patterns, key=lambda one: (one.q, one.p, one.group, one.context, one.action, one.kind)))


def _first_held_out(observations: Sequence[Observation]) -> int:
    """Return the place in time from which on runs are held out: the newest third."""
    runs = sorted({each.run for each in observations})
    return runs[len(runs) - max(round(len(runs) * HELD_OUT), 1)] if runs else 0


def _counted(shown: Iterable[tuple[int, bool]], first_held_out: int) -> tuple[Count, Count]:
    """Return the counts of the older runs and of those held out; `shown` has the place in time and the outcome."""
    pairs = list(shown)
    older = [outcome for run, outcome in pairs if run < first_held_out]
    newer = [outcome for run, outcome in pairs if run >= first_held_out]
    return Count(len(older), sum(older)), Count(len(newer), sum(newer))


def _shares(seen: Mapping[Key, list[Observation]], first_held_out: int) -> Iterator[Candidate]:
    """Yield both directions of each action's success against the rest: other actions there, or else of the group.

    Whether there are enough runs to test it says nothing about what they showed.
    """
    counts = {key: _counted(((each.run, each.shown) for each in found), first_held_out) for key, found in seen.items()}
    of_group: dict[tuple[str, ...], Count] = {}
    for key, (older, _) in counts.items():
        for group in (key[:1], key[:2]):
            of_group[group] = of_group.get(group, Count()).plus(older)
    for key, (older, newer) in counts.items():
        there, all_of_group = (_without(of_group[group], older) for group in (key[:2], key[:1]))
        rest = there if there.trials >= SUPPORT else all_of_group
        if min(older.trials, rest.trials) < SUPPORT:
            continue
        runs = tuple(each.run_id for each in seen[key][-_KEPT_RUNS:])
        yield Candidate(PatternKind.SUCCESS, key, "success", older, rest, newer, runs)
        yield Candidate(PatternKind.FAILURE, key, "failure", older.failures(), rest.failures(), newer.failures(), runs)


def _without(all_of_them: Count, some: Count) -> Count:
    return Count(all_of_them.trials - some.trials, all_of_them.successes - some.successes)


def _times(key: Key, seen: list[Observation], first_held_out: int) -> Iterator[Candidate]:
    """Yield both directions of a measured time against its estimate."""
    runs = tuple(each.run_id for each in seen[-_KEPT_RUNS:])
    told = {
        "slower": [(each.run, each.ratio > SLOWER) for each in seen],
        "faster": [(each.run, each.ratio < 1 / SLOWER) for each in seen],
    }
    for direction, shown in told.items():
        older, newer = _counted(shown, first_held_out)
        if older.trials >= SUPPORT:
            yield Candidate(PatternKind.EFFICIENCY, key, direction, older, Count(), newer, runs)


def _p(candidate: Candidate) -> float:
    tested, rest = candidate.tested, candidate.rest
    if candidate.kind is PatternKind.EFFICIENCY:
        return sign_test(tested.successes, tested.trials)
    return fisher_greater(tested.successes, tested.trials, rest.successes, rest.trials)


def _pattern(contract: str, candidate: Candidate, p: float, q: float) -> Pattern:
    tested, rest, newer = candidate.tested, candidate.rest, candidate.held_out
    bar = 0.5 if candidate.kind is PatternKind.EFFICIENCY else rest.successes / rest.trials
    bound = lower_bound(tested.successes, tested.trials)
    likelier = (bar + tested.successes / tested.trials) / 2  # above it, more like what was found than like the rest
    confirms = newer.trials >= LEAST_HOLDOUT and newer.successes > likelier * newer.trials
    holdout = Holdout(trials=newer.trials, successes=newer.successes, confirms=confirms)
    why = _lack(q, bound, bar, holdout)
    return Pattern(
        contract=contract,
        kind=candidate.kind,
        direction=candidate.direction,
        group=candidate.key[0],
        context=candidate.key[1],
        action=candidate.key[2],
        trials=tested.trials,
        successes=tested.successes,
        rest_trials=rest.trials,
        rest_successes=rest.successes,
        runs=candidate.runs,
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
