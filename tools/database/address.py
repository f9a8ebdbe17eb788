"""Where the database is: a variable, a file or the settings file says so, else it lies in the home folder.

A URL can hold a password: it is read here, where a connection is opened, and enters no record, state, trace or log.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from state.errors import SetupError
from tools.settings.secrets import VARIABLES, load_secrets

UPGRADE_LOCK: Final = 7_245_310_001
"""Key of PostgreSQL's advisory lock under which tables are made: ours, and those of LangGraph's saver and store."""

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")


def database_url(environment: Mapping[str, str] | None = None) -> str:
    """Return the URL of the PostgreSQL database in use, as libpq reads it; empty where SQLite is used.

    It is the secret `database_url` (tools/settings/secrets.py). Raises SetupError for another kind of URL; the error
    does not show it.
    """
    secret = load_secrets(environment).database_url
    return checked(secret.get_secret_value() if secret else "", where=VARIABLES["database_url"])


def checked(url: str, *, where: str = "database") -> str:
    """Return the URL as libpq reads it; SetupError when it is no PostgreSQL URL."""
    if not url:
        return ""
    scheme, separator, rest = url.partition("://")
    if scheme not in _SCHEMES or not separator or not rest:
        hint = "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it out for SQLite in the home folder"
        raise SetupError("it is no PostgreSQL URL", where=where, hint=hint)
    return f"postgresql://{rest}"


def shown(url: str) -> str:
    """Return a URL as it may be shown: without user, password and parameters."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, parts.path, "", ""))
