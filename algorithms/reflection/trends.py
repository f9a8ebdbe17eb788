"""How the figures of a contract's runs move: the slope per run with its interval."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import sqrt
from typing import Final

from algorithms.reflection.statistics import median
from state.experience import Experience
from state.lessons import Trend

LEAST_RUNS: Final = 8
WINDOW: Final = 50
"""The newest runs that are looked at."""

_Z95: Final = 1.959963984540054

_FIGURES: Final[tuple[tuple[str, Callable[[Experience], float]], ...]] = (
    ("seconds", lambda run: run.seconds),
    ("seconds over plan", lambda run: run.seconds - run.predicted),
    ("steps", lambda run: float(run.spent_steps)),
    ("replans", lambda run: float(len(run.replans))),
    ("questions", lambda run: float(run.questions)),
)


def trends(runs: Sequence[Experience]) -> Iterator[Trend]:
    """Yield the trends of one contract's runs, oldest first; none with fewer than `LEAST_RUNS` runs."""
    recent = runs[-WINDOW:]
    if len(recent) < LEAST_RUNS:
        return
    for name, figure in _FIGURES:
        yield _trend(name, recent[-1].contract, [figure(run) for run in recent])
    for table in sorted({name for run in recent for name in run.quarantined}):
        shares = [run.quarantined[table] for run in recent if table in run.quarantined]
        if len(shares) >= LEAST_RUNS:
            yield _trend(f"quarantine of {table}", recent[-1].contract, shares)


def _trend(figure: str, contract: str, values: Sequence[float]) -> Trend:
    slope, low, high = slope_of(values)
    mean = sum(values) / len(values)
    return Trend(figure=figure, contract=contract, runs=len(values), mean=mean, slope=slope, low=low, high=high)


def slope_of(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median slope between all pairs, and its 95 % interval. One odd run does not bend it.

    ValueError with fewer than two values.

    Source: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968); with ties the
    variance of Kendall's statistic is smaller, so that the interval is on the safe side.
    """
    count = len(values)
    slopes = sorted((values[j] - values[i]) / (j - i) for i, j in combinations(range(count), 2))
    reach = _Z95 * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    first = max(int((len(slopes) - reach) / 2) - 1, 0)  # of the order statistic, counted from 0
    return median(slopes), slopes[first], slopes[-1 - first]
