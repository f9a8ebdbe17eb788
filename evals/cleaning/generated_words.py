"""Words, names, codes and texts out of nothing but a seed, for the generated tables."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

_HEADS: Final = "b br c ch d dr f g gr h j k l m n p r s st t tr v w".split()  # noqa: SIM905
_VOWELS: Final = "a e i o u ai ea oo".split()  # noqa: SIM905
_TAILS: Final = "l n r s t m nd rt ck x y".split()  # noqa: SIM905
_ACCENTED: Final = {"a": "áâä", "e": "éèê", "o": "óöô", "u": "üú", "n": "ñ", "c": "ç"}


def word(chance: random.Random, syllables: int = 2) -> str:
    """Return a word that can be spoken, in lower case."""
    parts = [chance.choice(_HEADS) + chance.choice(_VOWELS) for _ in range(syllables)]
    return "".join(parts) + (chance.choice(_TAILS) if chance.random() < 0.7 else "")  # noqa: PLR2004


def distinct(chance: random.Random, count: int, make: Callable[[random.Random], str]) -> list[str]:
    """Return `count` different texts of `make`."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[make(chance)] = None
    return list(found)


def name(chance: random.Random) -> str:
    """Return a name with a capital letter, now and then of two words."""
    return " ".join(word(chance).title() for _ in range(1 if chance.random() < 0.8 else 2))  # noqa: PLR2004


def accented(chance: random.Random) -> str:
    """Return a name that holds a letter with a diacritic."""
    letters = list(name(chance))
    places = [place for place, letter in enumerate(letters) if letter in _ACCENTED and place]
    if not places:
        return accented(chance)
    place = chance.choice(places)
    letters[place] = chance.choice(_ACCENTED[letters[place]])
    return "".join(letters)


def phrase(chance: random.Random, words: int) -> str:
    """Return words separated by blanks, in lower case."""
    return " ".join(word(chance) for _ in range(words))


def digits(chance: random.Random, count: int) -> str:
    """Return that many digits, the first not zero."""
    return str(chance.randint(1, 9)) + "".join(str(chance.randint(0, 9)) for _ in range(count - 1))


def letters(chance: random.Random, count: int) -> str:
    """Return that many capital letters."""
    return "".join(chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(count))


def day(chance: random.Random, pattern: str, since: int = 2015) -> str:
    """Return a day of ten years, written as the strftime pattern says."""
    return (date(since, 1, 1) + timedelta(days=chance.randrange(3650))).strftime(pattern)


def skewed(chance: random.Random, choices: list[str]) -> str:
    """Return one of the choices, the first ones much more often (Zipf)."""
    return chance.choices(choices, weights=[1 / (place + 1) for place in range(len(choices))])[0]
