"""The way to a server of OpenLineage: events are posted one by one on a thread of their own, within bounded time.

A run never waits for the server but at its end, at most `CLOSE_SECONDS`. The first event that cannot be delivered ends
the attempt: the rest would meet the same server.
"""

import queue
import threading
import time

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_exponential

from tools.lineage.facets import Json
from tools.lineage.target import LineageTarget

REQUEST_SECONDS = 2.0
"""To connect, to send and for each part of the answer."""

CLOSE_SECONDS = 5.0
"""How long the end of a run waits for events that are still to be delivered."""

_ATTEMPTS = 3
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another attempt may change."""


class Sender:
    """Delivers events in order; does nothing without a URL."""

    def __init__(self, target: LineageTarget) -> None:
        self._target = target
        self._waiting: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        self._sent = self._asked = 0
        self._problem = ""
        self._thread: threading.Thread | None = None

    def send(self, event: Json) -> None:
        """Take an event to be delivered; returns at once."""
        if self._target.url is None:
            return
        self._asked += 1
        self._waiting.put(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver, name="lineage", daemon=True)
            self._thread.start()

    def close(self) -> list[str]:
        """Wait for what is still to be delivered, within bounds, and return what went wrong as warnings."""
        if self._thread is None:
            return []
        self._waiting.put(None)
        self._thread.join(CLOSE_SECONDS)
        missing = self._asked - self._sent
        if not missing:
            return []
        why = self._problem or f"the server took longer than {CLOSE_SECONDS:g} seconds"
        return [f"lineage: {missing} of {self._asked} events were not delivered to {self._target.shown}: {why}"]

    def _deliver(self) -> None:
        headers = {"Content-Type": "application/json"}
        if self._target.api_key is not None:
            headers["Authorization"] = f"Bearer {self._target.api_key.get_secret_value()}"
        try:
            with httpx.Client(timeout=REQUEST_SECONDS, headers=headers) as client:
                while (event := self._waiting.get()) is not None:
                    self._post(client, event)
                    self._sent += 1
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            self._problem = _reason(error)

    def _post(self, client: httpx.Client, event: Json) -> None:
        for attempt in Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(CLOSE_SECONDS),
            wait=wait_exponential(multiplier=0.1, max=1),
            sleep=time.sleep,
            reraise=True,
        ):
            with attempt:
                client.post(self._target.address, json=event).raise_for_status()


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in _PASSING
    return isinstance(error, httpx.TransportError)


def _reason(error: Exception) -> str:
    """Return why an event was not delivered; never the text of an error, which may hold the address as it was set."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"answer {error.response.status_code}"
    return type(error).__name__
