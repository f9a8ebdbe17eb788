"""Checkpoints: every type that the graphs' channels can hold is revived as itself, and nothing else is."""

import importlib
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from annotated_types import Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from graphs import serialization
from graphs.serialization import strict_serializer
from state.budget import Spent
from state.contract import Column
from state.mapping import ColumnMatch

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SERVED = [entry["path"] for entry in json.loads((ROOT / "langgraph.json").read_text())["graphs"].values()]
COMPOSED = ("planner", "executor", "replanner", "react", "diagnose", "schema_council", "team")
GRAPHS = [*SERVED, *(f"graphs.{name}:graph" for name in COMPOSED)]


def load(path: str) -> Any:
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def reachable() -> set[type]:
    """All of our types in the channels of the exported graphs, and in the fields of those types."""
    waiting: list[Any] = []
    for path in GRAPHS:
        builder = load(path).builder
        for schema in builder.schemas:
            waiting += get_type_hints(schema, include_extras=True).values()
    found: set[type] = set()
    while waiting:
        for part in parts(waiting.pop()):
            if isinstance(part, type) and issubclass(part, BaseModel | Enum) and part not in found:
                found.add(part)
                if issubclass(part, BaseModel):
                    waiting += [field.annotation for field in part.model_fields.values()]
    return found


TYPES = sorted(reachable(), key=lambda kind: kind.__qualname__)


def example(annotation: Any) -> Any:
    """Return a value of a type, with something in every field."""
    arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
    origin = getattr(annotation, "__origin__", None)
    if origin is tuple:
        fixed = Ellipsis not in arguments
        return tuple(map(example, arguments)) if fixed else (example(arguments[0]),)
    if isinstance(origin, type) and issubclass(origin, dict):
        return {"a key": example(arguments[1])}
    if arguments:
        return arguments[0] if isinstance(arguments[0], Enum) else example(arguments[0])  # a Literal of one
    if issubclass(annotation, Enum):
        return list(annotation)[-1]
    if issubclass(annotation, BaseModel):
        return annotation.model_construct(**{name: filled(field) for name, field in annotation.model_fields.items()})
    return {str: "ü'\"\u2028", int: 2**40, float: 0.1, bool: True, datetime: NOON}[annotation]


def filled(field: FieldInfo) -> Any:
    """Return a value of a field that is within its bound or pattern: what is not valid is not revived as it was."""
    if any(getattr(each, "pattern", None) for each in field.metadata):
        return field.get_default()
    value = example(field.annotation)
    bounds = [bound.le for bound in field.metadata if isinstance(bound, Le)]
    return min(value, *bounds) if bounds else value


def test_the_walk_finds_what_a_run_saves() -> None:
    names = {kind.__name__ for kind in TYPES}
    assert {"PlanRef", "Progress", "StepReport", "FailureKind", "TableAccount", "Spent", "RunStatus"} <= names


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_of_a_channel_survives_the_round_trip(kind: type, caplog: pytest.LogCaptureFixture) -> None:
    assert kind in serialization._TYPES
    serializer, value = strict_serializer(), {"channel": {"id": (example(kind),)}}
    with caplog.at_level(logging.WARNING):
        revived = serializer.loads_typed(serializer.dumps_typed(value))
    (again,) = revived["channel"]["id"]
    assert type(again) is kind
    assert (again,) == value["channel"]["id"]
    assert caplog.records == []


def test_types_that_no_channel_holds_are_not_allowed() -> None:
    extra = set(serialization._TYPES) - set(TYPES)
    assert {kind.__name__ for kind in extra} <= {"BudgetLimits"}  # of the context, which a saver may note


@pytest.mark.parametrize(
    "value", [Column(name="x"), ColumnMatch(target="t", source="s", score=1.0), Path("/etc/passwd")]
)
def test_a_type_outside_the_list_is_not_revived_as_an_object(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    serializer = strict_serializer()
    with caplog.at_level(logging.CRITICAL):
        revived = serializer.loads_typed(serializer.dumps_typed({"x": value}))
    ours = isinstance(value, BaseModel)
    assert not ours or not isinstance(revived["x"], BaseModel)


def test_nothing_is_pickled() -> None:
    class Local:
        pass

    serializer = strict_serializer()
    with pytest.raises(TypeError, match="not msgpack serializable"):
        serializer.dumps_typed({"x": Local()})
    with pytest.raises(NotImplementedError, match="pickle"):
        serializer.loads_typed(("pickle", b"\x80\x04N."))


def test_a_planted_gap_in_the_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialization, "_TYPES", tuple(kind for kind in serialization._TYPES if kind is not Spent))
    serializer = strict_serializer()
    revived = serializer.loads_typed(serializer.dumps_typed(Spent(steps=1)))
    assert not isinstance(revived, Spent)
