"""Signed statements: what was said, by whom, and the tag that proves it; and why one is refused."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar


class Statement(Protocol):
    """What can be signed."""

    @property
    def text(self) -> str:
        """All that the signature covers; two different statements never have the same text."""


StatementT = TypeVar("StatementT", bound=Statement)
StatementT_co = TypeVar("StatementT_co", bound=Statement, covariant=True)


@dataclass(frozen=True, slots=True)
class Signed(Generic[StatementT_co]):
    """A statement with the tag its signer made for it: a signature, or a list of codes, one for each who may read."""

    signer: int
    statement: StatementT_co
    tag: str  # hexadecimal


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A signed statement under way. The sender is whoever passes it on: only the signer answers for it."""

    sender: int
    recipient: int
    signed: Signed[Statement]


class Refusal(StrEnum):
    """Why a message had no effect."""

    STRANGER = "stranger"  # the signer is no member
    FORGED = "forged"  # the tag does not fit the statement and its signer
    DUPLICATE = "duplicate"  # known already
    STALE = "stale"  # of an earlier view, round, or number
    EARLY = "early"  # of a view or round that is not entered yet
    BEYOND = "beyond"  # outside the watermarks
    CONFLICTING = "conflicting"  # its signer said something else before
    UNEXPECTED = "unexpected"  # its signer has not that part
    INVALID = "invalid"  # its content, or a certificate in it, does not hold
    UNWANTED = "unwanted"  # the replica does not approve of the request
