"""Where the database is: a secret of environment or settings file says so, else it lies in the home folder.

A URL can hold a password: it is read here, where a connection is opened, and enters no record, state, trace or log.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import ValidationError

from state.errors import SetupError
from state.operation import OperationSettings
from tools.settings.file import read_settings_file
from tools.settings.secrets import VARIABLES, load_secrets, secret_origins

URL_VARIABLE = VARIABLES["database_url"]

UPGRADE_LOCK: Final = 7_245_310_001
"""Key of PostgreSQL's advisory lock under which tables are made: ours, and those of LangGraph's saver and store."""

REGISTRY_LOCK: Final = 7_245_310_002
"""Key of the one under which the registry of agents is changed."""

_POOL: Final = "database_pool_size"
_OPERATION: Final = "MILLWRIGHT_OPERATION"
_POOL_VARIABLE: Final = f"{_OPERATION}__DATABASE_POOL_SIZE"
_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_HOST: Final = r"(?:\[[0-9A-Fa-f:.]+\]|[^@/?#:\[\]\s]*)(?::\d*)?"
_PLACE: Final = re.compile(rf"(?:[^@/?#\[\]\s]*@)?{_HOST}(?:/[^@?#\s]*)?(?:\?[^@#\s]*)?")
"""What may follow the scheme: with a mark of the URL within the password each reader would cut it elsewhere."""


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


def pool_size(environment: Mapping[str, str] | None = None) -> int:
    """Return how many connections to PostgreSQL a process may have: a variable or the settings file says so."""
    variables = os.environ if environment is None else environment
    file = read_settings_file(variables).section("operation")
    given = variables.get(_POOL_VARIABLE) or (file | _whole(variables)).get(_POOL)
    try:
        return OperationSettings.model_validate({} if given is None else {_POOL: given}).database_pool_size
    except ValidationError as error:
        hint = "write a number from 1 to 100"
        raise SetupError(error.errors()[0]["msg"], where=_POOL_VARIABLE, hint=hint) from None


def _whole(variables: Mapping[str, str]) -> dict[str, object]:
    """Return the settings of operation that one variable holds; no JSON is refused where all settings are loaded."""
    try:
        found = json.loads(variables.get(_OPERATION, ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def checked(url: str, *, where: str = "database") -> str:
    """Return the URL as libpq reads it; SetupError when it is no PostgreSQL URL."""
    if not url:
        return ""
    scheme, separator, rest = url.partition("://")
    if scheme not in _SCHEMES or not separator or not rest:
        hint = "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it out for SQLite in the home folder"
        raise SetupError("it is no PostgreSQL URL", where=where, hint=hint)
    if not _PLACE.fullmatch(rest):
        hint = "write port as a number, and @ : / ? # [ ] % and spaces within user and password as %40 %3A %2F %3F ..."
        raise SetupError("the PostgreSQL URL cannot be read", where=where, hint=hint)
    return f"postgresql://{rest}"


def shown(url: str) -> str:
    """Return a URL as it may be shown: without user, password and parameters."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, parts.path, "", ""))
