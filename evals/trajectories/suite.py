"""Suite `trajectories`: the nodes of runs and the tool calls of workers against references, judged by agentevals.

A task plays one scene and passes when its trajectory matches every reference and every planted wrong one is refused.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.protocol import About, Score, Task, TaskResult
from evals.trajectories.matching import matches, planted, references
from evals.trajectories.scenes import SCENES
from state.errors import SetupError, StepError
from tools.files import write_durably

_ANSWER = "trajectory.json"


class Trajectories:
    """The suite."""

    name = "trajectories"
    description = "the nodes a run passes and the tools a worker calls, against reference trajectories"
    about = About(
        tasks=f"{len(SCENES)} scenes: sound and disturbed runs, workers alone",
        data="makes its own; references in `evals/trajectories/references.json`",
        scorers="trajectory match of agentevals (strict, superset, subset); planted wrong trajectories are refused",
        time="10 s",
    )

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for every scene; the suite makes its own data."""
        if data is not None or contract is not None:
            raise SetupError("the suite makes its own data", where="--data, --contract", hint="leave them out")
        return tuple(Task(task_id=scene.replace(" ", "-"), inputs={"scene": scene}) for scene in SCENES)

    def solve(self, task: Task, out: Path) -> None:
        """Play the scene and write the way it went."""
        folder = out / "played"
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        trajectory = SCENES[task.inputs["scene"]](folder)
        write_durably(out / _ANSWER, json.dumps(trajectory, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the shares of references that match and of planted ones that are refused; StepError for less."""
        trajectory = json.loads((out / _ANSWER).read_text(encoding="utf-8"))
        asked = references()[task.inputs["scene"]]
        met = {f"{each.mode}: {each.meaning}": matches(trajectory, each) for each in asked}
        refused = {
            wrong: not all(matches(steps, each) for each in asked)
            for wrong, steps in planted(trajectory, asked).items()
        }
        if failed := [told for told, good in (met | refused).items() if not good]:
            raise StepError(f"does not hold: {'; '.join(failed)}", where=str(out / _ANSWER))
        scores = (_share("references matched", list(met.values())), _share("planted refused", list(refused.values())))
        return scores, {"references": list(met), "planted": list(refused), "steps": trajectory}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the share of scenes that went as the references say."""
        return (_share("scenes that went as they must", [result.solved for result in results]),)


def _share(name: str, held: Sequence[bool]) -> Score:
    low, high = wilson(sum(held), len(held))
    value = sum(held) / len(held) if held else 0.0
    return Score(name=name, value=value, low=low, high=high, n=len(held), interval="Wilson 95 %")
