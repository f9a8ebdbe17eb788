"""Pushed updates: a part of a page, rendered anew when what it shows has changed, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

_LOOKS = 0.5
"""Seconds between two looks at what is shown."""
_KEEPS = 15.0
"""Seconds after which a silent stream says that it is alive."""


class Shown(NamedTuple):
    """A part of a page as it stands now."""

    html: str
    over: bool = False  # nothing will change any more: the whole page is to be loaded again


def pushed(request: Request, look: Callable[[], Shown], *, seconds: float = _LOOKS) -> StreamingResponse:
    """Answer with a stream of what `look` returns, each time it is another; it ends when that is over."""
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(request, look, seconds), media_type="text/event-stream", headers=headers)


async def _stream(request: Request, look: Callable[[], Shown], seconds: float) -> AsyncIterator[bytes]:
    last, silent = "", 0.0
    while not await request.is_disconnected():
        shown = await run_in_threadpool(look)
        if shown.html != last:
            last, silent = shown.html, 0.0
            yield _event("update", shown.html)
        if shown.over:
            yield _event("over", "")
            return
        await asyncio.sleep(seconds)
        silent += seconds
        if silent >= _KEEPS:
            silent = 0.0
            yield b": alive\n\n"


def _event(kind: str, text: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {kind}\n{lines}\n".encode(errors="backslashreplace")
