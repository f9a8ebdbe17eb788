"""The trace of one session of a run: who listens, what it is called, its figures at the end, a bounded wait.

Where traces go is read from the environment here and kept nowhere: LangSmith by its own variables
(`LANGSMITH_TRACING`, `LANGSMITH_ENDPOINT`, `LANGSMITH_API_KEY`, `LANGSMITH_PROJECT`), a collector by those of
OpenTelemetry. Without them nothing is loaded.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4

from state.tracing import TraceSettings

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import RunnableConfig

_LANGSMITH = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
_COLLECTOR = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_NOISY = ("langsmith", "opentelemetry.exporter.otlp", "opentelemetry.sdk")


class Receiver(Protocol):
    """Where a trace goes."""

    problem: str
    """Why spans were not delivered; empty where they were."""

    def score(self, run_id: UUID, scores: Mapping[str, float], comment: str) -> None:
        """Attach figures to the trace and send all that is left; blocks as long as the endpoint does."""


class Delivery:
    """The trace of one session. Nothing that is wrong with it is wrong with the run."""

    def __init__(self, settings: TraceSettings) -> None:
        self._settings = settings
        self._run: UUID = uuid4()
        self._begun = False
        self._scores: dict[str, float] = {}
        self._outcome = ""
        self._receivers: dict[str, Receiver] = {}
        self._handlers: list[BaseCallbackHandler] = []
        if to_langsmith():
            from tools.tracing.langsmith import masking_client  # noqa: PLC0415  loads a library that may not be needed

            self._receivers["LangSmith"] = masking_client(settings)
        if to_collector():
            from tools.tracing.opentelemetry import CollectorTracer  # noqa: PLC0415  the same

            collector = CollectorTracer(settings)
            self._receivers["the collector"] = collector
            self._handlers.append(collector)

    @property
    def on(self) -> bool:
        """Whether anybody listens."""
        return bool(self._receivers)

    def listening(self, config: "RunnableConfig") -> "RunnableConfig":
        """Return the config of a graph that is traced; LangSmith listens by itself.

        The first graph's trace has the id that figures are attached to.
        """
        heard: RunnableConfig = {**config}
        if self.on and not self._begun:
            heard["run_id"] = self._run
            self._begun = True
        if self._handlers:
            heard["callbacks"] = list(self._handlers)
        return heard

    def ended(self, scores: Mapping[str, float], outcome: str) -> None:
        """Note the figures of the session, which become feedback on its trace."""
        self._scores, self._outcome = dict(scores), outcome

    def deliver(self) -> tuple[str, ...]:
        """Send what is left, for as long as the settings say; return what could not be sent."""
        warnings = []
        sending = {name: Thread(target=self._send, args=(each,), daemon=True) for name, each in self._receivers.items()}
        deadline = monotonic() + self._settings.wait
        for thread in sending.values():
            thread.start()
        for name, thread in sending.items():
            thread.join(max(0.0, deadline - monotonic()))
            late = f"it took longer than {self._settings.wait:g} s" if thread.is_alive() else ""
            why = self._receivers[name].problem or late
            if why:
                warnings.append(f"the trace was not delivered to {name}: {why}")
        return tuple(warnings)

    def _send(self, receiver: Receiver) -> None:
        try:
            receiver.score(self._run, self._scores if self._begun else {}, self._outcome)
        except Exception as error:  # noqa: BLE001  of a library or the network: none may end a run, each is told
            receiver.problem = type(error).__name__


@contextmanager
def delivered(settings: TraceSettings, warn: Callable[[str], None]) -> Iterator[Delivery]:
    """Trace what is done within, and deliver it however it ends; `warn` hears what could not be delivered."""
    delivery = Delivery(settings)
    if not delivery.on:
        yield delivery
        return
    with _silenced():
        try:
            yield delivery
        finally:
            for warning in delivery.deliver():
                warn(warning)


def to_langsmith(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether LangSmith is to be told."""
    return any(environment.get(name) == "true" for name in _LANGSMITH)  # as its library reads it


def to_collector(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a collector is to be told."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(environment.get(name, "").strip() for name in _COLLECTOR)


@contextmanager
def _silenced() -> Iterator[None]:
    """Let the libraries log nothing on the way: what is wrong is told once, at the end."""
    loggers = [logging.getLogger(name) for name in _NOISY]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
