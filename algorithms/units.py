"""Units and currencies beside numbers: which spellings mean the same one.

Knows the units of everyday tables, not a system of measures: a unit is recognised, and only units of one measure that
differ by a power of ten are told to be so.
"""

import re
from collections.abc import Iterable

_SPELLINGS = {
    "€": "€ eur euro euros",
    "$": "$ usd us$ dollar dollars",
    "£": "£ gbp",
    "¥": "¥ jpy yen",
    "chf": "chf sfr fr",
    "zł": "zł pln",
    "₹": "₹ inr rs",
    "kr": "kr",
    "sek": "sek",
    "nok": "nok",
    "dkk": "dkk",
    "cad": "cad",
    "aud": "aud",
    "cny": "cny rmb",
    "kg": "kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes",
    "g": "g gr gram grams gramme grammes",
    "mg": "mg milligram milligrams",
    "t": "t tonne tonnes",
    "oz": "oz ozs ounce ounces",
    "lb": "lb lbs pound pounds",
    "l": "l liter liters litre litres",
    "ml": "ml milliliter milliliters millilitre millilitres",
    "cl": "cl",
    "gal": "gal gallon gallons",
    "km": "km kilometer kilometers kilometre kilometres",
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "mi": "mi mile miles",
    "yd": "yd yard yards",
    "ft": "ft foot feet",
    "in": "in inch inches",
    "m²": "m² m2 sqm",
    "ft²": "ft² ft2 sqft",
    "km/h": "km/h kmh kph",
    "mph": "mph",
    "h": "h hr hrs hour hours",
    "min": "min mins minute minutes",
    "s": "s sec secs second seconds",
    "ms": "ms millisecond milliseconds",
    "day": "day days",
    "°c": "°c",
    "°f": "°f",
    "w": "w watt watts",
    "kw": "kw",
    "kwh": "kwh",
    "v": "v volt volts",
    "hz": "hz",
    "kb": "kb",
    "mb": "mb",
    "gb": "gb",
    "pcs": "pcs pc piece pieces stk stück",
}
_CANONICAL = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
_ENGLISH = frozenset(
    "in min mins day days mi fr rs second minute hour pound pounds foot yard kilo piece pieces".split()  # noqa: SIM905
)
"""Spellings that mean something else in names and sentences ("temp_min", "second column", "per day")."""
_OUTRIGHT = re.compile(r"[(\[]\s*(?:in\s+)?([^()\[\]]+?)\s*[)\]]|\bin\s+([^\s()\[\]]+)")
_NAME_BREAK = re.compile(r"[_\-\s]+|(?<=[a-z])(?=[A-Z])")
_MULTIPLIERS = frozenset(
    "k m mm mn mio mln mil million millions bn b billion billions tsd thousand thousands tr trillion dozen %".split()  # noqa: SIM905
)
_MEASURES = {
    **dict.fromkeys(("mg", "g", "kg", "t"), "mass"),
    **dict.fromkeys(("ml", "cl", "l"), "volume"),
    **dict.fromkeys(("mm", "cm", "m", "km"), "length"),
    **dict.fromkeys(("ms", "s"), "time"),
    **dict.fromkeys(("w", "kw"), "power"),
}
_SIZES = {
    "mg": -6,
    "g": -3,
    "kg": 0,
    "t": 3,
    "ml": -3,
    "cl": -2,
    "l": 0,
    "mm": -3,
    "cm": -2,
    "m": 0,
    "km": 3,
    "ms": -3,
    "s": 0,
    "w": 0,
    "kw": 3,
}


def canonical_unit(text: str) -> str:
    """Return the unit that a lower-case `text` spells, or the text without blanks and dots around it."""
    plain = text.strip(" .").casefold()
    return _CANONICAL.get(plain, plain)


def is_known_unit(text: str) -> bool:
    """Whether the text spells a unit or currency of the list."""
    return text.strip(" .").casefold() in _CANONICAL


def is_multiplier(text: str) -> bool:
    """Whether the text may change the size of the number before it ("5k"), so that it must not be stripped.

    A lone "m" is known as metre and counts as that.
    """
    words = text.casefold().replace(".", " ").split()
    return any(word in _MULTIPLIERS and word not in _CANONICAL for word in words)


def stated_unit(names: Iterable[str], prose: str = "") -> str | None:
    """Return the canonical unit that names ("weight_kg", "Weight (kg)") or a description state; None when not one.

    Said outright is a unit in brackets or after "in". Without one counts a unit at the end of a name, or a word of the
    description that means nothing else in English and does not follow "per". Different ones state nothing.
    """
    names = tuple(names)
    told = {unit for text in (*names, prose) for unit in _outright(text)}
    if not told:
        told = {unit for name in names for unit in _at_the_end(name)} | _bare_units(prose)
    return told.pop() if len(told) == 1 else None


def _outright(text: str) -> set[str]:
    found = (match[1] or match[2] for match in _OUTRIGHT.finditer(text.casefold()))
    return {_CANONICAL[word.strip(" .,;:")] for word in found if word.strip(" .,;:") in _CANONICAL}


def _at_the_end(name: str) -> set[str]:
    words = _NAME_BREAK.sub(" ", name).casefold().split()
    return {_CANONICAL[words[-1]]} if len(words) > 1 and words[-1] in _CANONICAL.keys() - _ENGLISH else set()


def _bare_units(prose: str) -> set[str]:
    words = [word.strip(".,;:!?'\"") for word in prose.casefold().split()]
    known = {word for word in _CANONICAL.keys() - _ENGLISH if len(word) > 1 or not word.isalpha()}
    return {
        _CANONICAL[word] for before, word in zip(["", *words], words, strict=False) if word in known and before != "per"
    }


def unit_spellings(unit: str) -> tuple[str, ...]:
    """Return every lower-case spelling of a canonical unit, the longest first; of an unknown one itself."""
    words = {word for word, meant in _CANONICAL.items() if meant == unit} | {unit}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def power_between(unit: str, other: str) -> int | None:
    """Return n where one canonical unit is 10 to the power of n of the `other`; None where that is not so.

    Only units of one measure that differ by a power of ten: a number then keeps its digits.
    """
    if unit == other or unit not in _MEASURES or _MEASURES[unit] != _MEASURES.get(other):
        return None
    return _SIZES[unit] - _SIZES[other]
