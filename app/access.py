"""Who may use the server: users by token, sessions of a browser, whose runs are seen, and which folders may be named.

Without tokens the server is open: whoever reaches it is the operator. It should then listen on loopback alone.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

from app.settings import load_settings
from state.errors import SetupError
from tools.settings.secrets import load_secrets

LEAST_TOKEN = 16
"""Characters of the shortest token: shorter ones can be guessed."""

SESSION_SECONDS = 12 * 3600

_PATHS = frozenset({"contract", "sources", "out", "path", "paths", "home", "folder"})
"""Fields of a graph's input and context that name files."""

_ADDRESSES = frozenset({"base_url"})
"""Fields that name what the server sends requests to."""

_SHARED = frozenset({"retention_experience"})
"""Fields whose effect reaches what all users share."""


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
    """Tokens and what they are good for. Tokens are kept as digests.

    `home` holds the workspaces of all users: none may name files in it, though it lies in an open folder. `address` is
    the model's of the settings, the only one that users may name.
    """

    def __init__(
        self,
        tokens: Mapping[str, str],
        operators: tuple[str, ...] = (),
        folders: tuple[str, ...] = (),
        *,
        home: str = "",
        address: str | None = None,
    ) -> None:
        self._digests = {name: _digest(token) for name, token in tokens.items()}
        self._operators = frozenset(operators)
        self._home, self._address = os.path.realpath(home) if home else "", address
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

    def check_named(self, user: User, given: object) -> None:
        """Raise SetupError where a user who is no operator names a file or an address that is not open to users.

        Neither may such a user set what reaches all users' runs.
        """
        if user.operator:
            return
        for field, path in _named(given, _PATHS):
            if not self._is_open(field, path):
                raise SetupError(
                    f"{path!r} lies outside the folders that users may name",
                    where=field,
                    hint=f"name files within {', '.join(self.folders)}, or ask an operator",
                )
        for field, address in _named(given, _ADDRESSES):
            if address.rstrip("/") != self._address:
                what = "users may name no address that the server sends requests to but the one of its settings"
                raise SetupError(what, where=field, hint="leave it out, or ask an operator")
        for field, _ in _named(given, _SHARED):
            raise SetupError("it reaches what all users share", where=field, hint="leave it out, or ask an operator")

    def _is_open(self, field: str, path: str) -> bool:
        """Return whether a path, or the folder before the first sign of a pattern in it, lies in an open folder."""
        parts = Path(path).parts
        if ".." in parts:
            return False
        plain = tuple(_until_pattern(parts))
        real = os.path.realpath(Path(*plain))
        # A folder of sources is searched whole.
        pattern = parts[len(plain)] if len(parts) > len(plain) else "**" if field == "sources" else ""
        if self._is_home(real, pattern) and not (field == "home" and real == self._home):
            return False
        return any(_lies_in(real, folder) for folder in self.folders)

    def _is_home(self, folder: str, pattern: str) -> bool:
        """Return whether a folder lies in the home folder, or a pattern in it leads there."""
        if not self._home or _lies_in(folder, self._home):
            return bool(self._home)
        if not pattern or not _lies_in(self._home, folder):
            return False
        towards = Path(self._home).relative_to(folder).parts[0]
        return fnmatch(towards, pattern) and (pattern.startswith(".") or not towards.startswith("."))

    def _user(self, name: str) -> User:
        return User(name=name, operator=name in self._operators)

    def _seal(self, name: str, until: str) -> str:
        return hmac.new(self._digests[name], f"{name}\n{until}".encode(), hashlib.sha256).hexdigest()


def load_access() -> Access:
    """Return who may use the server; SetupError names the setting that is not valid, and not its value."""
    loaded = load_settings()
    settings = loaded.operation
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
    address = loaded.model.base_url
    return Access(tokens, settings.operators, settings.open_folders, home=loaded.home, address=address)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _named(given: object, fields: frozenset[str], field: str = "") -> Iterator[tuple[str, str]]:
    """Yield which of some fields are given anywhere, with each text or number that is given."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from _named(value, fields, str(name))
    elif isinstance(given, list | tuple):
        for value in given:
            yield from _named(value, fields, field)
    elif isinstance(given, str | int) and given != "" and field in fields:
        yield field, str(given)


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _until_pattern(parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        if any(sign in part for sign in "*?["):
            return
        yield part
