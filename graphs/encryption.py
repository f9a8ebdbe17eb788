"""Encryption of checkpoints at rest: LangGraph's `EncryptedSerializer` over the strict serialiser, with AES-GCM.

It is on where `LANGGRAPH_AES_KEY` holds a key of 16, 24 or 32 bytes. What was written without a key stays readable with
one; what was written with a key needs that key. The key is read where a saver is opened and kept nowhere else.
"""

import os
from collections.abc import Mapping
from typing import Any, Final

from langgraph.checkpoint.serde.base import CipherProtocol, SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

from graphs.serialization import strict_serializer
from state.errors import SetupError

KEY_VARIABLE: Final = "LANGGRAPH_AES_KEY"

_CIPHER: Final = "aes-gcm"
_NONCE: Final = 12  # bytes
_LENGTHS: Final = (16, 24, 32)


def serializer(environment: Mapping[str, str] | None = None) -> SerializerProtocol:
    """Return the serialiser of every saver; SetupError when the key has a wrong length."""
    text = (os.environ if environment is None else environment).get(KEY_VARIABLE, "")
    if not text:
        return _Plain(strict_serializer())
    key = text.encode()
    if len(key) not in _LENGTHS:
        raise SetupError(f"the key has {len(key)} bytes", where=KEY_VARIABLE, hint="use 16, 24 or 32 bytes")
    return EncryptedSerializer(_AesGcm(key), strict_serializer())


class _Plain(SerializerProtocol):
    """The strict serialiser, with a word for whoever opens encrypted checkpoints without a key."""

    def __init__(self, inner: SerializerProtocol) -> None:
        self._inner = inner

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:  # noqa: ANN401  the protocol's own
        """Return kind and bytes of a value."""
        return self._inner.dumps_typed(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:  # noqa: ANN401
        """Return the value; SetupError when it was encrypted."""
        if data[0].partition("+")[2]:
            raise SetupError("the checkpoint is encrypted", where="checkpoints", hint=f"set {KEY_VARIABLE} to its key")
        return self._inner.loads_typed(data)


class _AesGcm(CipherProtocol):
    """AES in Galois/counter mode (NIST SP 800-38D): a fresh nonce for each value, then the sealed bytes."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  only with a key

        self._cipher = AESGCM(key)

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        """Return the cipher's name, and nonce and sealed bytes."""
        nonce = os.urandom(_NONCE)
        return _CIPHER, nonce + self._cipher.encrypt(nonce, plaintext, None)

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        """Return the bytes; SetupError when they were sealed otherwise, or are not as they were sealed."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        if ciphername != _CIPHER:
            raise SetupError(f"the checkpoint is encrypted with {ciphername!r}", where="checkpoints")
        try:
            return self._cipher.decrypt(ciphertext[:_NONCE], ciphertext[_NONCE:], None)
        except InvalidTag as error:
            what = "the checkpoint cannot be decrypted: another key, or changed bytes"
            raise SetupError(what, where="checkpoints", hint=f"set {KEY_VARIABLE} to the key of the run") from error
