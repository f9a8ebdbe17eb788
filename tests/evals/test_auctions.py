"""The suite `auctions`: small shares of its studies, and that predictions of a second run are nearer."""

from pathlib import Path

import pytest

from evals.auctions.runs import learning
from evals.auctions.suite import Auctions
from evals.protocol import Task
from evals.runner import run_suite
from evals.suites import find_suite


class Quick(Auctions):
    """Only the tasks that need no run."""

    def tasks(self, data: Path | None, contract: Path | None) -> list[Task]:
        return [task for task in super().tasks(data, contract) if task.task_id not in ("predictions", "engines")]


def test_every_study_is_solved_and_what_is_promised_holds(tmp_path: Path) -> None:
    result = run_suite(Quick(share=0.005), data=None, contract=None, out=tmp_path)
    assert all(task.solved for task in result.results), [task.error for task in result.results]
    shares = [score for score in result.scores if score.unit == "share"]
    assert len(shares) == 10
    assert all(score.value == 1.0 for score in shares)
    assert all(score.low <= score.value <= score.high for score in result.scores)


def test_predictions_of_a_second_run_are_nearer(tmp_path: Path) -> None:
    found = learning(tmp_path / "runs", 2, 400)
    first, second, by_plan = found.scores
    assert second.value < first.value
    assert second.value < by_plan.value


def test_the_suite_is_found_with_rows() -> None:
    suite = find_suite("auctions", rows=1_000)
    assert isinstance(suite, Auctions)
    with pytest.raises(Exception, match="auctions"):
        find_suite("consensus", rows=5)
