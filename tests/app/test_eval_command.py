"""What `millwright eval` prints: shares as percent, every other figure as it is, with its unit and uncertainty."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.eval_command import EvalOptions, run_evaluation
from evals import suites
from evals.protocol import Score, Task, TaskResult


class Figures:
    name = "figures"
    description = "scores of every unit"

    def tasks(self, _data: Path | None, _contract: Path | None) -> Sequence[Task]:
        return (Task(task_id="one", inputs={}),)

    def solve(self, _task: Task, out: Path) -> None:
        (out / "answer").touch()

    def score(self, _task: Task, _out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        return (), {}

    def summarise(self, _results: Sequence[TaskResult]) -> tuple[Score, ...]:
        figures = (("solved", "share"), ("faster", "times"), ("took", "ms"))
        return tuple(
            Score(name=name, value=0.5, low=0.25, high=0.75, n=4, interval="range", unit=unit) for name, unit in figures
        )


def test_only_shares_are_printed_as_percent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(suites.SUITES, "figures", Figures)
    assert run_evaluation("figures", EvalOptions(out=tmp_path)) == 0
    told = capsys.readouterr().out
    assert "solved: 50.00% of 4 (range 25.00% to 75.00%)" in told
    assert "faster: 0.5 times (range 0.25 to 0.75, n = 4)" in told
    assert "took: 0.5 ms (range 0.25 to 0.75, n = 4)" in told
