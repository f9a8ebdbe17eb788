"""What of a value may leave the machine in a trace: its shape where values are masked, all but secrets where not.

A shape keeps names of fields, closed words and yes or no. Texts and numbers become how much there is of them, and keys
of plain mappings that are no names go too: in both stand cells.
"""

import os
import re
from collections.abc import Collection, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

_DEPTH = 4
_MOST_FIELDS = 60
_LONGEST = 4_000
_HIDDEN = "[hidden]"
_FOLDERS = ("PWD", "OLDPWD")
_LEAST_SECRET = 6  # characters: a shorter one would be found everywhere

_NAMED_SECRET = re.compile(r"(?i)(key|token|secret|password|passwd|pwd|credential|authorization|dsn)")
_URL_SECRET = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
_WELL_KNOWN = re.compile(r"\b(?:sk-|lsv2_|ghp_|github_pat_|xox[abp]-|AKIA)[\w-]{8,}")
_ASSIGNED = re.compile(r"(?i)\b((?:api[_-]?key|token|secret|password|passwd|pwd)\s*[=:]\s*)[^\s,;'\"}&]+")
_NAME = re.compile(r"[A-Za-z_][\w .:-]{0,80}")
_ERROR_NAME = re.compile(r"[A-Za-z_][\w.]{0,80}")


def shape(value: object, depth: int = 0) -> Any:  # noqa: ANN401  any JSON data
    """Return how a value is built, as JSON data; nothing that stands in cells is in it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str | bytes):
        return f"[{len(value)} characters]" if isinstance(value, str) else f"[{len(value)} bytes]"
    if isinstance(value, int | float):
        return "[number]"
    return _built(value, depth)


def _built(value: object, depth: int) -> Any:  # noqa: ANN401  any JSON data
    if isinstance(value, BaseModel):
        named = {name: getattr(value, name) for name in type(value).model_fields}
        return _fields(named, depth) if depth < _DEPTH else f"[{type(value).__name__}]"
    if isinstance(value, Mapping):
        return _fields(value, depth) if depth == 0 else f"[{len(value)} entries]"
    if isinstance(value, Collection):
        return f"[{len(value)} items]"
    return f"[{type(value).__name__}]"


def _fields(named: Mapping[Any, object], depth: int) -> dict[str, Any]:
    shown = list(named.items())[:_MOST_FIELDS]
    return {name: shape(each, depth + 1) for name, each in shown if isinstance(name, str) and _NAME.fullmatch(name)}


def without_secrets(value: object) -> Any:  # noqa: ANN401  any JSON data
    """Return JSON data whose texts hold no secrets: passwords of URLs, tokens, keys, secrets of the environment."""
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, BaseModel):
        return without_secrets(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {
            str(name): _HIDDEN if isinstance(each, str) and each and _is_secret(str(name)) else without_secrets(each)
            for name, each in value.items()
        }
    if isinstance(value, Collection) and not isinstance(value, bytes):
        return [without_secrets(each) for each in value]
    return value


def scrubbed(text: str) -> str:
    """Return a text without secrets, of bounded length."""
    for secret in _secrets(_environment()):
        text = text.replace(secret, _HIDDEN)
    text = _URL_SECRET.sub(rf"\1:{_HIDDEN}@", text)
    text = _BEARER.sub(rf"\1 {_HIDDEN}", text)
    text = _WELL_KNOWN.sub(_HIDDEN, text)
    text = _ASSIGNED.sub(rf"\1{_HIDDEN}", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def error_name(error: str) -> str:
    """Return the class of an error of which a trace tells the representation and its traceback: both quote values."""
    found = _ERROR_NAME.match(error)
    return found.group() if found else "Error"


def _is_secret(name: str) -> bool:
    return _NAMED_SECRET.search(name) is not None and not name.lower().endswith(("tokens", "keys"))


def _environment() -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, text)
        for name, text in os.environ.items()
        if _is_secret(name) and name not in _FOLDERS and len(text) >= _LEAST_SECRET
    )


@lru_cache(maxsize=4)
def _secrets(environment: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the secrets of the environment, the longest first: one may be part of another."""
    return tuple(sorted({text for _, text in environment}, key=len, reverse=True))
