"""Units and currencies beside numbers: which spellings mean the same one.

Knows the units of everyday tables, not a system of measures: nothing is converted, a unit is only recognised.
"""

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
_MULTIPLIERS = frozenset(
    "k m mm mn mio mln mil million millions bn b billion billions tsd thousand thousands tr trillion dozen %".split()  # noqa: SIM905
)


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
    plain = text.strip(" .").casefold()
    return plain in _MULTIPLIERS and plain not in _CANONICAL


def unit_spellings(unit: str) -> tuple[str, ...]:
    """Return every lower-case spelling of a canonical unit, the longest first; of an unknown one itself."""
    words = {word for word, meant in _CANONICAL.items() if meant == unit} | {unit}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))
