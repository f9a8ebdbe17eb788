"""Where the database is: a secret of environment or settings file says so, else it lies in the home folder.

A URL can hold a password: it is read here, where a connection is opened, and enters no record, state, trace or log.
"""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from state.errors import SetupError
from tools.settings.file import read_settings_file
from tools.settings.secrets import VARIABLES, load_secrets, secret_origins

URL_VARIABLE = VARIABLES["database_url"]

UPGRADE_LOCK = 7_245_310_001
"""Key of PostgreSQL's advisory lock under which tables are made: ours, and those of LangGraph's saver and store."""

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


def database_url(environment: Mapping[str, str] | None = None) -> str:
    """Return the URL of the PostgreSQL database in use, as libpq reads it; empty where SQLite is used.

    Raises SetupError for another kind of URL; the error does not show it.
    """
    variables = os.environ if environment is None else environment
    file = read_settings_file(variables)
    secret = load_secrets(variables, file=file).database_url
    if secret is None:
        return ""
    return checked(secret.get_secret_value().strip(), where=secret_origins(variables, file)["database_url"])


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
