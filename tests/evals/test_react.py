"""The suite `react`: trials count what happened, and cost stays below that of a loop written by hand."""

import asyncio
from pathlib import Path

import pytest

from evals.model_server import ModelServer, Scripted, calls
from evals.react import suite
from evals.react.faults import TRIALS, Trial, repeated_calls, settings_for, try_out, work
from evals.react.suite import React
from evals.runner import run_suite


def test_there_are_fourteen_trials() -> None:
    assert len(TRIALS) == 14


@pytest.mark.parametrize("name", ["once: truncated", "once: unknown_tool", "four in a row: server_error"])
def test_a_trial_finishes_and_repeats_nothing(tmp_path: Path, name: str) -> None:
    trial = try_out(name, tmp_path)
    assert trial.finished
    assert trial.repeated == 0
    assert sum(trial.faults.values()) >= 1
    assert trial.endings == {"final_result": 1}


def test_a_trial_that_repeats_a_call_is_found_out(tmp_path: Path) -> None:
    again = calls(("calculate", {"expression": "1 + 1"}))
    with ModelServer(Scripted(again, again, calls(("final_result", {"answer": "2"})))) as server:
        outcomes = asyncio.run(work(tmp_path, settings_for(server.base_url), 1))
    assert repeated_calls(outcomes) == 1


def test_requests_are_as_many_and_tokens_fewer_than_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "_LENGTHS", (10,))
    monkeypatch.setattr(suite, "_faults", lambda home: {"x": Trial(
        finished=True, repeated=0, requests=1, faults={}, endings={}).model_dump()})  # fmt: skip
    result = run_suite(React(rounds=1, workers=(2,)), data=None, contract=None, out=tmp_path)
    assert all(task.solved for task in result.results), [task.error for task in result.results]
    scores = {score.name: score.value for score in result.scores}
    assert scores["requests of 10 steps, to a loop on LangGraph"] == 1
    assert scores["prompt tokens of 10 steps, to a loop on LangGraph"] <= 1
    assert scores["wall time of 2 workers, to asyncio and openai"] > 0
