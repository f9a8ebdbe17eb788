"""A suite run as a program, so that its tasks can be processes: `pooled_suite.py OUT WORKERS [kill | crash]`.

Every solving is noted in OUT/acts. With `kill` the third task ends its process the first time; with `crash` always.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.protocol import About, Score, Task, TaskResult
from evals.runner import Running, run_suite
from state.errors import StepError

CRASH = "crash"


class Pooled:
    name = "pooled"
    description = "four tasks"
    about = About(tasks="", data="", scorers="", time="")

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        return tuple(Task(task_id=name, inputs={}) for name in ("one", "two", "three", "four"))

    def solve(self, task: Task, out: Path) -> None:
        with (out.parent / "acts").open("a") as acts:
            acts.write(f"{task.task_id}\n")
        died = out / "died"
        if task.task_id == "three" and (self.mode == CRASH or (self.mode == "kill" and not died.exists())):
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if task.task_id == "four":
            raise StepError("four never works")
        (out / "answer").write_text(str(os.getpid()))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        return (), {"pid": (out / "answer").read_text()}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        return ()


if __name__ == "__main__":
    place, workers, *mode = sys.argv[1:]
    suite = Pooled(mode[0] if mode else "")
    run_suite(suite, data=None, contract=None, out=Path(place), running=Running(workers=int(workers)))
