"""What a PBFT replica gives to whoever drives it, and what its application is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from state.pbft import Executed, PbftStorage, Request, Slot
from state.signed import SignedMessage

Execute = Callable[[str, Request], str]
"""The application: its state and a request give the next state. It must be the same function in all replicas."""


def chained(data: str, request: Request) -> str:
    """Return the application state that only tells which requests came in which order: a hash chain."""
    return sha256(f"{data} {request.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PbftOutput:
    """What is to be kept, then sent and applied, in this order."""

    kept_state: PbftStorage  # without slots
    slots: tuple[Slot, ...] = ()  # those that changed
    messages: tuple[SignedMessage, ...] = ()
    executed: tuple[Executed, ...] = ()

    def kept(self, storage: PbftStorage) -> PbftStorage:
        """Return storage with what is to be kept."""
        stable = self.kept_state.proof[0].statement.sequence if self.kept_state.proof else 0
        slots = {slot.sequence: slot for slot in (*storage.slots, *self.slots) if slot.sequence > stable}
        return replace(self.kept_state, slots=tuple(slots[sequence] for sequence in sorted(slots)))


@dataclass(slots=True)
class Outbox:
    """What a replica has on stable storage, and what it executed since."""

    kept: PbftStorage
    executed: list[Executed] = field(default_factory=list)
