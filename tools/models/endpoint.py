"""One model of one endpoint: its client library, its circuit breaker, and the attempts of a question.

Callers on any loop share the breaker; connections are those of their own loop.
"""

import asyncio
import random
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
)

from algorithms.breaker import Breaker
from state.errors import CircuitOpen, ModelAnswerUnusable, ModelRejected, ModelUnavailable
from state.models import ModelSettings, ModelUse
from state.operation_agents import AgentKind
from state.roster import MODEL
from tools.agents.live import live
from tools.models.loops import PerLoop
from tools.models.meter import Meter

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

    from tools.models.library import LeanChat

_CHARACTERS_A_TOKEN = 4
_QUOTED = 2_000
_CUT = {
    "length": "the answer was cut off at the limit of tokens",
    "content_filter": "the answer was withheld by the endpoint's filter",
}


class Endpoint:
    """A model that is asked with retries, limits and a breaker; one for each address and name."""

    def __init__(self, settings: ModelSettings, name: str, key: SecretStr) -> None:
        self._settings, self._name, self._key = settings, name, key
        self._breaker = Breaker(settings.breaker_failures, settings.breaker_seconds)
        self._guard = threading.Lock()  # of the breaker
        self._chats = PerLoop(self._make, _close)

    async def ask(
        self, messages: "Sequence[BaseMessage]", arguments: Mapping[str, Any], meter: Meter
    ) -> "tuple[AIMessage, ModelUse]":
        """Return the answer and what it took, failed attempts included.

        Raises the error of the last attempt once none is left, and BudgetExhausted where no request may go out.
        """
        model, started, requests = await self._chats.get(), time.monotonic(), 0
        attempts = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(self._settings.retries + 1) | stop_before_delay(self._settings.deadline),
            wait=self._wait,
            reraise=True,
        )

        async def attempt() -> "AIMessage":
            nonlocal requests
            self._ask_breaker()
            began = time.monotonic()
            try:
                meter.take_request()
                requests += 1
                left = self._settings.deadline - (time.monotonic() - started)
                message = await self._send(model, messages, arguments, min(left, self._settings.timeout))
            except BaseException as error:  # the breaker must hear of every end, cancellation too; all rise
                self._tell_breaker(error)
                raise
            with self._guard:
                self._breaker.succeeded()
            self._note(time.monotonic() - began, done=True)
            return message

        message: AIMessage = await attempts(attempt)
        used = _use(message, messages, self._name)
        meter.add(used)
        return message, used.plus(ModelUse(requests=requests, seconds=time.monotonic() - started))

    async def _send(
        self, model: "LeanChat", messages: "Sequence[BaseMessage]", arguments: Mapping[str, Any], seconds: float
    ) -> "AIMessage":
        """Send one request. The library bounds the wait for each part of a body only, so all of it is bounded here."""
        from tools.models.failures import EXPECTED, told  # noqa: PLC0415  loads the library

        try:
            async with asyncio.timeout(seconds):
                message = await model.ainvoke(list(messages), **arguments)
        except EXPECTED as error:
            secret = self._key.get_secret_value()
            raise told(error, where=self._name, secret=secret, timeout=seconds) from error
        if why := _CUT.get(str(message.response_metadata.get("finish_reason"))):
            raise ModelAnswerUnusable(why, where=self._name, answer=message.text[:_QUOTED])
        return message

    def _ask_breaker(self) -> None:
        now = time.monotonic()
        with self._guard:
            admitted, seconds = self._breaker.admits(now), self._breaker.wait(now)
        if not admitted:
            raise CircuitOpen(f"it failed too often and is not asked for {seconds:.0f} s more", where=self._name)

    def _tell_breaker(self, error: BaseException) -> None:
        with self._guard:
            if isinstance(error, ModelUnavailable):
                self._breaker.failed(time.monotonic())
                self._note(0.0, done=False)
            elif isinstance(error, ModelRejected) and error.every:
                self._breaker.trip(time.monotonic())
            else:
                self._breaker.unknown()

    def _note(self, seconds: float, *, done: bool) -> None:
        """Let the check of health know that the model answered, or did not."""
        live().answered(MODEL, seconds / self._settings.timeout, done=done, kind=AgentKind.MODEL)

    def _wait(self, state: RetryCallState) -> float:
        """Return the seconds before the next attempt: as the endpoint asks, else doubled each time; with jitter."""
        error = state.outcome.exception() if state.outcome else None
        first, most = self._settings.retry_wait, self._settings.retry_wait_most
        if isinstance(error, ModelUnavailable) and error.retry_after is not None:
            return error.retry_after + random.uniform(0, first)  # noqa: S311  spreads load, guards nothing
        return wait_exponential(multiplier=first, max=most)(state) + random.uniform(0, first)  # noqa: S311

    def _make(self) -> "LeanChat":
        from tools.models.library import make_chat  # noqa: PLC0415  loads the library

        return make_chat(self._settings, self._name, self._key)


async def _close(chat: "LeanChat") -> None:
    if chat.http_async_client is not None:
        await chat.http_async_client.aclose()


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ModelUnavailable) and not isinstance(error, CircuitOpen)


def _use(message: "AIMessage", messages: "Sequence[BaseMessage]", name: str) -> ModelUse:
    """Return tokens and names as the endpoint tells them; tokens it does not tell are estimated."""
    told = message.response_metadata
    named = ModelUse(model=str(told.get("model_name") or name)[:200], version=str(told.get("system_fingerprint") or ""))
    if usage := message.usage_metadata:
        tokens = {"prompt_tokens": usage["input_tokens"], "completion_tokens": usage["output_tokens"]}
        return named.model_copy(update=tokens)
    asked = sum(len(str(each.content)) for each in messages) // _CHARACTERS_A_TOKEN
    said = len(str(message.content)) + sum(len(str(call["args"])) for call in message.tool_calls)
    counts = {"prompt_tokens": asked, "completion_tokens": said // _CHARACTERS_A_TOKEN, "estimated": True}
    return named.model_copy(update=counts)
