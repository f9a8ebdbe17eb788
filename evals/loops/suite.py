"""The suite `loops`: whether the detector sees the loops that are there, and keeps quiet where there are none."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from algorithms.meta_reasoning.assess import assess
from evals.loops.traces import HELD_OUT, KINDS, write_trace
from evals.protocol import About, Score, Task, TaskResult
from tools.files import write_durably

SEEDS = 40
_TASKS = {"building": frozenset(KINDS) - HELD_OUT, "held_out": HELD_OUT}


class Loops:
    """Traces drawn from seeds, judged after every step as a worker's would be."""

    name = "loops"
    description = "loop detection on labelled traces of reasoning: circular, near-circular, legitimate"
    about = About(
        tasks="traces that were looked at, traces held out",
        data="none",
        scorers="precision and recall (Wilson)",
        time="10 s",
    )

    def __init__(self, seeds: int = SEEDS) -> None:
        self._seeds = seeds

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  the suite's shape
        """Return one task for the kinds used while building, one for those held out."""
        return [Task(task_id=name, inputs={}) for name in _TASKS]

    def solve(self, task: Task, out: Path) -> None:
        """Write for every trace the step at which the alarm was raised; null where it was not."""
        alarms = {
            trace.trace_id: next(
                (at for at in range(1, len(trace.steps) + 1) if assess(trace.steps[:at]).looping), None
            )
            for kind in sorted(_TASKS[task.task_id])
            for trace in (write_trace(kind, seed) for seed in range(self._seeds))
        }
        write_durably(out / "alarms.json", json.dumps(alarms, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return precision and recall of the alarms, and the traces that were judged wrongly."""
        alarms = json.loads((out / "alarms.json").read_text())
        loops = {trace: KINDS[trace.rpartition("/")[0]][0].loops for trace in alarms}
        raised = [trace for trace, at in alarms.items() if at is not None]
        right = sum(loops[trace] for trace in raised)
        missed = sorted(trace for trace, looping in loops.items() if looping and alarms[trace] is None)
        false = sorted(f"{trace} at step {alarms[trace]}" for trace in raised if not loops[trace])
        scores = (
            _share(f"precision, {task.task_id}", right, len(raised)),
            _share(f"recall, {task.task_id}", right, sum(loops.values())),
        )
        return scores, {"missed loops": missed, "false alarms": false}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of both groups of kinds."""
        return tuple(score for result in results for score in result.scores)


def _share(name: str, count: int, total: int) -> Score:
    low, high = wilson(count, total)
    return Score(name=name, value=count / total if total else 0.0, low=low, high=high, n=total, interval="Wilson 95 %")
