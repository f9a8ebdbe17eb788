"""The report from gathered measurements: the health score is its formula, advice follows from figures."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.metrics.advice import recommend
from algorithms.metrics.figures import FIGURES, reading
from algorithms.metrics.histogram import bucket_of
from algorithms.metrics.reporting import Beside, report_of
from state.metrics import Count, Gathered, Spread
from state.production import HealthStatus, ProductionReport


def series(**counts: int) -> dict[tuple[str, str], Gathered]:
    """Return counts given as name__label."""
    names = {key: tuple(key.split("__")) for key in counts}
    return {(names[key][0], names[key][1]): Gathered({-1: 1}, value, 0.0) for key, value in counts.items()}


def report(found: Any, beside: Beside | None = None, hour: Any = None) -> ProductionReport:
    return report_of(found, found if hour is None else hour, 0.0, 3600.0, beside or Beside())


COUNTS = st.integers(0, 50)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.floats(0, 1))
def test_the_score_is_its_formula_and_lies_between_0_and_1(
    failed: int, published: int, not_met: int, steps: int, lost: int, out: int, free: float
) -> None:
    found = series(
        runs__failed=failed, runs__published=published, runs__not_met=not_met, steps__done=steps, steps__failed=lost
    )
    told = report(found, Beside(registry={"in_service": 2, "out": out}, disk_free_share=free))
    health = told.health
    weights = sum(part.weight for part in health.parts)
    assert all(0 <= part.score <= 1 for part in health.parts)
    assert health.score == pytest.approx(sum(part.weight * part.score for part in health.parts) / weights)
    expected = HealthStatus.HEALTHY if health.score >= 0.8 else HealthStatus.DEGRADED
    assert health.status is (expected if health.score >= 0.5 else HealthStatus.CRITICAL)
    for advice in told.recommendations:
        assert advice.value == reading(told, advice.figure)
        assert advice.value != advice.threshold


def test_an_agent_that_is_out_counts() -> None:
    told = report(series(runs__published=1), Beside(registry={"in_service": 2, "suspect": 1, "out": 1, "retired": 9}))
    (part,) = [part for part in told.health.parts if part.name == "agents"]
    assert part.score == 0.75
    assert [advice.figure for advice in told.recommendations] == ["agents_out"]


def test_a_critical_error_makes_it_degraded_at_best() -> None:
    found = series(runs__published=99, runs__failed=1, critical_errors__DiskFull=1)
    assert report(found).health.status is HealthStatus.DEGRADED
    assert report(found).health.reason == "1 critical errors in the last hour"
    assert report(found, hour={}).health.status is HealthStatus.HEALTHY


def test_advice_names_what_stands_out() -> None:
    found = series(steps__done=90, steps__failed=10, errors__memory=9, errors__time=1)
    slow = {(Spread.RUN_SECONDS.value, "published"): Gathered({bucket_of(900.0): 3}, 2700.0, 0.0)}
    kinds = {(Spread.STEP_SECONDS.value, "derive"): Gathered({bucket_of(800.0): 3}, 2400.0, 0.0)}
    told = {advice.figure: advice.what for advice in recommend(report(found | slow | kinds))}
    assert "most often 'memory' (9 of 10)" in told["error_rate"]
    assert "most time goes into 'derive'" in told["run_seconds_p50"]


def test_every_figure_can_be_read_of_an_empty_report() -> None:
    empty = report({})
    for name in FIGURES:
        assert reading(empty, name) is None or isinstance(reading(empty, name), float | int)
    assert recommend(empty) == ()
    assert {name.value for name in Count} & {name.value for name in Spread} == set()
