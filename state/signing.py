"""Signatures as protocols see them: whoever drives a machine gives it something that signs and something that checks.

A signature binds its data to a signer that no other can imitate. It is text (hexadecimal digits).
"""

from typing import Protocol


class Signer(Protocol):
    """What signs in one name."""

    @property
    def name(self) -> str:
        """In whose name it signs."""

    def sign(self, data: bytes) -> str:
        """Return the signature of the data."""


class Verifier(Protocol):
    """What knows how to check the signatures of all members."""

    def verify(self, signer: str, data: bytes, signature: str) -> bool:
        """Return whether it is that signer's signature of the data; False for an unknown signer."""
