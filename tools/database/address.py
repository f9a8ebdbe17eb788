"""Where the database is: an environment variable or the settings file says so, else it lies in the home folder.

A URL can hold a password: it is read here, where a connection is opened, and enters no record, state, trace or log.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from state.errors import SetupError

URL_VARIABLE = "MILLWRIGHT_DATABASE_URL"
SETTINGS_VARIABLE = "MILLWRIGHT_SETTINGS"
SETTINGS_FILE = "millwright.toml"

UPGRADE_LOCK = 7_245_310_001
"""Key of PostgreSQL's advisory lock under which tables are made: ours, and those of LangGraph's saver and store."""

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


def database_url(environment: Mapping[str, str] | None = None) -> str:
    """Return the URL of the PostgreSQL database in use, as libpq reads it; empty where SQLite is used.

    The variable `MILLWRIGHT_DATABASE_URL` wins over `operation.database_url` of the settings file (the one that
    `MILLWRIGHT_SETTINGS` names, else `millwright.toml` in the working folder). Raises SetupError for another kind of
    URL; the error does not show it.
    """
    variables = os.environ if environment is None else environment
    given = variables.get(URL_VARIABLE, "").strip()
    if given:
        return checked(given, where=URL_VARIABLE)
    path = Path(variables.get(SETTINGS_VARIABLE, "") or SETTINGS_FILE)
    return checked(_of_file(path), where=f"{path}: operation.database_url")


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


def _of_file(path: Path) -> str:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as error:
        reason = type(error).__name__ if isinstance(error, UnicodeDecodeError) else str(error)
        raise SetupError(f"the settings file cannot be read: {reason}", where=str(path), hint="mend it") from None
    operation = content.get("operation", {})
    url = operation.get("database_url", "") if isinstance(operation, dict) else ""
    return url if isinstance(url, str) else ""
