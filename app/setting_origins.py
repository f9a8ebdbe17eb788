"""Where each setting comes from: a variable, a line of the settings file, or its default."""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from app.setting_faults import variable_of
from app.settings import PREFIX, Settings
from tools.settings.file import KeyPath, SettingsFile
from tools.settings.secrets import VARIABLES

_OTHER = ("MILLWRIGHT_SETTINGS", "MILLWRIGHT_MODEL__API_KEY", "MILLWRIGHT_LINEAGE_", *VARIABLES.values())
"""Variables that are no settings of `Settings`, by how they begin."""

DEFAULT = "default"


def settings_told(settings: Settings, file: SettingsFile) -> dict[str, dict[str, Any]]:
    """Return each setting by its dotted name: its `value`, and where it comes `from`."""
    told = {}
    for keys, value in _leaves(settings.model_dump(mode="json"), ()):
        told[".".join(map(str, keys))] = {"value": value, "from": _origin(keys, file)}
    return told


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """Return variables that look like settings and are none, each with the nearest name."""
    found = []
    names = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in sorted(os.environ if environment is None else environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(_OTHER) or upper.split("__")[0] in names:
            continue
        near = get_close_matches(upper.split("__")[0], names, n=1, cutoff=0.6)
        found.append(f"{name} is no setting{f'; did you mean {near[0]}?' if near else ''}")
    return found


def _origin(keys: KeyPath, file: SettingsFile) -> str:
    if variable := variable_of(keys, PREFIX, os.environ):
        return variable
    return file.place(keys) if file.holds(keys) else DEFAULT


def _leaves(content: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:  # noqa: ANN401  plain data
    """Yield the plain values; a table without entries and a list count as one."""
    if isinstance(content, dict) and content:
        for key, value in content.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path, content.model_dump() if isinstance(content, BaseModel) else content
