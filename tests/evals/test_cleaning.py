"""Suite cleaning: what it writes, its scores against a plain count, and that no truth is read."""

import csv
import html
import random
import re
from pathlib import Path

import pytest

from evals.cleaning.generated_errors import ALL_KINDS, damage, generated
from evals.cleaning.generated_tables import DOMAINS
from evals.cleaning.scoring import mark, score_marks
from evals.cleaning.suite import Cleaning
from evals.cleaning.tables import changed, from_columns, read_cells, read_grid, write_grid
from evals.runner import run_suite
from state.errors import SetupError, StepError

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "cleaning"


def folder(place: Path, *, clean: bool = True) -> Path:
    made = generated("clinics", 300, 0.05, ALL_KINDS, 9)
    place.mkdir()
    write_grid(from_columns(made.dirty), place / "dirty.csv")
    if clean:
        write_grid(from_columns(made.clean), place / "clean.csv")
    return place


def by_the_protocol(place: Path, out: Path) -> dict[str, float]:
    """Count precision, recall and F1 of repair and detection cell by cell, as the literature's protocol says."""

    def cells(path: Path) -> list[list[str]]:
        with path.open(newline="") as stream:
            rows = list(csv.reader(stream))[1:]
        return [[re.sub(r"[\t\n\r ]+", " ", html.unescape(text)).strip() for text in row] for row in rows]

    dirty, repaired, clean = cells(place / "dirty.csv"), cells(out / "repaired.csv"), cells(place / "clean.csv")
    names = list(read_grid(place / "dirty.csv").header)
    spots = [(row, column) for row in range(len(dirty)) for column in range(len(names))]
    wrong = {(row, column) for row, column in spots if dirty[row][column] != clean[row][column]}
    altered = {(row, column) for row, column in spots if dirty[row][column] != repaired[row][column]}
    right = {(row, column) for row, column in altered & wrong if repaired[row][column] == clean[row][column]}
    told = {(row, names.index(name)) for row, name in read_cells(out / "detected.csv")}

    def f1(hits: int, given: int) -> float:
        precision, recall = hits / given, hits / len(wrong)
        return 2 * precision * recall / (precision + recall)

    return {
        "repair precision": len(right) / len(altered),
        "repair recall": len(right) / len(wrong),
        "repair F1": f1(len(right), len(altered)),
        "detection F1": f1(len(told & wrong), len(told)),
    }


def test_the_scores_are_those_of_the_protocol(tmp_path: Path) -> None:
    place = folder(tmp_path / "table")
    result = run_suite(Cleaning(), data=place, contract=None, out=tmp_path / "out")
    scores = {score.name: score.value for score in result.results[0].scores}
    expected = by_the_protocol(place, tmp_path / "out" / "table")
    assert {name: scores[name] for name in expected} == pytest.approx(expected)
    assert all(score.low <= score.value <= score.high for score in result.results[0].scores)


def test_the_answer_has_the_rows_and_columns_of_the_table(tmp_path: Path) -> None:
    place = folder(tmp_path / "table")
    run_suite(Cleaning(), data=tmp_path, contract=None, out=tmp_path / "out")
    dirty, repaired = read_grid(place / "dirty.csv"), read_grid(tmp_path / "out" / "table" / "repaired.csv")
    assert repaired.header == dirty.header
    assert len(repaired.rows) == len(dirty.rows)
    differing = [
        (row, name)
        for row, (before, after) in enumerate(zip(dirty.rows, repaired.rows, strict=True))
        for name, one, other in zip(dirty.header, before, after, strict=True)
        if one.split() != other.split()
    ]
    assert set(differing) <= set(read_cells(tmp_path / "out" / "table" / "detected.csv"))


def test_no_truth_is_read_before_the_answer(tmp_path: Path) -> None:
    suite, (one, other) = Cleaning(), (tmp_path / "with", tmp_path / "without")
    folder(one)
    folder(other, clean=False)
    for place, out in ((one, tmp_path / "a"), (other, tmp_path / "b")):
        out.mkdir()
        suite.solve(suite.tasks(place, None)[0], out)
    assert (tmp_path / "a" / "repaired.csv").read_bytes() == (tmp_path / "b" / "repaired.csv").read_bytes()
    assert suite.score(suite.tasks(other, None)[0], tmp_path / "b")[0] == ()


def test_every_way_to_decide_is_compared(tmp_path: Path) -> None:
    folder(tmp_path / "table")
    result = run_suite(Cleaning(), data=tmp_path, contract=None, out=tmp_path / "out")
    names = " ".join(score.name for score in result.scores)
    for way in ("weighted vote", "any vote", "two votes", "without the council", "best single specialist"):
        assert f"repair F1 by {way}" in names


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"no dirty\.csv"):
        Cleaning().tasks(tmp_path, None)


def test_tables_of_different_shapes_are_not_scored() -> None:
    one, other = from_columns({"a": ["1", "2"]}), from_columns({"a": ["1"]})
    with pytest.raises(StepError, match="shapes differ"):
        mark(one, one, other, ())


def test_nothing_to_do_and_nothing_done_is_perfect() -> None:
    grid = from_columns({"a": ["1", "2"]})
    assert {score.value for score in score_marks(mark(grid, grid, grid, ()))} == {1.0}
    worse = changed(grid, {(0, "a"): "x"})
    repair = {score.name: score.value for score in score_marks(mark(grid, worse, grid, ()))}
    assert repair["repair precision"] == 0.0


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_damage_is_repeatable_and_of_the_rate_asked_for(domain: str) -> None:
    first, again = (generated(domain, 200, 0.05, ALL_KINDS[:-1], 4) for _ in range(2))
    assert first == again
    wrong = sum(a != b for name in first.clean for a, b in zip(first.clean[name], first.dirty[name], strict=True))
    assert wrong == pytest.approx(0.05 * 200 * len(first.clean), rel=0.2)


def test_unknown_kinds_of_errors_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown kinds"):
        damage(DOMAINS["orders"](random.Random(1), 10), 0.1, ("rust",), 1)  # noqa: S311


@pytest.mark.shared_data
@pytest.mark.parametrize(("table", "least"), [("hospital", 0.90), ("flights", 0.66), ("beers", 0.95)])
def test_the_public_tables_reach_their_bars(table: str, least: float, tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared data is missing")
    contract = Path(__file__).parents[2] / "evals" / "cleaning" / "beers.odcs.yaml" if table == "beers" else None
    result = run_suite(Cleaning(), data=SHARED / table, contract=contract, out=tmp_path)
    scores = {score.name: score.value for score in result.results[0].scores}
    assert scores["repair F1"] >= least
