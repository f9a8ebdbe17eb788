"""Ed25519 signatures (RFC 8032): a key for each member, and the public keys by which all check.

Private keys are drawn from the system (in rehearsals derived), live in memory and are written nowhere.
"""

import hashlib
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Ed25519Signer:
    """Signs in one name."""

    def __init__(self, name: str, key: Ed25519PrivateKey | None = None) -> None:
        self._name = name
        self._key = key or Ed25519PrivateKey.generate()

    @property
    def name(self) -> str:
        """In whose name it signs."""
        return self._name

    @property
    def public_key(self) -> str:
        """The public key: 32 bytes in hexadecimal digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        """Return the signature: 64 bytes in hexadecimal digits."""
        return self._key.sign(data).hex()


class Ed25519Verifier:
    """Checks signatures by the public keys of all members (hexadecimal digits, by name).

    ValueError for a key that is none.
    """

    def __init__(self, public_keys: Mapping[str, str]) -> None:
        self._keys = {
            name: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for name, key in sorted(public_keys.items())
        }

    def verify(self, signer: str, data: bytes, signature: str) -> bool:
        """Return whether it is that signer's signature of the data; False for an unknown signer or no signature."""
        key = self._keys.get(signer)
        if key is None or signature != signature.lower():  # one text for one signature
            return False
        try:
            key.verify(bytes.fromhex(signature), data)
        except (InvalidSignature, ValueError):  # no hexadecimal digits
            return False
        return True


def key_ring(names: Iterable[str]) -> tuple[dict[str, Ed25519Signer], Ed25519Verifier]:
    """Return a new signer for each name, and what checks the signatures of them all."""
    signers = {name: Ed25519Signer(name) for name in names}
    return signers, Ed25519Verifier({name: signer.public_key for name, signer in signers.items()})


def derived_ring(seed: str, names: Iterable[str]) -> tuple[dict[str, Ed25519Signer], Ed25519Verifier]:
    """Return the same for keys derived from a seed, for rehearsal: whoever knows the seed can sign for all."""
    keys = {
        name: Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()) for name in names
    }
    signers = {name: Ed25519Signer(name, key) for name, key in keys.items()}
    return signers, Ed25519Verifier({name: signer.public_key for name, signer in signers.items()})
