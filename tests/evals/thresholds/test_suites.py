"""Tasks of suites as tests, each held against a threshold.

With a key (and `pytest -m langsmith --langsmith-output`) the plugin of langsmith records each test as a row;
offline `LANGSMITH_TEST_TRACKING=false` keeps it at the test alone, and that is how it runs here.
"""

import os
from pathlib import Path

import pytest

from evals.loops.suite import Loops
from evals.testing import shortfalls, tasks_of
from evals.trajectories.suite import Trajectories


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    if "LANGSMITH_API_KEY" not in os.environ:
        monkeypatch.setenv("LANGSMITH_TEST_TRACKING", "false")


@pytest.mark.langsmith
@pytest.mark.parametrize("task", ["building", "held_out"])
def test_loops_are_found_and_work_is_no_loop(task: str, tmp_path: Path) -> None:
    suite = Loops(seeds=2)
    least = {f"precision, {task}": 0.95, f"recall, {task}": 0.95}
    assert shortfalls(suite, tasks_of(suite)[task], tmp_path, least) == []


@pytest.mark.langsmith
def test_a_sound_run_goes_its_way(tmp_path: Path) -> None:
    suite = Trajectories()
    least = {"references matched": 1.0, "planted refused": 1.0}
    assert shortfalls(suite, tasks_of(suite)["sound-run"], tmp_path, least) == []


def test_what_falls_short_is_named(tmp_path: Path) -> None:
    suite = Loops(seeds=1)
    least = {"recall, building": 1.1, "speed": 0.0}
    assert shortfalls(suite, tasks_of(suite)["building"], tmp_path, least) == [
        "building has no score 'speed'",
        "building: recall, building is 1.0000, less than 1.1",
    ]
