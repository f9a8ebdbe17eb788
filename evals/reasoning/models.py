"""Suite `reasoning-models`: the same faults diagnosed with a chat model that is right, or wrong with some probability.

Every case is brought in once and diagnosed by the expert alone and by a model of each error rate, by the same graph.
The simulated model knows the cause; the product does not, and accepts from it what its own tests bear out.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.model_server import ModelServer
from evals.protocol import About, Better, Score, Task, TaskResult
from evals.reasoning.cases import CaseSpec, bring_in, make_case, task_for
from evals.reasoning.figures import ratio, share
from evals.reasoning.minds import Mind, name_of
from evals.reasoning.solving import Solved, solve
from evals.reasoning.specs import FIRST_SEED, specs_of
from evals.reasoning.suite import kinds_of
from state.diagnosis import Cause
from state.models import ModelSettings
from tools.intake import read_contract

RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
EXPERT = "expert alone"
_MOST_TOLD = 6


class ReasoningModels:
    """The suite; of each kind and seed one case in a domain that was not looked at, or else in one that was."""

    name = "reasoning-models"
    description = "diagnoses with a model that is right, or wrong with probability 0.1 to 0.5, beside the expert's"
    about = About(
        tasks="one a kind of fault, by error rate of the model",
        data="none; `--seeds`; plays the model itself",
        scorers="right causes by who thought (Wilson), paired steps (bootstrap)",
        time="tens of minutes a seed",
    )

    def __init__(self, rates: tuple[float, ...] = RATES) -> None:
        self.seeds = 1
        self._rates = rates
        self._answers: list[dict[str, Any]] = []

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return one task a kind of fault."""
        return kinds_of(data, contract)

    def solve(self, task: Task, out: Path) -> None:
        """Write what came of every case, by who thought, as answers.json."""
        mind = Mind()
        with ModelServer(mind, keep_requests=False) as server:
            answers = [self._case(spec, out / "work", mind, server.base_url) for spec in _some(task, self.seeds)]
        (out / "answers.json").write_text(json.dumps([each for each in answers if each is not None], indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of right causes by who thought, and where a model did worse than the expert."""
        answers = json.loads((out / "answers.json").read_text())
        self._answers += answers
        worse = [
            f"{each['case']}, {who}: {told['cause']}, the expert: {each['by'][EXPERT]['cause']}"
            for each in answers
            for who, told in each["by"].items()
            if told["right"] < each["by"][EXPERT]["right"]
        ]
        scores = tuple(share(f"{task.task_id}: {who}", _rights(answers, who)) for who in self._who())
        return scores, {"worse than the expert": worse[:_MOST_TOLD]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return right causes, and steps and queries beside the expert's, by who thought."""
        named = [each for each in self._answers if each["truth"] not in (Cause.UNKNOWN, Cause.NOTHING_WRONG)]
        found = [share(f"right answers of all kinds, {who}", _rights(self._answers, who)) for who in self._who()]
        found += [share(f"right causes of the fourteen, {who}", _rights(named, who)) for who in self._who()]
        for who in self._who()[1:]:
            worse = [each["by"][who]["right"] < each["by"][EXPERT]["right"] for each in self._answers]
            found.append(share(f"worse than the expert, {who}", worse, Better.LOWER))
            for what in ("steps", "queries"):
                needed = [[each["by"][each_who][what] for each in self._answers] for each_who in (who, EXPERT)]
                found.append(ratio(f"{what} to the expert's, {who}", *needed))
        return (*found, *(score for result in results for score in result.scores))

    def _who(self) -> tuple[str, ...]:
        return (EXPERT, *(f"wrong {rate:g}" for rate in self._rates))

    def _case(self, spec: CaseSpec, folder: Path, mind: Mind, address: str) -> dict[str, Any] | None:
        shutil.rmtree(folder, ignore_errors=True)
        truth = make_case(spec, folder)
        if truth is None:
            return None
        run = bring_in(folder)
        task = task_for(run, read_contract(run).tables[0].name)
        mind.turn_to(truth.cause, self._rates, spec.seed)
        by = {EXPERT: _told(solve(task, str(folder / "home"), run.name), truth.cause)}
        for rate in self._rates:
            model = ModelSettings(name=name_of(rate), base_url=address, retries=1, retry_wait=0.01)
            by[f"wrong {rate:g}"] = _told(solve(task, str(folder / "home"), run.name, model), truth.cause)
        shutil.rmtree(folder, ignore_errors=True)
        return {"case": spec.name, "truth": truth.cause.value, "by": by}


def _some(task: Task, seeds: int) -> list[CaseSpec]:
    """Return the last case of every seed: of the last variant, in a domain that was not looked at where it can be."""
    every = [specs_of(task.task_id, seed) for seed in range(FIRST_SEED, FIRST_SEED + seeds)]
    return [cases[-1] for cases in every if cases]


def _told(solved: Solved, truth: Cause) -> dict[str, Any]:
    return {
        "cause": solved.diagnosis.cause.value,
        "right": solved.diagnosis.cause is truth,
        **solved.model_dump(exclude={"diagnosis"}),
    }


def _rights(answers: Sequence[dict[str, Any]], who: str) -> list[bool]:
    return [each["by"][who]["right"] for each in answers]
