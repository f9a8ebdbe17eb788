"""How a plan ran in time: seconds of the clock, most at once, and what the estimates had said."""

from pathlib import Path
from typing import Any

import duckdb

from tools.explain.material import Material
from tools.explain.timeline import busy_seconds, estimated_seconds, most_at_once, timeline_grid


def entry(started: float, seconds: float) -> dict[str, Any]:
    return {"started": started, "seconds": seconds}


def test_seconds_side_by_side_count_once_and_a_pause_counts_not_at_all() -> None:
    trace = [entry(0.0, 2.0), entry(1.0, 3.0), entry(1.5, 0.5), entry(900.0, 1.0)]
    assert busy_seconds(trace) == 5.0
    assert most_at_once(trace) == 3


def test_a_step_that_follows_another_is_not_beside_it() -> None:
    assert most_at_once([entry(0.0, 1.0), entry(1.0, 1.0)]) == 1
    assert most_at_once([]) == 0
    assert busy_seconds([]) == 0.0


def test_the_estimate_counts_as_many_workers_as_ran_and_only_steps_that_did() -> None:
    steps: list[dict[str, Any]] = [
        {"step_id": "a", "seconds": 1.0, "after": []},
        {"step_id": "b", "seconds": 2.0, "after": []},
        {"step_id": "c", "seconds": 2.0, "after": ["a"]},
        {"step_id": "never", "seconds": 99.0, "after": ["c"]},
    ]
    assert estimated_seconds(steps, {"a", "b", "c"}, 2) == 3.0
    assert estimated_seconds(steps, {"a", "b", "c"}, 1) == 5.0


def beside(trace: list[dict[str, Any]]) -> list[str]:
    """What the page tells of each attempt: what ran beside it."""
    told = [{**each, "step_id": f"s{at}", "attempt": 1, "completed": 0} for at, each in enumerate(trace)]
    with duckdb.connect() as engine:
        (grid,) = timeline_grid(Material(run={"trace": told}, folder=Path(), engine=engine))
    return [row[3] for row in grid.rows]


def test_what_ran_beside_an_attempt_is_told_whoever_began_first() -> None:
    assert beside([entry(0.0, 9.0), entry(1.0, 1.0), entry(2.0, 1.0), entry(9.0, 1.0)]) == ["s1, s2", "s0", "s0", ""]


def test_of_many_that_ran_beside_an_attempt_some_are_named() -> None:
    assert beside([entry(0.0, 1.0)] * 1_000)[0].endswith("s8 and 991 more")
