"""How well a test's figures fit its cause: each figure against its bar, the weakest one counts.

A figure at its bar is worth 0.5, at its best 1, halfway to the bar 0.25. A hypothesis passes at `PASSED`.
"""

from typing import NamedTuple

from state.diagnosis import Cause, Hypothesis
from state.symptoms import TestResult

PASSED = 0.5
"""Score from which a cause is taken to be there."""


class Bar(NamedTuple):
    """What a figure must reach; `best` is worth 1. Where `best` lies below `least`, smaller figures are better."""

    figure: str
    least: float
    best: float


BARS: dict[Cause, tuple[Bar, ...]] = {
    Cause.WRONG_DELIMITER: (Bar("rows", 1, 3), Bar("explained", 0.6, 0.95)),
    Cause.WRONG_ENCODING: (Bar("rows", 2, 4), Bar("mended", 0.5, 0.9)),
    Cause.SHIFTED_COLUMNS: (Bar("rows", 2, 4), Bar("explained_or_pushed", 0.6, 0.9)),
    Cause.CHANGED_UNIT: (Bar("gain", 20, 60), Bar("residual", 0.8, 0.4), Bar("jump", 1.8, 3), Bar("sudden", 4, 9)),
    Cause.CHANGED_DATE_ORDER: (Bar("rows", 4, 10), Bar("gain", 12, 30), Bar("fitting", 0.75, 0.95),
                               Bar("outside", 0.15, 0.05)),
    Cause.NEW_CATEGORY: (Bar("rows", 4, 8), Bar("repeats", 2, 5), Bar("by_known", 1.0, 0.5), Bar("certain", 0.5, 0.7),
                         Bar("plain", 0.5, 0.9)),
    Cause.DUPLICATED_LOAD: (Bar("rows", 3, 5), Bar("aligned_or_keyed", 0.6, 0.9)),
    Cause.BROKEN_KEY: (Bar("rows", 2, 4), Bar("sound", 0.6, 0.9)),
    Cause.TRUNCATED_FILE: (Bar("cut", 0.8, 1),),
    Cause.SENTINEL: (Bar("rows", 3, 5), Bar("apart", 0.6, 0.9), Bar("share", 0.6, 0.4), Bar("different", 4, 2)),
    Cause.SWAPPED_COLUMNS: (Bar("gain", 20, 60), Bar("each", 0.8, 2), Bar("fitting", 0.6, 0.9),
                            Bar("outside", 0.1, 0.02)),
    Cause.MIXED_GRANULARITY: (Bar("rows", 1, 2), Bar("matching_or_larger", 0.5, 0.9), Bar("inside", 0.4, 0.2),
                              Bar("gain", 12, 25)),
    Cause.OUTLIERS_BY_FACTOR: (Bar("rows", 3, 5), Bar("explained", 0.7, 0.95), Bar("share", 0.25, 0.12),
                               Bar("gap", 0.7, 1.5), Bar("scattered", 0.6, 1), Bar("sound", 0.6, 0.9)),
    Cause.TIME_ZONE_SHIFT: (Bar("gain", 15, 45), Bar("each", 0.1, 0.3), Bar("margin", 5, 15)),
}  # fmt: skip
"""What each cause must show. The reasons for every figure stand in docs/diagnosis.md."""


def strength(figure: float, bar: Bar) -> float:
    """Return what one figure is worth, from 0 to 1."""
    if bar.best < bar.least:
        figure, least, best = -figure, -bar.least, -bar.best
        if figure >= least:
            return min(1.0, 0.5 + 0.5 * (figure - least) / (best - least))
        return max(0.0, 0.5 * (1 - (least - figure) / max(best - least, 1e-9)))
    if figure >= bar.least:
        return min(1.0, 0.5 + 0.5 * (figure - bar.least) / (bar.best - bar.least))
    return max(0.0, 0.5 * figure / bar.least)


def score(result: TestResult) -> tuple[float, str]:
    """Return how well a cause explains what its test found, and in words the figure that counts most against it."""
    if not result.rows.count or result.cause not in BARS:
        return 0.0, result.told
    figures = _with_alternatives(result.figures)
    worth = [(strength(figures.get(bar.figure, 0.0), bar), bar) for bar in BARS[result.cause]]
    least, bar = min(worth, key=lambda each: each[0])
    sign = "at most" if bar.best < bar.least else "at least"
    name = bar.figure.replace("_", " ")
    judged = f"{name} {figures.get(bar.figure, 0.0):.3g}, {sign} {bar.least:g} is asked"
    return least, f"{result.told} [weakest figure: {judged}]"


def judge(result: TestResult) -> Hypothesis:
    """Return a tested hypothesis with its confidence."""
    worth, told = score(result)
    return Hypothesis(cause=result.cause, columns=result.columns, score=round(worth, 3), tested=True, evidence=told)


def _with_alternatives(figures: dict[str, float]) -> dict[str, float]:
    """Return the figures with those that stand for "one of these is enough"."""
    pushed = figures.get("pushed", 0.0) / max(1.0, figures.get("rows", 0.0))
    # Where other files end open too, only a record that is cut says that something is missing.
    cut_value = figures.get("cut_value", 0.0) * (1 - figures.get("open_elsewhere", 0.0))
    cut = max(figures.get("cut_record", 0.0), cut_value)
    larger = min(1.0, figures.get("larger", 0.0) / 3)
    return figures | {
        "explained_or_pushed": max(figures.get("explained", 0.0), pushed),
        "aligned_or_keyed": max(figures.get("aligned", 0.0), figures.get("keyed", 0.0)),
        "cut": cut,
        "matching_or_larger": max(figures.get("matching", 0.0), larger),
    }
