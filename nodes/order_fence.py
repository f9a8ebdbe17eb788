"""A fence before work: an order is begun by its worker or revoked by whoever placed it, never both.

A worker that hangs with an order in its hands, and comes back once somebody else was given the work, finds it revoked
and does nothing: what a step does to the workspace is done once.
"""

import threading
import time

from state.errors import StepError
from state.orders import StepOrder


class Fence:
    """Orders that were placed, begun and revoked; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, float] = {}  # placed and not begun -> since when

    def place(self, order: StepOrder) -> None:
        """Note that an order was placed."""
        with self._lock:
            self._waiting[order.order_id] = time.monotonic()

    def begin(self, order: StepOrder) -> None:
        """Let the work of an order begin; StepError where it was revoked."""
        with self._lock:
            if self._waiting.pop(order.order_id, None) is None:
                raise StepError("the order was revoked", where=order.order_id)

    def revoke(self, order: StepOrder) -> bool:
        """Take an order back; False where its work has begun."""
        with self._lock:
            return self._waiting.pop(order.order_id, None) is not None

    def waits(self, order: StepOrder) -> float:
        """Return for how many seconds an order has waited for its worker to begin; 0 once it has."""
        with self._lock:
            since = self._waiting.get(order.order_id)
            return 0.0 if since is None else time.monotonic() - since
