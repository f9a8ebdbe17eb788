"""The settings file: where it lies, its content as plain data, and on which line each key stands.

It is `millwright.toml` in the working folder, or the file that `MILLWRIGHT_SETTINGS` names.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from state.errors import SetupError

VARIABLE = "MILLWRIGHT_SETTINGS"
FILE_NAME = "millwright.toml"

KeyPath = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_ARRAY = re.compile(rf"\[\[\s*({_DOTTED})\s*\]\]")
_TABLE = re.compile(rf"\[\s*({_DOTTED})\s*\]")
_ENTRY = re.compile(rf"({_DOTTED})\s*=")
_LONG_TEXT = re.compile(r'"""|\'\'\'')


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The content of a settings file; without a file the path is None and the content empty."""

    path: Path | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def place(self, keys: KeyPath) -> str:
        """Return file and line of a key, or of the nearest table around it."""
        known = next((keys[:length] for length in range(len(keys), 0, -1) if keys[:length] in self.lines), ())
        return f"{self.path}:{self.lines[known]}" if known else str(self.path)

    def holds(self, keys: KeyPath) -> bool:
        """Return whether the file says anything under these keys."""
        found: Any = self.content
        for key in keys:
            try:
                found = found[key]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def section(self, name: str) -> dict[str, Any]:
        """Return a table of the first level; SetupError where it is none."""
        found = self.content.get(name, {})
        if not isinstance(found, dict):
            raise SetupError(f"{name} is a table", where=self.place((name,)), hint=f"write [{name}]")
        return dict(found)


def read_settings_file(environment: Mapping[str, str]) -> SettingsFile:
    """Return the settings file of an environment; SetupError where it is named and missing, or no TOML."""
    named = environment.get(VARIABLE, "")
    path = Path(named or FILE_NAME).absolute()
    if not named and not path.exists():
        return SettingsFile()
    try:
        text = path.read_bytes().decode()
        content = tomllib.loads(text)
    except OSError as error:
        hint = f"change or unset {VARIABLE}" if named else "check its permissions"
        raise SetupError(f"the settings cannot be read: {error.strerror}", where=str(path), hint=hint) from error
    except UnicodeDecodeError as error:
        raise SetupError("the settings are not UTF-8", where=str(path), hint="save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"the settings are no TOML: {error}", where=str(path), hint="mend that line") from None
    return SettingsFile(path, content, key_lines(text))


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, on which each key of a TOML text stands; keys within values on one line are left out."""
    found: dict[KeyPath, int] = {}
    tables: dict[KeyPath, int] = {}
    prefix: KeyPath = ()
    for number, line in _lines_of_keys(text):
        if match := _ARRAY.match(line):
            name = _resolved(_split(match[1]), tables)
            tables[name] = tables.get(name, -1) + 1
            prefix = (*name, tables[name])
            found.setdefault(name, number)
        elif match := _TABLE.match(line):
            prefix = _resolved(_split(match[1]), tables)
        elif match := _ENTRY.match(line):
            found[(*prefix, *_split(match[1]))] = number
            continue
        else:
            continue
        found[prefix] = number
    return found


def _lines_of_keys(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines that do not begin within a text of several lines."""
    within = False
    for number, line in enumerate(text.splitlines(), 1):
        if not within:
            yield number, line.strip()
        if len(_LONG_TEXT.findall(line)) % 2:
            within = not within


def _split(dotted: str) -> KeyPath:
    return tuple(match.strip("\"'") for match in re.findall(_KEY, dotted))


def _resolved(name: KeyPath, tables: Mapping[KeyPath, int]) -> KeyPath:
    """Return a table's name with the number of the element where a part of it is an array of tables."""
    path: KeyPath = ()
    for key in islice(name, len(name) - 1):
        path = (*path, key)
        path = (*path, tables[path]) if path in tables else path
    return (*path, name[-1])
