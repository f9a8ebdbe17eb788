"""The `millwright.*` custom properties: which exist where, and reading their values.

A setting that is absent or faulty reads as None; the fault is noted. Settings of the contract hold for its tables too.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from open_data_contract_standard.model import CustomProperty

from state.contract import Keep, KeepPolicy
from tools.contract.document import Place
from tools.contract.faults import FaultLog, did_you_mean

PREFIX = "millwright."
INHERITED = frozenset({"onViolation", "drift", "maxQuarantine", "relaxedQuarantine", "qualityBar", "repair", "stakes"})
OF_CONTRACT = INHERITED
OF_TABLE = INHERITED | {"sources", "keep", "mayBeEmpty", "transformLogic", "transformSourceObjects"}
OF_COLUMN = frozenset({"aliases", "repair"})

_HOMES = {"contract": OF_CONTRACT, "table": OF_TABLE, "column": OF_COLUMN}
_MOST_WEIGHT = 1_000
_UNPREFIXED = frozenset({"transformLogic", "transformSourceObjects"})  # names of the standard itself

Choice = TypeVar("Choice", bound=StrEnum)


class Extensions:
    """The settings of one element by their name without prefix."""

    def __init__(self, faults: FaultLog, values: Mapping[str, tuple[Any, Place]]) -> None:
        self._faults = faults
        self._values = dict(values)

    def or_else(self, outer: "Extensions") -> "Extensions":
        """Return these settings with the inherited ones of `outer` where there are none."""
        inherited = {name: value for name, value in outer._values.items() if name in INHERITED}  # noqa: SLF001  same class
        return Extensions(self._faults, {**inherited, **self._values})

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a setting that is one text or a list of texts."""
        value, place = self._values.get(name, ([], ()))
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) and item.strip() for item in items):
            self._faults.error(place, f"{PREFIX}{name} must be a text or a list of texts, not {value!r}")
            return ()
        return tuple(items)

    def text(self, name: str) -> str | None:
        """Return a setting that is one text."""
        value, place = self._values.get(name, (None, ()))
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self._faults.error(place, f"{PREFIX}{name} must be a text, not {value!r}")
        return None

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """Return a setting that is one of a closed vocabulary."""
        value, place = self._values.get(name, (None, ()))
        if value is None:
            return None
        known = [str(member) for member in kind]
        if isinstance(value, str) and value in known:
            return kind(value)
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        self._faults.error(place, f"{PREFIX}{name} must be one of {', '.join(known)}, not {value!r}{hint}")
        return None

    def share(self, name: str) -> float | None:
        """Return a setting that is a share, 0 to 1."""
        value, place = self._values.get(name, (None, ()))
        number = _number(value)
        if value is None:
            return None
        if number is None or not 0 <= number <= 1:
            self._faults.error(place, f"{PREFIX}{name} must be a share between 0 and 1, not {value!r}")
            return None
        return number

    def weights(self, name: str, known: Sequence[str]) -> dict[str, float]:
        """Return a setting that gives some of the known names a weight above zero."""
        value, place = self._values.get(name, ({}, ()))
        numbers = {key: _number(item) for key, item in value.items()} if isinstance(value, dict) else {"": None}
        for key, number in numbers.items():
            if key not in known:
                hint = did_you_mean(str(key), known)
                self._faults.error(place, f"{PREFIX}{name} must give weights to {', '.join(known)}, not {key!r}{hint}")
            elif number is None or not 0 < number <= _MOST_WEIGHT:
                self._faults.error(place, f"{PREFIX}{name}: {key} must be a number above 0, at most {_MOST_WEIGHT}")
        return {key: number for key, number in numbers.items() if key in known and number and number > 0}

    def flag(self, name: str) -> bool:
        """Return a setting that is true or false; absent it is false."""
        value, place = self._values.get(name, (False, ()))
        text = str(value).strip().casefold()
        if text not in ("true", "false"):
            self._faults.error(place, f"{PREFIX}{name} must be true or false, not {value!r}")
        return text == "true"

    def keep(self) -> Keep | None:
        """Return `millwright.keep`: first, last, reject or latest:<column>."""
        value, place = self._values.get("keep", (None, ()))
        if value is None:
            return None
        policy, _, column = str(value).partition(":")
        policy, column = policy.strip(), column.strip()
        latest = policy == KeepPolicy.LATEST
        if policy in list(KeepPolicy) and latest == bool(column):
            return Keep(policy=KeepPolicy(policy), column=column or None)
        self._faults.error(place, f"{PREFIX}keep must be first, last, reject or latest:<column>, not {value!r}")
        return None


def read_extensions(properties: list[CustomProperty] | None, place: Place, home: str, faults: FaultLog) -> Extensions:
    """Read the settings of a `contract`, `table` or `column` (`home`) from its custom properties at `place`.

    A name no setting has, or one that belongs elsewhere, is noted as an error; other vendors' properties are ignored.
    """
    values: dict[str, tuple[Any, Place]] = {}
    for position, item in enumerate(properties or []):
        at = (*place, "customProperties", position)
        name = _setting(item.property or "", home)
        if name is None:
            continue
        if name not in _HOMES[home]:
            faults.error(at, f"{PREFIX}{name} is no setting of a {home}{_advice(name, home)}")
        elif name in values:
            faults.error(at, f"{PREFIX}{name} is given twice")
        else:
            values[name] = (item.value, at)
    return Extensions(faults, values)


def _setting(name: str, home: str) -> str | None:
    if name in _UNPREFIXED and home == "table":
        return name
    return name.removeprefix(PREFIX) if name.casefold().startswith(PREFIX) else None


def _advice(name: str, home: str) -> str:
    homes = [other for other, settings in _HOMES.items() if name in settings]
    return f": it belongs to a {' or a '.join(homes)}" if homes else did_you_mean(name, sorted(_HOMES[home]))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
