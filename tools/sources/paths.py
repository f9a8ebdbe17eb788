"""Addresses of nested values, and records laid flat under them.

The address of a value is its keys joined by points, with places in arrays in brackets from 0: `customer.address.city`,
`items[0].sku`. A key that holds one of `. [ ] "` or begins or ends with a blank, and the empty key, is written in
brackets and quotes: `["unit.price"]`, so that no two values share an address.

Every value within nested objects is laid flat. An array stays one value, its JSON text; an object is one, too, where a
contract asks for it, and below `_LEVELS` levels. Elements of arrays have columns where a contract asks for them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from state.contract import Column, Contract, LogicalType
from state.sources import Wanted
from tools.sources.json_values import write_value

_LEVELS = 32
_PLAIN = re.compile(r'[^.\[\]"\s](?:[^.\[\]"]*[^.\[\]"\s])?')
_BELOW = re.compile(r"[.\[]")
_STEP = re.compile(r'\[(?P<place>\d+)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|(?:^|(?<=.)\.|^\$\.)(?P<key>[^.\[\]"]+)')


def wanted_addresses(contract: Contract) -> Wanted:
    """Return the addresses that the names and aliases of the contract's columns may be."""
    fed = [column for table in contract.tables if not table.derived for column in table.columns]
    whole = [column for column in fed if column.logical_type is LogicalType.OBJECT]
    return Wanted(values=_names(fed), whole=_names(whole))


def _names(columns: Iterable[Column]) -> tuple[str, ...]:
    names = (name for column in columns for name in (column.name, *column.aliases, column.physical_name))
    return tuple(dict.fromkeys(name for name in names if name))


_Flat = dict[str, str | None]


@dataclass
class Asked:
    """A place in the tree of addresses that are asked for."""

    here: bool = False
    whole: bool = False
    keys: dict[str, "Asked"] = field(default_factory=dict)
    places: dict[int, "Asked"] = field(default_factory=dict)


class Columns:
    """The addresses that records hold, in the order in which they appear."""

    def __init__(self) -> None:
        self._seen: dict[str, str | None] = {}

    def add(self, flat: Mapping[str, str | None]) -> None:
        """Take in the addresses of a record."""
        seen = self._seen
        seen.update({name: text for name, text in flat.items() if text is not None or name not in seen})

    def names(self) -> tuple[str, ...]:
        """Return all addresses but those of objects that are null in some records."""
        above = {name[: cut.start()] for name in self._seen for cut in _BELOW.finditer(name)}
        return tuple(name for name, text in self._seen.items() if text is not None or name not in above)


def asked_tree(wanted: Wanted) -> Asked:
    """Return the addresses as a tree; what is no address is no part of it."""
    root = Asked()
    for address in wanted.values:
        _grow(root, address).here = True
    for address in wanted.whole:
        _grow(root, address).whole = True
    return root


def flatten(record: Mapping[str, object], asked: Asked | None = None) -> dict[str, str | None]:
    """Return the text of every value of the record by its address; None is a null."""
    flat: _Flat = {}
    _lay_members(flat, record, "", asked, _LEVELS)
    return flat


def step_to(prefix: str, key: str) -> str:
    """Return the address of `key` in the object at `prefix`."""
    if _PLAIN.fullmatch(key):
        return f"{prefix}.{key}" if prefix else key
    return f"{prefix}[{write_value(key)}]"


def _grow(root: Asked, address: str) -> Asked:
    node, at = root, 0
    for step in _STEP.finditer(address):
        if step.start() != at:
            break
        at = step.end()
        if step["place"] is not None:
            node = node.places.setdefault(int(step["place"]), Asked())
        else:
            key = step["key"] if step["key"] is not None else step["quoted"].replace('\\"', '"').replace("\\\\", "\\")
            node = node.keys.setdefault(key, Asked())
    # What is no address is a plain name.
    return node if at == len(address) else root.keys.setdefault(address, Asked())


def _lay_members(flat: _Flat, record: Mapping[str, object], prefix: str, asked: Asked | None, levels: int) -> None:
    keys = asked.keys if asked else {}
    for key, value in record.items():
        name = key if not prefix and key.isidentifier() else step_to(prefix, key)
        # Most values are texts and numbers: they cost no call.
        if isinstance(value, str):
            flat[name] = value
        else:
            _lay(flat, name, value, keys.get(key), levels)


def _lay(flat: _Flat, name: str, value: object, asked: Asked | None, levels: int) -> None:
    if isinstance(value, dict):
        _lay_object(flat, name, value, asked, levels)
    elif isinstance(value, list):
        flat[name] = write_value(value)
        for place, below in asked.places.items() if asked else ():
            if place < len(value):
                _lay(flat, f"{name}[{place}]", value[place], below, levels - 1)
    elif isinstance(value, str):
        flat[name] = value
    else:
        flat[name] = None if value is None else write_value(value)


def _lay_object(flat: _Flat, name: str, value: Mapping[str, object], asked: Asked | None, levels: int) -> None:
    if not value or not levels or (asked and (asked.here or asked.whole)):
        flat[name] = write_value(value)
    if asked and asked.whole:
        value = {key: item for key, item in value.items() if key in asked.keys}
    if levels:
        _lay_members(flat, value, name, asked, levels - 1)
