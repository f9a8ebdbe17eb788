"""Who decides what the single agent does next: a rule that reacts to what it sees, or a chat model."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Protocol

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool

from algorithms.diagnosis.expert import ExpertPolicy
from evals.baselines.workbench import PUBLISH, VERIFY, Workbench
from state.contract import Contract
from state.models import ModelSettings
from state.reasoning import ActionCall, ActionKind, ReasoningStep, ReasoningTask, Thought
from tools.contract.order import references
from tools.models.client import client_of
from tools.models.meter import Meter
from tools.models.structured import tool_schemas

Calls = tuple[ActionCall, ...]
Steps = Sequence[ReasoningStep]

MOST_STEPS = 80
_WINDOW = 12  # steps that a model is shown
_MOST_SHOWN = 1_500  # characters of an answer
_FED = ("map_columns", "choose_formats", "resolve_values", "make_table", "merge_duplicates", "set_aside")
_DERIVED = ("derive_table", "set_aside")
_PROMPT = Path(__file__).with_name("single_agent.md")


class Decider(Protocol):
    """Who decides."""

    def next(self, steps: Steps) -> tuple[Calls, int]:
        """Return the next calls, none to give up, and the tokens that deciding took."""


def in_order(contract: Contract) -> tuple[str, ...]:
    """Return the tables, those that others need first."""
    return tuple(TopologicalSorter(references(contract)).static_order())


class Reactive:
    """A rule: the usual order, a failed call once more, then what is not met is diagnosed."""

    def __init__(self, bench: Workbench) -> None:
        self._bench, self._expert = bench, ExpertPolicy()
        self._left = [
            (tool, table)
            for table in in_order(bench.contract)
            for tool in (_DERIVED if bench.contract.table(table).derived else _FED)
        ]
        self._tries = 0

    def next(self, steps: Steps) -> tuple[Calls, int]:
        """Return the next calls."""
        number = len(steps) + 1
        if self._left:
            if steps and self._tries and steps[-1].observations[0].failed and self._tries < 2:  # noqa: PLR2004
                self._tries += 1
            else:
                if self._tries:
                    self._left.pop(0)
                self._tries = 1
            if self._left:
                tool, table = self._left[0]
                return (_call(number, tool, {"table": table}),), 0
        names = [call.name for step in steps for call in step.actions]
        if VERIFY not in names:
            return (_call(number, VERIFY, {}),), 0
        if self._bench.reasons == () and PUBLISH not in names:
            return (_call(number, PUBLISH, {}),), 0
        if self._bench.published:
            return (_call(number, ActionKind.FINAL_RESULT.value, {"cause": "nothing_wrong", "confidence": 1.0}),), 0
        return self._diagnosed(steps), 0

    def _diagnosed(self, steps: Steps) -> Calls:
        """Return what the expert on diagnoses does next about the first table that fails."""
        reasons = self._bench.reasons or ()
        table = next(
            (name for name in in_order(self._bench.contract) if any(r.startswith(f"{name}.") for r in reasons)), ""
        )
        task = ReasoningTask(kind="diagnose", goal="", subject=table, details=self._bench.complaint(table))
        begun = next(at for at, step in enumerate(steps) if step.actions[0].name == VERIFY)
        own = tuple(step.model_copy(update={"number": at}) for at, step in enumerate(steps[begun + 1 :], start=1))
        calls = self._expert.propose(task, own).actions
        return tuple(
            call.model_copy(update={"call_id": f"{len(steps) + 1}.{at}"}) for at, call in enumerate(calls, start=1)
        )


class Modelled:
    """A chat model, shown the last steps as the calls and answers they were."""

    def __init__(self, settings: ModelSettings, contract: Contract, tools: Mapping[str, StructuredTool]) -> None:
        self._client, self._schemas = client_of(settings), tool_schemas(tuple(tools.values()))
        told = _PROMPT.read_text(encoding="utf-8").format(tables=", ".join(in_order(contract)), steps=MOST_STEPS)
        self._begin: list[BaseMessage] = [SystemMessage(told), HumanMessage("Begin.")]

    def next(self, steps: Steps) -> tuple[Calls, int]:
        """Return what the model calls; raises ModelError as the client does."""
        told = [*self._begin, *(message for step in steps[-_WINDOW:] for message in _as_it_was(step))]
        reply = asyncio.run(self._client.chat(told, tools=self._schemas, meter=Meter()))
        number = len(steps) + 1
        calls = tuple(
            ActionCall(call_id=f"{number}.{at}", name=call["name"], arguments=json.dumps(call["args"]))
            for at, call in enumerate(reply.message.tool_calls, start=1)
        )
        return calls, reply.use.tokens


def thought_of(calls: Calls) -> Thought:
    """Return the thought that a step is kept under."""
    return Thought(next=", ".join(call.name for call in calls))


def _as_it_was(step: ReasoningStep) -> list[BaseMessage]:
    told: list[BaseMessage] = [
        AIMessage(
            content="",
            tool_calls=[
                {"id": call.call_id, "name": call.name, "args": json.loads(call.arguments), "type": "tool_call"}
                for call in step.actions
            ],
        )
    ]
    for call, seen in zip(step.actions, step.observations, strict=True):
        text = f"failed: {seen.error}" if seen.failed else seen.content
        told.append(ToolMessage(content=text[:_MOST_SHOWN], tool_call_id=call.call_id))
    return told


def _call(number: int, name: str, arguments: dict[str, object]) -> ActionCall:
    return ActionCall(call_id=f"{number}.1", name=name, arguments=json.dumps(arguments))
