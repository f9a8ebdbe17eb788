"""Changed units and lost decimal signs: by what a part of a column, or single cells, are too great or too small."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, blocks, is_scattered, spans
from algorithms.diagnosis.levels import Level, distance, find_level, on_scale, segments, surprise
from algorithms.diagnosis.relations import Codes, within_groups
from state.values import Value

FACTORS: dict[str, float] = {
    "1000": 1e3, "100": 1e2, "10": 10.0, "1000000": 1e6, "2.20462 (lb for kg)": 2.20462, "28.3495 (g for oz)": 28.3495,
    "2.54 (cm for in)": 2.54, "25.4 (mm for in)": 25.4, "3.28084 (ft for m)": 3.28084, "12 (in for ft)": 12.0,
    "1.609344 (km for mi)": 1.609344, "3.78541 (l for gal)": 3.78541, "60 (minutes for hours)": 60.0,
    "3600 (seconds for hours)": 3600.0, "3.6 (km/h for m/s)": 3.6, "4.184 (kJ for kcal)": 4.184,
    "24 (hours for days)": 24.0, "16 (oz for lb)": 16.0,
}  # fmt: skip
"""How many of one unit another is: metric steps, and the pairs that everyday tables mix."""

CELL_FACTORS: dict[str, float] = {"1000": 1e3, "100": 1e2, "10": 10.0}
"""What a lost decimal sign, or a thousands sign read as one, does to a single cell."""

_MOST_ROWS = 20_000  # on which the unit is sought
_LEAST_GAIN = 12.0  # of a block, in log likelihood
_POSITIVE = 0.98  # share of numbers above zero from which one may be too small
_FAR = 3.5  # scales from which a cell is far
_BACK = 2.5  # scales within which it must fall when the factor is taken out
_LOPSIDED = 1.5  # how much longer the upper tail is where logarithms tell more
_TENTH = 1.2816  # scales of a normal distribution from its middle to a tenth
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

Inverse = Callable[[Numbers], Numbers]


class UnitFit(Value):
    """The change of unit that explains most, and how well."""

    factor: str = ""
    gain: float = 0.0  # log likelihood over no change
    residual: float = 9.0  # greatest distance between quantiles of both parts when the factor is taken out, in scales
    jump: float = 0.0  # distance between both parts as they are, in scales
    sudden: float = 0.0  # the jump by how far segments lie apart without a fault
    share: float = 0.0  # of the rows that are in the part


class CellFit(Value):
    """The factor that explains single far cells, and how well."""

    factor: str = ""
    explained: float = 0.0  # share of the far cells that fall among the others when the factor is taken out
    share: float = 0.0  # of the filled cells that are affected
    gap: float = 0.0  # between affected and other cells, in scales
    scattered: bool = False


def _inverses() -> dict[str, Inverse]:
    found: dict[str, Inverse] = {}
    for name, factor in FACTORS.items():
        found[name] = lambda x, f=factor: x / f  # type: ignore[misc]
        found[f"1/{name}"] = lambda x, f=factor: x * f  # type: ignore[misc]
    found["°F for °C"] = lambda x: (x - 32.0) / 1.8
    found["°C for °F"] = lambda x: x * 1.8 + 32.0
    found["K for °C"] = lambda x: x - 273.15
    found["°C for K"] = lambda x: x + 273.15
    return found


INVERSES = _inverses()
"""What turns a value in the other unit back."""


def fit_unit(values: Numbers, file: Places, bounds: tuple[float, float] | None) -> tuple[UnitFit, Mask]:
    """Return the unit that a part of the column is in, and which rows are in it; an empty factor when there is none."""
    return _on_all(values, file, bounds, INVERSES)


def fit_unit_within(
    values: Numbers, file: Places, groups: Mapping[str, Codes]
) -> tuple[UnitFit, Mask, tuple[str, ...]]:
    """Return the same of the values given other columns of their rows, and which columns told most of how they vary.

    No factor and no columns where none of the `groups` tells enough.
    """
    freed, used = within_groups(values, groups)
    if freed is None:
        return UnitFit(), np.zeros(len(values), bool), ()
    scalings = {name: inverse for name, inverse in INVERSES.items() if name.removeprefix("1/") in FACTORS}
    return *_on_all(freed, file, None, scalings), used


def _on_all(
    values: Numbers, file: Places, bounds: tuple[float, float] | None, inverses: Mapping[str, Inverse]
) -> tuple[UnitFit, Mask]:
    """Return the best fit; of very many rows some say which unit it is."""
    every = len(values) // _MOST_ROWS
    if every > 1:
        fit, _ = _best(values[::every], file[::every], bounds, inverses)
        inverses = {fit.factor: inverses[fit.factor]} if fit.factor else {}
    return _best(values, file, bounds, inverses)


def _best(
    values: Numbers, file: Places, bounds: tuple[float, float] | None, inverses: Mapping[str, Inverse]
) -> tuple[UnitFit, Mask]:
    nothing = UnitFit(), np.zeros(len(values), bool)
    level, _ = find_level(values, segments(file), bounds)
    if not level.rows:
        return nothing
    fits = [_fit(values, file, level, name, inverse) for name, inverse in inverses.items()]
    if bounds is not None:
        fits += [_fit_bounds(values, bounds, name, inverse) for name, inverse in inverses.items()]
    fits = [each for each in fits if each[0].factor]
    if not fits:
        return nothing
    most = max(fit.gain for fit, _ in fits)
    # A factor a little off explains nearly as much: of those that do, the one that leaves least is meant.
    return min((each for each in fits if each[0].gain >= 0.7 * most), key=lambda each: each[0].residual)


def _fit(values: Numbers, file: Places, level: Level, name: str, inverse: Inverse) -> tuple[UnitFit, Mask]:
    scaled, back = (
        on_scale(each, logarithmic=level.logarithmic) for each in (values, np.asarray(inverse(values), float))
    )
    scores = surprise(distance(scaled, level)) - surprise(distance(back, level))
    inside, gain = blocks(scores, file, _LEAST_GAIN, lasting=True)
    inside &= ~np.isnan(values) & (values != 0)
    rest = ~inside & ~np.isnan(scaled)
    if not inside.any() or not rest.any():
        return UnitFit(), inside
    here, there, undone = scaled[inside], scaled[rest], back[inside]
    here, undone = here[~np.isnan(here)], undone[~np.isnan(undone)]
    if not len(undone):
        return UnitFit(), inside
    jump = abs(float(np.median(here) - np.median(there))) / level.scale if len(here) else 9.0
    residual = np.abs(np.quantile(undone, _QUANTILES) - np.quantile(there, _QUANTILES)) / level.scale
    fit = UnitFit(
        factor=name,
        gain=gain,
        residual=float(residual.max()),
        jump=jump,
        sudden=jump * level.scale / max(level.drift, 0.02 * level.scale, _noise(level, len(undone))),
        share=float(inside.sum() / max(1, int((~np.isnan(values)).sum()))),
    )
    return fit, inside


def _noise(level: Level, rows: int) -> float:
    """Return how far the middle of so many rows lies off by chance."""
    return 1.25 * level.scale / math.sqrt(max(1, rows))


def _fit_bounds(values: Numbers, bounds: tuple[float, float], name: str, inverse: Inverse) -> tuple[UnitFit, Mask]:
    """Return whether nearly all values break the contract's bounds, and keep to them in the other unit."""
    known = ~np.isnan(values) & (values != 0)
    if not known.any() or not all(map(math.isfinite, bounds)) or bounds[0] >= bounds[1]:
        return UnitFit(), known
    undone = np.asarray(inverse(values[known]), float)
    before, after = (float(np.mean((each >= bounds[0]) & (each <= bounds[1]))) for each in (values[known], undone))
    if before > 0.3 or after < 0.95:  # noqa: PLR2004  most are out, nearly all come back
        return UnitFit(), known
    centre = abs(float(np.median(undone)) - (bounds[0] + bounds[1]) / 2) / (bounds[1] - bounds[0])
    gain = (after - before) * float(known.sum())
    return UnitFit(factor=name, gain=gain, residual=centre, jump=9.0, sudden=99.0, share=1.0), known


def fit_cells(values: Numbers, file: Places) -> tuple[CellFit, Mask]:
    """Return the factor by which single cells are too great or too small, and which cells these are."""
    level, _ = find_level(np.abs(values), segments(file))
    nothing = np.zeros(len(values), bool)
    if not level.rows:
        return CellFit(), nothing
    scaled = np.log(np.where(values != 0, np.abs(values), np.nan))
    level = _logarithmic(scaled, level)
    far = np.abs(distance(scaled, level)) >= _FAR
    fits = [
        _fit_cells(scaled, file, level, far, (name, sign * math.log(factor)))
        for name, factor in CELL_FACTORS.items()
        for sign in ((1.0, -1.0) if _has_floor(values) else (1.0,))  # numbers around zero are small without a fault
    ]
    # Of factors that explain as much, one that several cells speak for, then the one that sets them furthest apart.
    return max(
        fits, key=lambda each: (round(each[0].explained, 1), min(3, each[1].sum()), each[0].gap, -len(each[0].factor))
    )


def fit_cells_within(
    values: Numbers, file: Places, groups: Mapping[str, Codes]
) -> tuple[CellFit, Mask, tuple[str, ...]]:
    """Return the same of the values given other columns of their rows; no factor where none tells enough."""
    freed, used = within_groups(values, groups)
    if freed is None:
        return CellFit(), np.zeros(len(values), bool), ()
    return *fit_cells(freed, file), used


def _has_floor(values: Numbers) -> bool:
    """Whether small numbers are odd: all are above zero, and they do not reach it as numbers around a middle do."""
    known = values[~np.isnan(values)]
    if not len(known) or float(np.mean(known > 0)) < _POSITIVE:
        return False
    low, middle, high = np.quantile(known, [0.1, 0.5, 0.9])
    lopsided = high - middle >= _LOPSIDED * (middle - low)
    return bool(lopsided or middle - _FAR * (middle - low) / _TENTH > 0)


def _logarithmic(scaled: Numbers, level: Level) -> Level:
    known = scaled[~np.isnan(scaled)]
    if not len(known):
        return level
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    scale = max(float(high - low) / 1.349, 0.05)
    return level.model_copy(update={"logarithmic": True, "middle": float(middle), "scale": scale})


def _fit_cells(
    scaled: Numbers, file: Places, level: Level, far: Mask, factor: tuple[str, float]
) -> tuple[CellFit, Mask]:
    name, step = factor
    back = np.abs(distance(scaled - step, level)) <= _BACK
    chosen = far & back & (np.sign(scaled - level.middle) == np.sign(step))
    if not chosen.any():
        return CellFit(), chosen
    side = far & (np.sign(scaled - level.middle) == np.sign(step))
    rest = np.abs(scaled[~chosen & ~np.isnan(scaled)] - level.middle)
    near = rest[rest < np.abs(scaled[chosen] - level.middle).max()]
    gap = (np.abs(scaled[chosen] - level.middle).min() - (np.quantile(near, 0.999) if len(near) else 0.0)) / level.scale
    fit = CellFit(
        factor=name if step > 0 else f"1/{name}",
        explained=float(chosen.sum() / side.sum()),
        share=float(chosen.sum() / max(1, int((~np.isnan(scaled)).sum()))),
        gap=float(gap),
        scattered=is_scattered(chosen, file) or not any(_fills(chosen, start, stop) for start, stop in spans(file)),
    )
    return fit, chosen


def _fills(chosen: Mask, start: int, stop: int) -> bool:
    """Whether most rows of the file are chosen."""
    return bool(chosen[start:stop].mean() > 0.5)  # noqa: PLR2004  most
