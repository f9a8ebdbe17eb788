"""The language of practical Byzantine fault tolerance: statements, certificates and what a replica must not forget.

After Castro and Liskov, Practical Byzantine Fault Tolerance (OSDI 1999); the names are theirs.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from state.signed import Signed

NO_REQUEST = "0" * 64
"""The digest of the null request, which fills a gap that a view change leaves."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for. Its numbers rise; it has one request under way at a time."""

    client: int
    number: int  # from 1
    data: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"request {self.client} {self.number} {self.data}"


@dataclass(frozen=True, slots=True)
class PrePrepare:
    """The primary gives a request its place in the order. The request is covered through its digest."""

    view: int
    sequence: int
    digest: str
    request: Signed[Request] | None = None

    @property
    def text(self) -> str:
        """What is signed."""
        return f"pre-prepare {self.view} {self.sequence} {self.digest}"


@dataclass(frozen=True, slots=True)
class Prepare:
    """A backup agrees that the request has this place in this view."""

    view: int
    sequence: int
    digest: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"prepare {self.view} {self.sequence} {self.digest}"


@dataclass(frozen=True, slots=True)
class Commit:
    """A replica has seen that a quorum agrees."""

    view: int
    sequence: int
    digest: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"commit {self.view} {self.sequence} {self.digest}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The digest of a replica's state after all requests up to a sequence number."""

    sequence: int
    digest: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"checkpoint {self.sequence} {self.digest}"


@dataclass(frozen=True, slots=True)
class PreparedCertificate:
    """Proof that a quorum agreed on a request's place in a view: the pre-prepare and prepares that match it."""

    pre_prepare: Signed[PrePrepare]
    prepares: tuple[Signed[Prepare], ...]


@dataclass(frozen=True, slots=True)
class CommitCertificate:
    """Proof that a request's place is decided: the pre-prepare and commits that match it."""

    pre_prepare: Signed[PrePrepare]
    commits: tuple[Signed[Commit], ...]


@dataclass(frozen=True, slots=True)
class ViewChange:
    """A replica leaves for a later view, and tells what was prepared after its stable checkpoint."""

    view: int
    stable: int
    proof: tuple[Signed[Checkpoint], ...]
    prepared: tuple[PreparedCertificate, ...]

    @property
    def text(self) -> str:
        """What is signed."""
        certificates = (certificate.pre_prepare.statement.text for certificate in self.prepared)
        return f"view-change {self.view} {self.stable} {_digest([*_texts(self.proof), *certificates])}"


@dataclass(frozen=True, slots=True)
class NewView:
    """The primary of a view opens it, with the view changes that entitle it and the pre-prepares that follow."""

    view: int
    changes: tuple[Signed[ViewChange], ...]
    proposals: tuple[Signed[PrePrepare], ...]

    @property
    def text(self) -> str:
        """What is signed."""
        return f"new-view {self.view} {_digest([*_texts(self.changes), *_texts(self.proposals)])}"


@dataclass(frozen=True, slots=True)
class Status:
    """How far a replica is: who is ahead passes on what it lacks."""

    view: int
    changing: bool
    executed: int

    @property
    def text(self) -> str:
        """What is signed."""
        return f"status {self.view} {self.changing} {self.executed}"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A replica asks for all that was decided after what it executed."""

    executed: int

    @property
    def text(self) -> str:
        """What is signed."""
        return f"fetch {self.executed}"


@dataclass(frozen=True, slots=True)
class PbftState:
    """What executing leaves: the application's state, and the last request of each client."""

    sequence: int = 0
    data: str = ""
    clients: tuple[tuple[int, int, int], ...] = ()  # client, number of its last request, the sequence it was given

    @property
    def digest(self) -> str:
        """The digest that checkpoints carry."""
        return _digest([f"{self.sequence}", f"{self.clients}", self.data])


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was decided: the state at a stable checkpoint with its proof, where it is needed, and what follows it."""

    state: PbftState | None
    proof: tuple[Signed[Checkpoint], ...]
    decisions: tuple[CommitCertificate, ...]

    @property
    def text(self) -> str:
        """What is signed. The content carries its own proof."""
        state = self.state.digest if self.state else "-"
        return f"transfer {state} {_digest(each.pre_prepare.statement.text for each in self.decisions)}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A replica tells a client which place its request was given."""

    view: int
    client: int
    number: int
    sequence: int

    @property
    def text(self) -> str:
        """What is signed."""
        return f"reply {self.view} {self.client} {self.number} {self.sequence}"


@dataclass(frozen=True, slots=True)
class Slot:
    """What a replica keeps about one sequence number."""

    sequence: int
    pre_prepare: Signed[PrePrepare] | None = None  # accepted in the present view
    prepared: PreparedCertificate | None = None  # of the latest view in which it was prepared
    decided: CommitCertificate | None = None


@dataclass(frozen=True, slots=True)
class PbftStorage:
    """What a replica keeps on stable storage; it restarts from this."""

    view: int = 0
    changing: bool = False  # it left the view before, and the new one is not open
    state: PbftState = PbftState()
    checkpoints: tuple[PbftState, ...] = (PbftState(),)  # the stable one, and later ones that may become stable
    proof: tuple[Signed[Checkpoint], ...] = ()  # of the stable one
    slots: tuple[Slot, ...] = ()  # after the stable checkpoint


@dataclass(frozen=True, slots=True)
class PbftSettings:
    """How a replica behaves; times in ticks, the same for all members."""

    request_ticks: int = 20  # a request that waits longer makes a replica leave the view; doubled each time in a row
    status_ticks: int = 8  # between two statuses
    checkpoint_interval: int = 8  # requests
    window: int = 16  # from the lower to the upper watermark


@dataclass(frozen=True, slots=True)
class Executed:
    """A request in its place. Nothing is executed for the null request, and for one that was executed before."""

    sequence: int
    view: int
    request: Request | None
    repeated: bool = False


def request_digest(request: Signed[Request] | None) -> str:
    """Return the digest (64 hex digits) that stands for a request."""
    return NO_REQUEST if request is None else _digest([request.statement.text])


def _texts(signed: Iterable[Signed[ViewChange] | Signed[PrePrepare] | Signed[Checkpoint]]) -> list[str]:
    return [f"{each.signer} {each.statement.text}" for each in signed]


def _digest(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, each with its length before it."""
    whole = hashlib.sha256()
    for text in texts:
        content = text.encode()
        whole.update(b"%d:" % len(content) + content)
    return whole.hexdigest()
