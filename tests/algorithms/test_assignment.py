from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from algorithms.assignment import optimal_assignment, sparse_assignment

WEIGHTS = st.integers(1, 6).flatmap(
    lambda rows: st.integers(1, 6).flatmap(
        lambda columns: arrays(np.float64, (rows, columns), elements=st.integers(-4, 9).map(float))
    )
)


def best_sum(weights: np.ndarray) -> float:
    """Try every one-to-one choice; a row may stay alone."""
    gain = np.maximum(weights, 0.0)
    gain = gain if gain.shape[0] <= gain.shape[1] else gain.T
    rows, columns = gain.shape
    return max(
        sum(gain[row, column] for row, column in enumerate(order)) for order in permutations(range(columns), rows)
    )


@given(WEIGHTS)
def test_no_other_choice_is_worth_more(weights: np.ndarray) -> None:
    found = optimal_assignment(weights)
    taken = [(row, column) for row, column in enumerate(found) if column >= 0]
    assert len({column for _, column in taken}) == len(taken)
    assert all(weights[pair] > 0 for pair in taken)
    assert sum(weights[pair] for pair in taken) == pytest.approx(best_sum(weights))


@given(WEIGHTS)
def test_sparse_and_dense_are_worth_the_same(weights: np.ndarray) -> None:
    pairs = {(row, column): float(weight) for (row, column), weight in np.ndenumerate(weights)}
    found = sparse_assignment(pairs)
    assert len(set(found.values())) == len(found)
    assert sum(pairs[pair] for pair in found.items()) == pytest.approx(best_sum(weights))


def test_greedy_choice_is_not_enough() -> None:
    assert optimal_assignment(np.array([[9.0, 8.0], [8.0, 1.0]])) == (1, 0)


def test_pairs_of_no_weight_are_not_taken() -> None:
    assert optimal_assignment(np.array([[0.0, -1.0], [np.nan, 2.0]])) == (-1, 1)


@pytest.mark.parametrize(("shape", "found"), [((0, 3), ()), ((2, 0), (-1, -1)), ((0, 0), ())])
def test_nothing_to_assign(shape: tuple[int, int], found: tuple[int, ...]) -> None:
    assert optimal_assignment(np.zeros(shape)) == found


def test_infinite_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="infinite"):
        optimal_assignment(np.array([[np.inf]]))


def test_groups_of_a_large_sparse_problem_are_solved_apart() -> None:
    size = 20_000
    pairs = {(row, row): 1.0 for row in range(size)} | {(row, row ^ 1): 2.0 for row in range(size)}
    assert sparse_assignment(pairs) == {row: row ^ 1 for row in range(size)}


def test_a_dense_problem_of_several_hundred_columns() -> None:
    order = np.random.default_rng(1).permutation(400)
    weights = np.random.default_rng(2).random((400, 400))
    weights[np.arange(400), order] += 1.0
    assert optimal_assignment(weights) == tuple(order)
