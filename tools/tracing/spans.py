"""Spans of what the crew does: decisions, votes, bids, orders, thoughts, replans. Without a trace they cost nothing.

A span is a run of LangChain's callbacks, so that it stands in its node's span, whoever listens: LangSmith, a collector,
or a server's own tracer. `facts` (ids, closed words, figures) are told in the clear; `texts` hold values and are told
where the settings say so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from langchain_core.runnables.config import var_child_runnable_config

from tools.tracing.masking import shape
from tools.tracing.presenting import FACTS, OWN

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

Fact = str | int | float | bool | None


class Span:
    """One span that is open; what is told while nobody listens is forgotten."""

    def __init__(self, *, heard: bool = False, shown: bool = False) -> None:
        self.heard = heard
        self._shown = shown
        self._facts: dict[str, Fact] = {}
        self._texts: dict[str, str] = {}

    def tell(self, **facts: Fact) -> None:
        """Add ids, closed words and figures that may leave the machine."""
        if self.heard:
            self._facts |= facts

    def show(self, **texts: str) -> None:
        """Add texts that may hold values of the data."""
        if self.heard:
            self._texts |= texts

    def outputs(self) -> dict[str, Any]:
        """Return what was told: facts, and texts or their shape."""
        texts = self._texts if self._shown else shape(self._texts)
        return {**self._facts, **texts, FACTS: dict(self._facts)}


_UNHEARD = Span()


@contextmanager
def span(name: str, *, pattern: str, **facts: Fact) -> Iterator[Span]:
    """Open a span within the one that is open; spans within it inherit its facts."""
    around = var_child_runnable_config.get()
    tracers = _tracers(around)
    if around is None or not tracers:
        yield _UNHEARD
        return
    from langchain_core.callbacks import CallbackManager  # noqa: PLC0415  loaded already where somebody listens

    told = {key: fact for key, fact in {"pattern": pattern, **facts}.items() if fact not in (None, "")}
    manager = CallbackManager.configure(
        inheritable_callbacks=around.get("callbacks"),
        inheritable_metadata={**(around.get("metadata") or {}), **told},
        local_tags=[OWN, pattern],
    )
    run = manager.on_chain_start(None, {}, name=name)
    within: RunnableConfig = {
        **around,
        "callbacks": run.get_child(),
        "metadata": {**around.get("metadata", {}), **told},
    }
    opened = Span(heard=True, shown=any(getattr(tracer, "shows_values", False) for tracer in tracers))
    token = var_child_runnable_config.set(within)
    try:
        yield opened
    except BaseException as error:  # a kill ends the span, too; all rise
        run.on_chain_error(error)
        raise
    else:
        run.on_chain_end(opened.outputs())
    finally:
        var_child_runnable_config.reset(token)


def moment(name: str, *, pattern: str, texts: dict[str, str] | None = None, **facts: Fact) -> None:
    """Tell of something that takes no time: a bid, a ballot, a thought."""
    with span(name, pattern=pattern, **facts) as told:
        told.show(**(texts or {}))


def _tracers(around: "RunnableConfig | None") -> list[Any]:
    """Return who listens to spans; streams and other listeners of a graph do not."""
    given = around.get("callbacks") if around else None
    if given is None:
        return []
    handlers = given if isinstance(given, list) else given.handlers
    if not handlers:
        return []
    from langchain_core.tracers.base import BaseTracer  # noqa: PLC0415  loaded already where somebody listens

    return [handler for handler in handlers if isinstance(handler, BaseTracer)]
