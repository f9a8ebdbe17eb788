"""The suite `operation-faults`: how soon faults are seen, how they are met, when they are over, and false alarms.

Times are multiples of the interval between two checks. Agents are simulated on a simulated clock for the times, and put
into real runs for what is published; services are real and are really stopped.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from algorithms.intervals import bootstrap_mean, wilson
from evals.operation_faults.crowd import Ails
from evals.operation_faults.runs import FAULTS, disturb, undisturbed
from evals.operation_faults.simulation import QUIET_CHECKS, play, quiet
from evals.operation_faults.visibility import Shown
from evals.protocol import About, Score, Task, TaskResult
from tools.files import write_durably

QUIET: Final = "quiet hour"
_SIMULATED = {each.value: each for each in Ails}
_IN_TIME = 2.0  # intervals


class OperationFaults:
    """Faults of agents and services, and an hour without any."""

    name = "operation-faults"
    description = "faults of agents and services: detection, handling, recovery, and false alarms over a quiet hour"
    about = About(
        tasks="nine faults and a quiet hour",
        data="none; needs PostgreSQL and Redis, which it starts and stops",
        scorers="seen within two checks, back, on record, in report and alert, same bytes, false alarms (Wilson)",
        time="half a minute a seed",
    )

    def __init__(self, seeds: int = 5, checks: int = QUIET_CHECKS) -> None:
        self.seeds, self._checks = seeds, checks

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  the suite's shape
        """Return one task for each fault, and the quiet hour."""
        return [Task(task_id=name, inputs={}) for name in (*FAULTS, QUIET)]

    def solve(self, task: Task, out: Path) -> None:
        """Play the fault: simulated for each seed, and in a run."""
        answer: dict[str, Any] = {}
        if task.task_id == QUIET:
            hours = [quiet(out / f"quiet-{seed}", seed, self._checks) for seed in range(self.seeds)]
            answer["quiet"] = [each.model_dump(mode="json") for each in hours]
        else:
            if task.task_id in _SIMULATED:
                ails = _SIMULATED[task.task_id]
                seen = [play(ails, out / f"crowd-{seed}", seed) for seed in range(self.seeds)]
                answer["simulated"] = [each.model_dump(mode="json") for each in seen]
            answer["run"] = disturb(task.task_id, out / "run", undisturbed(out / "plain")).model_dump(mode="json")
        write_durably(out / "answer.json", json.dumps(answer, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:  # noqa: ARG002  the suite's shape
        """Return how soon it was seen and over, and whether the run lost anything."""
        answer = json.loads((out / "answer.json").read_text(encoding="utf-8"))
        scores: list[Score] = []
        if "quiet" in answer:
            checks = sum(each["checks"] for each in answer["quiet"])
            scores.append(_share("false alarms a check", sum(each["taken_out"] for each in answer["quiet"]), checks))
            scores.append(
                _share("outvoted complaints a check", sum(each["suspected"] for each in answer["quiet"]), checks)
            )
        if "simulated" in answer:
            scores += _times(answer["simulated"])
        if "run" in answer:
            run = answer["run"]
            whole = run["same"] and run["end"] == "published"
            scores.append(_share("runs that publish the same bytes", int(whole), 1))
            if "simulated" not in answer:
                scores.append(_share("visible in report and alert", int(_everywhere(run)), 1))
            if run["detected"] is not None and "simulated" not in answer:
                scores.append(_mean("detection", [run["detected"]]))
        return tuple(scores), answer

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the figures of all faults together."""
        seen = [each for result in results for each in result.details.get("simulated", ())]
        runs = [result.details["run"] for result in results if "run" in result.details]
        served = [r.details["run"] for r in results if "run" in r.details and r.task_id not in _SIMULATED]
        services = [each["detected"] for each in served]
        hours = [each for result in results for each in result.details.get("quiet", ())]
        in_time = sum(each["detected"] is not None and each["detected"] <= _IN_TIME for each in seen)
        in_time += sum(each is not None and each <= _IN_TIME for each in services)
        checks = sum(each["checks"] for each in hours)
        whole = sum(each["same"] and each["end"] == "published" for each in runs)
        return (
            _share("detected within two intervals", in_time, len(seen) + len(services)),
            _share("recovered and on record", sum(each["on_record"] for each in seen), len(seen)),
            _share(
                "visible in report and alert", sum(_everywhere(each) for each in (*seen, *served)), len(seen + served)
            ),
            _share("others taken out with it", sum(each["others"] > 0 for each in seen), len(seen)),
            _share("runs that publish the same bytes", whole, len(runs)),
            _share("false alarms a check", sum(each["taken_out"] for each in hours), checks),
        )


def _times(seen: Sequence[dict[str, Any]]) -> list[Score]:
    detected = [each["detected"] for each in seen if each["detected"] is not None]
    recovered = [each["recovered"] for each in seen if each["recovered"] is not None]
    in_time = sum(each <= _IN_TIME for each in detected)
    return [
        _share("detected within two intervals", in_time, len(seen)),
        _mean("detection", detected),
        _mean("recovery after its end", recovered),
        _share("recovered and on record", sum(each["on_record"] for each in seen), len(seen)),
        _share("visible in report and alert", sum(map(_everywhere, seen)), len(seen)),
        _share("alerts that end with the fault", sum(each["alert_ended"] for each in seen), len(seen)),
    ]


def _everywhere(seen: dict[str, Any]) -> bool:
    return seen["shown"] is not None and Shown.model_validate(seen["shown"]).everywhere


def _mean(name: str, values: Sequence[float]) -> Score:
    low, high = bootstrap_mean([[each] for each in values])
    mean = sum(values) / len(values) if values else 0.0
    return Score(name=name, value=mean, low=low, high=high, n=len(values), interval="bootstrap 95 %", unit="intervals")


def _share(name: str, count: int, total: int) -> Score:
    low, high = wilson(count, total)
    return Score(name=name, value=count / total if total else 0.0, low=low, high=high, n=total, interval="Wilson 95 %")
