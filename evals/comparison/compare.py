"""Compares two runs of a suite, paired by task.

Figures of the whole suite are compared by their own intervals; figures that at least six tasks have in both runs, and
the seconds of the tasks, by Student's interval of the paired differences. The intervals hold for all judged figures
together (Bonferroni), so that two runs of the same code differ by chance in at most one comparison of twenty.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from algorithms.intervals import difference, sign_test, student_mean
from evals.comparison.shape import Change, Comparison, Figure, TaskChange
from evals.protocol import Better, Score, SuiteResult, TaskResult
from evals.runner import RESULT
from state.errors import SetupError

_FEWEST_PAIRS = 6  # fewer differences cannot be told from chance, whatever they are
_LEVEL = 0.95
_OF_TIME = ("s", "ms", "log seconds", "a second")
_SECONDS = Score(name="seconds of a task", value=0, low=0, high=0, n=0, interval="", unit="s", better=Better.EITHER)


def read_result(place: Path) -> SuiteResult:
    """Return what a suite wrote into a folder; SetupError where there is nothing to read."""
    path = place / RESULT if place.is_dir() else place
    try:
        return SuiteResult.model_validate_json(path.read_bytes())
    except OSError as error:
        hint = "give the folder of a finished suite: the DIR of millwright eval SUITE --out DIR"
        raise SetupError("there is no result of a suite", where=str(path), hint=hint) from error
    except ValidationError as error:
        hint = "let millwright eval write it anew"
        raise SetupError("this is no result of a suite", where=str(path), hint=hint) from error


def compare(first: SuiteResult, second: SuiteResult) -> Comparison:
    """Return the second run against the first; SetupError where they are of different suites."""
    if first.suite != second.suite:
        what = f"a run of {first.suite!r} cannot be compared with one of {second.suite!r}"
        raise SetupError(what, hint="give two runs of the same suite")
    pairs = _pairs(first, second)
    gained = tuple(one.task_id for one, two in pairs if two.solved and not one.solved)
    lost = tuple(one.task_id for one, two in pairs if one.solved and not two.solved)
    return Comparison(
        suite=first.suite,
        tasks=len(pairs),
        solved_first=sum(one.solved for one, _ in pairs),
        solved_second=sum(two.solved for _, two in pairs),
        gained=gained,
        lost=lost,
        chance=sign_test(len(gained), len(lost)),
        figures=_figures(first, second, pairs),
        changed=tuple(change for one, two in pairs if (change := _of_task(one, two)) is not None),
        only_first=_missing(first, second),
        only_second=_missing(second, first),
        notes=_notes(first, second),
    )


_Pairs = Sequence[tuple[TaskResult, TaskResult]]


def _pairs(first: SuiteResult, second: SuiteResult) -> _Pairs:
    others = {result.task_id: result for result in second.results}
    return [(one, others[one.task_id]) for one in first.results if one.task_id in others]


def _missing(one: SuiteResult, other: SuiteResult) -> tuple[str, ...]:
    known = {result.task_id for result in other.results}
    return tuple(result.task_id for result in one.results if result.task_id not in known)


def _notes(first: SuiteResult, second: SuiteResult) -> tuple[str, ...]:
    notes = []
    if first.arguments != second.arguments:
        notes.append(f"other arguments: {dict(first.arguments)} and {dict(second.arguments)}")
    for name in sorted(first.versions.keys() | second.versions.keys()):
        one, two = first.versions.get(name, "none"), second.versions.get(name, "none")
        notes += [] if one == two else [f"{name} {one} and {two}"]
    return tuple(notes)


def _figures(first: SuiteResult, second: SuiteResult, pairs: _Pairs) -> tuple[Figure, ...]:
    """Return figures of the suites, then those that tasks have in both runs, then the seconds."""
    others = {score.name: score for score in second.scores}
    whole = [(one, others[one.name]) for one in first.scores if one.name in others]
    by_name: dict[str, list[tuple[Score, Score]]] = {}
    for one, two in pairs:
        known = {score.name: score for score in two.scores}
        for score in one.scores:
            if score.name in known:
                by_name.setdefault(score.name, []).append((score, known[score.name]))
    paired = {name: both for name, both in by_name.items() if len(both) >= _FEWEST_PAIRS}
    directed = sum(both[0][0].direction is not Better.EITHER for both in paired.values())
    judged = directed + sum(_judged(one, two) for one, two in whole)
    level = 1 - (1 - _LEVEL) / max(1, judged)
    seconds = [(one.seconds, two.seconds) for one, two in pairs if one.solved and two.solved]
    return (
        *(_of_suite(one, two, level) for one, two in whole),
        *(_of_pairs(both[0][0], [(one.value, two.value) for one, two in both], level) for both in paired.values()),
        *([_of_pairs(_SECONDS, seconds, _LEVEL)] if seconds else []),
    )


def _judged(one: Score, two: Score) -> bool:
    """Return whether a change of this figure can be called better or worse: time measured once can not."""
    certain = one.low == one.high or two.low == two.high
    return one.direction is not Better.EITHER and not (certain and one.unit in _OF_TIME)


def _of_suite(one: Score, two: Score, level: float) -> Figure:
    bounds = difference((one.value, one.low, one.high), (two.value, two.low, two.high), level=level)
    return _figure(one, one.value, two.value, bounds, n=0, judged=_judged(one, two))


def _of_pairs(like: Score, values: Sequence[tuple[float, float]], level: float) -> Figure:
    count = len(values)
    first, second = sum(one for one, _ in values) / count, sum(two for _, two in values) / count
    low, high = student_mean([two - one for one, two in values], level=level)
    judged = like.direction is not Better.EITHER
    return _figure(like, first, second, (second - first, low, high), n=count, judged=judged)


def _figure(
    like: Score, first: float, second: float, bounds: tuple[float, float, float], *, n: int, judged: bool
) -> Figure:
    change = _change(like.direction, bounds) if judged else Change.UNJUDGED
    return Figure(
        name=like.name,
        unit=like.unit,
        n=n,
        first=first,
        second=second,
        difference=bounds[0],
        low=bounds[1],
        high=bounds[2],
        change=change,
    )


def _change(direction: Better, bounds: tuple[float, float, float]) -> Change:
    _, low, high = bounds
    if low <= 0 <= high:
        return Change.SAME
    return Change.BETTER if (low > 0) is (direction is Better.HIGHER) else Change.WORSE


def _of_task(one: TaskResult, two: TaskResult) -> TaskChange | None:
    """Return how a task changed; None where nothing of it can be told from chance, taken by itself."""
    if one.solved is not two.solved:
        change, why = (Change.BETTER, "solved now") if two.solved else (Change.WORSE, two.error)
        return TaskChange(task_id=one.task_id, change=change, why=why)
    known = {score.name: score for score in two.scores}
    figures = [_of_suite(score, known[score.name], _LEVEL) for score in one.scores if score.name in known]
    moved = [figure for figure in figures if figure.change in (Change.BETTER, Change.WORSE)]
    if not moved:
        return None
    worse = any(figure.change is Change.WORSE for figure in moved)
    why = "; ".join(f"{figure.name} {figure.first:.4g} to {figure.second:.4g}" for figure in moved)
    return TaskChange(task_id=one.task_id, change=Change.WORSE if worse else Change.BETTER, why=why)
