"""Secrets: addresses with passwords, tokens, channels. Read where they are used, kept in no context, record or log.

Each is a variable, a variable ending in `_FILE` that names a file (as containers mount them), an entry of the table
`[secrets]` of the settings file, or an entry ending in `_file`. The environment comes first.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from state.errors import SetupError
from state.values import Value
from tools.settings.file import SettingsFile, read_settings_file
from tools.settings.nearest import did_you_mean

SECTION = "secrets"


class Secrets(Value):
    """What may not be shown. Texts are masked wherever the value is printed."""

    database_url: SecretStr | None = Field(default=None, description="postgresql://USER:PASSWORD@HOST/NAME")
    redis_url: SecretStr | None = Field(default=None, description="redis://:PASSWORD@HOST:6379/0")
    tokens: dict[str, SecretStr] = Field(default_factory=dict, description="access to the server: token by user")
    channels: dict[str, SecretStr] = Field(
        default_factory=dict, description="where alerts go: addresses of apprise by name, several with spaces between"
    )


VARIABLES = {
    "database_url": "MILLWRIGHT_DATABASE_URL",
    "redis_url": "REDIS_URL",  # as Redis's clients and LangGraph's server call it
    "tokens": "MILLWRIGHT_TOKENS",
    "channels": "MILLWRIGHT_CHANNELS",
}
"""The variable of each secret; with `_FILE` behind it the variable that names a file."""

_MAPS = ("tokens", "channels")


def load_secrets(environment: Mapping[str, str] | None = None, *, file: SettingsFile | None = None) -> Secrets:
    """Return the secrets; SetupError names the place of one that cannot be read, never its value."""
    places = os.environ if environment is None else environment
    settings = read_settings_file(places) if file is None else file
    section = settings.section(SECTION)
    _refuse_unknown(section, settings)
    return Secrets.model_validate({name: _read(name, places, section, settings) for name in VARIABLES})


def secret_origins(environment: Mapping[str, str], file: SettingsFile) -> dict[str, str]:
    """Return where each secret comes from, for those that are set."""
    section, found = file.section(SECTION), {}
    for name, variable in VARIABLES.items():
        given = [each for each in (variable, f"{variable}_FILE") if environment.get(each)]
        entries = [key for key in (name, f"{name}_file") if key in section]
        if given or entries:
            found[name] = given[0] if given else file.place((SECTION, entries[0]))
    return found


def _read(name: str, places: Mapping[str, str], section: Mapping[str, Any], file: SettingsFile) -> Any:  # noqa: ANN401
    variable = VARIABLES[name]
    text = _one_of(places.get(variable) or None, places.get(f"{variable}_FILE") or None, variable, Path.cwd())
    if text is not None:
        return _shaped(name, text, variable)
    where = file.place((SECTION, name))
    folder = file.path.parent if file.path else Path.cwd()
    named = section.get(f"{name}_file")
    return _shaped(name, _one_of(section.get(name), named, where, folder), where)


def _one_of(given: Any, named: Any, where: str, folder: Path) -> Any:  # noqa: ANN401
    """Return what is given, or the content of the file that is named; relative to `folder`."""
    if given is not None and named is not None:
        raise SetupError("the secret and a file of it are both given", where=where, hint="leave out one of them")
    return given if named is None else _content(named, where, folder)


def _content(named: object, where: str, folder: Path) -> str:
    if not isinstance(named, str):
        raise SetupError("the name of a file is a text", where=where, hint="write it in quotes")
    try:
        return (folder / named).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SetupError(f"the file of the secret cannot be read: {what}", where=f"{where} ({named})") from None


def _shaped(name: str, found: Any, where: str) -> Any:  # noqa: ANN401
    """Return a secret as its field wants it: maps may come as JSON."""
    if found is None:
        return {} if name in _MAPS else None
    if name not in _MAPS:
        return _text(found, where)
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            raise SetupError("it is no JSON object", where=where, hint='write {"NAME": "SECRET"}') from None
    if not isinstance(found, dict):
        raise SetupError("it is a table of names", where=where, hint=f"write [{SECTION}.{name}]")
    return {key: _text(value, f"{where}.{key}") for key, value in found.items()}


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise SetupError("a secret is a text that is not empty", where=where, hint="write it in quotes")
    return value


def _refuse_unknown(section: Mapping[str, Any], file: SettingsFile) -> None:
    known = [*VARIABLES, *(f"{name}_file" for name in VARIABLES)]
    for key in section:
        if key not in known:
            hint = did_you_mean(key, known)
            raise SetupError(f"there is no secret {key!r}", where=file.place((SECTION, key)), hint=hint)
