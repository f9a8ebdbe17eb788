"""The suite `react`: workers with models that fail, what a case costs, and how long many take side by side.

Cost and time are compared with loops written by hand, in one execution.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from algorithms.intervals import wilson
from evals.model_server import ModelServer
from evals.protocol import About, Better, Score, Task, TaskResult
from evals.react.chain import STEPS, chain_task, next_act
from evals.react.faults import TRIALS, is_right, settings_for, try_out, work
from evals.react.serving import served_apart
from state.errors import StepError
from state.models import ModelSettings
from tools.actions.toolbox import tools_offered
from tools.files import write_durably
from tools.models.structured import tool_schemas

Json = dict[str, Any]

_WORKERS = (20, 100)
_LATENCY = 0.2  # seconds
_ROUNDS = 3
_LENGTHS = (10, 20, 40)  # steps of a case whose cost is measured


class React:
    """Fourteen failing models, requests and tokens, latency."""

    name = "react"
    description = "reasoning workers with failing models; requests, tokens and time beside loops written by hand"
    about = About(
        tasks="faults of a model, cost, latency",
        data="none; plays the model itself",
        scorers="share of trials without a repeated call (Wilson), ratios to plain loops",
        time="minutes",
    )

    def __init__(self, rounds: int = _ROUNDS, workers: Sequence[int] = _WORKERS) -> None:
        self._rounds, self._workers = rounds, workers

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  the suite's shape
        """Return the three parts."""
        return [Task(task_id=name, inputs={}) for name in ("faults", "cost", "latency")]

    def solve(self, task: Task, out: Path) -> None:
        """Write what was counted."""
        home = out / "home"
        shutil.rmtree(home, ignore_errors=True)
        found = {"faults": _faults, "cost": _cost, "latency": self._latency}[task.task_id](home)
        write_durably(out / "found.json", json.dumps(found, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], Json]:
        """Return shares and ratios."""
        found = json.loads((out / "found.json").read_text())
        return {"faults": _score_faults, "cost": _score_cost, "latency": _score_latency}[task.task_id](found)

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of all parts."""
        return tuple(score for result in results for score in result.scores)

    def _latency(self, home: Path) -> Json:
        """Return the wall times of both, in alternating rounds, by number of workers."""
        found: Json = {}
        with served_apart(_LATENCY) as address:
            settings = ModelSettings(name="sim", base_url=address)
            asyncio.run(work(home / "warm", settings, 1))
            for workers in self._workers:
                pairs = []
                for number in range(self._rounds):
                    ours = _timed(work(home / f"{workers}-{number}", settings, workers))
                    plain = _timed(_plain_side_by_side(address, workers))
                    pairs.append([ours, plain])
                found[str(workers)] = pairs
        return found


def _faults(home: Path) -> Json:
    return {name: try_out(name, home / str(at)).model_dump(mode="json") for at, name in enumerate(TRIALS)}


def _score_faults(found: Json) -> tuple[tuple[Score, ...], Json]:
    good = [trial["finished"] and not trial["repeated"] for trial in found.values()]
    low, high = wilson(sum(good), len(good))
    share = Score(
        name="trials that finish correctly without a repeated tool call",
        value=sum(good) / len(good),
        low=low,
        high=high,
        n=len(good),
        interval="Wilson 95 %",
    )
    lines = [
        f"{name}: {'right' if trial['finished'] else 'WRONG'}, {trial['repeated']} repeated calls, "
        f"{trial['requests']} requests, faults {trial['faults']}"
        for name, trial in found.items()
    ]
    return (share,), {"trials": lines}


def _cost(home: Path) -> Json:
    """Return requests and prompt tokens of both loops, by length of the case."""
    from evals.react.plain import plain_langgraph  # noqa: PLC0415  loads the client library

    found: Json = {}
    for steps in _LENGTHS:
        with ModelServer(next_act) as server:
            (outcome,) = asyncio.run(work(home / str(steps), settings_for(server.base_url), 1, steps))
            ours = [server.count, server.prompt_tokens]
        with ModelServer(next_act) as server:
            answer = asyncio.run(plain_langgraph(chain_task(steps), _schemas(), server.base_url))
            plain = [server.count, server.prompt_tokens]
        if f'"answer": "{steps}"' not in outcome.answer or answer != str(steps):
            raise StepError(f"a loop of {steps} steps did not come to its end")
        found[str(steps)] = {"ours": ours, "plain": plain}
    return found


def _score_cost(found: Json) -> tuple[tuple[Score, ...], Json]:
    scores = []
    for steps, counted in found.items():
        for place, name in enumerate(("requests", "prompt tokens")):
            ratio = counted["ours"][place] / counted["plain"][place]
            scores.append(_ratio(f"{name} of {steps} steps, to a loop on LangGraph", [ratio]))
    lines = [
        f"{steps} steps: {counted['ours'][0]} requests and {counted['ours'][1]:,} prompt tokens, by hand "
        f"{counted['plain'][0]} and {counted['plain'][1]:,}"
        for steps, counted in found.items()
    ]
    return tuple(scores), {"counts": lines}


def _score_latency(found: Json) -> tuple[tuple[Score, ...], Json]:
    scores = tuple(
        _ratio(f"wall time of {workers} workers, to asyncio and openai", [ours / plain for ours, plain in pairs])
        for workers, pairs in found.items()
    )
    lines = [
        f"{workers} workers: {', '.join(f'{ours:.2f} s to {plain:.2f} s' for ours, plain in pairs)}"
        for workers, pairs in found.items()
    ]
    return scores, {"rounds": lines}


def _ratio(name: str, values: Sequence[float]) -> Score:
    return Score(
        name=name,
        value=median(values),
        low=min(values),
        high=max(values),
        n=len(values),
        interval="range",
        unit="times",
        better=Better.LOWER,
    )


def _timed(outcomes: Any) -> float:  # noqa: ANN401  work, with outcomes or answers
    started = time.perf_counter()
    ended = asyncio.run(outcomes)
    seconds = time.perf_counter() - started
    if not all(each == str(STEPS) if isinstance(each, str) else is_right(each) for each in ended):
        raise StepError("a worker did not come to the right answer")
    return seconds


async def _plain_side_by_side(base_url: str, workers: int) -> list[str]:
    from openai import AsyncOpenAI  # noqa: PLC0415  not for those who only list the suites

    from evals.react.plain import plain_loop  # noqa: PLC0415

    async with AsyncOpenAI(base_url=base_url, api_key="none") as client:
        schemas = _schemas()
        return await asyncio.gather(*(plain_loop(client, chain_task(STEPS, at), schemas) for at in range(workers)))


def _schemas() -> list[Json]:
    return list(tool_schemas(tools_offered("question")))
