"""Suite `disturbance`: plans are disturbed while they are carried out, and met in three ways.

Problems are those of a folder (without one, of the package unified-planning) and generated ones. Each is planned; then
facts are changed at moments drawn from a seed, and going on with the old plan, repairing its smallest part and planning
anew from scratch are compared: solved by the independent check, CPU time, and share of the steps left that are kept.
Answer: `trials.json`, one entry for each disturbance.
"""

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from algorithms.intervals import bootstrap_mean, wilson
from algorithms.planning.anytime import Limits, plan
from algorithms.planning.hddl_problem import read_problem
from algorithms.planning.solution import Solution
from evals.planning.flips import Kind, draw
from evals.planning.generated import GENERATORS, Texts
from evals.planning.problems import find_pairs
from evals.planning.trial import CONTINUING, REPAIR, SCRATCH, Trial, meet
from evals.protocol import About, Score, Task, TaskResult
from state.errors import StepError
from tools.files import write_durably

_SIZES: Final = (3, 6, 12)
_SEEDS: Final = (1, 2)
_NODES: Final = 20_000  # for the plan that is disturbed, and for each way to go on
_LONGEST: Final = 400  # steps of a plan that is disturbed
_ROUNDS: Final = 4  # disturbances of each kind
_GENERATED: Final = "generated"
_TRIALS: Final = "trials.json"

Groups = list[list[Trial]]


class Disturbance:
    """The suite."""

    name = "disturbance"
    description = "plans disturbed while carried out: continuing, repair and planning from scratch compared"
    about = About(
        tasks="generated planning problems, and given ones",
        data="none, or a folder of HDDL",
        scorers="shares met by continuing, repair, planning anew; paired times and kept steps (bootstrap by problem)",
        time="minutes",
    )

    def __init__(self) -> None:
        self._trials: Groups = []

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  there is no contract
        """Return one task for each problem."""
        self._trials = []
        made = [
            Task(
                task_id=f"{_GENERATED}/{name}-{size}-{seed}",
                inputs={"domain": name, "size": str(size), "seed": str(seed)},
            )
            for name in GENERATORS
            for size in _SIZES
            for seed in _SEEDS
        ]  # fmt: skip
        found = [
            Task(
                task_id=pair.name.removesuffix(".hddl"),
                inputs={"domain": str(pair.domain), "problem": str(pair.problem)},
            )
            for pair in find_pairs(data.absolute() if data is not None else None)
        ]
        return (*made, *found)

    def solve(self, task: Task, out: Path) -> None:
        """Plan, disturb and meet; StepError where there is no plan, or one that is too long."""
        texts = _texts(task)
        answer = plan(read_problem(*texts), limits=Limits(nodes=_NODES))
        if not isinstance(answer, Solution):
            raise StepError(answer.reason, where=task.task_id)
        if answer.length > _LONGEST:
            raise StepError(f"its plan has {answer.length} steps, more than {_LONGEST}", where=task.task_id)
        trials = list(_trials(texts, answer, task.task_id))
        content = [trial.model_dump(mode="json") for trial in trials]
        write_durably(out / _TRIALS, json.dumps(content, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:  # noqa: ARG002
        """Return how many disturbances each way met."""
        trials = [Trial.model_validate(one) for one in json.loads((out / _TRIALS).read_text())]
        self._trials.append(trials)
        told = [f"{way}: {sum(one.outcomes[way].solved for one in trials)} of {len(trials)}" for way in _WAYS]
        return (), {"solved": told}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:  # noqa: ARG002  the trials say it all
        """Return the shares solved, then repair against scratch in pairs: solved, time and steps kept."""
        groups = self._trials
        hit = [[one for one in group if not one.outcomes[CONTINUING].solved] for group in groups]
        return (
            *(_solved(f"solved by {way}", groups, way) for way in _WAYS),
            *(_solved(f"solved by {way}, where continuing fails", hit, way) for way in (REPAIR, SCRATCH)),
            *_by_kind(hit),
            _mean("solved, repair less scratch, where continuing fails", hit, _gain),
            *_compared("", groups),
            *_compared(", where continuing fails", hit),
        )


_WAYS: Final = (CONTINUING, REPAIR, SCRATCH)


def _texts(task: Task) -> Texts:
    inputs = task.inputs
    if "problem" in inputs:
        domain, problem = (Path(inputs[one]).read_text(encoding="utf-8") for one in ("domain", "problem"))
        return Texts(domain, problem)
    return GENERATORS[inputs["domain"]](int(inputs["size"]), int(inputs["seed"]))


def _trials(texts: Texts, solution: Solution, name: str) -> Iterator[Trial]:
    turn = 0
    for kind in Kind:
        for number in range(_ROUNDS):
            flip = draw(solution, kind, random.Random(f"{name} {kind} {number}"))  # noqa: S311  an experiment
            if flip is not None:
                turn += 1
                yield meet(texts, solution, flip, _NODES, turn=turn)


def _solved(name: str, groups: Groups, way: str) -> Score:
    trials = [one for group in groups for one in group]
    count = sum(one.outcomes[way].solved for one in trials)
    low, high = wilson(count, len(trials))
    share = count / len(trials) if trials else 0.0
    return Score(name=name, value=share, low=low, high=high, n=len(trials), interval="Wilson 95 %")


def _by_kind(groups: Groups) -> Iterator[Score]:
    """Yield the share that repair solves of each kind."""
    for kind in sorted({one.kind for group in groups for one in group}):
        found = [[one for one in group if one.kind == kind] for group in groups]
        yield from (_solved(f"  {kind}: solved by {way}", found, way) for way in (REPAIR, SCRATCH))


def _gain(trial: Trial) -> float:
    return float(trial.outcomes[REPAIR].solved) - float(trial.outcomes[SCRATCH].solved)


def _compared(where: str, groups: Groups) -> tuple[Score, ...]:
    """Compare repair and scratch where both solve: time as geometric mean, and steps kept."""
    both = [[one for one in group if all(one.outcomes[way].solved for way in (REPAIR, SCRATCH))] for group in groups]

    def faster(trial: Trial) -> float:
        return math.log(_time(trial, SCRATCH) / _time(trial, REPAIR))

    logs = _mean(f"repair is faster by{where}", both, faster)
    times = {one: math.exp(getattr(logs, one)) for one in ("value", "low", "high")}
    kept = [[one for one in group if one.outcomes[REPAIR].kept is not None] for group in both]
    return (
        logs.model_copy(update={**times, "unit": "times"}),
        _mean(f"steps kept by repair{where}", kept, lambda one: one.outcomes[REPAIR].kept or 0.0),
        _mean(f"steps kept by scratch{where}", kept, lambda one: one.outcomes[SCRATCH].kept or 0.0),
        _mean(f"milliseconds of repair{where}", both, lambda one: _time(one, REPAIR), "ms"),
        _mean(f"milliseconds of scratch{where}", both, lambda one: _time(one, SCRATCH), "ms"),
    )


def _time(trial: Trial, way: str) -> float:
    return max(trial.outcomes[way].milliseconds, 1e-3)


def _mean(name: str, groups: Groups, figure: Callable[[Trial], float], unit: str = "share") -> Score:
    values = [[figure(one) for one in group] for group in groups]
    flat = [value for group in values for value in group]
    low, high = bootstrap_mean(values)
    mean = math.fsum(flat) / len(flat) if flat else 0.0
    return Score(name=name, value=mean, low=low, high=high, n=len(flat), interval=_INTERVAL, unit=unit)


_INTERVAL: Final = "bootstrap over problems 95 %"
