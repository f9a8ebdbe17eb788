"""Addresses of nested values, and records laid flat under them.

The address of a value is its keys joined by points, with places in arrays in brackets from 0: `customer.address.city`,
`items[0].sku`. A key that holds one of `. [ ] "` or begins or ends with a blank, and the empty key, is written in
brackets and quotes: `["unit.price"]`, so that no two values share an address.

Every value within nested objects is laid flat. An array stays one value, its JSON text; an object is one, too, where a
contract asks for it, and below `_LEVELS` levels. Elements of arrays have columns where a contract asks for them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from state.contract import Column, Contract, LogicalType
from state.sources import Wanted
from tools.sources.json_values import Number, write_value

_LEVELS = 32
_KNOWN_NAMES = 1 << 14
_TEXTS, _NUMBERS = frozenset({str, Number}), frozenset({int, float})
_NULL = "\0null"  # stands for a null while columns are looked for; told from texts by what object it is
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


@dataclass
class Asked:
    """A place in the tree of addresses that are asked for."""

    here: bool = False
    whole: bool = False
    keys: dict[str, "Asked"] = field(default_factory=dict)
    places: dict[int, "Asked"] = field(default_factory=dict)


def asked_tree(wanted: Wanted) -> Asked:
    """Return the addresses as a tree; what is no address is no part of it."""
    root = Asked()
    for address in wanted.values:
        _grow(root, address).here = True
    for address in wanted.whole:
        _grow(root, address).whole = True
    return root


class Flattener:
    """Lays records flat: the text of every value by its address."""

    def __init__(self, asked: Asked, write: Callable[[object], str] = write_value, null: str = "") -> None:
        self._asked, self._write, self._null = asked, write, null
        self._names: dict[str, dict[str, str]] = {}  # addresses by the one above and the key

    def flatten(self, record: Mapping[str, object]) -> dict[str, str]:
        """Return the texts of the record's values in the order of their keys."""
        if len(self._names) > _KNOWN_NAMES:
            self._names.clear()
        flat: dict[str, str] = {}
        self._lay_members(flat, record, "", self._asked, _LEVELS)
        return flat

    def _lay_members(
        self, flat: dict[str, str], record: Mapping[str, object], prefix: str, asked: Asked | None, levels: int
    ) -> None:
        keys = asked.keys if asked else {}
        names = self._names.setdefault(prefix, {})
        for key, value in record.items():
            name = names.get(key) or self._name(names, prefix, key)
            kind = type(value)
            # Most values are texts and numbers: they cost no call.
            if kind in _TEXTS:
                flat[name] = value  # type: ignore[assignment]
            elif kind in _NUMBERS:
                flat[name] = str(value)
            else:
                self._lay(flat, name, value, keys.get(key), levels)

    def _name(self, names: dict[str, str], prefix: str, key: str) -> str:
        if len(names) >= _KNOWN_NAMES:  # keys that are data never end
            names.clear()
        name = names[key] = step_to(prefix, key)
        return name

    def _lay(self, flat: dict[str, str], name: str, value: object, asked: Asked | None, levels: int) -> None:
        if isinstance(value, dict):
            self._lay_object(flat, name, value, asked, levels)
        elif isinstance(value, list):
            flat[name] = self._write(value)
            self._lay_elements(flat, name, value, asked.places if asked else {}, levels)
        elif isinstance(value, str):
            flat[name] = value
        else:
            flat[name] = self._null if value is None else self._write(value)

    def _lay_elements(
        self, flat: dict[str, str], name: str, value: Sequence[object], places: Mapping[int, Asked], levels: int
    ) -> None:
        """Lay the elements that are asked for, and of those that are objects no more than what is asked for."""
        for place, below in places.items():
            if place < len(value):
                element = value[place]
                if isinstance(element, dict) and not below.here:
                    element = {key: item for key, item in element.items() if key in below.keys}
                self._lay(flat, f"{name}[{place}]", element, below, levels - 1)

    def _lay_object(
        self, flat: dict[str, str], name: str, value: Mapping[str, object], asked: Asked | None, levels: int
    ) -> None:
        if not value or not levels or (asked and (asked.here or asked.whole)):
            flat[name] = self._write(value)
        if asked and asked.whole:
            value = {key: item for key, item in value.items() if key in asked.keys}
        if levels:
            self._lay_members(flat, value, name, asked, levels - 1)


class Columns:
    """The addresses that records hold, in the order in which they appear."""

    def __init__(self, asked: Asked) -> None:
        self._flatten = Flattener(asked, _no_text, _NULL).flatten
        self._seen: dict[str, str] = {}

    def add(self, record: Mapping[str, object]) -> None:
        """Take in the addresses of a record."""
        seen = self._seen
        flat = self._flatten(record)
        if _NULL in flat.values():
            flat = {name: text for name, text in flat.items() if text is not _NULL or name not in seen}
        seen.update(flat)

    def names(self) -> tuple[str, ...]:
        """Return all addresses but those of objects that are null in some records."""
        above = {name[: cut.start()] for name in self._seen for cut in _BELOW.finditer(name)}
        return tuple(name for name, text in self._seen.items() if text is not _NULL or name not in above)


def _no_text(_: object) -> str:
    return ""


def row_maker(header: Sequence[str]) -> Callable[[dict[str, str]], list[str]]:
    """Return what puts flat values in the order of the header; a missing one is empty."""
    empty = dict.fromkeys(header, "")

    def make(flat: dict[str, str]) -> list[str]:
        row = empty | flat
        return list(row.values()) if len(row) == len(empty) else [flat.get(name, "") for name in header]

    return make


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
