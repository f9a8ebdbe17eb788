"""Access to the graphs' own routes: LangGraph's server asks here who calls and what is theirs.

Threads, runs and crons belong to the user who makes them; operators see all. Without tokens the server is open.
"""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from langgraph_sdk import Auth

from app.access import Access, User, load_access
from app.dashboard.guard import user_of
from state.errors import SetupError
from state.run import OPERATOR

auth = Auth()

_BY_HAND = "state that is written by hand is for operators"
_READS = ("read", "search", "list_namespaces", "get")


@auth.authenticate
async def authenticate(headers: dict[bytes, bytes]) -> Auth.types.MinimalUserDict:
    """Return who calls, by `x-api-key` or a bearer token; 401 for a token that is missing or not known."""
    access = await asyncio.to_thread(_access)
    user = user_of(access, {name.decode(): value.decode("latin-1") for name, value in headers.items()}, {})
    if user is None:
        raise Auth.exceptions.HTTPException(status_code=401, detail="a token is needed: x-api-key, or a bearer token")
    return {"identity": user.name or "everybody", "permissions": [OPERATOR] if user.operator else []}


@auth.on
async def own(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> Any:  # noqa: ANN401  as the library types it
    """Let users see and change what is theirs, and operators everything."""
    if OPERATOR in ctx.permissions:
        return None
    owner = {"owner": ctx.user.identity}
    if value.get("metadata") is None:
        value["metadata"] = {}
    value["metadata"].update(owner)  # in place: the server keeps this object
    return owner


@auth.on.assistants
async def assistants(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> None:
    """Let everybody see which graphs there are; changing them is for operators."""
    del value
    if OPERATOR not in ctx.permissions and ctx.action not in _READS:
        raise Auth.exceptions.HTTPException(status_code=403, detail="changing assistants is for operators")


@auth.on.store
async def store(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> None:
    """Keep the store, in which the lessons of all runs lie, to operators."""
    del value
    if OPERATOR not in ctx.permissions:
        raise Auth.exceptions.HTTPException(status_code=403, detail="the store is for operators")


@auth.on.threads.update
async def update(ctx: Auth.types.AuthContext, value: Auth.types.ThreadsUpdate) -> Any:  # noqa: ANN401
    """Let users name and cancel what is theirs; state that is written by hand is for operators."""
    if OPERATOR not in ctx.permissions and "metadata" not in value and "action" not in value:
        raise Auth.exceptions.HTTPException(status_code=403, detail=_BY_HAND)
    return await own(ctx, cast("dict[str, Any]", value))


@auth.on.threads.create_run
async def create_run(ctx: Auth.types.AuthContext, value: Auth.types.RunsCreate) -> Any:  # noqa: ANN401
    """Let a user start runs on threads of their own, with files of the folders that users may name."""
    if OPERATOR in ctx.permissions:
        return None
    given = value.get("kwargs") or {}
    if (given.get("command") or {}).get("update"):
        raise Auth.exceptions.HTTPException(status_code=403, detail=_BY_HAND)
    try:
        access = await asyncio.to_thread(_access)
        await asyncio.to_thread(access.check_paths, User(ctx.user.identity, operator=False), _asked(given))
    except SetupError as error:
        raise Auth.exceptions.HTTPException(status_code=403, detail=error.line()) from None
    return await own(ctx, cast("dict[str, Any]", value))


@lru_cache(maxsize=1)
def _access() -> Access:
    return load_access()


def _asked(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a caller says of files: the input, the context, and updates of the state by a command."""
    config = kwargs.get("config") or {}
    parts = {name: kwargs.get(name) for name in ("input", "context", "command")}
    return parts | {"configurable": config.get("configurable", {})}
