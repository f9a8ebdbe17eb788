"""Properties of a schema object, read as `Column`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from open_data_contract_standard.model import SchemaProperty

from state.contract import Column, LogicalType, RepairScope, TypeOptions
from tools.contract.document import Place
from tools.contract.extensions import Extensions, read_extensions
from tools.contract.faults import FaultLog
from tools.contract.logical import logical_type
from tools.contract.rules import Scalar, read_rules, valid_values

_OPTIONS = {
    "format": "format",
    "pattern": "pattern",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "timezone": "timezone",
    "defaultTimezone": "default_timezone",
    "minItems": "min_items",
    "maxItems": "max_items",
    "uniqueItems": "unique_items",
    "minProperties": "min_properties",
    "maxProperties": "max_properties",
    "required": "required_properties",
}


def read_columns(
    properties: Sequence[SchemaProperty] | None, place: Place, owner: str, repair: RepairScope | None, faults: FaultLog
) -> tuple[Column, ...]:
    """Read the columns of the table called `owner` at `place`.

    `repair` is what the table says for columns that say nothing themselves; key columns do not inherit it.
    """
    items = list(properties or [])
    positions = _key_positions(items)
    return tuple(
        _column(item, (*place, "properties", index), owner, positions.get(index), repair, faults)
        for index, item in enumerate(items)
    )


def _key_positions(items: Sequence[SchemaProperty]) -> dict[int, int]:
    """Return the 1-based key position of each key column by its index; those without one follow in order."""

    def order(index: int) -> tuple[bool, int, int]:
        position = max(items[index].primaryKeyPosition or 0, 0)  # the standard writes -1 for none
        return position < 1, position, index

    keyed = sorted((index for index, item in enumerate(items) if item.primaryKey), key=order)
    return {index: rank for rank, index in enumerate(keyed, start=1)}


def _column(
    item: SchemaProperty, place: Place, owner: str, position: int | None, repair: RepairScope | None, faults: FaultLog
) -> Column:
    name = item.name or "item"
    path = f"{owner}.{name}"
    settings = read_extensions(item.customProperties, place, "column", faults)
    inherited = RepairScope.NEVER if position is not None else repair or RepairScope.VIOLATIONS
    kind = logical_type(item.logicalType, item.physicalType)
    rules = read_rules(item.quality, place, path, faults)
    return Column(
        name=name,
        logical_type=kind,
        physical_type=item.physicalType,
        physical_name=item.physicalName,
        business_name=item.businessName,
        description=item.description,
        options=_options(item.logicalTypeOptions or {}),
        required=bool(item.required) or position is not None,
        unique=bool(item.unique),
        key_position=position,
        valid_values=_valid_values(item, kind, valid_values(rules), place, faults),
        aliases=_aliases(item, settings),
        repair=settings.choice("repair", RepairScope) or inherited,
        transform_logic=item.transformLogic,
        transform_sources=tuple(item.transformSourceObjects or ()),
        examples=tuple(_plain(example) for example in item.examples or ()),
        rules=rules,
        properties=read_columns(item.properties, place, path, repair, faults),
        items=_column(item.items, (*place, "items"), path, None, repair, faults) if item.items else None,
    )


def _options(options: Mapping[str, Any]) -> TypeOptions:
    known = {_OPTIONS[name]: _plain(value) for name, value in options.items() if name in _OPTIONS}
    return TypeOptions.model_validate(known)


def _aliases(item: SchemaProperty, settings: Extensions) -> tuple[str, ...]:
    """Return source names a person has given: `millwright.aliases`, then synonyms, each once."""
    synonyms = (entry.synonym for entry in item.synonyms or [])
    return tuple(dict.fromkeys([*settings.texts("aliases"), *(text for text in synonyms if text)]))


def _valid_values(
    item: SchemaProperty, kind: LogicalType, ruled: tuple[Scalar, ...] | None, place: Place, faults: FaultLog
) -> tuple[Scalar, ...]:
    """Return the only values allowed: of `enum`, of rules, or of both; empty when nothing limits them."""
    listed = [entry.value for entry in item.enum or []]
    values = [value for value in listed if isinstance(value, (str, float, int))] if item.enum else ruled or ()
    if item.enum and ruled is not None:
        values = [value for value in values if value in ruled]
    return tuple(dict.fromkeys(_as_kind(value, kind, place, faults) for value in values))


def _as_kind(value: Scalar, kind: LogicalType, place: Place, faults: FaultLog) -> Scalar:
    """Return a valid value as the column's type: YAML reads an unquoted NO as false and 007 as 7."""
    if kind is not LogicalType.STRING or isinstance(value, str):
        return value
    if isinstance(value, bool):
        faults.error(place, f"a valid value of a text column is the truth value {value}: put it in quotes")
    else:
        faults.warning(place, f"the valid value {value} of a text column is a number: put it in quotes")
    return str(value)


def _plain(value: object) -> Any:  # noqa: ANN401  what YAML can hold
    """Return dates as ISO text, everything else as it is: a contract must have a canonical JSON."""
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else value
