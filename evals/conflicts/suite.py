"""The suite `conflicts`: rulings on drawn conflicts, `auto` against the best fixed way, remedies, a run end to end."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import bootstrap_mean, wilson
from evals.conflicts.playing import UNTAUGHT, Played, play
from evals.conflicts.remedies import remedy_faults
from evals.conflicts.run import faults_of, run_job
from evals.protocol import About, Score, Task, TaskResult
from state.conflicts import AUTO
from tools.files import write_durably

_CASES = 800
_MOST_TOLD = 20
_RUNS = ((AUTO, 1), (AUTO, 2), ("negotiation", 1), ("game_theory", 1))

Found = dict[str, Any]


class Conflicts:
    """Is every ruling as it must be, and does learning which way settles best cost anything."""

    name = "conflicts"
    description = "conflicts: rulings Pareto-optimal and rational, auto against the best fixed way, remedies, a run"
    about = About(
        tasks="drawn conflicts, drawn bad rows, four runs",
        data="none",
        scorers="share of right rulings (Wilson), quality by way and paired gain (bootstrap)",
        time="1 min",
    )

    def __init__(self, cases: int = _CASES) -> None:
        self._cases = cases

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own cases
        """Return the tasks: drawn conflicts, drawn bad rows, runs."""
        return [Task(task_id=name, inputs={}) for name in ("drawn conflicts", "bad rows", "runs")]

    def solve(self, task: Task, out: Path) -> None:
        """Write what was ruled and what came of it."""
        if task.task_id == "drawn conflicts":
            found: Found = {name: [each._asdict() for each in played] for name, played in play(self._cases).items()}
        elif task.task_id == "bad rows":
            found = {str(seed): remedy_faults(seed) for seed in range(self._cases)}
        else:
            found = {f"{way} {number}": faults_of(run_job(out, way, number)) for way, number in _RUNS}
        write_durably(out / "found.json", json.dumps(found, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of rulings that are as they must be, and of the drawn conflicts the quality by way."""
        found = json.loads((out / "found.json").read_text(encoding="utf-8"))
        if task.task_id != "drawn conflicts":
            wrong = [f"{name}: {'; '.join(faults)}" for name, faults in found.items() if faults]
            return (_share(task.task_id, len(found) - len(wrong), len(found)),), {"told": wrong[:_MOST_TOLD]}
        played = {name: [Played(**each) for each in rulings] for name, rulings in found.items()}
        every = [each for rulings in played.values() for each in rulings]
        wrong = [f"{each.family}: {each.fault}" for each in every if each.fault]
        right = _share("rulings Pareto-optimal and, where possible, rational", len(every) - len(wrong), len(every))
        qualities = [_quality(f"quality of {name}", rulings) for name, rulings in played.items()]
        return (right, *qualities, _against_best(played)), {"told": wrong[:_MOST_TOLD], "families": _families(played)}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return all scores."""
        return tuple(score for result in results for score in result.scores)


def _quality(name: str, played: Sequence[Played]) -> Score:
    values = [each.outcome for each in played]
    low, high = bootstrap_mean([[value] for value in values])
    mean = sum(values) / len(values)
    return Score(name=name, value=mean, low=low, high=high, n=len(values), interval="bootstrap 95 %", unit="quality")


def _against_best(played: dict[str, list[Played]]) -> Score:
    """Return by how much `auto` is better than the fixed way that turned out best on these very conflicts."""
    fixed = {name: rulings for name, rulings in played.items() if name not in (AUTO, UNTAUGHT)}
    best = max(fixed, key=lambda name: sum(each.outcome for each in fixed[name]))
    gains = [one.outcome - other.outcome for one, other in zip(played[AUTO], fixed[best], strict=True)]
    low, high = bootstrap_mean([[gain] for gain in gains])
    name, mean = f"auto minus the best fixed way ({best})", sum(gains) / len(gains)
    return Score(name=name, value=mean, low=low, high=high, n=len(gains), interval="bootstrap 95 %", unit="quality")


def _families(played: dict[str, list[Played]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, rulings in played.items():
        for family in dict.fromkeys(each.family for each in rulings):
            values = [each.outcome for each in rulings if each.family == family]
            found.setdefault(family, {})[name] = round(sum(values) / len(values), 4)
    return found


def _share(name: str, right: int, asked: int) -> Score:
    low, high = wilson(right, asked)
    return Score(name=name, value=right / asked if asked else 0.0, low=low, high=high, n=asked, interval="Wilson 95 %")
