"""Who may use the server: users by token, sessions of a browser, whose runs are seen, and which folders may be named.

Without tokens the server is open: whoever reaches it is the operator. It should then listen on loopback alone.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.settings import load_settings
from state.errors import SetupError
from tools.settings.secrets import load_secrets

LEAST_TOKEN = 16
"""Characters of the shortest token: shorter ones can be guessed."""

SESSION_SECONDS = 12 * 3600

_PATHS = frozenset({"contract", "sources", "out", "path", "paths", "home", "folder"})
"""Fields of a graph's input and context that name files."""


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    operator: bool

    def sees(self, owner: str) -> bool:
        """Return whether a run of `owner` is shown to this user."""
        return self.operator or owner == self.name


EVERYBODY = User(name="", operator=True)
"""Who uses a server without tokens."""


class Access:
    """Tokens and what they are good for. Tokens are kept as digests."""

    def __init__(
        self, tokens: Mapping[str, str], operators: tuple[str, ...] = (), folders: tuple[str, ...] = ()
    ) -> None:
        self._digests = {name: _digest(token) for name, token in tokens.items()}
        self._operators = frozenset(operators)
        self.folders = tuple(os.path.realpath(folder) for folder in folders or (os.getcwd(),))  # noqa: PTH109

    @property
    def open(self) -> bool:
        """Whether nobody needs a token."""
        return not self._digests

    def user_of(self, token: str) -> User | None:
        """Return whose token it is; the time it takes says nothing about tokens."""
        given, found = _digest(token), None
        for name, digest in self._digests.items():
            if hmac.compare_digest(given, digest):
                found = name
        return self._user(found) if found is not None else None

    def session(self, user: User, now: datetime) -> str:
        """Return what a browser keeps; it is void when the user's token changes."""
        until = str(int(now.timestamp()) + SESSION_SECONDS)
        return f"{user.name.encode().hex()}.{until}.{self._seal(user.name, until)}"

    def user_of_session(self, session: str, now: datetime) -> User | None:
        """Return whose session it is, None for one that is void or over."""
        try:
            encoded, until, seal = session.split(".")
            name, over = bytes.fromhex(encoded).decode(), int(until)
        except ValueError:
            return None
        if encoded != name.encode().hex() or until != str(over):  # both are read leniently
            return None
        if name not in self._digests or not hmac.compare_digest(seal.encode(), self._seal(name, until).encode()):
            return None
        return self._user(name) if now.timestamp() < over else None

    def check_paths(self, user: User, given: object) -> None:
        """Raise SetupError where a user who is no operator names a file outside the folders that are open to users."""
        for field, path in [] if user.operator else _paths(given):
            if not self._within(path):
                raise SetupError(
                    f"{path!r} lies outside the folders that users may name",
                    where=field,
                    hint=f"name files within {', '.join(self.folders)}, or ask an operator",
                )

    def _within(self, path: str) -> bool:
        """Return whether a path, or the folder before the first sign of a pattern in it, lies in an open folder."""
        parts = Path(path).parts
        if ".." in parts:
            return False
        plain = Path(*(part for part in _until_pattern(parts))) if parts else Path()
        real = os.path.realpath(plain)
        return any(real == folder or real.startswith(folder.rstrip(os.sep) + os.sep) for folder in self.folders)

    def _user(self, name: str) -> User:
        return User(name=name, operator=name in self._operators)

    def _seal(self, name: str, until: str) -> str:
        return hmac.new(self._digests[name], f"{name}\n{until}".encode(), hashlib.sha256).hexdigest()


def load_access() -> Access:
    """Return who may use the server; SetupError names the setting that is not valid, and not its value."""
    settings = load_settings().operation
    tokens = {name: token.get_secret_value() for name, token in load_secrets().tokens.items()}
    for name, token in tokens.items():
        if len(token) < LEAST_TOKEN:
            what = f"the token of {name!r} is shorter than {LEAST_TOKEN} characters"
            hint = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
            raise SetupError(what, where="MILLWRIGHT_TOKENS", hint=hint)
    unknown = sorted(set(settings.operators) - set(tokens))
    if unknown:
        what = f"the operator {unknown[0]!r} has no token"
        raise SetupError(what, where="MILLWRIGHT_OPERATION__OPERATORS", hint="give one in MILLWRIGHT_TOKENS")
    return Access(tokens, settings.operators, settings.open_folders)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _paths(given: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields that name files, with each file that is named."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from _paths(value, str(name))
    elif isinstance(given, list | tuple):
        for value in given:
            yield from _paths(value, field)
    elif isinstance(given, str) and given and field in _PATHS:
        yield field, given


def _until_pattern(parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        if any(sign in part for sign in "*?["):
            return
        yield part
