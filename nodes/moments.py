"""Nodes in their own run: what a node does, it does in the workspace of the run that its checkpoint belongs to.

A node that is run again from an earlier checkpoint works on a run of its own, made from a copy (`tools.moments`);
the state it returns names that run, and all later nodes work there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from langgraph.config import get_config
from langgraph.runtime import get_runtime

from nodes.context import context_of
from nodes.events import emit
from state.run import RunContext, RunRequest
from state.values import Value
from tools.moments import begin_moment, older_folders, run_at

State = dict[str, Any]
Given = ParamSpec("Given")
Update = TypeVar("Update")


def in_own_run(node: Callable[Given, Update]) -> Callable[Given, Update]:
    """Return the node, working in the run that its checkpoint belongs to.

    Without a checkpointer, and where the context switches time travel off, it is the node as it is.
    """
    if iscoroutinefunction(node):
        waiting = cast("Callable[..., Awaitable[State]]", node)

        @wraps(node)
        async def own_async(state: State, *more: Any, **named: Any) -> State:  # noqa: ANN401  as the node is called
            moved, changes = await asyncio.to_thread(_placed, state)
            return {**await waiting(moved, *more, **named), **changes}

        return cast("Callable[Given, Update]", own_async)

    direct = cast("Callable[..., State]", node)

    @wraps(node)
    def own(state: State, *more: Any, **named: Any) -> State:  # noqa: ANN401  as the node is called
        moved, changes = _placed(state)
        return {**direct(moved, *more, **named), **changes}

    return cast("Callable[Given, Update]", own)


def _placed(state: State) -> tuple[State, State]:
    """Return the state with its paths in its own run, and what the node adds to its update."""
    context, checkpoint = context_of(get_runtime(RunContext)), _checkpoint()
    request = state.get("request")
    if not context.time_travel or not checkpoint or not isinstance(request, RunRequest) or not request.run_id:
        return state, {}
    moment = state.get("moment", 0)
    own = run_at(request, context, moment, checkpoint)
    folder = context.run_folder(own.run_id)
    begin_moment(folder, moment, checkpoint)
    if own != request:
        emit("forked", f"forked:{own.run_id}", run_id=own.run_id, of=request.run_id, out=own.out)
    for older in older_folders(context, own.run_id):
        state = {name: relocated(each, older, folder) for name, each in state.items()}
    return {**state, "request": own}, {"request": own, "moment": moment + 1}


def _checkpoint() -> str:
    """Return the id of the checkpoint that the node's task was planned from; empty without a checkpointer."""
    configurable = get_config().get("configurable", {})
    if not configurable.get("thread_id"):  # which every checkpointer needs; ids of checkpoints are there without one
        return ""
    known = configurable.get("checkpoint_map") or {}
    around = str(configurable.get("checkpoint_ns", "")).rpartition("|")[0]
    return str(known.get(around, ""))


def relocated(given: Any, older: Path, folder: Path) -> Any:  # noqa: ANN401  any value of the state
    """Return a value of the state in which paths in one run's folder are paths in another's."""
    if isinstance(given, str):
        return str(folder / given[len(str(older)) + 1 :]) if given.startswith(f"{older}/") else given
    if isinstance(given, Value):
        fields = {name: getattr(given, name) for name in type(given).model_fields}
        moved = {name: relocated(each, older, folder) for name, each in fields.items()}
        changed = {name: each for name, each in moved.items() if each is not fields[name] and each != fields[name]}
        return given.model_copy(update=changed) if changed else given
    if isinstance(given, Mapping):
        return {name: relocated(each, older, folder) for name, each in given.items()}
    if isinstance(given, tuple):
        return tuple(relocated(each, older, folder) for each in given)
    return given
