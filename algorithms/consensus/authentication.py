"""Who said it: Ed25519 signatures, and lists of message authentication codes for large groups.

A signature convinces everybody. A code (HMAC-SHA-256, cut to 16 bytes) convinces only the one whose key it was made
with; a list holds one for each principal. Who reads a list learns nothing about the codes for others, so that a
traitor can make a statement that some believe and others do not: agreement does not suffer, but a change of view may
have to be tried again. Signatures have no such limit.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_REMEMBERED = 4_096  # statements that were verified
_CODE_DIGITS = 32  # hexadecimal, of one code


class Authenticator(Protocol):
    """The keys of one principal: its own secrets, and what it needs to verify others."""

    def sign(self, text: str) -> str:
        """Return the tag for a text said by this principal."""

    def verify(self, signer: int, text: str, tag: str) -> bool:
        """Whether `signer` made the tag for this text; False for anybody unknown."""


class Signatures:
    """Ed25519: one secret key, and the public keys of all."""

    def __init__(self, secret: Ed25519PrivateKey, public: Mapping[int, Ed25519PublicKey]) -> None:
        self._secret = secret
        self._public = public
        self._verified: dict[tuple[int, str, str], None] = {}  # certificates repeat what was seen alone

    def sign(self, text: str) -> str:
        """Return the signature."""
        return self._secret.sign(text.encode()).hex()

    def verify(self, signer: int, text: str, tag: str) -> bool:
        """Whether the signature is the signer's."""
        seen = (signer, text, tag)
        if seen in self._verified:
            return True
        if signer not in self._public:
            return False
        try:
            self._public[signer].verify(bytes.fromhex(tag), text.encode())
        except (InvalidSignature, ValueError):
            return False
        if len(self._verified) >= _REMEMBERED:
            self._verified.pop(next(iter(self._verified)))
        self._verified[seen] = None
        return True


class Codes:
    """Lists of HMACs: a key shared with each principal, itself among them."""

    def __init__(self, principal: int, shared: Mapping[int, bytes]) -> None:
        self._principal = principal
        self._shared = dict(sorted(shared.items()))
        self._place = {other: place * _CODE_DIGITS for place, other in enumerate(self._shared)}

    def sign(self, text: str) -> str:
        """Return the codes, in the order of the principals."""
        content = f"{self._principal} {text}".encode()
        return "".join(_code(key, content) for key in self._shared.values())

    def verify(self, signer: int, text: str, tag: str) -> bool:
        """Whether the code for this principal was made with the key it shares with the signer."""
        key = self._shared.get(signer)
        if key is None:
            return False
        place = self._place[self._principal]
        return hmac.compare_digest(_code(key, f"{signer} {text}".encode()), tag[place : place + _CODE_DIGITS])


def derived_signatures(seed: str, principals: Iterable[int]) -> dict[int, Authenticator]:
    """Return the keys of each principal, derived from a seed: whoever knows the seed can sign for all."""
    secrets = {each: Ed25519PrivateKey.from_private_bytes(_derived(f"{seed} {each}")) for each in principals}
    public = {each: secret.public_key() for each, secret in secrets.items()}
    return {each: Signatures(secret, public) for each, secret in secrets.items()}


def derived_codes(seed: str, principals: Iterable[int]) -> dict[int, Authenticator]:
    """Return the shared keys of each principal, derived from a seed."""
    everybody = sorted(principals)

    def key(one: int, other: int) -> bytes:
        return _derived(f"{seed} {min(one, other)} {max(one, other)}")

    return {each: Codes(each, {other: key(each, other) for other in everybody}) for each in everybody}


def _derived(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _code(key: bytes, content: bytes) -> str:
    return hmac.digest(key, content, "sha256").hex()[:_CODE_DIGITS]
