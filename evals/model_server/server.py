"""The server: an asyncio loop in a thread of its own, one small reader of HTTP/1.1, counts of all it was asked."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self

from evals.model_server.acts import Act, ChatRequest, Fault, FaultKind, Say
from evals.model_server.behaviours import Behaviour, spoilt
from evals.model_server.wire import completion, events, problem, response, usage_of

_LARGEST = 64 * 2**20
_STREAM = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class ModelServer:
    """A chat model that answers as `behaviour` says, each time after `latency` seconds.

    Attributes:
        requests: every request that came in, in order.
        acts: what was done about each: the kind of a fault, or "answer".
        prompt_tokens, completion_tokens: of the answers that were sent whole.

    """

    def __init__(
        self, behaviour: Behaviour, *, latency: float = 0.0, fingerprint: str = "fp_sim", keep_requests: bool = True
    ) -> None:
        self.requests: list[ChatRequest] = []
        self.acts: Counter[str] = Counter()
        self.prompt_tokens = self.completion_tokens = 0
        self._behaviour, self._latency, self._fingerprint = behaviour, latency, fingerprint
        self._keep, self._number, self._seen = keep_requests, 0, Counter[int]()
        self._address = ""
        self._stop: Callable[[], None] = _nothing
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """The address for a client, while the server runs."""
        return self._address

    @property
    def count(self) -> int:
        """Requests that came in."""
        return self._number

    def __enter__(self) -> Self:
        """Start serving on a free port of the loopback address."""
        started: Future[str] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True)
        self._thread.start()
        self._address = started.result()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and end what is still under way."""
        self._stop()
        if self._thread is not None:
            self._thread.join()

    async def _serve(self, started: "Future[str]") -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(over.set)
        talks: set[asyncio.Task[None]] = set()

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talk = loop.create_task(self._talk(reader, writer))
            talks.add(talk)
            talk.add_done_callback(talks.discard)

        server = await asyncio.start_server(meet, "127.0.0.1", 0, limit=_LARGEST, backlog=1_024)
        started.set_result(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        await over.wait()
        server.close()
        for talk in tuple(talks):
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until either side ends it."""
        try:
            while (body := await _read(reader)) is not None:
                if not await self._answer(body, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            writer.close()

    async def _answer(self, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Do what the behaviour says; return whether the connection goes on."""
        try:
            request = self._take(json.loads(body))
        except (ValueError, AttributeError):
            writer.write(response(400, problem(400, "the body is no JSON object")))
            return True
        act = self._behaviour(request)
        self.acts[act.kind.value if isinstance(act, Fault) else "answer"] += 1
        await asyncio.sleep(self._latency + (act.delay if isinstance(act, Say) else 0.0))
        said = spoilt(act, request) if isinstance(act, Fault) else act
        if said is None:
            return await _fail(act, self._whole(request, act), writer)
        usage = usage_of(request, said)
        self.prompt_tokens += usage["prompt_tokens"]
        self.completion_tokens += usage["completion_tokens"]
        if request.body.get("stream"):
            parts = [
                f"{len(event):x}\r\n".encode() + event + b"\r\n" for event in events(request, said, self._fingerprint)
            ]
            writer.write(_STREAM.encode() + b"".join(parts) + b"0\r\n\r\n")
        else:
            writer.write(response(200, json.dumps(completion(request, said, self._fingerprint)).encode()))
        await writer.drain()
        return True

    def _take(self, body: dict[str, Any]) -> ChatRequest:
        self._number += 1
        key = hash(json.dumps(body, sort_keys=True))
        self._seen[key] += 1
        request = ChatRequest(self._number, body, self._seen[key])
        body.get("messages")
        if self._keep:
            self.requests.append(request)
        return request

    def _whole(self, request: ChatRequest, act: Act) -> bytes:
        """Return the body that a fault of transport breaks."""
        return json.dumps(completion(request, act.of if isinstance(act, Fault) else act, self._fingerprint)).encode()


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    """Return the body of the next request; None where the client has ended the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return await reader.readexactly(length)


async def _fail(fault: Act, whole: bytes, writer: asyncio.StreamWriter) -> bool:
    """Fail as told, on the level of the transport; return whether the connection goes on."""
    if not isinstance(fault, Fault):
        return True
    half = whole[: len(whole) // 2]
    if fault.kind is FaultKind.TIMEOUT:
        await asyncio.sleep(fault.seconds)
        return False
    if fault.kind in (FaultKind.HELD_OPEN, FaultKind.RESET):
        writer.write(response(200, half, length=len(whole)))
        await writer.drain()
        await asyncio.sleep(fault.seconds if fault.kind is FaultKind.HELD_OPEN else 0)
        return False
    wait = "" if fault.retry_after is None else f"retry-after: {fault.retry_after:g}\r\n"
    answers = {
        FaultKind.RATE_LIMIT: (429, problem(429, "too many requests"), wait),
        FaultKind.SERVER_ERROR: (500, problem(500, "the model failed"), ""),
        FaultKind.UNAUTHORISED: (401, problem(401, "the key is not valid"), ""),
        FaultKind.TRUNCATED: (200, half, ""),
        FaultKind.EMPTY: (200, b"", ""),
        FaultKind.NOT_JSON: (200, b"<html>gateway</html>", ""),
        FaultKind.NO_CHOICES: (200, b'{"id": "x", "object": "chat.completion", "choices": []}', ""),
    }
    status, body, more = answers[fault.kind]
    writer.write(response(status, body, more=more))
    await writer.drain()
    return True


def _nothing() -> None:
    """Do nothing: the server does not run."""
