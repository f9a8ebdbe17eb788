"""Running a suite: answers before truth, a failing task is a result, everything is written down."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evals.protocol import Score, SuiteResult, Task, TaskResult
from evals.runner import run_suite
from evals.suites import SUITES, find_suite
from state.errors import MillwrightError, SetupError, StepError

Act = Callable[[Task], None]


def nothing(_task: Task) -> None:
    """Do as told."""


class Fake:
    """A suite of three tasks that notes what is done when."""

    name = "fake"
    description = "three tasks"

    def __init__(self, *, solving: Act = nothing, scoring: Act = nothing) -> None:
        self.acts: list[str] = []
        self._solving, self._scoring = solving, scoring

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        return tuple(Task(task_id=name, inputs={"data": str(data), "contract": str(contract)}) for name in "abc")

    def solve(self, task: Task, out: Path) -> None:
        self.acts.append(f"solve {task.task_id}")
        (out / "answer").write_text(task.task_id)
        self._solving(task)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        self.acts.append(f"score {task.task_id}")
        self._scoring(task)
        assert (out / "answer").read_text() == task.task_id
        return (Score(name="right", value=1, low=0.5, high=1, n=1, interval="Wilson 95 %"),), {"seen": [task.task_id]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        solved = sum(result.solved for result in results)
        return (Score(name="solved", value=solved, low=0, high=3, n=len(results), interval="none"),)


def fail(error: BaseException, *names: str) -> Act:
    def act(task: Task) -> None:
        if task.task_id in names:
            raise error

    return act


def go(suite: Fake, out: Path) -> SuiteResult:
    return run_suite(suite, data=out / "data", contract=None, out=out)


def test_each_task_is_solved_then_scored_in_a_folder_of_its_own(tmp_path: Path) -> None:
    suite = Fake()
    result = go(suite, tmp_path)
    assert suite.acts == ["solve a", "score a", "solve b", "score b", "solve c", "score c"]
    assert [(task.task_id, task.solved, task.details) for task in result.results] == [
        (name, True, {"seen": [name]}) for name in "abc"
    ]
    assert result.scores[0].value == 3
    assert {"millwright", "duckdb", "langgraph"} <= set(result.versions)
    assert SuiteResult.model_validate_json((tmp_path / "result.json").read_bytes()) == result


@pytest.mark.parametrize(
    "error", [StepError("it broke"), MillwrightError("it broke"), duckdb.IOException("it broke"), OSError("it broke")]
)
def test_a_task_that_fails_is_a_result_and_not_the_end(tmp_path: Path, error: Exception) -> None:
    suite = Fake(solving=fail(error, "b"))
    result = go(suite, tmp_path)
    assert "score b" not in suite.acts
    assert [task.solved for task in result.results] == [True, False, True]
    assert (result.results[1].error, result.results[1].scores) == ("it broke", ())
    assert result.results[1].seconds >= 0
    assert result.scores[0].value == 2
    assert (tmp_path / "result.json").exists()


def test_an_answer_that_cannot_be_scored_counts_as_not_solved(tmp_path: Path) -> None:
    result = go(Fake(scoring=fail(duckdb.InvalidInputException("no such file"), "a")), tmp_path)
    assert [task.solved for task in result.results] == [False, True, True]
    assert result.results[0].error == "the answer cannot be scored: no such file"


def test_a_fault_of_the_program_rises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        go(Fake(solving=fail(ZeroDivisionError(), "a")), tmp_path)


def test_missing_data_ends_the_suite_before_it_starts(tmp_path: Path) -> None:
    suite = find_suite("covid19")
    with pytest.raises(SetupError, match="--data"):
        run_suite(suite, data=tmp_path / "nothing", contract=None, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_is_found_by_its_own_name(name: str) -> None:
    suite = find_suite(name)
    assert suite.name == name
    assert suite.description


def test_a_suite_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(SetupError, match="covid19"):
        find_suite("nothing")
