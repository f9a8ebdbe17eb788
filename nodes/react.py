"""A reasoning case: opened, thought about step by step, watched by the meta-reasoner, and concluded.

What the worker does is in `nodes.react_acting`; who thinks, and what the kinds of tasks are, in `nodes.react_thinking`;
what the meta-reasoner does about it in `nodes.react_watching`.
"""

import asyncio
from collections.abc import Mapping

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.context import context_of, run_folder, validated
from nodes.events import emit
from nodes.react_thinking import KINDS, has_expert, propose, so_far
from state.budget import Spent, check_budget, total
from state.errors import BudgetExhausted, SetupError
from state.meta_reasoning import Intervention
from state.react import CaseProgress, CaseRef, End, Ending, ReactOutcome, ReactState
from state.reasoning import ReasoningTask
from state.run import RunContext, RunRequest
from state.values import digest
from tools.cases import FOLDER, case_log
from tools.tracing.spans import span

_MOST_TOLD = 300
_MOST_DETAILS = 20_000
_MOST_STEPS = 200


class OpenInput(TypedDict):
    """Keys opening a case reads."""

    request: RunRequest
    task: ReasoningTask


class CaseInput(TypedDict):
    """Keys a step of a case reads."""

    request: RunRequest
    task: ReasoningTask
    case: CaseRef
    progress: CaseProgress
    end: End
    spent: dict[str, Spent]


def open_case(state: OpenInput, runtime: Runtime[RunContext]) -> ReactState:
    """Validate the task, which a served graph gets as plain JSON, and open its log.

    The same task of the same run, thought about by the same, has the same log: what is in it is not done again.
    """
    context, task = context_of(runtime), validated(ReasoningTask, state.get("task"), "task")
    request = validated(RunRequest, state.get("request"), "request")
    if task.kind not in KINDS:
        raise SetupError(f"{task.kind!r} is no kind of task", where="task.kind", hint=f"kinds: {', '.join(KINDS)}")
    if len(task.details) > _MOST_DETAILS or task.max_steps > _MOST_STEPS:
        what = f"at most {_MOST_DETAILS:,} characters of details and {_MOST_STEPS} steps are taken"
        raise SetupError(what, where="task", hint="refer to the data instead of showing it")
    case_id = digest([task, context.model, context.patterns])[:16]
    path = run_folder(runtime, request) / FOLDER / f"{case_id}.jsonl"
    steps = case_log(str(path)).steps()
    progress = CaseProgress(number=len(steps), calls=sum(len(step.actions) for step in steps))
    emit("case", f"case:{case_id}", case=case_id, kind=task.kind, subject=task.subject, goal=task.goal[:_MOST_TOLD])
    return {"request": request, "task": task, "case": CaseRef(case_id=case_id, path=str(path)), "progress": progress}


async def think(state: CaseInput, runtime: Runtime[RunContext]) -> ReactState:
    """Ask who thinks for the next thought and its actions, or end the case where nothing more may be spent."""
    context, task, progress, spent = context_of(runtime), state["task"], state["progress"], state.get("spent", {})
    end = _no_more(task, progress, context, spent)
    if end is not None:
        return {"end": end}
    log = case_log(state["case"].path)
    steps = log.remembered(progress.number) or await asyncio.to_thread(log.steps)
    number = progress.number + 1
    with span(f"thought {number}", pattern="reasoning", case=state["case"].case_id, thought=number) as told:
        proposal, used = await propose(task, steps, context, progress, total(spent))
        if proposal is not None:
            told.tell(
                actions=", ".join(call.name for call in proposal.actions),
                confidence=proposal.thought.confidence,
                decided_by=proposal.decided_by,
                tokens=proposal.tokens,
            )
            told.show(thought=proposal.thought.next, known="; ".join(proposal.thought.known))
    key = f"react:{state['case'].case_id}"
    update: ReactState = {"spent": {key: spent.get(key, Spent()).plus(used)}}
    if proposal is None:
        reason = "no model answered, and there is no expert for this kind of task"
        return {**update, "end": End(by=Ending.NOBODY, reason=reason)}
    thought = proposal.thought
    emit(
        "thought",
        f"case:{state['case'].case_id}:{number}:thought",
        step=number,
        thought=thought.next[:_MOST_TOLD],
        known="; ".join(thought.known)[:_MOST_TOLD],
        gaps="; ".join(thought.gaps)[:_MOST_TOLD],
        risks="; ".join(thought.risks)[:_MOST_TOLD],
        confidence=thought.confidence,
        actions=", ".join(call.name for call in proposal.actions)[:_MOST_TOLD],
        decided_by=proposal.decided_by,
    )
    return {**update, "proposal": proposal}


def conclude(state: CaseInput, runtime: Runtime[RunContext]) -> ReactState:  # noqa: ARG001  a node's shape
    """Say how the case ended; without a final result what was found so far is the answer."""
    task, progress, end = state["task"], state["progress"], state["end"]
    answer = end.answer or so_far(task, case_log(state["case"].path).steps())
    outcome = ReactOutcome(
        case_id=state["case"].case_id,
        kind=task.kind,
        subject=task.subject,
        ended_by=end.by,
        reason=end.reason,
        answer=answer,
        steps=progress.number,
        calls=progress.calls,
        path=state["case"].path,
    )
    emit(
        "concluded",
        f"case:{outcome.case_id}:end",
        case=outcome.case_id,
        ended_by=end.by.value,
        reason=end.reason[:_MOST_TOLD],
        steps=outcome.steps,
        answer=answer[:_MOST_TOLD],
    )
    return {"outcomes": {outcome.case_id: outcome}}


def _no_more(
    task: ReasoningTask, progress: CaseProgress, context: RunContext, spent: Mapping[str, Spent]
) -> End | None:
    """Return why no further step is taken, if so."""
    if progress.intervention is Intervention.STOP and not (has_expert(task) and context.model.configured):
        return End(by=Ending.META_REASONER, reason=f"the case went round in circles: {progress.last}")
    if progress.number >= task.max_steps:
        return End(by=Ending.MAX_STEPS, reason=f"{task.max_steps} steps were taken")
    try:
        check_budget(context.budget, total(spent))
    except BudgetExhausted as over:
        return End(by=Ending.BUDGET, reason=over.line())
    return None
