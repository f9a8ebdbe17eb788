"""What is wrong with settings, told by the place that says so: a variable, or a line of the settings file."""

import os
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from state.errors import SetupError
from tools.settings.file import KeyPath, SettingsFile
from tools.settings.nearest import did_you_mean

_UNKNOWN = "extra_forbidden"


def fault_of(
    error: ValidationError, model: type[BaseModel], file: SettingsFile, prefix: str, within: KeyPath = ()
) -> SetupError:
    """Return the first fault as an error of the setup; the value, which may be secret, is not in it.

    `within` is the table of the file in which the model's settings stand.
    """
    faults = error.errors(include_input=False)
    first = next((fault for fault in faults if fault["type"] == _UNKNOWN), faults[0])  # why something else is missing
    keys: KeyPath = tuple(first["loc"])
    if first["type"] == _UNKNOWN:
        return _unknown(keys, model, file, prefix, within)
    message = first["msg"].removeprefix("Value error, ")
    variable = variable_of(keys, prefix, os.environ)
    if variable or not file.holds(_known(within + keys, file)):
        where = variable or prefix + "__".join(str(key) for key in keys).upper()
        return SetupError(message, where=where, hint="change or unset the variable")
    return SetupError(f"{_dotted(within + keys)}: {message}", where=file.place(within + keys), hint="change the line")


def variable_of(keys: KeyPath, prefix: str, environment: Mapping[str, str]) -> str:
    """Return the variable that sets these keys, or a table around them; empty where none does."""
    for length in range(len(keys), 0, -1):
        name = prefix + "__".join(str(key) for key in keys[:length]).upper()
        found = next((each for each in environment if each.upper() == name), "")
        if found:
            return found
    return ""


def known_keys(model: type[BaseModel], keys: KeyPath) -> tuple[str, ...]:
    """Return the names of settings beside the last of these keys."""
    current: Any = model
    for key in keys[:-1]:
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            return ()
        known = current.model_fields.get(str(key))
        current = _model_in(known.annotation) if known is not None else current
    return tuple(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else ()


def _unknown(keys: KeyPath, model: type[BaseModel], file: SettingsFile, prefix: str, within: KeyPath) -> SetupError:
    known = known_keys(model, keys)
    variable = variable_of(keys, prefix, os.environ) if len(keys) > 1 else ""
    if variable and not file.holds(within + keys):
        return SetupError("there is no such setting", where=variable, hint=did_you_mean(str(keys[-1]), known))
    more = ("secrets", "lineage") if len(keys) == 1 and not within else ()
    hint = did_you_mean(str(keys[-1]), (*known, *more))
    return SetupError(f"there is no setting {_dotted(within + keys)!r}", where=file.place(within + keys), hint=hint)


def _known(keys: KeyPath, file: SettingsFile) -> KeyPath:
    """Return the longest part of the keys that the file holds; a fault may lie in what a table lacks."""
    return next((keys[:length] for length in range(len(keys), 0, -1) if file.holds(keys[:length])), keys)


def _model_in(annotation: Any) -> Any:  # noqa: ANN401  any annotation
    """Return the model that an annotation is, or is a collection of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)


def _dotted(keys: KeyPath) -> str:
    return ".".join(str(key) for key in keys)
