"""Ballots among voters of which some lie: what is signed, what is sent, and what is suspicious."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SignedBallot:
    """A ballot on its way: signed by its voter and by everyone who passed it on."""

    motion: str  # digest of the motion
    round: int  # from 1
    voter: int  # place in the electorate, from 0
    choice: str  # an option; empty: abstains
    signatures: tuple[tuple[int, str], ...]  # signer and signature

    @property
    def content(self) -> bytes:
        """What is signed."""
        return f"{self.motion} {self.round} {self.voter} {self.choice}".encode()

    @property
    def signers(self) -> frozenset[int]:
        """Who signed."""
        return frozenset(signer for signer, _ in self.signatures)


@dataclass(frozen=True, slots=True)
class BallotMessage:
    """A ballot that is sent. Links are authenticated: the sender is who it is."""

    sender: int
    recipient: int
    motion: str  # what the sender says the ballot is for
    round: int
    ballot: SignedBallot


class Deed(StrEnum):
    """What makes a voter suspicious."""

    EQUIVOCATION = "equivocation"  # signed two ballots of one round; the two prove it
    FORGERY = "forgery"  # sent signatures that are not those of the signers
    REPETITION = "repetition"  # sent a ballot of another round or motion as one of this
    MALFORMED = "malformed"  # signed a ballot for what is no option
    ERRATIC = "erratic"  # went back to an option it had left, or left one for one with fewer votes


class Suspicion(NamedTuple):
    """Who is suspicious of what; `proof` convinces whoever can check signatures."""

    voter: int
    deed: Deed
    round: int
    proof: tuple[SignedBallot, ...] = ()


class Board(NamedTuple):
    """The ballots of a round as a voter has them: its choice by voter; who is missing gave none that counts."""

    round: int
    choices: dict[int, str]
    equivocators: frozenset[int]
