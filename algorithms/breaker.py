"""A circuit breaker: what failed several times in a row is left alone for a while, then tried with one probe.

Pure but for its own state; the caller gives the time. Not for use by several threads at once.
"""

from dataclasses import dataclass
from enum import StrEnum


class Circuit(StrEnum):
    """Whether calls are let through."""

    CLOSED = "closed"  # all are
    OPEN = "open"  # none is
    HALF_OPEN = "half_open"  # one is, to see


@dataclass(slots=True)
class Breaker:
    """Opens after `failures` in a row for `seconds`; each probe that fails opens it for as long again."""

    failures: int
    seconds: float
    state: Circuit = Circuit.CLOSED
    in_row: int = 0
    opened_at: float = 0.0
    probe_at: float | None = None

    def admits(self, now: float) -> bool:
        """Return whether a call may go out now; what is admitted must be told to `succeeded`, `failed` or `unknown`."""
        if self.state is Circuit.CLOSED:
            return True
        if self.state is Circuit.OPEN and now - self.opened_at >= self.seconds:
            self.state, self.probe_at = Circuit.HALF_OPEN, None
        if self.state is Circuit.OPEN or self.probe_at is not None:
            return False
        self.probe_at = now
        return True

    def succeeded(self) -> None:
        """Take in that a call came back: the circuit is closed."""
        self.state, self.in_row, self.probe_at = Circuit.CLOSED, 0, None

    def failed(self, now: float) -> None:
        """Take in that a call failed; calls that went out before the circuit opened do not prolong it."""
        self.in_row += 1
        if self.state is Circuit.HALF_OPEN or (self.state is Circuit.CLOSED and self.in_row >= self.failures):
            self.trip(now)

    def unknown(self) -> None:
        """Take in that a call ended without telling anything, e.g. cancelled: the next one may be the probe."""
        self.probe_at = None

    def trip(self, now: float) -> None:
        """Open the circuit at once."""
        self.state, self.opened_at, self.probe_at = Circuit.OPEN, now, None

    def wait(self, now: float) -> float:
        """Return the seconds until the next probe is let through; 0 where calls are."""
        return max(0.0, self.opened_at + self.seconds - now) if self.state is Circuit.OPEN else 0.0
