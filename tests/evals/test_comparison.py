"""Two runs beside each other: chance is told from change, and a lost task is never overlooked."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.intervals import difference, sign_test, wilson
from evals.comparison.compare import compare, read_result
from evals.comparison.shape import Change
from evals.protocol import Better, Score, SuiteResult, TaskResult
from state.errors import SetupError


def share(name: str, good: int, n: int, better: Better | None = None) -> Score:
    low, high = wilson(good, n)
    return Score(name=name, value=good / n, low=low, high=high, n=n, interval="Wilson 95 %", better=better)


def exact(name: str, value: float, unit: str = "share") -> Score:
    return Score(name=name, value=value, low=value, high=value, n=1, interval="one run", unit=unit)


def task(name: str, *scores: Score, solved: bool = True) -> TaskResult:
    return TaskResult(task_id=name, solved=solved, seconds=1.0, scores=scores, error="" if solved else "it broke")


def suite(tasks: Sequence[TaskResult], *scores: Score, name: str = "s") -> SuiteResult:
    return SuiteResult(suite=name, results=tuple(tasks), scores=scores, versions={})


def test_a_run_is_like_itself() -> None:
    run = suite([task("a", share("F1", 9, 10)), task("b", solved=False)], share("F1", 90, 100))
    found = compare(run, run)
    assert not found.worse
    assert (found.tasks, found.gained, found.lost, found.changed, found.chance) == (2, (), (), (), 1.0)
    assert {figure.change for figure in found.figures} == {Change.SAME, Change.UNJUDGED}


def test_a_lost_task_is_worse_whatever_the_figures_say() -> None:
    found = compare(suite([task("a"), task("b")]), suite([task("a"), task("b", solved=False)]))
    assert (found.lost, found.worse) == (("b",), True)
    assert [(each.task_id, each.change, each.why) for each in found.changed] == [("b", Change.WORSE, "it broke")]


@pytest.mark.parametrize(
    ("before", "now", "better", "expected"),
    [
        (950, 700, None, Change.WORSE),
        (700, 950, None, Change.BETTER),
        (700, 950, Better.LOWER, Change.WORSE),
        (950, 945, None, Change.SAME),
        (950, 700, Better.EITHER, Change.UNJUDGED),
    ],
)
def test_a_figure_of_the_suite_is_judged_by_both_intervals(
    before: int, now: int, better: Better | None, expected: Change
) -> None:
    found = compare(suite([], share("x", before, 1000, better)), suite([], share("x", now, 1000, better)))
    assert found.figures[0].change is expected
    assert found.worse is (expected is Change.WORSE)


def test_a_small_loss_in_every_task_is_found_in_pairs_and_time_alone_is_not_judged() -> None:
    first = suite([task(str(number), exact("F1", 0.5 + number / 100), exact("t", 1.0, "s")) for number in range(12)])
    second = suite([task(str(number), exact("F1", 0.49 + number / 100), exact("t", 2.0, "s")) for number in range(12)])
    found = compare(first, second)
    paired = {figure.name: figure for figure in found.figures}
    assert paired["F1"].n == 12
    assert paired["F1"].difference == pytest.approx(-0.01)
    assert paired["F1"].change is Change.WORSE
    assert all("t 1" not in each.why for each in found.changed)
    assert paired["seconds of a task"].change is Change.UNJUDGED


def test_runs_of_the_same_code_seldom_differ() -> None:
    order = random.Random(5)  # noqa: S311  figures, no secrets

    def drawn() -> SuiteResult:
        scores = [share(f"x{number}", sum(order.random() < 0.8 for _ in range(200)), 200) for number in range(20)]
        return suite([], *scores)

    assert sum(compare(drawn(), drawn()).worse for _ in range(200)) <= 14  # 2.5 % expected, the limit is at 7 %


@pytest.mark.parametrize("tasks", [6, 12])
def test_figures_of_a_few_tasks_seldom_differ_between_runs_of_the_same_code(tasks: int) -> None:
    order = random.Random(tasks)  # noqa: S311  figures, no secrets

    def drawn() -> SuiteResult:
        return suite(
            [
                task(
                    str(number),
                    *(
                        Score(
                            name=name,
                            value=(at := order.gauss(0, 1)),
                            low=at - 9,
                            high=at + 9,
                            n=1,
                            interval="wide",
                            unit="share",
                        )
                        for name in "abcdef"
                    ),
                )
                for number in range(tasks)
            ]
        )

    moved = (Change.BETTER, Change.WORSE)
    found = [any(each.change in moved for each in compare(drawn(), drawn()).figures) for _ in range(200)]
    assert sum(found) <= 20  # 5 % expected, the limit is at 10 %


def test_tasks_of_one_run_alone_are_named_and_other_suites_refused() -> None:
    found = compare(suite([task("a"), task("b")]), suite([task("b"), task("c")]))
    assert (found.only_first, found.only_second, found.tasks) == (("a",), ("c",), 1)
    with pytest.raises(SetupError, match="cannot be compared"):
        compare(suite([]), suite([], name="other"))


def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no result of a suite"):
        read_result(tmp_path)
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(SetupError, match="this is no result"):
        read_result(tmp_path)


COUNTS = st.integers(0, 50)


@given(COUNTS, COUNTS, st.floats(0.5, 0.999))
def test_a_difference_lies_in_its_interval_and_turns_round_with_the_order(one: int, two: int, level: float) -> None:
    first, second = ((count / 50, *wilson(count, 50)) for count in (one, two))
    change, low, high = difference(first, second, level=level)
    assert low <= change <= high
    assert difference(second, first, level=level) == pytest.approx((-change, -high, -low))


@given(COUNTS, COUNTS)
def test_an_uneven_change_is_as_likely_either_way(gained: int, lost: int) -> None:
    assert 0 < sign_test(gained, lost) <= 1
    assert sign_test(gained, lost) == sign_test(lost, gained)


def test_known_values_of_the_sign_test() -> None:
    assert sign_test(0, 0) == 1
    assert sign_test(0, 6) == pytest.approx(2 / 64)
    assert sign_test(1, 9) == pytest.approx(22 / 1024)
