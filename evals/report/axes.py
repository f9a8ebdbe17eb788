"""Axes of plots: where a value stands between the ends, in percent, and which values are marked."""

import math
from collections.abc import Sequence

from state.values import Value

_LOGARITHMIC_FROM = 50.0  # times the least value
_MOST_SPREAD, _LEAST_SPREAD = 1e9, 1e-6  # of values on one axis; beyond, they stand at its end, or together
_MARKS = 5
_MARGIN = 3.0  # percent kept free at both ends, for dots and the outermost numbers
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Mark(Value):
    """A value that is written at an axis, and where, in percent."""

    at: float
    text: str


class Axis(Value):
    """An axis from `low` to `high`, which differ."""

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return where a value stands, in percent; one outside stands at the end."""
        low, high, inner = (self._scaled(each) for each in (self.low, self.high, value))
        share = min(1.0, max(0.0, (inner - low) / (high - low)))
        return round(_MARGIN + share * (100 - 2 * _MARGIN), 2)

    def marks(self, unit: str) -> tuple[Mark, ...]:
        """Return the marked values in words."""
        return tuple(Mark(at=self.at(tick), text=figure(tick, unit, short=True)) for tick in self.ticks)

    def _scaled(self, value: float) -> float:
        return math.log(max(value, self.low)) if self.logarithmic else value


def axis_for(values: Sequence[float], unit: str, *, zero: bool = False) -> Axis:
    """Return an axis that holds all values, and with `zero` nought; logarithmic where they differ by much."""
    low, high = min(values), max(values)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not zero and unit != "share" and low > 0 and high / low > _LOGARITHMIC_FROM:
        low = max(low, high / _MOST_SPREAD)
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = tuple(10.0**power for power in decades)
        return Axis(low=ticks[0], high=ticks[-1], logarithmic=True, ticks=ticks)
    if high - low < _LEAST_SPREAD * max(1.0, abs(high), abs(low)):
        low, high = (low - 0.5, high + 0.5) if unit != "share" else (max(0.0, low - 0.05), min(1.0, high + 0.05))
    step = _step((high - low) / (_MARKS - 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], logarithmic=False, ticks=ticks)


def figure(value: float, unit: str, *, short: bool = False) -> str:
    """Return a value as it is read: shares as percent."""
    if unit != "share":
        return f"{value:.4g}"
    return f"{round(value * 100, 4):g}%" if short else f"{value:.2%}"


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in _STEPS if power * step >= rough * (1 - 1e-9))
