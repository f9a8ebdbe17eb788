"""The suite `hub`: every message has its effect once, whoever is killed; how many a second; and a bug that is found."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.hub import within
from evals.hub.processes import Killed, Killing, play
from evals.hub.server import redis_server
from evals.protocol import About, Score, Task, TaskResult

_MESSAGES = 100_000
_MESSAGES_BUG = 3_000
_REDIS, _CALM = "on Redis, consumers killed", "on Redis, nobody killed"
_WITHIN, _BUG = "within one process", "bug: effects without the message's id"


class HubSuite:
    """Is every effect there once, and would we notice if it were not."""

    name = "hub"
    description = "The message hub: effects once on a real Redis whose consumers are killed; messages a second"
    about = About(
        tasks="planted bug, real Redis with killed consumers, rates",
        data="none; needs `redis-server`",
        scorers="share of messages whose effect happened once (Wilson), rate",
        time="minutes",
    )

    def __init__(self, rows: int = _MESSAGES) -> None:
        self._messages = rows

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own
        """Return a task for each hub, one for its pace without kills, and one for the planted bug."""
        return [Task(task_id=name, inputs={}) for name in (_REDIS, _CALM, _WITHIN, _BUG)]

    def solve(self, task: Task, out: Path) -> None:
        """Send, consume, kill; SetupError where there is no Redis."""
        if task.task_id == _WITHIN:
            found = within.play(out, Killing(messages=self._messages))
        else:
            killings = {
                _REDIS: Killing(messages=self._messages),
                _CALM: Killing(messages=max(1, self._messages // 10), every=float("inf"), between=0.0),
                _BUG: Killing(messages=_MESSAGES_BUG, between=0.01, recording=False),
            }
            with redis_server() as url:
                found = play(url, out, killings[task.task_id])
        (out / "found.json").write_text(found.model_dump_json(indent=1), encoding="utf-8")

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of messages with exactly one effect and the pace; of the bug, whether it was found."""
        found = Killed.model_validate_json((out / "found.json").read_text(encoding="utf-8"))
        killed = f"killed at random {found.killed_at_random}, between effect and acknowledgement {found.killed_between}"
        counted = f"{found.sent} messages, {found.effects} effects of {found.messages}, {found.dead} dead letters"
        told = {"told": [counted, killed, f"{found.seconds:.1f} s"]}
        if task.task_id == _BUG:
            return (_share("bug found", int(found.wrong > 0), 1),), told
        pace = found.sent / found.seconds
        name = f"{task.task_id}: messages a second"
        rate = Score(name=name, value=pace, low=pace, high=pace, n=found.sent, interval="one run", unit="count")
        right = max(0, found.sent - found.wrong)
        return (_share(f"{task.task_id}: effects once", right, found.sent), rate), told

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of all tasks."""
        return tuple(score for each in results for score in each.scores)


def _share(name: str, right: int, asked: int) -> Score:
    low, high = wilson(right, asked)
    return Score(name=name, value=right / asked, low=low, high=high, n=asked, interval="Wilson 95 %")
