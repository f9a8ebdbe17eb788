"""The study of the planner's choice: its folders are the same from a seed, its figures are of what was done."""

from pathlib import Path

import pytest

from evals.plan_choice import PlanChoice, spearman
from evals.plan_choice_data import write_folder


def test_a_seed_gives_the_same_folder(tmp_path: Path) -> None:
    first, again = (write_folder(tmp_path / name, 4, 300) for name in ("a", "b"))
    files = [sorted(Path(each.sources).iterdir()) for each in (first, again)]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert write_folder(tmp_path / "c", 5, 300).mess != first.mess


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, 10), (2, 20), (3, 30)], 1.0),
        ([(1, 3), (2, 2), (3, 1)], -1.0),
        ([(1, 1), (1, 2)], 0.0),
        ([(1, 1), (2, 2), (2, 3), (3, 4)], 0.9486832980505138),
    ],
)
def test_rank_correlation(pairs: list[tuple[float, float]], expected: float) -> None:
    assert spearman(pairs) == pytest.approx(expected)


def test_the_suite_compares_what_was_delivered(tmp_path: Path) -> None:
    suite = PlanChoice(rows=400, folders=3, rounds=1)
    (task,) = suite.tasks(None, None)
    suite.solve(task, tmp_path)
    scores, details = suite.score(task, tmp_path)
    found = {score.name: score for score in scores}
    assert found["ways chosen"].value >= len(("unify", "read", "resolve", "conform", "repair", "merge", "validate"))
    assert found["steps of always more than chosen"].value > 0
    assert found["rows published by always fewer than chosen"].value == 0
    assert details["the same bytes"] == [f"{name}: 3 of 3 folders" for name in ("chosen", "commonest", "always")]
    assert not (tmp_path / "work").exists()
