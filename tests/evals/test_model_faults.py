"""Every decision point with a failing model: a fast part of the suite, and that the suite misses nothing."""

from pathlib import Path
from typing import Any

import pytest

from evals.model_faults.play import Ending, play
from evals.model_faults.points import POINTS, Point
from evals.model_faults.suite import ModelFaults, behaviours
from evals.model_faults.verdict import judge
from evals.model_server import FaultKind
from evals.runner import run_suite

KINDS = list(FaultKind)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_fault_at_any_decision_point_ends_well(point: Point, tmp_path: Path) -> None:
    """Of each point two faults, other ones at each: one at the first request, one at all."""
    place = POINTS.index(point)
    chosen = (f"{KINDS[2 * place]} once", f"{KINDS[2 * place + 1]} always")
    played = {"no model": None, "right": point.right, **{n: b for n, b in behaviours(point) if n in chosen}}
    ended = {}
    for name, behaviour in played.items():
        (tmp_path / name).mkdir()
        ended[name] = play(point, behaviour, tmp_path / name)
    assert ended["right"].sent > 0, "the job does not make the run ask: the test tests nothing"
    assert "model" in ended["right"].decided
    assert (ended["no model"].status == "published") is not point.needed
    for name in chosen:
        verdict = judge(ended[name], ended["no model"], ended["right"])
        assert verdict.holds, f"{name}: {verdict}, {ended[name]}"


SOUND = Ending(
    status="published", problem="", tables={"t": ("a",)}, sent=3, counted=3, decided="expert", fallbacks=("why",),
    actions=(), repeated=(),
)  # fmt: skip
RIGHT = SOUND.model_copy(update={"tables": {"t": ("b",)}, "decided": "model", "fallbacks": ()})


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        ({}, True),
        (RIGHT.model_dump(), True),
        ({"fallbacks": ()}, False),  # silent
        ({"tables": {"t": ("a", "c")}}, False),  # neither what is right nor what no model leads to
        ({"tables": {"t": ("a", "b")}}, True),
        ({"counted": 2}, False),
        ({"repeated": ("conform:t",)}, False),
        ({"status": "failed", "tables": {}}, False),  # no reason
        ({"status": "failed", "tables": {}, "problem": "step failed"}, True),
        ({"status": "failed", "problem": "step failed"}, False),  # published and stopped
    ],
)
def test_what_is_wrong_with_an_ending_is_seen(change: Any, *, sound: bool) -> None:
    assert judge(SOUND.model_copy(update=change), SOUND, RIGHT).holds is sound


def test_a_model_wrong_now_and_then_is_no_worse_than_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = ModelFaults()
    chosen = [task for task in suite.tasks(None, None) if task.task_id in {"expert", "wrong-0.3-1"}]
    monkeypatch.setattr(suite, "tasks", lambda _data, _contract: chosen)
    result = run_suite(suite, data=None, contract=None, out=tmp_path)
    scores = {task.task_id: {score.name: score.value for score in task.scores} for task in result.results}
    assert all(task["contract met, requests counted"] == 1 for task in scores.values())
    assert scores["wrong-0.3-1"]["right"] > scores["expert"]["right"]
