"""Who thinks in a case: the expert of the task's kind, or a chat model with the expert to fall back to."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from algorithms.diagnosis.expert import ExpertPolicy
from nodes.react_chat import propose_by_model
from nodes.react_endings import diagnosed_so_far, finished_answer, finished_diagnosis, told_so_far
from state.budget import Spent
from state.errors import BudgetExhausted, ModelError
from state.meta_reasoning import Intervention
from state.react import CaseProgress
from state.reasoning import ActionCall, Policy, Proposal, ReasoningStep, ReasoningTask
from state.run import RunContext, RunRequest
from tools.actions.bench import Bench
from tools.models.meter import Meter
from tools.sql.sandbox import SandboxLimits

Steps = tuple[ReasoningStep, ...]

_KEPT = 4
"""Steps the expert needs at most: a look, two rounds of tests, the end."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A kind of task: its expert, if there is one, and how a case ends.

    `so_far` tells what was found where there is no final result. `finish` makes the answer of a final result, both as
    JSON text; it raises StepError for one that the steps do not bear out.
    """

    expert: Policy | None
    so_far: Callable[[ReasoningTask, Steps], str]
    finish: Callable[[ReasoningTask, Steps, Proposal, ActionCall], str]


def bench_of(context: RunContext, request: RunRequest) -> Bench:
    """Return what the actions of a case work on."""
    limits = SandboxLimits(seconds=context.sql_seconds, memory=context.memory, threads=context.threads)
    return Bench(folder=context.run_folder(request.run_id), home=Path(context.home).absolute(), limits=limits)


def so_far(task: ReasoningTask, steps: Steps) -> str:
    """Return what was found, as JSON text, where there is no final result."""
    return KINDS[task.kind].so_far(task, steps)


def finish(task: ReasoningTask, steps: Steps, proposal: Proposal, call: ActionCall) -> str:
    """Return the answer of a final result, as JSON text; StepError says why it is not accepted."""
    return KINDS[task.kind].finish(task, steps, proposal, call)


async def propose(
    task: ReasoningTask,
    steps: Steps,
    context: RunContext,
    progress: CaseProgress,
    spent: Spent,
) -> tuple[Proposal | None, Spent]:
    """Return the next proposal and what asking for it used; None where nobody can think.

    The expert thinks where no model is configured, where the model fails, where the meta-reasoner called for an
    arbitration, and in the last steps: whatever the model does, there are enough of them for the expert's own way.
    """
    expert = KINDS[task.kind].expert
    if not context.model.configured:
        return await _by_expert(expert, task, steps, ""), Spent()
    why = _handed_over(task, context, progress, spent) if expert is not None else ""
    if why:
        return await _by_expert(expert, task, steps, why), Spent()
    meter = Meter(context.budget, before=spent)
    try:
        proposal = await propose_by_model(task, steps, context, meter, progress.advice, progress.avoid)
    except (ModelError, BudgetExhausted) as error:
        return await _by_expert(expert, task, steps, error.line()), meter.used.spent
    return proposal, meter.used.spent


def has_expert(task: ReasoningTask) -> bool:
    """Whether there is an expert for tasks of this kind."""
    return KINDS[task.kind].expert is not None


def _handed_over(task: ReasoningTask, context: RunContext, progress: CaseProgress, spent: Spent) -> str:
    """Return why the expert takes this step although there is a model; empty where it does not."""
    if progress.intervention is Intervention.ARBITRATION:
        return "arbitration: the steps went round in circles"
    if progress.rung is Intervention.STOP:
        return "the model's steps went round in circles to the end"
    left = task.max_steps - progress.number
    if context.budget.steps is not None:
        left = min(left, context.budget.steps - spent.steps)
    kept = min(_KEPT, task.max_steps // 2)
    return f"the last {left} steps are the expert's" if left <= kept else ""


async def _by_expert(expert: Policy | None, task: ReasoningTask, steps: Steps, why: str) -> Proposal | None:
    if expert is None:
        return None
    proposal = await asyncio.to_thread(expert.propose, task, steps)
    return proposal.model_copy(update={"metadata": {**proposal.metadata, "fallback": why[:300]}}) if why else proposal


KINDS: Mapping[str, TaskKind] = {
    "diagnose": TaskKind(expert=ExpertPolicy(), so_far=diagnosed_so_far, finish=finished_diagnosis),
    "question": TaskKind(expert=None, so_far=told_so_far, finish=finished_answer),
}
