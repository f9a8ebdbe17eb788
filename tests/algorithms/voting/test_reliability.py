import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from algorithms.voting.reliability import (
    ABSTAINS,
    dawid_skene,
    discount,
    factorise,
    one_coin,
    reliabilities,
    weight,
)

Ints = NDArray[np.int64]


def simulated(accuracies: list[float], classes: int, items: int, *, abstain: float = 0.0) -> tuple[Ints, Ints]:
    """Truth and votes of independent voters whose errors are spread evenly."""
    draw = np.random.default_rng(7)
    truth = draw.integers(0, classes, items)
    shape = (items, len(accuracies))
    wrong = (truth[:, None] + draw.integers(1, classes, shape)) % classes
    votes = np.where(draw.random(shape) < np.array(accuracies), truth[:, None], wrong)
    votes[draw.random(shape) < abstain] = ABSTAINS
    return truth, votes


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("abstain", [0.0, 0.4])
def test_reliabilities_are_found_without_truth(classes: int, abstain: float) -> None:
    accuracies = [0.9, 0.8, 0.7, 0.6, 0.85]
    truth, votes = simulated(accuracies, classes, 20_000, abstain=abstain)
    for found in (dawid_skene(votes, classes), one_coin(votes, classes)):
        assert found.converged
        assert found.accuracy == pytest.approx(accuracies, abs=0.03)
        majority = np.array([np.bincount(row[row >= 0], minlength=classes).argmax() for row in votes[:2_000]])
        assert np.mean(found.decisions[:2_000] == truth[:2_000]) >= np.mean(majority == truth[:2_000])


def test_confusions_that_are_no_even_errors_are_found() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 3, 30_000)
    matrix = np.array([[0.9, 0.1, 0.0], [0.0, 0.6, 0.4], [0.05, 0.05, 0.9]])
    votes = np.stack(
        [(draw.random(len(truth))[:, None] > matrix[truth].cumsum(axis=1)).sum(axis=1) for _ in range(4)], axis=1
    )
    found = dawid_skene(votes, 3)
    assert np.abs(found.confusion - matrix).max() < 0.03
    assert found.prevalence == pytest.approx([1 / 3] * 3, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_items_and_of_voters_changes_nothing(seed: int) -> None:
    _, votes = simulated([0.9, 0.7, 0.6, 0.8], 3, 200, abstain=0.2)
    draw = np.random.default_rng(seed)
    items, voters = draw.permutation(len(votes)), draw.permutation(4)
    mixed = votes[items][:, voters]
    for learn in (lambda given: dawid_skene(given, 3), lambda given: one_coin(given, 3)):
        before, after = learn(votes), learn(mixed)
        assert after.accuracy == pytest.approx(before.accuracy[voters], abs=1e-6)
        assert (after.decisions == before.decisions[items]).mean() > 0.99  # ties but for rounding


def test_distinct_rows_count_as_often_as_they_occur() -> None:
    _, votes = simulated([0.9, 0.7, 0.6], 2, 300)
    once, thrice = one_coin(votes, 2, right=np.full(3, 8.0), wrong=np.full(3, 2.0)), np.tile(votes, (3, 1))
    again = one_coin(thrice, 2, right=np.full(3, 24.0), wrong=np.full(3, 6.0))
    assert again.accuracy == pytest.approx(once.accuracy, abs=1e-6)
    assert again.decisions[:300].tolist() == once.decisions.tolist()


def test_many_voters_and_classes_need_no_code_of_a_row() -> None:
    truth, votes = simulated([0.7] * 40, 9, 500)
    assert np.mean(dawid_skene(votes, 9).decisions == truth) > 0.99
    assert np.mean(one_coin(votes, 9).decisions == truth) > 0.99


def test_open_labels_are_weighed_by_how_many_there_are() -> None:
    """Two weak voters that agree outweigh a stronger one where chance agreement is unlikely."""
    votes = np.array([[0, 1, 1], [0, 1, 1]])
    right, wrong = np.array([8.0, 6.0, 6.0]), np.array([2.0, 4.0, 4.0])
    found = one_coin(votes, np.array([2, 1_000]), right=right, wrong=wrong, fixed=True)
    assert found.decisions.tolist() == [0, 1]
    p, q = 0.8 / 0.2 * 999, (0.6 / 0.4 * 999) ** 2
    assert found.confidence[1] == pytest.approx(q / (p + q + 998))


def test_labels_are_factorised_by_name_not_by_arrival() -> None:
    votes, names = factorise([["b", None, "a"], [None, None, None], ["c", "c", "c"]])
    assert votes.tolist() == [[1, -1, 0], [-1, -1, -1], [0, 0, 0]]
    assert names == [["a", "b"], [], ["c"]]
    found = one_coin(votes, 10)
    assert found.decisions.tolist()[1:] == [ABSTAINS, 0]
    assert found.confidence[1] == 0


def test_no_items_and_no_votes_are_no_error() -> None:
    empty = np.zeros((0, 3), dtype=np.int64)
    assert len(dawid_skene(empty, 2).decisions) == len(one_coin(empty, 2).decisions) == 0
    silent = np.full((4, 3), ABSTAINS)
    assert dawid_skene(silent, 2).posterior == pytest.approx(np.full((4, 2), 0.5))
    assert one_coin(silent, 2).decisions.tolist() == [ABSTAINS] * 4


def test_votes_out_of_range_are_refused() -> None:
    for learn in (lambda votes: dawid_skene(votes, 2), lambda votes: one_coin(votes, 2)):
        with pytest.raises(ValueError, match="votes are"):
            learn(np.array([[-2, 0]]))
    with pytest.raises(ValueError, match="votes are"):
        dawid_skene(np.array([[2, 0]]), 2)
    with pytest.raises(ValueError, match="labels"):
        one_coin(np.array([[0, 0]]), 1)


def test_a_clone_counts_for_a_bit() -> None:
    """Three good voters against one weak voter and its two clones: without the discount the clones carry the day."""
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 2, 4_000)
    good = np.where(draw.random((4_000, 3)) < 0.75, truth[:, None], 1 - truth[:, None])
    weak = np.where(draw.random(4_000) < 0.6, truth, 1 - truth)
    votes = np.column_stack([good, weak, weak, weak])
    told = one_coin(votes, 2, groups=[(3, 4, 5)])
    blind = one_coin(votes, 2)
    assert np.mean(told.decisions == truth) > np.mean(blind.decisions == truth) + 0.1
    assert told.accuracy[3] == pytest.approx(0.6, abs=0.05)


@given(st.integers(1, 9), st.floats(0, 1))
def test_correlated_voters_count_between_one_and_all(members: int, correlation: float) -> None:
    factors = discount(np.zeros((1, members), dtype=np.int64), [tuple(range(members))], correlation)
    assert 1 - 1e-9 <= factors.sum() <= min(members, 1 / max(correlation, 1e-9)) + 1e-9


def test_who_abstains_discounts_nobody() -> None:
    assert discount(np.array([[0, ABSTAINS], [0, 0]]), [(0, 1)], 0.8).tolist() == [[1, 1], [1 / 1.8, 1 / 1.8]]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=5))
def test_reliabilities_lie_between_own_share_and_that_of_all(outcomes: list[tuple[int, int]]) -> None:
    pooled = (sum(right for right, _ in outcomes) + 1) / (sum(map(sum, outcomes)) + 2)
    for (right, wrong), found in zip(outcomes, reliabilities(outcomes), strict=True):
        own = right / (right + wrong) if right + wrong else pooled
        assert min(own, pooled) - 1e-9 <= found.mean <= max(own, pooled) + 1e-9
        assert found.deviation <= math.sqrt(found.mean * (1 - found.mean) / 10)


def test_weights_are_log_odds_and_never_negative() -> None:
    found = weight(np.array([0.9, 0.5, 0.2, 1.0]), 2)
    assert found.tolist()[:3] == pytest.approx([math.log(9), 0, 0])
    assert np.isfinite(found).all()
    assert weight(np.array([0.5]), 11)[0] == pytest.approx(math.log(10))
