"""Who thinks in a case: the expert of the task's kind, or a chat model with the expert to fall back to."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from state.budget import Spent
from state.errors import BudgetExhausted, ModelError
from state.meta_reasoning import Intervention
from state.models import ModelUse
from state.react import CaseProgress
from state.reasoning import ActionKind, Policy, Proposal, ReasoningStep, ReasoningTask
from state.run import RunContext, RunRequest
from tools.actions.bench import Bench
from tools.models.meter import Meter
from tools.sql.sandbox import SandboxLimits

_MOST_KEPT = 20


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A kind of task: its expert, if there is one, and what is told when it ends without a final result."""

    expert: Policy | None
    so_far: Callable[[ReasoningTask, tuple[ReasoningStep, ...]], str]


def bench_of(context: RunContext, request: RunRequest) -> Bench:
    """Return what the actions of a case work on."""
    limits = SandboxLimits(seconds=context.sql_seconds, memory=context.memory, threads=context.threads)
    return Bench(folder=context.run_folder(request.run_id), home=Path(context.home).absolute(), limits=limits)


def so_far(task: ReasoningTask, steps: tuple[ReasoningStep, ...]) -> str:
    """Return what was found, as JSON text, where there is no final result."""
    return KINDS[task.kind].so_far(task, steps)


async def propose(
    task: ReasoningTask,
    steps: tuple[ReasoningStep, ...],
    bench: Bench,
    context: RunContext,
    progress: CaseProgress,
    spent: Spent,
) -> tuple[Proposal | None, Spent]:
    """Return the next proposal and what asking for it used; None where nobody can think.

    The expert thinks where no model is configured, where the model fails, and where the meta-reasoner called for an
    arbitration.
    """
    expert = KINDS[task.kind].expert
    if not context.model.configured:
        return await _by_expert(expert, task, steps, ""), Spent()
    if progress.intervention is Intervention.ARBITRATION and expert is not None:
        return await _by_expert(expert, task, steps, "arbitration: the steps went round in circles"), Spent()
    from nodes.react_chat import propose_by_model  # noqa: PLC0415  loads the client library

    meter = Meter(context.budget, before=spent)
    try:
        proposal = await propose_by_model(task, steps, bench, context, meter, progress.advice, progress.avoid)
    except (ModelError, BudgetExhausted) as error:
        return await _by_expert(expert, task, steps, error.line()), _used(meter.used)
    return proposal, _used(meter.used)


async def _by_expert(
    expert: Policy | None, task: ReasoningTask, steps: tuple[ReasoningStep, ...], why: str
) -> Proposal | None:
    if expert is None:
        return None
    proposal = await asyncio.to_thread(expert.propose, task, steps)
    return proposal.model_copy(update={"metadata": {**proposal.metadata, "fallback": why[:300]}}) if why else proposal


def _used(use: ModelUse) -> Spent:
    return use.spent


def _conclusions(task: ReasoningTask, steps: tuple[ReasoningStep, ...]) -> str:
    """Return the conclusions and the thoughts that were kept."""
    kept = [
        seen.content
        for step in steps
        for call, seen in zip(step.actions, step.observations, strict=True)
        if call.name == ActionKind.REASON.value and not seen.failed
    ]
    known = [text for step in steps for text in step.thought.known]
    conclusions = [json.loads(content)["kept"] for content in kept[-_MOST_KEPT:]]
    return json.dumps({"answer": "", "subject": task.subject, "conclusions": conclusions, "known": known[-_MOST_KEPT:]})


KINDS: Mapping[str, TaskKind] = {
    "question": TaskKind(expert=None, so_far=_conclusions),
}
