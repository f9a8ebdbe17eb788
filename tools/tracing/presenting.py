"""How one span of a trace is told: its name for people, its metadata, and as much of its values as may be seen.

Spans come from LangGraph, LangChain and, with decisions, votes, bids, orders and thoughts, from `tools.tracing.spans`.
Those of our own bear the tag `OWN` and are masked where they are made; of all others only the shape is told.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from state.tracing import TraceValues
from tools.tracing.masking import error_name, scrubbed, shape, without_secrets

OWN = "millwright"
"""The tag of spans that the crew itself opens."""

FACTS = "facts"
"""The key of a span of our own under which stand what is known of it only when it ends."""

_WAITING = "GraphInterrupt"
_PLAIN_PARAMETERS = ("model", "model_name", "temperature", "max_tokens", "_type")
_KEPT_EXTRA = ("metadata", "runtime")

Json = dict[str, Any]


class Told(NamedTuple):
    """What of a span is told."""

    inputs: Json | None
    outputs: Json | None
    error: str | None
    extra: Json


def readable(name: str, run_type: str, extra: Mapping[str, Any] | None) -> str:
    """Return the name of a span for people: nodes and models are named by their libraries for programs."""
    if run_type == "llm":
        named = dict((extra or {}).get("metadata") or {}).get("ls_model_name")
        return f"model request: {named}" if named else "model request"
    return scrubbed(name.strip("_").replace("_", " "))


def present(
    values: TraceValues,
    *,
    inputs: Mapping[str, Any] | None,
    outputs: Mapping[str, Any] | None,
    error: str | None,
    extra: Mapping[str, Any] | None,
    tags: Sequence[str] | None,
) -> Told:
    """Return what is told of a span. Waiting for a person is no error, though the graph is left by an exception."""
    own = OWN in (tags or ())
    hide = without_secrets if own or values is TraceValues.SHOWN else shape
    told = _plain(extra, values)
    given = dict(outputs) if outputs is not None else None
    if own and given is not None:
        told["metadata"] = {**told["metadata"], **without_secrets(given.get(FACTS) or {})}
    if error and error_name(error) == _WAITING:
        return Told(_hidden(inputs, hide), {"waits": "for a person"}, None, told)
    if error:
        error = error_name(error) if values is TraceValues.MASKED else scrubbed(error)
    return Told(_hidden(inputs, hide), _hidden(given, hide), error, told)


def _hidden(given: Mapping[str, Any] | None, hide: Any) -> Json | None:  # noqa: ANN401  one of two functions
    return None if given is None else dict(hide(given))


def _plain(extra: Mapping[str, Any] | None, values: TraceValues) -> Json:
    """Return what libraries tell beside a span without what they were called with."""
    given = dict(extra or {})
    kept: Json = {name: without_secrets(given[name]) for name in _KEPT_EXTRA if given.get(name)}
    kept.setdefault("metadata", {})
    parameters = given.get("invocation_params") or {}
    named = _PLAIN_PARAMETERS if values is TraceValues.MASKED else tuple(parameters)
    shown = {name: without_secrets(parameters[name]) for name in named if name in parameters}
    return {**kept, "invocation_params": shown} if shown else kept
