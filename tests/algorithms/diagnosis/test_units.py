"""Units and lost decimal signs, told apart on made-up columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.diagnosis.units import fit_cells, fit_unit

FILE = np.repeat(np.arange(4), 150)


def weights(seed: int) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(4.3, 0.2, 600))


@pytest.mark.parametrize(("name", "factor"), [("2.20462 (lb for kg)", 2.20462), ("1000", 1000.0), ("1/100", 0.01)])
def test_a_file_in_another_unit_is_found_with_its_factor(name: str, factor: float) -> None:
    values = weights(1)
    values[FILE == 2] *= factor
    fit, rows = fit_unit(values, FILE, None)
    assert fit.factor == name
    assert rows.tolist() == (FILE == 2).tolist()
    assert fit.residual < 0.6
    assert fit.sudden > 9


def test_fahrenheit_is_no_factor() -> None:
    values = np.random.default_rng(2).normal(12, 5, 600)
    values[300:] = values[300:] * 1.8 + 32
    fit, rows = fit_unit(values, FILE, (-30, 45))
    assert fit.factor == "°F for °C"
    assert rows[310:].mean() > 0.98
    assert rows[:290].mean() < 0.02


def test_all_values_beyond_the_bounds_come_back_by_the_factor() -> None:
    fit, rows = fit_unit(weights(3) * 1000, FILE, (2, 160))
    assert fit.factor == "1000"
    assert rows.all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_sound_columns_show_no_sudden_change_of_unit(seed: int) -> None:
    fit, _ = fit_unit(weights(seed), FILE, (2, 160))
    assert fit.gain < 20 or fit.jump < 1.8 or fit.sudden < 4


def test_single_cells_without_their_decimal_sign() -> None:
    values, hit = weights(4), np.zeros(600, bool)
    hit[[17, 88, 240, 333, 512]] = True
    values[hit] *= 100
    fit, rows = fit_cells(values, FILE)
    assert fit.factor == "100"
    assert rows.tolist() == hit.tolist()
    assert fit.scattered


def test_a_whole_file_is_not_scattered_cells() -> None:
    values = weights(5)
    values[FILE == 1] *= 1000
    fit, _ = fit_cells(values, FILE)
    assert not fit.factor or not fit.scattered
