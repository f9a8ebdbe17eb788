"""The suite `loops`: traces are labelled and repeatable, and the detector holds on kinds that were held out."""

from pathlib import Path

from evals.loops.suite import Loops
from evals.loops.traces import HELD_OUT, KINDS, write_trace
from evals.runner import run_suite


def test_traces_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    for kind in KINDS:
        assert write_trace(kind, 1) == write_trace(kind, 1)
    assert write_trace("healthy", 1) != write_trace("healthy", 2)
    assert {KINDS[kind][0].loops for kind in HELD_OUT} == {True, False}


def test_precision_and_recall_are_told_with_their_intervals(tmp_path: Path) -> None:
    result = run_suite(Loops(seeds=4), data=None, contract=None, out=tmp_path)
    scores = {score.name: score for score in result.scores}
    assert set(scores) == {f"{what}, {group}" for what in ("precision", "recall") for group in ("building", "held_out")}
    assert all(score.value >= 0.95 and score.low < score.value for score in scores.values())
