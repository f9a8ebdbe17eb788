"""Asking a chat model: sync or async, in words, with tools or for a structured answer. All limits are kept here.

`client_of(settings)` gives the shared client; making it loads no model library, asking does.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import SecretStr

from state.errors import ModelAnswerUnusable, ModelError, ModelRejected, ModelUnavailable
from state.models import ModelSettings, ModelUse
from state.values import Value
from tools.models.background import wait_for
from tools.models.endpoint import Endpoint
from tools.models.keys import key_for
from tools.models.meter import Meter

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

Answer = TypeVar("Answer", bound=Value)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, and what it took. A message may hold `tool_calls` and, malformed, `invalid_tool_calls`."""

    message: "AIMessage"
    use: ModelUse


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """A structured answer, and what it took."""

    answer: Answer
    use: ModelUse


class ModelClient:
    """A model with those that stand in for it.

    Every method raises ModelUnavailable, ModelRejected or ModelAnswerUnusable, or BudgetExhausted where the meter lets
    no request out; nothing else. Names without `now` are for async callers on any loop, the others for threads.
    """

    def __init__(self, settings: ModelSettings, key: SecretStr) -> None:
        self._settings = settings
        self._endpoints = tuple(Endpoint(settings, name, key) for name in (settings.name, *settings.fallback))

    async def chat(
        self,
        messages: "Sequence[BaseMessage]",
        *,
        tools: Sequence[Json] = (),
        tool_choice: str | None = None,
        meter: Meter | None = None,
    ) -> Reply:
        """Return the reply to a conversation; `tools` as `tools.models.structured.tool_schemas` gives them."""
        return await self._chat(messages, _tool_arguments(tools, tool_choice), meter or Meter())

    async def answer(
        self, messages: "Sequence[BaseMessage]", kind: type[Answer], *, meter: Meter | None = None
    ) -> Answered[Answer]:
        """Return an answer of a type."""
        return await self._answer(messages, kind, meter or Meter())

    def answer_now(
        self, messages: "Sequence[BaseMessage]", kind: type[Answer], *, meter: Meter | None = None
    ) -> Answered[Answer]:
        """Return an answer of a type, blocking the thread."""
        return wait_for(self._answer(messages, kind, meter or Meter()))

    async def _answer(self, messages: "Sequence[BaseMessage]", kind: type[Answer], meter: Meter) -> Answered[Answer]:
        from tools.models.structured import read_answer, request_for  # noqa: PLC0415  loads langchain

        reply = await self._chat(messages, request_for(kind, self._settings.structured), meter)
        return Answered(read_answer(reply.message, kind, reply.use.model), reply.use)

    async def _chat(self, messages: "Sequence[BaseMessage]", arguments: Json, meter: Meter) -> Reply:
        """Ask the first model, and the next where it cannot be used; the error of the first counts when all fail."""
        length = sum(len(str(message.content)) for message in messages)
        if length > self._settings.max_prompt_characters:
            most = self._settings.max_prompt_characters
            raise ModelRejected(f"the question has {length} characters, at most {most} are sent")
        failed: list[ModelError] = []
        for endpoint in self._endpoints:
            try:
                message, use = await endpoint.ask(messages, arguments, meter)
            except (ModelUnavailable, ModelRejected, ModelAnswerUnusable) as error:
                failed.append(error)
            else:
                return Reply(message, use)
        raise failed[0]


def client_of(settings: ModelSettings) -> ModelClient:
    """Return the client of these settings, shared by all of the process; ValueError where no model is configured."""
    if not settings.configured:
        raise ValueError("no model is configured")
    return _shared(settings, key_for(settings.base_url, os.environ))


@lru_cache(maxsize=64)
def _shared(settings: ModelSettings, key: SecretStr) -> ModelClient:
    return ModelClient(settings, key)


def _tool_arguments(tools: Sequence[Json], tool_choice: str | None) -> Json:
    arguments: Json = {"tools": list(tools)} if tools else {}
    return arguments | ({"tool_choice": tool_choice} if tools and tool_choice else {})
