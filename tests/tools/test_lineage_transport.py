"""Events on their way to a server: delivered in order, within bounded time, and no secret in what is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from tools.lineage import transport
from tools.lineage.target import LineageTarget
from tools.lineage.transport import Sender

EVENTS = [{"number": number} for number in range(5)]


class Server:
    """A server of OpenLineage that answers what `answer` says; it keeps what it was sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Any]] = []
        self.answer: Callable[[int], int] = lambda _count: 201
        self.hold, self.seen = threading.Event(), 0
        self.hold.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.seen += 1
                server.hold.wait(30)
                status = server.answer(server.seen)
                if status < 300:
                    server.heard.append((self.path, self.headers.get("Authorization", ""), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self.hold.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


def deliver(target: LineageTarget) -> list[str]:
    sender = Sender(target)
    for event in EVENTS:
        sender.send(event)
    return sender.close()


def test_events_arrive_once_and_in_order_with_the_key(server: Server) -> None:
    assert deliver(LineageTarget(url=server.url + "/", api_key=SecretStr("k3y"))) == []
    assert server.heard == [("/api/v1/lineage", "Bearer k3y", event) for event in EVENTS]


def test_what_may_pass_is_tried_again(server: Server) -> None:
    server.answer = lambda count: 503 if count in (1, 2) else 201
    assert deliver(LineageTarget(url=server.url)) == []
    assert [body for _, _, body in server.heard] == EVENTS


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (401, 1)])
def test_a_server_that_refuses_is_told_and_not_asked_again(server: Server, status: int, attempts: int) -> None:
    server.answer = lambda _count: status
    (warning,) = deliver(LineageTarget(url=server.url))
    assert warning == (f"lineage: 5 of 5 events were not delivered to {server.url}/api/v1/lineage: answer {status}")
    assert server.seen == attempts


def test_a_server_that_is_not_there_is_told_without_the_password(server: Server) -> None:
    server.close()
    url = server.url.replace("http://", "http://me:secret@") + "/x?token=secret"
    (warning,) = deliver(LineageTarget(url=url, api_key=SecretStr("secret")))
    assert "ConnectError" in warning
    assert "secret" not in warning


def test_a_server_that_hangs_holds_nobody_for_long(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CLOSE_SECONDS", 0.3)
    server.hold.clear()
    sender, started = Sender(LineageTarget(url=server.url)), time.monotonic()
    sender.send(EVENTS[0])
    assert time.monotonic() - started < 10
    (warning,) = sender.close()
    assert "took longer than 0.3 seconds" in warning
    server.hold.set()
    assert sender._thread is not None
    sender._thread.join()


def test_without_a_url_nothing_is_sent() -> None:
    sender = Sender(LineageTarget())
    sender.send(EVENTS[0])
    assert sender.close() == []
    assert sender._thread is None
