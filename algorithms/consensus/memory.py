"""What a machine remembers as JSON data, and a machine that remembers again.

Machines that sign hold many kinds of statements in many maps. Each value becomes a list that begins with what it is:
the name of its class or of its kind of collection. What a machine was given and does not change (keys, settings,
whoever checks for it) is none of its memory: a machine that is made anew has it already.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from types import ModuleType
from typing import Any

from algorithms.consensus.pbft_log import PbftLog, SlotVotes
from algorithms.consensus.pbft_output import Outbox
from state import pbft, signed, stake

Plain = Any
"""JSON data."""

_GIVEN = frozenset(
    {"committee", "settings", "notary", "_authenticator", "_execute_request", "_apply_block", "_members", "_committee"}
)
"""Attributes that no machine changes."""


def _classes(modules: Iterable[ModuleType]) -> dict[str, type]:
    found = [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and (is_dataclass(each) or issubclass(each, Enum))
    ]
    return {each.__name__: each for each in found}


_CLASSES = _classes((pbft, signed, stake)) | {each.__name__: each for each in (PbftLog, SlotVotes, Outbox)}

_COLLECTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": deque,
}


def to_plain(value: object) -> Plain:
    """Return a value as JSON data; TypeError for one of a class that is not known."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    name = type(value).__name__
    if isinstance(value, dict):
        return [name, *([to_plain(key), to_plain(each)] for key, each in value.items())]
    if isinstance(value, set | frozenset):
        return [name, *(to_plain(each) for each in sorted(value))]
    if isinstance(value, list | tuple | deque):
        return [name, *(to_plain(each) for each in value)]
    if _CLASSES.get(name) is not type(value):
        raise TypeError(f"{type(value)} is no part of a memory")
    if isinstance(value, Enum):
        return [name, value.value]
    return [name, *(to_plain(each) for each in _contents(value).values())]


def from_plain(content: Plain) -> Any:  # noqa: ANN401  whatever it was
    """Return the value that JSON data stands for."""
    if not isinstance(content, list):
        return content
    name, rest = content[0], content[1:]
    if name in ("dict", "Counter"):
        found = {from_plain(key): from_plain(each) for key, each in rest}
        return found if name == "dict" else Counter(found)
    parts = [from_plain(each) for each in rest]
    if name in _COLLECTIONS:
        return _COLLECTIONS[name](parts)
    kind = _CLASSES[name]
    if issubclass(kind, Enum):
        return kind(*parts)
    if is_dataclass(kind):
        return kind(**dict(zip((field.name for field in fields(kind)), parts, strict=True)))
    value = object.__new__(kind)
    vars(value).update(zip(_PLAIN_FIELDS, parts, strict=True))
    return value


_PLAIN_FIELDS = tuple(vars(PbftLog(0, 0)))
"""Attributes of the one class that is no dataclass."""


def memory_of(machine: object) -> Plain:
    """Return what a machine remembers, its stable storage among it."""
    return {name: to_plain(value) for name, value in vars(machine).items() if name not in _GIVEN}


def remember(machine: object, memory: Plain) -> None:
    """Let a machine that was made anew be what it was when its memory was put away."""
    vars(machine).update({name: from_plain(value) for name, value in memory.items()})


def _contents(value: Any) -> dict[str, Any]:  # noqa: ANN401  any object
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(vars(value))
