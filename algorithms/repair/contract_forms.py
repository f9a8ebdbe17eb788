"""The form that the contract gives a column: numbers alone where it says number, no text that stands for no value."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from algorithms.formats import NULL_TOKENS
from algorithms.repair.factors import Factor
from algorithms.repair.number_forms import Written, read_number, reads_two_ways, unit_of
from algorithms.repair.rewriting import Rewriting
from algorithms.units import is_known_unit
from state.contract import Column, LogicalType
from state.repair import CellFault

_NUMERIC: Final = (LogicalType.NUMBER, LogicalType.INTEGER)
_SURE: Final = 0.97
_DECADES: Final = 1.0  # between medians: within it two sets of numbers are of one size
_HUNDRED: Final = 2.0  # decades between a share and its percentage
_COMMA: Final = re.compile(r"[-+]?\d+,(\d{1,2}|\d{4,})\D*")  # a comma that can only be the decimal sign


def contract_forms(spec: Column | None, factor: Factor) -> list[Rewriting]:
    """Return the rewritings that a column's type asks for; none without a contract, or for text.

    A text that is no number of the type and cannot be read as one is left to the rules, and so is a number that reads
    in two ways ("1,234") in a column where others have a decimal comma.
    """
    if spec is None or spec.logical_type is LogicalType.STRING:
        return []
    present = [(code, factor.values[code].strip()) for code, count in enumerate(factor.counts()) if count]
    tokens: dict[int, str | None] = {code: "" for code, text in present if text.casefold() in NULL_TOKENS}
    told = f"the contract says {spec.logical_type.value}"
    found = [Rewriting("no value", tokens, _SURE, CellFault.RULE, f"{told}: this text stands for no value")]
    if spec.logical_type in _NUMERIC:
        found.append(_numbers(spec, present, told))
    return [one for one in found if one.texts]


def _numbers(spec: Column, present: Sequence[tuple[int, str]], told: str) -> Rewriting:
    numbers = {code: written for code, text in present if (written := read_number(text))}
    bare = {code: one for code, one in numbers.items() if not unit_of(one)}
    units = _units_alone(numbers)
    comma = any(_COMMA.fullmatch(text) for _, text in present)
    texts: dict[int, str | None] = {}
    for code, text in present:
        if code not in numbers or (comma and reads_two_ways(text)):
            continue
        written, unit = numbers[code], unit_of(numbers[code])
        factor = _percent_factor(numbers, bare) if unit == "%" else 1.0 if unit in units else None
        whole = spec.logical_type is LogicalType.INTEGER and written.fraction and not written.fraction.strip(".0")
        if factor is not None and (unit or written.grouped or whole):
            texts[code] = written.shortest if factor == 1.0 else f"{written.value * factor:.12g}"
        if texts.get(code) == text:
            del texts[code]
    return Rewriting("number", texts, _SURE, CellFault.UNIT, f"{told}: the number stands alone")


def _units_alone(numbers: Mapping[int, Written]) -> set[str]:
    """Return "" and the one unit of the column, when it is the only one and a known one."""
    units = {unit_of(one) for one in numbers.values()} - {"", "%"}
    return {"", *(unit for unit in units if len(units) == 1 and is_known_unit(unit))}


def _percent_factor(numbers: Mapping[int, Written], bare: Mapping[int, Written]) -> float | None:
    """Return what a number with a percent sign is multiplied by: by the size of those without; None where unclear.

    Without any bare number the percentages stay as they stand.
    """
    signed = [one for one in numbers.values() if unit_of(one) == "%"]
    if not bare:
        return 1.0
    apart = _size(signed) - _size(list(bare.values()))
    if abs(apart) < _DECADES:
        return 1.0
    return 0.01 if abs(apart - _HUNDRED) < _DECADES else None


def _size(numbers: Sequence[Written]) -> float:
    return float(np.median([math.log10(abs(one.value) + 1e-9) for one in numbers]))
