"""The rows of the report's plots: every figure in words, and where its dot and its interval are drawn, in percent."""

from collections.abc import Iterable, Sequence
from statistics import quantiles

from evals.comparison.shape import Change, Comparison, Figure
from evals.protocol import Score, SuiteResult
from evals.report.axes import Axis, Mark, axis_for, figure
from state.values import Value
from tools.checks.rule import counted

_FEWEST = 3  # tasks below which a distribution is no more than its numbers
_LANES = (50, 30, 70, 40, 60)
"""Heights of dots, in percent, so that equal values stand beside each other."""

_NAMES = {"share": "Shares", "times": "Ratios (times)"}


class IntervalRow(Value):
    """A figure with its interval; `sort` says how it is drawn: plain, better, worse or earlier."""

    name: str
    value: str
    interval: str
    how: str  # the interval was found
    n: str
    at: float
    low: float
    high: float
    sort: str = "plain"
    said: str = ""
    earlier: float | None = None  # where the figure stood in the earlier run


class Dot(Value):
    """One task in a distribution."""

    at: float
    lane: int
    title: str


class DistributionRow(Value):
    """A figure over tasks: every task a dot, the middle half a box."""

    name: str
    n: int
    least: str
    median: str
    greatest: str
    middle: float
    box_low: float
    box_high: float
    dots: tuple[Dot, ...]


class Plot(Value):
    """Rows that share an axis; `zero` is where nought stands when that means no difference."""

    title: str
    marks: tuple[Mark, ...]
    zero: float | None = None
    intervals: tuple[IntervalRow, ...] = ()
    distributions: tuple[DistributionRow, ...] = ()


def score_plots(result: SuiteResult, earlier: SuiteResult | None) -> tuple[Plot, ...]:
    """Return the scores of the suite, one plot a unit; with an earlier run, where they stood."""
    before = {score.name: score.value for score in earlier.scores} if earlier else {}
    plots = []
    for unit in dict.fromkeys(score.unit for score in result.scores):
        scores = [score for score in result.scores if score.unit == unit]
        known = [before[score.name] for score in scores if score.name in before]
        axis = axis_for([*(value for score in scores for value in (score.low, score.high, score.value)), *known], unit)
        rows = tuple(_score_row(score, axis, before.get(score.name)) for score in scores)
        plots.append(Plot(title=_NAMES.get(unit, f"In {unit}"), marks=axis.marks(unit), intervals=rows))
    return tuple(plots)


def _score_row(score: Score, axis: Axis, earlier: float | None) -> IntervalRow:
    return IntervalRow(
        name=score.name,
        value=figure(score.value, score.unit),
        interval=f"{figure(score.low, score.unit)} to {figure(score.high, score.unit)}",
        how=score.interval,
        n=f"{score.n:,}",
        at=axis.at(score.value),
        low=axis.at(score.low),
        high=axis.at(score.high),
        said="" if earlier is None else figure(earlier, score.unit),
        earlier=None if earlier is None else axis.at(earlier),
    )


def distribution_plots(result: SuiteResult) -> tuple[Plot, ...]:
    """Return the seconds of the tasks, and every figure that at least three tasks have, one plot a unit."""
    series: dict[tuple[str, str], list[tuple[str, float]]] = {
        ("s", "seconds of a task"): [(task.task_id, task.seconds) for task in result.results]
    }
    for task in result.results:
        for score in task.scores:
            series.setdefault((score.unit, score.name), []).append((task.task_id, score.value))
    enough = {key: values for key, values in series.items() if len(values) >= _FEWEST}
    plots = []
    for unit in dict.fromkeys(unit for unit, _ in enough):
        mine = {name: values for (of, name), values in enough.items() if of == unit}
        axis = axis_for([value for values in mine.values() for _, value in values], unit)
        rows = tuple(_distribution(name, values, axis, unit) for name, values in mine.items())
        plots.append(Plot(title=_NAMES.get(unit, f"In {unit}"), marks=axis.marks(unit), distributions=rows))
    return tuple(plots)


def _distribution(name: str, values: Sequence[tuple[str, float]], axis: Axis, unit: str) -> DistributionRow:
    numbers = sorted(value for _, value in values)
    low, middle, high = quantiles(numbers, n=4, method="inclusive")
    ordered = sorted(values, key=lambda entry: entry[1])
    dots = tuple(
        Dot(at=axis.at(value), lane=_LANES[place % len(_LANES)], title=f"{task}: {figure(value, unit)}")
        for place, (task, value) in enumerate(ordered)
    )
    return DistributionRow(
        name=name,
        n=len(values),
        least=figure(numbers[0], unit),
        median=figure(middle, unit),
        greatest=figure(numbers[-1], unit),
        middle=axis.at(middle),
        box_low=axis.at(low),
        box_high=axis.at(high),
        dots=dots,
    )


def difference_plots(comparison: Comparison) -> tuple[Plot, ...]:
    """Return the differences to the earlier run, one plot a unit; no difference is nought."""
    plots = []
    for unit in dict.fromkeys(each.unit for each in comparison.figures):
        figures = [each for each in comparison.figures if each.unit == unit]
        axis = axis_for(list(_ends(figures)), unit, zero=True)
        rows = tuple(_difference_row(each, axis) for each in figures)
        title = f"{_NAMES.get(unit, f'In {unit}')}: this run less the earlier one"
        plots.append(Plot(title=title, marks=axis.marks(unit), zero=axis.at(0.0), intervals=rows))
    return tuple(plots)


def _ends(figures: Iterable[Figure]) -> Iterable[float]:
    for each in figures:
        yield from (each.low, each.high, each.difference)


def _difference_row(each: Figure, axis: Axis) -> IntervalRow:
    sort = each.change.name.casefold() if each.change in (Change.BETTER, Change.WORSE) else "plain"
    return IntervalRow(
        name=each.name + (f" (mean of {counted(each.n, 'task')})" if each.n else ""),
        value=figure(each.difference, each.unit),
        interval=f"{figure(each.low, each.unit)} to {figure(each.high, each.unit)}",
        how="paired bootstrap" if each.n else "from both intervals",
        n=f"{figure(each.first, each.unit)} → {figure(each.second, each.unit)}",
        at=axis.at(each.difference),
        low=axis.at(each.low),
        high=axis.at(each.high),
        sort=sort,
        said=each.change.value,
    )
