"""The members' keys: Ed25519, made when first needed, the private ones readable by the owner alone (mode 0600).

Layout of `<home>/decisions/keys/`: `<member>.key`, 32 bytes in hexadecimal, and `members.json`, the public keys.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from state.decision_log import MEMBERS
from state.errors import SetupError
from tools.files import write_durably
from tools.signing import Ed25519Verifier

_PRIVATE = 0o600
_PUBLIC = "members.json"


def keys_folder(home: Path) -> Path:
    """Return where the keys of a home lie."""
    return home / "decisions" / "keys"


def private_keys(home: Path) -> Mapping[str, Ed25519PrivateKey]:
    """Return the members' private keys, made where the home has none yet.

    Raises SetupError for a key that is missing, cannot be read, or that others may read.
    """
    folder = keys_folder(home)
    if not (folder / _PUBLIC).exists():
        _make(folder)
    return {member: _private(folder / f"{member}.key") for member in MEMBERS}


def public_keys(home: Path) -> bytes:
    """Return the file with the members' public keys as it is; empty where it cannot be read."""
    try:
        return (keys_folder(home) / _PUBLIC).read_bytes()
    except OSError:
        return b""


def verifier(keys: bytes) -> Ed25519Verifier:
    """Return what checks signatures with public keys as `public_keys` returns them; without its key none is good."""
    try:
        return Ed25519Verifier(json.loads(keys))
    except (ValueError, TypeError, AttributeError):  # then no signature is good
        return Ed25519Verifier({})


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        if path.stat().st_mode & 0o077:
            raise SetupError("others may read the key", where=str(path), hint=f"chmod 600 {path}")
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text()))
    except (OSError, ValueError) as error:
        raise SetupError(f"the key cannot be read: {error}", where=str(path), hint="restore it") from error


def _make(folder: Path) -> None:
    """Make keys; the public ones are written last: without them a session that was killed begins again."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = {}
    for member in MEMBERS:
        key = Ed25519PrivateKey.generate()
        public[member] = key.public_key().public_bytes_raw().hex()
        path = folder / f"{member}.key"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as stream:
            stream.write(key.private_bytes_raw().hex().encode())
            stream.flush()
            os.fsync(stream.fileno())
    write_durably(folder / _PUBLIC, json.dumps(public, indent=1).encode())
