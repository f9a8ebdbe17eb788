"""What is played: whole runs, sound and with a failure put in, and a reasoning worker alone; the way each went.

A run's trajectory is its nodes in order, as the graph reports them, with the subgraphs they lie in. A worker's is the
tools it called, in order.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from evals.failures.job import Job, write_job
from evals.failures.play import find_failure
from evals.reasoning.cases import bring_in, make_case, task_for
from evals.reasoning.specs import FIRST_SEED, specs_of
from graphs.react import graph as react
from graphs.supervisor import graph as supervisor
from state.errors import StepError
from state.reasoning import ActionCall, ActionKind
from state.run import RunContext, RunRequest
from tools.cases import case_log
from tools.intake import read_contract

_RUN = "played"

Trajectory = list[str]


def sound(folder: Path) -> Trajectory:
    """Return the nodes of a run that nothing disturbs."""
    return _nodes(write_job(folder), nullcontext())


def disturbed(failure: str) -> Callable[[Path], Trajectory]:
    """Return what plays a run with a failure of the suite `run-failures`, and returns its nodes."""

    def play(folder: Path) -> Trajectory:
        job = write_job(folder)
        return _nodes(job, find_failure(failure).inject(job))

    return play


def _nodes(job: Job, disturbance: AbstractContextManager[object]) -> Trajectory:
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id=_RUN)
    # One step at a time: side by side, steps end in an order of chance.
    context = RunContext(home=str(job.home), threads=1, parallel_steps=1, retry_wait=0.01)

    async def go() -> Trajectory:
        found: Trajectory = []
        streamed = supervisor.astream({"request": request}, context=context, stream_mode="updates", subgraphs=True)
        async for place, update in streamed:
            inside = [each.partition(":")[0] for each in place]
            found += ["/".join([*inside, node]) for node in update]
        return found

    with disturbance:
        return asyncio.run(go())


def worker(fault: str) -> Callable[[Path], Trajectory]:
    """Return what has a worker diagnose a fault of the suite `reasoning`, and returns the tools it called."""

    def play(folder: Path) -> Trajectory:
        if make_case(specs_of(fault, FIRST_SEED)[0], folder) is None:
            raise StepError(f"the fault {fault!r} cannot happen in these files", where=str(folder))
        run = bring_in(folder)
        task = task_for(run, read_contract(run).tables[0].name)
        request = RunRequest(contract="", sources=(), out="", run_id=run.name)
        context = RunContext(home=str(folder / "home"), threads=1)
        output = asyncio.run(react.ainvoke({"request": request, "task": task}, context=context))
        (outcome,) = output["outcomes"].values()
        return [_called(call) for step in case_log(outcome.path).steps() for call in step.actions]

    return play


def _called(call: ActionCall) -> str:
    """Return the name of a tool and, where it tests a cause, which."""
    cause = json.loads(call.arguments).get("cause", "") if call.name == ActionKind.VALIDATE_DATA else ""
    return f"{call.name} {cause}".strip()


SCENES: dict[str, Callable[[Path], Trajectory]] = {
    "sound run": sound,
    "a read fails once": disturbed("a read fails once"),
    "one file is of lower quality": disturbed("one file is of lower quality"),
    "a rule that nothing can meet": disturbed("a rule that nothing can meet"),
    "a worker finds a changed unit": worker("unit"),
    "a worker finds nothing wrong": worker("clean"),
}
