"""Rounds: duties performed at their intervals by a thread of their own, until they are stopped.

A duty that fails is told of and performed again at its next time; it keeps no other from being performed. All duties
share the thread: one that takes long makes the others late, and no duty is ever performed twice at once.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self, runtime_checkable

Clock = Callable[[], datetime]
Told = Callable[[str, str], None]
"""Hears that a duty failed: its name, and how in one line."""

_LONGEST_WAIT = 1.0
_PATIENCE = 10.0


@runtime_checkable
class Duty(Protocol):
    """Something that is done again and again."""

    @property
    def name(self) -> str:
        """Its name, unique among the duties of one round."""

    @property
    def interval(self) -> float:
        """Seconds between two performances."""

    def perform(self, now: datetime) -> None:
        """Do it; whatever it raises is told of."""


class Rounds(AbstractContextManager["Rounds"]):
    """Performs duties; as a context manager it starts on entry and stops on exit."""

    def __init__(self, duties: Sequence[Duty], *, clock: Clock | None = None, told: Told | None = None) -> None:
        names = [duty.name for duty in duties]
        if len(set(names)) < len(names):
            raise ValueError(f"two duties have one name: {sorted(names)}")
        self._duties, self._clock, self._told = tuple(duties), clock or _now, told or _ignore
        self._due: dict[str, datetime] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> None:
        """Let the duty that is being performed come to its end, at most ten seconds, and perform none any more."""
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    def perform_due(self, now: datetime) -> tuple[str, ...]:
        """Perform what is due at `now`, each duty at most once however late it is; return all their names."""
        done = []
        for duty in self._duties:
            waits = (self._due.get(duty.name, now) - now).total_seconds()
            if 0 < waits <= duty.interval or self._stopped.is_set():  # more: the clock was set back
                continue
            self._due[duty.name] = now + timedelta(seconds=duty.interval)
            try:
                duty.perform(now)
            except Exception as error:  # noqa: BLE001  whatever a duty raises, the others are performed
                self._told(duty.name, f"{type(error).__name__}: {error}"[:300])
            done.append(duty.name)
        return tuple(done)

    def _run(self) -> None:
        while not self._stopped.is_set():
            now = self._clock()
            self.perform_due(now)
            soonest = min(self._due.values(), default=now + timedelta(seconds=_LONGEST_WAIT))
            self._stopped.wait(min(_LONGEST_WAIT, max(0.01, (soonest - self._clock()).total_seconds())))


def _now() -> datetime:
    return datetime.now(UTC)


def _ignore(_name: str, _fault: str) -> None:
    """Hear nothing."""
