"""Numbers with what stands beside them: the column's way of writing them, and other ways brought to it."""

import re
from typing import Final, NamedTuple

from algorithms.units import canonical_unit, is_known_unit, is_multiplier

_NUMBER: Final = re.compile(
    r"([^\d\s.+-]{0,3})\s?([-+]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(\s*)([^\d\s.,+-][^\d]{0,14})?"
)

_EITHER: Final = re.compile(r"\D*\d{1,3}[.,]\d{3}\D*")
_BINARY: Final = 14  # decimals from which on a number shows how a machine keeps it


class Written(NamedTuple):
    """A number as it is written."""

    prefix: str
    digits: str  # sign and whole part without grouping signs
    fraction: str  # with its point, or ""
    gap: str
    suffix: str
    grouped: bool

    @property
    def value(self) -> float:
        """The number."""
        return float(self.digits + self.fraction)

    @property
    def binary(self) -> bool:
        """Whether the fraction is as long as only a machine writes it (0.30000000000000004)."""
        return len(self.fraction) > _BINARY

    @property
    def shortest(self) -> str:
        """The number without zeros that say nothing."""
        fraction, whole = self.fraction.rstrip("0").rstrip("."), self.digits.lstrip("+")
        if self.binary:
            return f"{self.value:.12g}"
        sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        return sign + (whole.lstrip("0") or "0") + fraction


def read_number(text: str) -> Written | None:
    """Return the number that the text is; None where it is none, or its size hangs on a word ("5 million")."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    prefix, sign, whole, fraction, gap, suffix = match.groups()
    if prefix and not is_known_unit(prefix):
        return None
    if suffix and is_multiplier(suffix) and suffix.strip() != "%":
        return None
    return Written(prefix, sign + whole.replace(",", ""), fraction or "", gap, suffix or "", "," in whole)


def reads_two_ways(text: str) -> bool:
    """Return whether the one point or comma of the text may be a decimal or a thousands sign ("1,234")."""
    return _EITHER.fullmatch(text) is not None


def unit_of(written: Written) -> str:
    """Return the canonical unit beside the number, "" for none."""
    word = written.suffix.strip() or written.prefix.strip()
    first = word.split(" ")[0]
    if first != word and not is_known_unit(word) and is_known_unit(first):
        word = first  # "oz. can"
    return "%" if word.casefold() in {"%", "percent", "pct", "per cent"} else canonical_unit(word) if word else ""
