"""Services that runs use and agents are not: the disk of the home folder, and Redis where one is named.

They are watched like agents; each is asked several times at a check, so that one lost packet is no fault.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from state.agents import AgentCard, Role
from state.operation_agents import AgentKind, Deployment
from state.run import RunContext
from tools.agents.live import live
from tools.settings.secrets import load_secrets

DISK, REDIS, DATABASE = "service:disk", "service:redis", "service:database"

_TIMES = 3
_PAUSE = 0.05
_BLOCK = bytes(64 * 1024)


def services(_context: RunContext) -> tuple[Deployment, ...]:
    """Return the services there are; the database of operation is watched by who keeps the registry in it."""
    names = [DISK] + ([REDIS] if load_secrets().redis_url is not None else [])
    return tuple(Deployment(card=card_of(name), kind=AgentKind.SERVICE) for name in names)


def card_of(name: str) -> AgentCard:
    """Return the card of a service."""
    return AgentCard(id=name, version="1", role=Role.MONITOR, skills=(name,))


def ask_service(name: str, context: RunContext) -> str:
    """Return what is wrong with a service, or nothing; every try is noted."""
    fault = ""
    for _ in range(_TIMES):
        began = time.monotonic()
        fault = _ASKED[name](context)
        live().answered(name, time.monotonic() - began, done=not fault, kind=AgentKind.SERVICE)
        if not fault:
            return ""
        time.sleep(_PAUSE)
    return fault


def _disk(context: RunContext) -> str:
    home = Path(context.home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home, prefix=".probe-") as file:
            file.write(_BLOCK)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"nothing can be written to the home folder: {error.strerror or error}"
    return ""


def _redis(_context: RunContext) -> str:
    try:
        from tools.hub.redis_streams import connect  # noqa: PLC0415  only where Redis is named
    except ModuleNotFoundError:
        return "the extra 'redis' is not installed"
    from redis.exceptions import RedisError  # noqa: PLC0415

    url = load_secrets().redis_url
    if url is None:
        return "no Redis is named any more: retire it"
    try:
        with connect(url.get_secret_value()) as client:
            client.ping()
    except (RedisError, OSError) as error:
        return f"Redis does not answer: {type(error).__name__}"
    return ""


_ASKED: Mapping[str, Callable[[RunContext], str]] = {DISK: _disk, REDIS: _redis}
