"""Figures of the suites with their intervals: shares, and ratios of what cases needed."""

from collections.abc import Sequence

from algorithms.intervals import bootstrap_mean, wilson
from evals.protocol import Better, Score


def share(name: str, outcomes: Sequence[bool], better: Better = Better.HIGHER) -> Score:
    """Return the share of what is true."""
    count, total = sum(outcomes), len(outcomes)
    low, high = wilson(count, total)
    value = count / total if total else 0.0
    return Score(name=name, value=value, low=low, high=high, n=total, interval="Wilson 95 %", better=better)


def ratio(name: str, needed: Sequence[float], beside: Sequence[float]) -> Score:
    """Return what was needed by what was needed for the same cases otherwise; cases are drawn anew."""
    whole = sum(beside) / len(beside) if beside else 0.0
    if not whole:
        return Score(name=name, value=0.0, low=0.0, high=0.0, n=0, interval="none", unit="times")
    differences = [[one - other] for one, other in zip(needed, beside, strict=True)]
    low, high = (1 + each / whole for each in bootstrap_mean(differences))
    value = sum(needed) / sum(beside)
    return Score(name=name, value=value, low=low, high=high, n=len(beside), interval="bootstrap 95 %", unit="times")
