"""Running a suite: answers before truth, a failing task is a result, everything is written down."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evals.protocol import About, Score, SuiteResult, Task, TaskResult
from evals.runner import Running, run_suite
from evals.suites import SUITES, find_suite
from state.errors import MillwrightError, SetupError, StepError

Act = Callable[[Task], None]


def nothing(_task: Task) -> None:
    """Do as told."""


class Fake:
    """A suite of three tasks that notes what is done when."""

    name = "fake"
    description = "three tasks"
    about = About(tasks="", data="", scorers="", time="")

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


def again(suite: Fake, out: Path, **more: Any) -> SuiteResult:
    return run_suite(suite, data=out / "data", contract=None, out=out, running=Running(**more))


def test_what_is_solved_is_scored_again_and_not_solved_again(tmp_path: Path) -> None:
    go(Fake(solving=fail(StepError("it broke"), "b")), tmp_path)
    suite = Fake()
    result = go(suite, tmp_path)
    assert suite.acts == ["score a", "solve b", "score b", "score c"]
    assert [task.solved for task in result.results] == [True, True, True]
    assert result.kept == ("a", "c")


@pytest.mark.parametrize("more", [{"fresh": True}, {"arguments": {"rows": "5"}}])
def test_other_arguments_or_a_wish_solve_everything_anew(tmp_path: Path, more: dict[str, Any]) -> None:
    go(Fake(), tmp_path)
    suite = Fake()
    assert again(suite, tmp_path, **more).kept == ()
    assert suite.acts[::2] == ["solve a", "solve b", "solve c"]


def test_other_files_solve_the_task_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows.csv").write_text("1")
    go(Fake(), tmp_path)
    (data / "rows.csv").write_text("22")
    assert go(Fake(), tmp_path).kept == ()
    assert go(Fake(), tmp_path).kept == ("a", "b", "c")


def test_other_code_solves_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(Fake(), tmp_path)
    monkeypatch.setattr("evals.fingerprint.house_digest", lambda: "another house")
    assert go(Fake(), tmp_path).kept == ()


def test_an_answer_that_is_gone_is_made_again(tmp_path: Path) -> None:
    go(Fake(), tmp_path)
    (tmp_path / "b" / "answer").unlink()
    result = go(Fake(), tmp_path)
    assert all(task.solved for task in result.results)
    assert result.kept == ("a", "c")


def test_a_line_cut_off_by_a_kill_counts_for_nothing(tmp_path: Path) -> None:
    go(Fake(), tmp_path)
    journal = tmp_path / "solved.jsonl"
    text = journal.read_text()
    journal.write_text(text[: len(text) - 20])
    assert go(Fake(), tmp_path).kept == ("a", "b")


def test_whoever_asks_hears_of_every_result(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    run_suite(
        Fake(), data=None, contract=None, out=tmp_path,
        heard=lambda result, done, total: told.append((result.task_id, done, total)),
    )  # fmt: skip
    assert told == [("a", 1, 3), ("b", 2, 3), ("c", 3, 3)]


def program(*arguments: object) -> int:
    script = Path(__file__).with_name("pooled_suite.py")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False).returncode


def test_a_killed_suite_goes_on(tmp_path: Path) -> None:
    assert program(tmp_path, 1, "kill") == -signal.SIGKILL
    assert not (tmp_path / "result.json").exists()
    assert program(tmp_path, 1, "kill") == 0
    assert (tmp_path / "acts").read_text().split() == ["one", "two", "three", "three", "four"]
    result = SuiteResult.model_validate_json((tmp_path / "result.json").read_bytes())
    assert [task.solved for task in result.results] == [True, True, True, False]
    assert result.kept == ("one", "two")


def test_a_worker_that_crashes_is_a_failed_task(tmp_path: Path) -> None:
    assert program(tmp_path, 3, "crash") == 0
    result = SuiteResult.model_validate_json((tmp_path / "result.json").read_bytes())
    assert [task.task_id for task in result.results] == ["one", "two", "three", "four"]
    assert [task.error for task in result.results] == [
        "", "", "the process of the task was ended by SIGKILL", "four never works",
    ]  # fmt: skip
    assert result.results[0].details["pid"] != result.results[1].details["pid"]


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_can_be_sent_to_another_process(name: str) -> None:
    assert type(pickle.loads(pickle.dumps(find_suite(name)))) is SUITES[name]  # noqa: S301  our own bytes
