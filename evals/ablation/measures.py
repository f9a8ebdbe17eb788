"""What is measured of a job, and what a pattern is worth: the whole crew less the crew without it, job by job."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from algorithms.intervals import bootstrap_mean
from evals.crew.cells import Hits
from evals.crew.judging import Verdict
from evals.protocol import Score

Runs = Sequence[Verdict]

_EVEN = 1e-9


class Measure(NamedTuple):
    """A figure of a job; None where the job has none. More is better, or less is."""

    of: Callable[[Runs], float | None]
    more: bool
    unit: str = "share"


def _mean_of(held: Sequence[bool]) -> float | None:
    return fmean(map(float, held)) if held else None


def _rows(runs: Runs) -> float | None:
    of = sum(each.rows[1] for each in runs)
    return sum(each.rows[0] for each in runs) / of if of else None


def _f1(hits: Sequence[Hits]) -> float | None:
    whole = Hits(*(sum(each[at] for each in hits) for at in range(3)))
    return whole.f1 if whole.wanted else None


MEASURES: Mapping[str, Measure] = {
    "contract met": Measure(lambda runs: _mean_of([each.met for each in runs]), more=True),
    "no cell wrong, no row lost": Measure(
        lambda runs: _mean_of([each.clean for each in runs if each.known]), more=True
    ),
    "rows at a right end": Measure(_rows, more=True),
    "cell F1": Measure(lambda runs: _f1([Hits(*each.cells) for each in runs if each.known]), more=True),
    "mapping F1": Measure(lambda runs: _f1([Hits(*each.columns) for each in runs]), more=True),
    "faults mended or named": Measure(
        lambda runs: _mean_of([each.clean or bool(each.cause) for each in runs if each.fault and each.known]), more=True
    ),
    "steps": Measure(lambda runs: float(sum(each.steps for each in runs)), more=False, unit="steps"),
    "replans": Measure(lambda runs: float(sum(each.replans for each in runs)), more=False, unit="replans"),
    "tokens": Measure(lambda runs: float(sum(each.tokens for each in runs)), more=False, unit="tokens"),
    "CPU seconds": Measure(lambda runs: sum(each.cpu for each in runs), more=False, unit="seconds"),
    "seconds": Measure(lambda runs: sum(each.seconds for each in runs), more=False, unit="seconds"),
}
"""The measures by name; those of quality first."""

SPENT = ("steps", "replans", "tokens")
"""Measures of what it took that come out the same every time, unlike seconds."""

QUALITY = tuple(name for name, measure in MEASURES.items() if measure.more)
"""The measures that say how good the result is; the others say what it took."""


def gain(name: str, whole: Mapping[str, Runs], without: Mapping[str, Runs]) -> Score | None:
    """Return the mean gain of the whole crew over the jobs that both did, in the direction that is better.

    Paired by job, with a bootstrap interval over jobs. None where no job has the measure.
    """
    measure = MEASURES[name]
    found = []
    for job in sorted(set(whole) & set(without)):
        here, there = measure.of(whole[job]), measure.of(without[job])
        if here is not None and there is not None:
            found.append((here - there) * (1 if measure.more else -1))
    if not found:
        return None
    low, high = bootstrap_mean([[value] for value in found])
    return Score(
        name=name,
        value=fmean(found),
        low=low,
        high=high,
        n=len(found),
        interval="paired bootstrap over jobs 95 %",
        unit=measure.unit,
    )


def better_on(name: str, whole: Mapping[str, Runs], without: Mapping[str, Runs]) -> tuple[list[str], list[str]]:
    """Return the jobs on which a measure is better with the whole crew, and those on which it is worse."""
    measure = MEASURES[name]
    better: list[str] = []
    worse: list[str] = []
    for job in sorted(set(whole) & set(without)):
        here, there = measure.of(whole[job]), measure.of(without[job])
        if here is None or there is None or abs(here - there) < _EVEN:
            continue
        (better if (here > there) == measure.more else worse).append(job)
    return better, worse
