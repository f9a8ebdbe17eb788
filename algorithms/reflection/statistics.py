"""Exact tests and bounds on counts."""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, fsum, lgamma, log, log1p
from typing import Final

LEVEL: Final = 0.05
"""One-sided error of bounds, and the false discovery rate."""

_HALVINGS: Final = 40
_UNDERFLOW: Final = -700.0


def fisher_greater(successes: int, trials: int, rest_successes: int, rest_trials: int) -> float:
    """Return the chance of at least so many successes among `trials` if they are no better than the rest.

    One-sided exact test of a two by two table, conditional on its margins; 1 where one side has no trials.
    ValueError where successes are not between 0 and their trials.

    Source: R. A. Fisher, The logic of inductive inference, Journal of the Royal Statistical Society 98 (1935).
    """
    for count, of in ((successes, trials), (rest_successes, rest_trials)):
        if not 0 <= count <= of:
            raise ValueError(f"{count} successes in {of} trials")
    return _tail(successes, trials, rest_successes, rest_trials)


@lru_cache(maxsize=100_000)
def _tail(successes: int, trials: int, rest_successes: int, rest_trials: int) -> float:
    """Sum the tables from the likeliest one on, each by its ratio to its neighbour: no table is too large for that."""
    if not trials or not rest_trials:
        return 1.0
    total = successes + rest_successes
    least, most = max(0, total - rest_trials), min(trials, total)
    mode = min(max((total + 1) * (trials + 1) // (trials + rest_trials + 2), least), most)

    def ratio(k: int) -> float:
        """Return how much likelier k + 1 successes are than k."""
        return (trials - k) * (total - k) / ((k + 1) * (rest_trials - total + k + 1))

    weights, weight = {mode: 1.0}, 1.0
    for k in range(mode, most):
        weights[k + 1] = weight = weight * ratio(k)
    weight = 1.0
    for k in range(mode, least, -1):
        weights[k - 1] = weight = weight / ratio(k - 1)
    return min(fsum(weights[k] for k in range(successes, most + 1)) / fsum(weights.values()), 1.0)


@lru_cache(maxsize=100_000)
def sign_test(shown: int, trials: int) -> float:
    """Return the chance that a coin shows heads at least so often: the exact one-sided sign test.

    Source: J. Arbuthnott, An argument for divine providence, Philosophical Transactions 27 (1710).
    """
    if not 0 <= shown <= trials:
        raise ValueError(f"{shown} of {trials}")
    return _tails_of_coins(trials)[trials - shown]


@lru_cache(maxsize=1_000)
def _tails_of_coins(trials: int) -> tuple[float, ...]:
    """Return by number the chance of at most so many heads; the ways are whole numbers until the last division."""
    ways, all_ways, tails = 1, 0, []
    for heads in range(trials + 1):
        all_ways += ways
        tails.append(all_ways / 2**trials)
        ways = ways * (trials - heads) // (heads + 1)
    return tuple(tails)


@lru_cache(maxsize=100_000)
def lower_bound(successes: int, trials: int, level: float = LEVEL) -> float:
    """Return the `level` quantile of what the share may be: Beta(1 + successes, 1 + failures), its posterior.

    0 where nothing succeeded: nothing speaks for more. ValueError where successes are not between 0 and trials.

    Source: T. Bayes, An essay towards solving a problem in the doctrine of chances, Philosophical Transactions 53
    (1763); the distribution by its binomial tail: M. Abramowitz and I. Stegun, Handbook, 26.5.24.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if not successes:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _beta_below(middle, successes, trials) < level:
            low = middle
        else:
            high = middle
    return low


def _beta_below(share: float, successes: int, trials: int) -> float:
    """Return the chance that a Beta(1 + successes, 1 + trials - successes) variable is below `share`."""
    tries, first = trials + 1, successes + 1
    start = lgamma(tries + 1) - lgamma(first + 1) - lgamma(tries - first + 1)
    start += first * log(share) + (tries - first) * log1p(-share)
    if start < _UNDERFLOW:  # far from where the mass is: all of it is below, or none
        return float(share > successes / trials)
    term, total, odds = exp(start), 0.0, share / (1 - share)
    for k in range(first, tries + 1):
        total += term
        term *= odds * (tries - k) / (k + 1)
    return min(total, 1.0)


def posterior_mean(successes: int, trials: int) -> float:
    """Return the chance of the next success: Laplace's rule of succession."""
    return (successes + 1) / (trials + 2)


def discoveries(ps: Sequence[float]) -> tuple[float, ...]:
    """Return the q-value of each p-value: the false discovery rate at which it would just count.

    All that was tested must be given, also what is hopeless.

    Source: Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical
    Society B 57 (1995).
    """
    order = sorted(range(len(ps)), key=ps.__getitem__, reverse=True)
    qs, least = [1.0] * len(ps), 1.0
    for above, index in enumerate(order):
        least = min(least, ps[index] * (len(ps) / (len(ps) - above)))
        qs[index] = least
    return tuple(qs)


def median(values: Sequence[float]) -> float:
    """Return the middle of the values; the mean of the two in the middle of an even number. ValueError for none."""
    if not values:
        raise ValueError("no values have no median")
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return values between which the median lies with at least 95 %; smallest and largest where there are few.

    Source: W. R. Thompson, On confidence ranges for the median, Annals of Mathematical Statistics 7 (1936).
    """
    ordered, tails = sorted(values), _tails_of_coins(len(values))
    rank = sum(1 for below in range(len(ordered) // 2) if tails[below] <= LEVEL / 2)
    return (ordered[max(rank - 1, 0)], ordered[len(ordered) - max(rank, 1)]) if ordered else (0.0, 0.0)
