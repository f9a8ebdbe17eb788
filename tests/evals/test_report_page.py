"""The report of a suite: every figure in words and drawn, nothing fetched, no value is markup."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.comparison.compare import compare
from evals.protocol import Score, SuiteResult, TaskResult
from evals.report.axes import axis_for
from evals.report.page import write_report


def score(name: str, value: float, unit: str = "share") -> Score:
    return Score(
        name=name, value=value, low=value * 0.9, high=min(1.0, value * 1.1), n=9, interval="bootstrap 95 %", unit=unit
    )


def result(*, lost: bool = False) -> SuiteResult:
    tasks = [
        TaskResult(task_id=f"task-{number}", solved=True, seconds=0.01 * 10**number, scores=(score("F1", 0.5),))
        for number in range(4)
    ]
    if lost:
        tasks[1] = TaskResult(task_id="task-1", solved=False, seconds=1, error="<script>alert(1)</script>\x1b[2J")
    tasks[0] = tasks[0].model_copy(update={"details": {"rows": ["a & b"], "none": [], "sums": {"x": 1}, "n": 3}})
    return SuiteResult(
        suite="shop",
        results=tuple(tasks),
        scores=(score("met", 0.8), score("took", 0.3, "s")),
        versions={"duckdb": "2"},
    )


@pytest.fixture
def page(tmp_path: Path) -> str:
    earlier, now = result(), result(lost=True)
    return write_report(now, "what & why", tmp_path, earlier=earlier, comparison=compare(earlier, now)).read_text()


def test_every_figure_stands_in_words(page: str) -> None:
    for told in ("80.00%", "72.00% to 88.00%", "bootstrap 95 %", "3 of 4 tasks solved; worse than the earlier run"):
        assert told in page
    for told in ("a &amp; b", "x: 1", "what &amp; why", "seconds of a task", "duckdb"):
        assert told in page


def test_nothing_is_fetched_and_no_value_is_markup(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+001B⟩[2J" in page
    assert not re.findall(r"(?:src|href)=\"(?!#)", page)
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_it_can_be_read_without_a_pointer_and_without_eyes(page: str) -> None:
    assert page.count('role="region" tabindex="0" aria-label="') >= 4
    assert page.count("<svg") == page.count('<svg aria-hidden="true"')
    assert 'class="skip" href="#scores"' in page
    for anchor in re.findall(r"href=\"#(\w+)\"", page):
        assert f'id="{anchor}"' in page


def test_every_dot_lies_within_its_plot(page: str) -> None:
    places = [float(each) for each in re.findall(r"c?x[12]?=\"([\d.-]+)%\"", page)]
    assert places
    assert all(0 <= place <= 100 for place in places)


def test_a_suite_without_scores_has_a_page(tmp_path: Path) -> None:
    empty = SuiteResult(suite="none", results=(), scores=(), versions={})
    assert "The suite gives no scores." in write_report(empty, "", tmp_path).read_text()


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9),
    st.sampled_from(["share", "s", "times"]),
    st.booleans(),
)
def test_an_axis_holds_its_values_in_order(values: list[float], unit: str, zero: bool) -> None:  # noqa: FBT001  drawn
    if unit == "share":
        values = [abs(value) % 1 for value in values]
    axis = axis_for(values, unit, zero=zero)
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 25
    places = [axis.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    spread = max(1.0, *map(abs, values))
    assert axis.logarithmic or axis.low <= min(values) + 1e-6 * spread
    assert axis.high >= max(values) - 1e-6 * spread
