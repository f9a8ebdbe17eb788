"""Acting: the calls of one step side by side. Whatever happens to a call, its id gets an answer."""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from langchain_core.runnables.config import ContextThreadPoolExecutor
from langchain_core.tools import StructuredTool
from langgraph.runtime import Runtime
from pydantic import ValidationError
from typing_extensions import TypedDict

from nodes.boundary import FAILURES, classify, failure_line
from nodes.context import context_of
from nodes.events import emit
from nodes.react_thinking import bench_of, finish
from nodes.react_watching import looked_at
from state.budget import Spent
from state.errors import StepError
from state.react import CaseProgress, CaseRef, End, Ending, ReactState
from state.reasoning import ActionCall, ActionKind, Observation, Proposal, ReasoningStep, ReasoningTask
from state.run import RunContext, RunRequest
from tools.actions.toolbox import toolbox
from tools.cases import case_log, in_order
from tools.disk import no_room

_MOST_TOLD = 300
_MOST_CONTENT = 40_000


class ActInput(TypedDict):
    """Keys acting reads."""

    request: RunRequest
    task: ReasoningTask
    case: CaseRef
    proposal: Proposal
    progress: CaseProgress
    spent: dict[str, Spent]


def act(state: ActInput, runtime: Runtime[RunContext]) -> ReactState:
    """Perform the proposed actions, those that were answered before excepted, and keep the finished step.

    A final result is judged after the other actions of its step, so that a test and what it shows can be one step. The
    meta-reasoner looks at the case here, where all steps are at hand; what is done about it is decided in `watch`.
    """
    context, proposal, progress = context_of(runtime), state["proposal"], state["progress"]
    started, log = time.monotonic(), case_log(state["case"].path)
    tools = toolbox(bench_of(context, state["request"]), state["task"].kind)
    steps, answered = log.steps(), log.answers(proposal.actions)
    closed = progress.avoid if proposal.decided_by != "expert" else ()

    def answer(call: ActionCall, known: Sequence[ReasoningStep]) -> Observation:
        before = answered.get(call.call_id)
        if before is not None:
            return before
        observation = perform(call, tools, closed)
        if call.name == ActionKind.FINAL_RESULT.value and not observation.failed:
            observation = _accepted(observation, partial(finish, state["task"], tuple(known), proposal, call))
        log.add_answer(call, observation)
        return observation

    others = [call for call in proposal.actions if call.name != ActionKind.FINAL_RESULT.value]
    seen = dict(zip(others, _side_by_side(answer, others, steps), strict=True))
    last = [call for call in proposal.actions if call not in seen]
    known = (*steps, _step(progress.number + 1, proposal, seen)) if seen else steps
    seen |= dict(zip(last, _side_by_side(answer, last, known), strict=True))
    seconds = time.monotonic() - started
    step = _step(progress.number + 1, proposal, seen, seconds)
    log.add_step(step)
    for call, observation in zip(step.actions, step.observations, strict=True):
        _tell(state["case"].case_id, step.number, call, observation)
    key, spent = f"react:{state['case'].case_id}", state.get("spent", {})
    advanced = CaseProgress(
        number=step.number,
        calls=progress.calls + len(step.actions),
        rung=progress.rung,
        last=step.thought.next[:_MOST_TOLD],
    )
    update: ReactState = {"spent": {key: spent.get(key, Spent()).plus(Spent(steps=1, seconds=seconds))}}
    final = final_answer(step)
    if final is not None:
        return {**update, "progress": advanced, "end": End(by=Ending.FINAL_RESULT, answer=final)}
    watched = context.patterns.meta_reasoning != "off"
    return {**update, "progress": looked_at(advanced, in_order((*steps, step))) if watched else advanced}


def _side_by_side(
    answer: Callable[[ActionCall, Sequence[ReasoningStep]], Observation],
    calls: Sequence[ActionCall],
    known: Sequence[ReasoningStep],
) -> list[Observation]:
    if len(calls) < 2:  # noqa: PLR2004  a thread for a single call only costs
        return [answer(call, known) for call in calls]
    with ContextThreadPoolExecutor(max_workers=len(calls)) as threads:
        return list(threads.map(lambda call: answer(call, known), calls))


def _step(
    number: int, proposal: Proposal, seen: Mapping[ActionCall, Observation], seconds: float = 0.0
) -> ReasoningStep:
    """Return the step of the calls that have their answers."""
    answered = tuple(call for call in proposal.actions if call in seen)
    told = {name: getattr(proposal, name) for name in ("thought", "decided_by", "tokens", "metadata")}
    observations = tuple(seen[call] for call in answered)
    return ReasoningStep(number=number, actions=answered, observations=observations, seconds=seconds, **told)


def perform(call: ActionCall, tools: Mapping[str, StructuredTool], closed: Collection[str] = ()) -> Observation:
    """Return the answer to one call; what fails is an observation that says what to do better."""
    started = time.monotonic()
    fault = _fault(call, tools, closed)
    if fault:
        return _failed(call, started, fault)
    try:
        found = tools[call.name].invoke(json.loads(call.arguments or "{}"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return _failed(call, started, f"{'.'.join(map(str, first['loc'])) or 'arguments'}: {first['msg']}")
    except FAILURES as error:
        if no_room(error):
            raise
        return _failed(call, started, f"{classify(error).value}: {failure_line(error)}")
    content = json.dumps(found.content, ensure_ascii=False, default=str)
    if len(content) > _MOST_CONTENT:
        return _failed(call, started, f"the answer has {len(content):,} characters; ask for less")
    return Observation(call_id=call.call_id, content=content, quality=found.quality, seconds=time.monotonic() - started)


def _accepted(observation: Observation, make: Callable[[], str]) -> Observation:
    """Return the final result as the kind of the task makes it, or why it is not accepted."""
    try:
        return observation.model_copy(update={"content": make()})
    except StepError as error:
        told = {"content": "{}", "quality": 0.0, "failed": True, "error": error.line()}
        return observation.model_copy(update=told)


def _fault(call: ActionCall, tools: Mapping[str, StructuredTool], closed: Collection[str]) -> str:
    """Return why a call cannot be performed at all; empty when it can."""
    if call.name not in tools:
        return f"there is no tool {call.name!r}; tools: {', '.join(tools)}"
    if call.name in closed:
        return f"{call.name} was used in circles; use another tool in this step"
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError as error:
        return f"the arguments are no JSON: {error}"
    return "" if isinstance(arguments, dict) else "the arguments are no JSON object"


def final_answer(step: ReasoningStep) -> str | None:
    """Return the answer of the final result in a step, if one was accepted."""
    for call, observation in zip(step.actions, step.observations, strict=True):
        if call.name == ActionKind.FINAL_RESULT.value and not observation.failed:
            return observation.content
    return None


def _failed(call: ActionCall, started: float, error: str) -> Observation:
    return Observation(
        call_id=call.call_id,
        content="{}",
        quality=0.0,
        failed=True,
        error=error[:1_000],
        seconds=time.monotonic() - started,
    )


def _tell(case_id: str, number: int, call: ActionCall, observation: Observation) -> None:
    emit(
        "observation",
        f"case:{case_id}:{call.call_id}",
        step=number,
        action=call.name,
        input=call.arguments[:_MOST_TOLD],
        observation=(observation.error if observation.failed else observation.content)[:_MOST_TOLD],
        quality=observation.quality,
        failed=str(observation.failed).lower(),
    )
