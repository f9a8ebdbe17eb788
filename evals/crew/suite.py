"""Suite `crew`: generated messy folders and shared benchmarks, delivered by the crew and by two baselines.

One task is one folder and one solver. It is made from its specification when it is solved, so tasks depend on nothing
but their inputs and may be solved side by side in several processes. The truth is made anew to score the answer.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.baselines import pipeline, single_agent
from evals.crew import playing
from evals.crew.answer import CONTRACT, INPUT
from evals.crew.benchmarks import BENCHMARKS, benchmarks_in
from evals.crew.figures import figures
from evals.crew.judging import Verdict, judge
from evals.crew.tasks import specs
from evals.folders.make import make_folder, truth_of
from evals.folders.spec import FolderSpec
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError
from state.run import RunContext

Solver = Callable[[Path, Path, Path], object]
"""Delivers a contract from a folder of files into a task's folder."""

VERDICT = "verdict"


def _crew(contract: Path, sources: Path, out: Path) -> object:
    return playing.deliver(contract, sources, out, RunContext(home=str(out / playing.HOME), threads=1))


def _agent(contract: Path, sources: Path, out: Path) -> object:
    return single_agent.deliver(contract, sources, out, RunContext(home=str(out / playing.HOME), threads=1))


SOLVERS: Mapping[str, Solver] = {"crew": _crew, single_agent.SOLVER: _agent, pipeline.SOLVER: pipeline.deliver}
"""The crew and the baselines by name."""


class Crew:
    """The suite; `seeds` folders of each kind."""

    name = "crew"
    description = "messy folders with known truth and shared benchmarks: the crew beside a pipeline and a single agent"
    about = About(
        tasks="33 folders a seed (kinds of mess by drift and size, faults) and 5 benchmarks, each by 3 solvers",
        data="generated; benchmarks where `--data` has them",
        scorers="contract met, rows, cells, mapping, causes, steps, replans, tokens, CPU",
        time="4 min",
    )

    def __init__(self) -> None:
        self.seeds = 1

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for each folder and solver; SetupError for a contract, as every folder has its own."""
        if contract is not None:
            raise SetupError("every folder of the suite has its contract", where="--contract", hint="leave it out")
        made = [(spec.name, {"spec": spec.model_dump_json()}) for spec in specs(self.seeds)]
        given = [(name, {"benchmark": name, "data": str(data)}) for name in benchmarks_in(data)]
        return [
            Task(task_id=f"{name}-{solver}", inputs={**inputs, "solver": solver})
            for name, inputs in [*made, *given]
            for solver in SOLVERS
        ]

    def solve(self, task: Task, out: Path) -> None:
        """Make the folder and let the solver deliver it; its answer is kept whatever it is."""
        shutil.rmtree(out / playing.HOME, ignore_errors=True)
        shutil.rmtree(out / INPUT, ignore_errors=True)
        if "spec" in task.inputs:
            make_folder(FolderSpec.model_validate_json(task.inputs["spec"]), out)
        else:
            BENCHMARKS[task.inputs["benchmark"]].write(Path(task.inputs["data"]), out)
        SOLVERS[task.inputs["solver"]](out / CONTRACT, out / INPUT, out)
        shutil.rmtree(out / playing.HOME, ignore_errors=True)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the scores of the answer, and the counts that the figures over all tasks are made from."""
        if "spec" in task.inputs:
            verdict, scores = judge(truth_of(FolderSpec.model_validate_json(task.inputs["spec"]), out), out)
        else:
            benchmark, data = BENCHMARKS[task.inputs["benchmark"]], Path(task.inputs["data"])
            verdict, scores = judge(benchmark.truth(data, out), out, benchmark.hits and benchmark.hits(data, out))
        details = {"solver": task.inputs["solver"], VERDICT: verdict.model_dump(mode="json")}
        return scores, details | ({"not met": verdict.why} if verdict.why else {})

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the figures of every solver."""
        scores: list[Score] = []
        for solver in SOLVERS:
            mine = [result for result in results if result.details.get("solver") == solver]
            scores += figures(solver, [Verdict.model_validate(each.details[VERDICT]) for each in mine])
        return tuple(scores)
