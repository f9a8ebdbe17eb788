"""The suite `mapping` on pairs that the test makes: same answers for all, no truth before the answer."""

import json
from pathlib import Path

import pytest

from evals.mapping.domains import DOMAINS, columns_of
from evals.mapping.generated import KINDS, RELATIONS, make_pair, make_pairs, write_pair
from evals.mapping.suite import Counts, MappingSuite
from evals.runner import run_suite
from state.errors import SetupError


def test_pairs_are_written_scored_and_summed_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for domain, relation, kind in (("trees", "unionable", "hidden"), ("staff", "joinable", "noisy")):
        write_pair(make_pair(domain, relation, kind, 5), data / f"{domain}_{relation}")
    suite = MappingSuite()
    suite.seeds = 0
    result = run_suite(suite, data=data, contract=None, out=tmp_path / "out")
    assert [task.task_id for task in result.results] == ["staff_joinable", "trees_unionable"]
    assert all(task.solved for task in result.results)
    assert all([score.name for score in task.scores] == ["precision", "recall", "F1"] for task in result.results)
    scores = {score.name: score.value for score in result.scores}
    council = scores["given pairs: F1, weighted vote"]
    assert council >= 0.9
    assert council > scores["given pairs: F1, majority"]
    worst = {name: value for name, value in scores.items() if "worst liar" in name}
    assert len(worst) == 3
    assert next(value for name, value in worst.items() if name.endswith("deputies and control questions")) == council
    assert next(value for name, value in worst.items() if name.endswith("counted as it is")) < council


def test_the_answer_is_written_without_a_truth(tmp_path: Path) -> None:
    pair = make_pair("energy", "view_unionable", "clean", 3)
    write_pair(pair, tmp_path / "data" / "one")
    (tmp_path / "data" / "one" / "truth.json").unlink()
    suite = MappingSuite()
    suite.seeds = 0
    result = run_suite(suite, data=tmp_path / "data", contract=None, out=tmp_path / "out")
    answer = json.loads((tmp_path / "out" / "one" / "matches.json").read_text())
    assert {tuple(match) for match in answer["matches"]} == set(pair.matches)
    assert result.results[0].details == {"no truth": [str(tmp_path / "data" / "one" / "truth.json")]}
    assert result.scores == ()


def test_without_a_pair_there_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no folder holds"):
        MappingSuite().tasks(tmp_path, None)
    with pytest.raises(SetupError, match="tables to tables"):
        MappingSuite().tasks(None, tmp_path)


def test_the_same_seed_makes_the_same_pairs_and_another_seed_others() -> None:
    first = make_pairs(7)
    assert first == make_pairs(7)
    assert len(first) == len(DOMAINS) * len(RELATIONS) * len(KINDS)
    assert len({pair.name for pair in first}) == len(first)
    assert make_pair("rooms", "joinable", "clean", 1) != make_pair("rooms", "joinable", "clean", 2)


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_truth_names_columns_of_both_sides_once(relation: str) -> None:
    for kind in KINDS:
        pair = make_pair("library", relation, kind, 11)
        sources, targets = zip(*pair.matches, strict=True)
        assert set(sources) <= set(pair.source[0])
        assert set(targets) <= set(pair.target[0])
        assert len(set(pair.target[0])) == len(pair.target[0])
        assert len(set(sources)) == len(sources)
        assert set(pair.source[0]) <= set(columns_of("library"))


def test_counts_of_nothing_are_no_division() -> None:
    assert (Counts(0, 0, 0).f1, Counts(0, 0, 0).precision, Counts(0, 0, 0).recall) == (1.0, 1.0, 1.0)
    assert Counts(1, 2, 4).f1 == pytest.approx(1 / 3)
