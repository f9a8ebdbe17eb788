"""Suites as experiments of LangSmith: offline without a key; with one, figures are sent, values from data are not."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langsmith import traceable

from evals.experiments import Experiment
from evals.protocol import About, Score, SuiteResult, Task, TaskResult
from evals.runner import SuiteRun
from state.errors import SetupError, StepError

from .langsmith_server import LangSmith

SECRET = "Jane Roe, 4 Elm Street"  # noqa: S105  a value from data


class Rows:
    name = "rows"
    description = "three tasks"
    about = About(tasks="", data="", scorers="", time="")

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.solved: list[str] = []

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        return tuple(Task(task_id=name, inputs={"file": f"/home/{SECRET}.csv"}) for name in ("one", "two", "three"))

    def solve(self, task: Task, out: Path) -> None:
        self.solved.append(task.task_id)
        traceable(lambda row: row, name="graph")(SECRET)  # what a graph would trace
        if task.task_id == "two":
            raise self.error or StepError(f"no such row: {SECRET}")

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        return (Score(name="F1", value=0.5, low=0.4, high=0.6, n=9, interval="none"),), {"wrong": [SECRET]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        solved = sum(result.solved for result in results)
        return (Score(name="solved", value=solved / 3, low=0, high=1, n=3, interval="none"),)


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Experiment, SuiteResult]]:
    monkeypatch.delenv("LANGSMITH_API_KEY", raising=False)

    def run(suite: Rows) -> tuple[Experiment, SuiteResult]:
        begun = SuiteRun(suite, data=None, contract=None, out=tmp_path)
        experiment = Experiment(begun, suite.description, lambda *_: None)
        return experiment, experiment.run()

    return run


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangSmith]:
    with LangSmith() as started:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", started.url)
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        yield started


def test_without_a_key_nothing_is_sent(go: Any, server: LangSmith) -> None:
    experiment, result = go(Rows())
    assert server.received == []
    assert [task.solved for task in result.results] == [True, False, True]
    assert experiment.feedback == {
        "one": {"solved": 1, "F1": 0.5}, "two": {"solved": 0}, "three": {"solved": 1, "F1": 0.5},
    }  # fmt: skip


def test_with_a_key_tasks_and_figures_are_sent_and_no_value(
    go: Any, server: LangSmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "key")
    _, result = go(Rows())
    (dataset,) = server.datasets.values()
    assert dataset["name"].startswith("millwright-rows-")
    (examples,) = server.examples.values()
    assert [each["inputs"] for each in examples] == [
        {"task": name, "inputs": ["file"]} for name in ("one", "two", "three")
    ]
    told = {(each["key"], round(each["score"], 2)) for each in server.feedback}
    assert told == {("F1", 0.5), ("solved", 0.0), ("solved", 1.0), ("solved", 0.67)}
    outputs = [run["outputs"] for run in server.runs if run.get("outputs")]
    assert [each["solved"] for each in outputs] == [True, False, True]
    assert {run["name"] for run in server.runs if "name" in run} == {"Target"}
    assert result.results[1].error == f"no such row: {SECRET}"
    assert not [path for _, path, text in server.received if SECRET in text or "Jane Roe" in json.dumps(text)]


def test_a_dataset_is_made_once(go: Any, server: LangSmith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "key")
    go(Rows())
    suite = Rows()
    go(suite)
    assert suite.solved == ["two"]  # the others were kept
    assert len(server.datasets) == 1
    assert [len(each) for each in server.examples.values()] == [3]
    assert len(server.sessions) == 2


def test_a_fault_of_the_program_is_not_swallowed(go: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        go(Rows(ZeroDivisionError()))


def test_a_server_that_is_not_there_is_told_in_one_line(go: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "key")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SetupError, match="does not take the dataset"):
        go(Rows())
