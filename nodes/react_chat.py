"""A chat model as the one who thinks: bounded messages out, a proposal in.

The conversation is built anew for each step from the last few steps, as the native calls and answers they were, and a
digest of what came before, so that a prompt does not grow with the number of steps.
"""

import asyncio
import json
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from state.reasoning import ActionCall, ActionKind, Observation, Proposal, ReasoningStep, ReasoningTask, Thought
from state.run import RunContext
from tools.actions.toolbox import tools_offered
from tools.models.client import client_of
from tools.models.meter import Meter
from tools.models.structured import tool_schemas

WINDOW = 3
"""Steps that a prompt shows as they were."""

_PROMPT = Path(__file__).with_suffix(".md")
_MOST_DETAILS = 4_000
_MOST_DIGEST = 1_200
_MOST_SHOWN = (3_000, 800)  # characters of an answer: of the last step, of those before
_MOST_ARGUMENTS = 8_000  # of one call
_MOST_CALLS = 20
_MOST_THOUGHT = 1_500
_LINE = re.compile(r"^\W*(known|gaps?|next|risks?|confidence)\W*:\s*(.*)$", re.IGNORECASE)
_NUMBER = re.compile(r"\d*\.?\d+")


async def propose_by_model(
    task: ReasoningTask,
    steps: Sequence[ReasoningStep],
    context: RunContext,
    meter: Meter,
    advice: Sequence[str] = (),
    avoid: Collection[str] = (),
) -> Proposal:
    """Return what the model wants next; raises ModelError or BudgetExhausted, as the client does."""
    if task.kind not in _offers:
        await asyncio.to_thread(_make_offer, task.kind)
    told = messages(task, steps, advice)
    offered = [schema for schema in _offers[task.kind] if schema["function"]["name"] not in avoid]
    reply = await client_of(context.model).chat(told, tools=offered, meter=meter)
    number = (steps[-1].number if steps else 0) + 1
    return Proposal(
        thought=thought_of(reply.message.text),
        actions=_calls(reply.message, number, task),
        decided_by=reply.use.model or context.model.name,
        tokens=reply.use.tokens,
        metadata={"requests": str(reply.use.requests), "version": reply.use.version},
    )


def messages(task: ReasoningTask, steps: Sequence[ReasoningStep], advice: Sequence[str] = ()) -> list[BaseMessage]:
    """Return the conversation for the next step: task, digest, the last steps, and advice."""
    told: list[BaseMessage] = [SystemMessage(_prompt().format(**task.model_dump(include=_NAMED)))]
    begin = f"Known at the start: {_data(task.details[:_MOST_DETAILS])}"
    early, late = steps[:-WINDOW], steps[-WINDOW:]
    if early:
        begin = f"{begin}\nSteps before:\n{digest_of(early)}"
    told.append(HumanMessage(begin))
    for step in late:
        told += _as_it_was(step, _MOST_SHOWN[step is not late[-1]])
    if advice:
        told.append(HumanMessage("Advice: " + "; ".join(advice)))
    elif steps and not steps[-1].actions:
        told.append(HumanMessage("Call a tool; final_result ends the task."))
    return told


def digest_of(steps: Sequence[ReasoningStep]) -> str:
    """Return steps in a line each, the latest ones first, as many as there is room for."""
    lines, left = [], _MOST_DIGEST
    for step in reversed(steps):
        line = "; ".join(_in_short(step)) or step.thought.next[:120]
        if left < len(line):
            lines.append(f"(steps 1 to {step.number} are left out)")
            break
        left -= len(line)
        lines.append(f"{step.number}. {line}")
    return "\n".join(lines)


def thought_of(text: str) -> Thought:
    """Return the thought in a text: labelled lines by their label, all else as what comes next."""
    found: dict[str, list[str]] = {"known": [], "gap": [], "next": [], "risk": [], "confidence": []}
    for line in text[:_MOST_THOUGHT].splitlines():
        match = _LINE.match(line)
        name, said = (match.group(1).lower(), match.group(2)) if match else ("next", line)
        if said.strip():
            found[name if name in found else name.removesuffix("s")].append(said.strip())
    number = _NUMBER.search(" ".join(found["confidence"]))
    return Thought(
        known=tuple(found["known"]),
        gaps=tuple(found["gap"]),
        next=" ".join(found["next"]),
        risks=tuple(found["risk"]),
        confidence=min(1.0, float(number.group())) if number else 0.5,
    )


_NAMED = {"kind", "subject", "goal", "max_steps"}


@lru_cache(maxsize=1)
def _prompt() -> str:
    return _PROMPT.read_text(encoding="utf-8")


_offers: dict[str, tuple[dict[str, Any], ...]] = {}
"""The tools of a kind of task in the form of a request. Made once, in a thread with the prompt, as that is a file."""


def _make_offer(kind: str) -> None:
    _prompt()
    _offers[kind] = tool_schemas(tools_offered(kind))


def _as_it_was(step: ReasoningStep, most: int) -> Iterator[BaseMessage]:
    """Yield a step as a call of tools and their answers; every call has one."""
    calls = [
        {"id": call.call_id, "name": call.name or "unnamed", "args": _arguments(call), "type": "tool_call"}
        for call in step.actions
    ]
    yield AIMessage(content=step.thought.next, tool_calls=calls)
    answers = {observation.call_id: observation for observation in step.observations}
    for call in step.actions:
        yield ToolMessage(content=_answer(answers[call.call_id], most), tool_call_id=call.call_id)


def _arguments(call: ActionCall) -> dict[str, object]:
    try:
        content = json.loads(call.arguments)
    except ValueError:
        return {"malformed": call.arguments[:200]}
    return content if isinstance(content, dict) else {"malformed": call.arguments[:200]}


def _answer(observation: Observation, most: int) -> str:
    text = f"failed: {observation.error}" if observation.failed else observation.content
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters in all)"


def _in_short(step: ReasoningStep) -> Iterator[str]:
    answers = {observation.call_id: observation for observation in step.observations}
    for call in step.actions:
        yield f"{call.name}{call.arguments[:80]} -> {_answer(answers[call.call_id], 120)}"


def _data(text: str) -> str:
    return f"<data>{text.replace('</data>', '')}</data>"


def _calls(message: AIMessage, number: int, task: ReasoningTask) -> tuple[ActionCall, ...]:
    """Return the calls of a message under ids of our own, which no two calls of a case share."""
    wanted = [(call["name"], json.dumps(call["args"])) for call in message.tool_calls]
    wanted += [(call.get("name") or "", call.get("args") or "") for call in message.invalid_tool_calls]
    if not wanted and task.kind == "question" and message.text.strip():
        wanted = [(ActionKind.FINAL_RESULT.value, json.dumps({"answer": message.text[: _MOST_ARGUMENTS // 2]}))]
    return tuple(
        ActionCall(call_id=f"{number}.{place}", name=name[:100], arguments=_bounded(arguments))
        for place, (name, arguments) in enumerate(wanted[:_MOST_CALLS], start=1)
    )


def _bounded(arguments: str) -> str:
    """Return arguments that fit into the state; longer ones are cut, and so are answered as malformed."""
    return arguments if len(arguments) <= _MOST_ARGUMENTS else arguments[: _MOST_ARGUMENTS // 4]
