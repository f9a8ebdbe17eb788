"""The suites `games` and `conflicts`, small: every figure has its interval, and nothing is wrong."""

from pathlib import Path

from evals.conflicts.suite import Conflicts
from evals.games.suite import Games
from evals.protocol import Task
from evals.runner import run_suite


def test_games_are_judged_and_planted_bugs_found(tmp_path: Path) -> None:
    result = run_suite(Games(games=40, cases=10), data=None, contract=None, out=tmp_path)
    scores = {score.name: score for score in result.scores}
    assert all(each.solved for each in result.results)
    assert all(score.value == 1 for score in scores.values() if score.unit == "share")
    assert scores["equilibria of the 6x6 game with 75"].value == 75
    assert scores["largest regret in drawn games"].value == 0


def test_conflicts_are_ruled_and_the_ways_compared(tmp_path: Path) -> None:
    suite, task = Conflicts(cases=40), Task(task_id="drawn conflicts", inputs={})
    suite.solve(task, tmp_path)
    scores, details = suite.score(task, tmp_path)
    assert scores[0].value == 1
    assert details["told"] == []
    (against,) = [score for score in scores if score.name.startswith("auto minus")]
    assert against.low < against.high
    assert against.high >= 0
