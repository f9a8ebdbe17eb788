"""Units and lost decimal signs, told apart on made-up columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.diagnosis.relations import groups_of_both, groups_of_numbers, groups_of_texts, within_groups
from algorithms.diagnosis.units import fit_cells, fit_cells_within, fit_unit, fit_unit_within

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


def miles() -> tuple[np.ndarray, np.ndarray]:
    """Return kilometres, of which a file is in miles, and hours."""
    chance = np.random.default_rng(5)
    hours = np.exp(chance.normal(1, 0.6, 600))
    return hours * 80 * np.exp(chance.normal(0, 0.05, 600)) / np.where(FILE == 2, 1.609344, 1), hours


def test_a_unit_that_its_column_hides_shows_beside_another_column() -> None:
    distance, hours = miles()
    alone, _ = fit_unit(distance, FILE, None)
    assert alone.jump < 1.8
    groups = {"hours": groups_of_numbers(hours)}
    fit, rows, used = fit_unit_within(
        distance, FILE, {name: codes for name, codes in groups.items() if codes is not None}
    )
    assert (fit.factor, used) == ("1/1.609344 (km for mi)", ("hours",))
    assert rows.tolist() == (FILE == 2).tolist()
    assert fit.jump > 1.8


def test_cells_that_are_usual_in_their_column_are_odd_in_their_group() -> None:
    chance = np.random.default_rng(6)
    product = np.arange(600) % 4
    values = 10.0**product * np.exp(chance.normal(0, 0.1, 600))
    values[[40, 81, 203, 404]] *= 10
    codes = groups_of_texts(np.array([f"P{each}" for each in product], object))
    assert codes is not None
    fit, rows, _ = fit_cells_within(values, FILE, {"product": codes})
    assert fit.factor == "10"
    assert np.flatnonzero(rows).tolist() == [40, 81, 203, 404]


def test_columns_that_tell_nothing_free_nothing() -> None:
    chance = np.random.default_rng(7)
    codes = groups_of_numbers(chance.normal(0, 1, 600))
    assert codes is not None
    assert within_groups(weights(1), {"other": codes}) == (None, ())
    assert groups_of_texts(np.array([f"T{at}" for at in range(600)], object)) is None
    assert groups_of_both(np.arange(600) % 30, np.arange(600) // 20) is None


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_small_numbers_around_a_middle_are_no_outliers(seed: int) -> None:
    fit, _ = fit_cells(np.abs(np.random.default_rng(seed).normal(12, 5, 600)), FILE)
    assert not fit.factor.startswith("1/")
