"""The language of agreement by stake: blocks, votes, evidence and what a replica must not forget.

Rounds of propose, prevote and precommit with locks, after Buchman, Kwon and Milosevic, The latest gossip on BFT
consensus (2018); members weigh as much as their stake.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from state.pbft import Request
from state.signed import Signed

NOTHING = ""
"""What a member votes for that supports no block in a round."""


class Phase(StrEnum):
    """What a replica does in a round, and what its votes are for."""

    PROPOSE = "propose"
    PREVOTE = "prevote"
    PRECOMMIT = "precommit"


@dataclass(frozen=True, slots=True)
class Vote:
    """A member supports a block in a round, or nothing."""

    height: int
    round: int
    phase: Phase
    digest: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.phase} {self.height} {self.round} {self.digest}"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a proposal says, without the block: enough to show that two were made for one round."""

    height: int
    round: int
    digest: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"propose {self.height} {self.round} {self.digest}"


@dataclass(frozen=True, slots=True)
class DoubleSigning:
    """Evidence that a member signed two votes, or two proposals, for one round. Anybody can verify it."""

    first: Signed[Vote] | Signed[Opening]
    second: Signed[Vote] | Signed[Opening]


@dataclass(frozen=True, slots=True)
class Block:
    """What is decided at a height."""

    height: int  # from 1
    previous: str  # digest of the block before
    requests: tuple[Signed[Request], ...] = ()
    evidence: tuple[DoubleSigning, ...] = ()

    @property
    def digest(self) -> str:
        """The digest (64 hex digits) that votes carry."""
        requests = (f"{each.signer} {each.statement.text}" for each in self.requests)
        evidence = (f"{each.first.statement.text} {each.second.statement.text}" for each in self.evidence)
        blamed = (f"{each.first.signer}" for each in self.evidence)
        return _digest([f"{self.height} {self.previous}", *requests, "evidence", *evidence, *blamed])


@dataclass(frozen=True, slots=True)
class PrevoteCertificate:
    """Proof that more than two thirds of stake supported a block in a round."""

    round: int
    block: Block
    prevotes: tuple[Signed[Vote], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decided block with its proof: precommits of more than two thirds of stake."""

    round: int
    block: Block
    precommits: tuple[Signed[Vote], ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The leader of a round proposes a block, with the certificate of an earlier round where it has one."""

    height: int
    round: int
    digest: str
    block: Block
    certificate: PrevoteCertificate | None = None  # its own proof: the signature does not cover it

    @property
    def text(self) -> str:
        """What is signed."""
        return self.opening.text

    @property
    def opening(self) -> Opening:
        """What is signed, without the block."""
        return Opening(self.height, self.round, self.digest)


@dataclass(frozen=True, slots=True)
class StakeStatus:
    """Where a replica is: who is ahead passes on what it lacks."""

    height: int  # that it works on
    round: int

    @property
    def text(self) -> str:
        """What is signed."""
        return f"at {self.height} {self.round}"


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions of heights in a row, for who is behind."""

    decisions: tuple[Decision, ...]

    @property
    def text(self) -> str:
        """What is signed. The content carries its own proof."""
        return f"decisions {_digest(each.block.digest for each in self.decisions)}"


@dataclass(frozen=True, slots=True)
class StakeState:
    """What decisions leave."""

    stakes: tuple[tuple[int, int], ...]  # member, stake; all members
    height: int = 0
    previous: str = ""  # digest of the last block
    data: str = ""  # of the application
    asked: tuple[tuple[int, int], ...] = ()  # member, number of its last decided request
    slashed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StakeStorage:
    """What a replica keeps on stable storage; it restarts from this."""

    state: StakeState
    round: int = 0
    phase: Phase = Phase.PROPOSE
    locked: PrevoteCertificate | None = None
    valid: PrevoteCertificate | None = None  # the latest that it knows of
    votes: tuple[Signed[Vote], ...] = ()  # its own, at this height
    proposals: tuple[Signed[Proposal], ...] = ()  # its own, at this height
    requests: tuple[Signed[Request], ...] = ()  # its own that are not decided
    decisions: tuple[Decision, ...] = ()  # all of them


@dataclass(frozen=True, slots=True)
class StakeSettings:
    """How a replica behaves; times in ticks, the same for all members."""

    seed: str = "stake"  # of the draw of leaders
    step_ticks: int = 5  # for a proposal, or for votes that disagree; two more for each round
    status_ticks: int = 8  # between two statuses
    most_requests: int = 16  # in one block


def _digest(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, each with its length before it."""
    whole = hashlib.sha256()
    for text in texts:
        content = text.encode()
        whole.update(b"%d:" % len(content) + content)
    return whole.hexdigest()
