"""Plays the job of a decision point with a model of a given behaviour, and tells how it ended and what it took."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from evals.model_faults.points import Point
from evals.model_server import Behaviour, ModelServer
from graphs.session import resume, run
from state.models import ModelSettings
from state.run import RunContext, RunStatus
from state.values import Value
from tools.cases import FOLDER, case_log

RUN = "r"


class Ending(Value):
    """How a run ended."""

    status: str
    problem: str  # why it was stopped; empty where it published
    tables: dict[str, tuple[str, ...]]  # table -> the rows that are published, as text
    sent: int  # requests that the server saw
    counted: int  # requests in the run's record
    decided: str  # who decided at the point: "model", "expert", or both
    fallbacks: tuple[str, ...]  # why a model's word was not taken, as recorded
    actions: tuple[str, ...]  # rulings of the replanner and the quality planner
    repeated: tuple[str, ...]  # steps and tool calls whose effect was made twice without being taken back between


def play(point: Point, behaviour: Behaviour | None, folder: Path) -> Ending:
    """Run the job in a new folder; without a behaviour no model is configured."""
    point.write(folder)
    if behaviour is None:
        _work(point, folder, ModelSettings())
        return _ending(point, folder, 0)
    with ModelServer(behaviour) as server:
        _work(point, folder, quick_settings(server.base_url))
        return _ending(point, folder, server.count)


def quick_settings(base_url: str) -> ModelSettings:
    """Return a model whose failures take little time."""
    return ModelSettings(
        name="sim", base_url=base_url, timeout=2.0, deadline=10.0, retries=2, retry_wait=0.01, breaker_failures=12
    )


def _work(point: Point, folder: Path, model: ModelSettings) -> None:
    context = RunContext(home=str(folder / "home"), model=model, retry_wait=0.0)
    with point.inject():
        sources = [str(folder / "input")]
        output = run(folder / "contract.yaml", sources, folder / "served", context=context, run_id=RUN, goal=point.goal)
        if output["status"] is RunStatus.WAITING:  # SQL that was drafted: a person accepts it
            resume(folder / "home", RUN, answer={"rest": "accept"}, by="a person")


def _ending(point: Point, folder: Path, sent: int) -> Ending:
    told = json.loads((folder / "served" / "_runs" / RUN / "run.json").read_text())
    mine = [each for each in told["decisions"] if each["kind"] == point.name]
    published = sorted((folder / "served").glob("*.parquet"))
    reasons = [each["fallback"] for each in told["decisions"] if each.get("fallback")]
    reasons += [each for each in told["warnings"] if point.goal and "drafted" in each]
    return Ending(
        status=told["status"],
        problem=told.get("problem") or "",
        tables={path.stem: _rows(path) for path in published},
        sent=sent,
        counted=told["model"]["requests"],
        decided=" and ".join(sorted({each["decided_by"] for each in mine})),
        fallbacks=tuple(dict.fromkeys(reasons)),
        actions=tuple(each["action"] for each in told["replanning"]),
        repeated=tuple(_repeated(told, folder)),
    )


def _rows(path: Path) -> tuple[str, ...]:
    with duckdb.connect() as connection:
        found = connection.execute("select t::varchar from read_parquet(?) t order by all", [str(path)]).fetchall()
    return tuple(row for (row,) in found)


def _repeated(told: dict[str, Any], folder: Path) -> list[str]:
    """Return steps that were done more often than they were asked for, and tool calls with the same arguments."""
    done = Counter(each["step_id"] for each in told["trace"] if each["status"] == "done")
    again = Counter(step for each in told["replanning"] for step in each.get("again", ()))
    steps = [step for step, times in done.items() if times > 1 + again[step]]
    return steps + [call for call, times in _calls(folder).items() if times > 1]


def _calls(folder: Path) -> Counter[str]:
    """Return how often each tool answered the same arguments, in each case of the run."""
    found: Counter[str] = Counter()
    for path in sorted((folder / "home" / "runs" / RUN / FOLDER).rglob("*.jsonl")):
        for step in case_log(path).steps():
            for call, seen in zip(step.actions, step.observations, strict=True):
                found[f"{path.stem}: {call.name} {call.arguments}"] += not seen.failed
    return found
