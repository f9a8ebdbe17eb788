"""Older and tolerated spellings of the standard, translated to version 3.1 before reading.

Version 3.0 called metrics rules ("duplicateCount" is now "duplicateValues") and gave exclusive bounds as a flag beside
the bound. A name without a translation is kept, so that the compiler of rules can call it unsupported by its own name.
A table's `transformLogic` and `transformSourceObjects`, which the standard knows for properties only, become custom
properties.
"""

import copy
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_METRICS = {
    "duplicateCount": "duplicateValues",
    "duplicateCheck": "duplicateValues",
    "uniqueCheck": "duplicateValues",
    "validValues": "invalidValues",
    "invalidCount": "invalidValues",
    "nullCheck": "nullValues",
    "nullCount": "nullValues",
    "missingCount": "missingValues",
}
_ZERO_UNLESS_SAID = {"validValues", "uniqueCheck", "duplicateCheck", "nullCheck"}
_ARGUMENTS = ("validValues", "pattern", "missingValues")
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))


def upgrade(schema: list[Any]) -> list[Any]:
    """Return a copy of the `schema` section in the terms of version 3.1."""
    tables = copy.deepcopy(schema)
    for table in _mappings(tables):
        _move_transform(table)
        for element in [table, *_properties(table)]:
            for rule in _mappings(element.get("quality")):
                _upgrade_rule(rule)
            _upgrade_bounds(element)
    return tables


def _mappings(items: object) -> Iterator[Json]:
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))


def _properties(element: Json) -> Iterator[Json]:
    children = [*_mappings(element.get("properties")), *_mappings([element.get("items")])]
    for child in children:
        yield child
        yield from _properties(child)


def _move_transform(table: Json) -> None:
    for field in ("transformLogic", "transformSourceObjects"):
        if field in table:
            moved = {"property": f"millwright.{field}", "value": table.pop(field)}
            table["customProperties"] = [*_mappings(table.get("customProperties")), moved]


def _upgrade_rule(rule: Json) -> None:
    if "metric" in rule or not isinstance(rule.get("rule"), str):
        return
    old = rule["rule"]
    rule["metric"] = _METRICS.get(old, old)
    arguments = {name: rule.pop(name) for name in _ARGUMENTS if name in rule}
    given = rule.get("arguments")
    if arguments and isinstance(given, dict | None):
        rule["arguments"] = {**(given or {}), **arguments}
    if old in _ZERO_UNLESS_SAID and not any(name.startswith("must") for name in rule):
        rule["mustBe"] = 0


def _upgrade_bounds(element: Json) -> None:
    options = element.get("logicalTypeOptions")
    if not isinstance(options, dict):
        return
    for exclusive, bound in _BOUNDS:
        if isinstance(options.get(exclusive), bool):
            flag = options.pop(exclusive)
            if flag and bound in options:
                options[exclusive] = options.pop(bound)
