"""The example of a settings file, written from the models: every setting with its default and what it means.

Lines with `##` are remarks; each line with `#` is a setting that counts once the sign is taken away.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.settings import LINEAGE, LineageSettings, Settings
from tools.settings.secrets import SECTION, VARIABLES, Secrets

_HEAD = """\
## Settings of Millwright: `millwright.toml` in the working folder, or the file that MILLWRIGHT_SETTINGS names.
## Lines with ## are remarks; take the # away from a setting to change it. What stands here are the defaults.
## A variable comes before the file: MILLWRIGHT_THREADS=4, MILLWRIGHT_OPERATION__MAX_AGENTS=10.
## Written by `millwright doctor --example`; `millwright doctor` shows what holds and where it comes from.
"""

_ALERTS = """\
## More rules, or other ones for the names of the defaults (`millwright alerts --figures` lists what can be watched).
# [[operation.alerts.rules]]
# name = "slow-runs"
# figure = "run_seconds_p95"
# when = "above"
# threshold = 600
# clear = 500
# for_seconds = 300
# window_seconds = 3600
# severity = "warning"
# policy = "by-night"

## Who is told when nobody acknowledges: the first level at once, the second after a quarter of an hour.
# [operation.alerts.policies.by-night]
# repeat_seconds = 3600
# [[operation.alerts.policies.by-night.levels]]
# after_seconds = 0
# channels = ["team"]
# [[operation.alerts.policies.by-night.levels]]
# after_seconds = 900
# channels = ["team", "on-call"]
"""

_CHANNELS = """\
## Addresses as apprise writes them; several with spaces between.
# [secrets.channels]
# team = "slack://TOKEN_A/TOKEN_B/TOKEN_C/#alerts"
# on-call = "mailtos://USER:PASSWORD@mail.example.com?to=on-call@example.com"
"""


_SHOWN_BELOW = ("rules", "policies")


def example() -> str:
    """Return the text of the example."""
    parts = [_HEAD, *_section("", Settings), _ALERTS, *_lineage(), *_secrets(), _CHANNELS]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _section(path: str, model: type[BaseModel]) -> Iterator[str]:
    """Yield the settings of a model as one part, then those of the models within as parts of their own."""
    within = {name: field for name, field in model.model_fields.items() if isinstance(field.default, BaseModel)}
    plain = {name: field for name, field in model.model_fields.items() if name not in within}
    heading = f"# [{path}]\n" if path else ""
    if plain:
        yield heading + "\n".join(_setting(name, field) for name, field in plain.items())
    for name, field in within.items():
        yield from _titled(f"{path}.{name}".removeprefix("."), field)


def _titled(path: str, field: FieldInfo) -> Iterator[str]:
    first, *others = _section(path, type(field.default))
    yield f"## {path}: {field.description or field.title or path}\n{first}"
    yield from others


def _setting(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    told = field.description or field.title or name
    if name in _SHOWN_BELOW:
        return f"## {name}: {told}; see below"
    return f"## {name}: {told}; not set" if default is None else f"# {name} = {_toml(default)}  # {told}"


def _toml(value: Any) -> str:  # noqa: ANN401  any default of a setting
    if isinstance(value, dict) and not value:
        return "{}"
    if isinstance(value, tuple | list | frozenset):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, StrEnum):
        return json.dumps(value.value)
    return json.dumps(value)  # texts, numbers and truth values are the same in both


def _lineage() -> Iterator[str]:
    plain = {"endpoint", "namespace", "disabled"}
    lines = [f"# {name} = {_toml(LineageSettings.model_fields[name].default)}" for name in sorted(plain)]
    remarks = ["## url = an OpenLineage server", "## api_key = its key"]
    yield "\n".join(
        [f"## {LINEAGE}: where lineage events go besides the run's file", f"# [{LINEAGE}]", *remarks, *lines]
    )


def _secrets() -> Iterator[str]:
    lines = [
        f"## {SECTION}: shown nowhere; chmod 600 this file, or name files with NAME_file, or use the variables",
        f"# [{SECTION}]",
    ]
    for name, field in Secrets.model_fields.items():
        lines.append(f"## {name} ({VARIABLES[name]}, {VARIABLES[name]}_FILE): {field.description}")
    yield "\n".join(lines)
