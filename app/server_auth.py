"""Access to the graphs' own routes: LangGraph's server asks here who calls and what is theirs.

Threads, runs and crons belong to the user who makes them; operators see all. Without tokens the server is open.
"""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from langgraph_sdk import Auth

from app.access import Access, User, load_access
from app.dashboard.guard import FOREIGN_HOST, user_of
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
        why = FOREIGN_HOST if access.open else "a token is needed: x-api-key, or a bearer token"
        raise Auth.exceptions.HTTPException(status_code=401, detail=why)
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
    await _check_asked(ctx, value.get("kwargs") or {})
    return await own(ctx, cast("dict[str, Any]", value))


@auth.on.crons.create
async def create_cron(ctx: Auth.types.AuthContext, value: Auth.types.CronsCreate) -> Any:  # noqa: ANN401
    """Let a user have runs started that this user may start."""
    await _check_asked(ctx, value.get("payload") or {})
    return await own(ctx, cast("dict[str, Any]", value))


@auth.on.crons.update
async def update_cron(ctx: Auth.types.AuthContext, value: Auth.types.CronsUpdate) -> Any:  # noqa: ANN401
    """Hold a cron that is changed to the same."""
    await _check_asked(ctx, value.get("payload") or {})
    return await own(ctx, cast("dict[str, Any]", value))


async def _check_asked(ctx: Auth.types.AuthContext, asked: Mapping[str, Any]) -> None:
    """Refuse a run with 403 where a user writes state by hand, or names what is not open to users.

    To send a node what it shall work on, or to go on at another one, is to write state as well.
    """
    if OPERATOR in ctx.permissions:
        return
    command = asked.get("command") or {}
    if command.get("update") or command.get("goto"):
        raise Auth.exceptions.HTTPException(status_code=403, detail=_BY_HAND)
    try:
        access = await asyncio.to_thread(_access)
        await asyncio.to_thread(access.check_named, User(ctx.user.identity, operator=False), _texts(asked))
    except SetupError as error:
        raise Auth.exceptions.HTTPException(status_code=403, detail=error.line()) from None


@lru_cache(maxsize=1)
def _access() -> Access:
    return load_access()


def _texts(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a caller may name files and addresses: input, context, command and configuration."""
    config = asked.get("config") or {}
    parts = {name: asked.get(name) for name in ("input", "context", "command")}
    return parts | {"configurable": config.get("configurable", {})}
