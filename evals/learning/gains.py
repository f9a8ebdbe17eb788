"""What lessons gain: figures of an arm against those of another, paired by run, with intervals by sequence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from algorithms.intervals import bootstrap_mean, wilson
from evals.learning.playing import Figures
from evals.protocol import Score

MEASURES: Final = {
    "steps": "steps",
    "replans": "replans",
    "seconds": "s",
    "questions": "questions",
    "changes": "changes",
}
_INTERVAL: Final = "bootstrap by sequence, 95 %"

Sequences = Sequence[Mapping[str, Sequence[Figures]]]
"""By sequence and arm, the runs."""


def gains(sequences: Sequences, arm: str, without: str, title: str) -> tuple[Score, ...]:
    """Return by measure what a run from the second on takes less in an arm than without lessons."""
    return tuple(
        _mean(
            f"{title}: {measure} less a run, runs 2 to 5",
            unit,
            [_less(each, arm, without, measure) for each in sequences],
        )
        for measure, unit in MEASURES.items()
    )


def _less(sequence: Mapping[str, Sequence[Figures]], arm: str, without: str, measure: str) -> list[float]:
    pairs = zip(sequence[without], sequence[arm], strict=True)
    return [float(getattr(plain, measure) - getattr(taught, measure)) for plain, taught in pairs if plain.run > 1]


def course(sequences: Sequences, arms: Iterable[str]) -> list[list[str]]:
    """Return rows of a table: by arm and run the means of all measures."""
    rows = []
    for arm in arms:
        for number in range(len(sequences[0][arm]) if sequences else 0):
            runs = [each[arm][number] for each in sequences]
            told = [f"{sum(getattr(run, measure) for run in runs) / len(runs):.2f}" for measure in MEASURES]
            rows.append([arm, str(number + 1), *told])
    return rows


def not_again(sequences: Sequences, arm: str) -> Score:
    """Return in how many runs from the second on nothing was replanned, where the first was replanned and published."""
    first = [each[arm] for each in sequences if each[arm][0].replans and each[arm][0].status == "published"]
    groups = [[float(not run.replans) for run in runs[1:]] for runs in first]
    return _mean(f"{arm}: no replan in runs 2 to 5 where the first replanned", "share", groups)


def share(name: str, hits: int, of: int) -> Score:
    """Return a share with its interval."""
    low, high = wilson(hits, of)
    return Score(name=name, value=hits / of if of else 0.0, low=low, high=high, n=of, interval="Wilson 95 %")


def same_bytes(sequences: Sequences, arm: str, without: str) -> Score:
    """Return the share of runs published in both arms that have the same bytes."""
    pairs = [pair for each in sequences for pair in zip(each[without], each[arm], strict=True)]
    both = [(plain, taught) for plain, taught in pairs if plain.published and taught.published]
    return share(
        f"{arm}: published the bytes of a run without lessons",
        sum(a.published == b.published for a, b in both),
        len(both),
    )


def published(sequences: Sequences, arm: str) -> Score:
    """Return the share of runs that met the contract."""
    runs = [run for each in sequences for run in each[arm]]
    return share(f"{arm}: runs that met the contract", sum(run.status == "published" for run in runs), len(runs))


def _mean(name: str, unit: str, groups: Sequence[Sequence[float]]) -> Score:
    values = [value for group in groups for value in group]
    low, high = bootstrap_mean(groups)
    return Score(
        name=name,
        value=sum(values) / len(values) if values else 0.0,
        low=low,
        high=high,
        n=len(values),
        interval=_INTERVAL,
        unit=unit,
    )
