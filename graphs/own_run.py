"""Adding nodes that work in a run's workspace, so that a run can be forked from any of its checkpoints."""

from collections.abc import Callable
from typing import Any, TypedDict, cast, get_type_hints

from langchain_core.runnables import RunnableLambda
from langgraph.graph import StateGraph

from nodes.moments import in_own_run
from state.run import RunRequest


def add_own(
    builder: StateGraph[Any, Any, Any, Any],
    name: str,
    node: Callable[..., Any],
    afunc: Callable[..., Any] | None = None,
) -> None:
    """Add a node that works in the run its checkpoint belongs to; `afunc` is its other form."""
    reads = _with_place(next(iter(get_type_hints(node, include_extras=True).values())))
    if afunc is None:
        builder.add_node(name, in_own_run(node), input_schema=reads)
        return
    both = RunnableLambda(in_own_run(node), afunc=in_own_run(afunc), name=name)
    builder.add_node(name, both, input_schema=reads)


def _with_place(reads: type[Any]) -> type[Any]:
    """Return the keys that a node reads, with those that say which run it works in and how far that is."""
    keys = get_type_hints(reads, include_extras=True)
    own = {**keys, "request": keys.get("request", RunRequest), "moment": int}
    return cast("type[Any]", TypedDict(reads.__name__, own, total=False))  # type: ignore[operator]
