"""Blocks: the run of rows whose scores add up to most, in each file."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from algorithms.diagnosis.blocks import best_block, best_end, blocks, is_scattered

SCORES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30)


@given(SCORES)
def test_the_best_block_is_the_best_of_all(scores: list[float]) -> None:
    first, last, total = best_block(np.array(scores))
    every = [sum(scores[a:b]) for a in range(len(scores)) for b in range(a + 1, len(scores) + 1)]
    assert total == max(0.0, *every)
    assert sum(scores[first:last]) == total


@given(SCORES)
def test_a_lasting_block_reaches_an_end(scores: list[float]) -> None:
    first, last, total = best_end(np.array(scores))
    every = [sum(scores[:b]) for b in range(1, len(scores) + 1)] + [sum(scores[a:]) for a in range(len(scores))]
    assert total == max(0.0, *every)
    assert total == 0 or first == 0 or last == len(scores)


def test_blocks_keep_to_their_files() -> None:
    scores = np.array([-1.0] * 5 + [3.0] * 5 + [-1.0] * 10)
    file = np.repeat([0, 1], 10)
    inside, total = blocks(scores, file, 10.0)
    assert inside.tolist() == [False] * 5 + [True] * 5 + [False] * 10
    assert total == 15


def test_rows_in_a_run_are_not_scattered() -> None:
    file, run, spread = np.zeros(100, np.int64), np.zeros(100, bool), np.zeros(100, bool)
    run[40:50] = True
    spread[::10] = True
    assert not is_scattered(run, file)
    assert is_scattered(spread, file)
