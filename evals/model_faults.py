"""Suite `model-faults`: a run whose model fails in every way, and is wrong with a given probability.

The input is made here: places whose region lost its first word, so that two listed regions fit equally well and the
expert leaves them open. The simulated model knows the truth, which is written down after the answer only.
"""

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from algorithms.intervals import wilson
from evals.model_server import Act, Behaviour, ChatRequest, Fault, FaultKind, ModelServer, Noisy, Scripted, structured
from evals.protocol import Score, Task, TaskResult
from graphs.session import run
from state.models import ModelSettings
from state.run import RunContext
from tools.sql.quote import literal

_NAMES = "Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Juniper Larch Maple Oak Pine Rowan Spruce Willow".split()  # noqa: SIM905
_SIDES = ("North", "South")
_RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
_SEEDS = 3
_NONE = "none of them"

_CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: places
name: places
version: 1.0.0
status: active
schema:
  - name: places
    customProperties:
      - {{property: millwright.sources, value: ["places*"]}}
      - {{property: millwright.maxQuarantine, value: 0.95}}
    properties:
      - {{name: place_id, logicalType: integer, primaryKey: true, required: true}}
      - name: region
        logicalType: string
        quality:
          - metric: invalidValues
            arguments: {{validValues: {regions}}}
            mustBe: 0
"""


@dataclass(frozen=True, slots=True)
class Places:
    """The made input: what each region that is written short stands for."""

    truth: dict[str, str]

    @classmethod
    def drawn(cls, seed: int) -> "Places":
        """Return the input of a seed."""
        chance = random.Random(seed)  # noqa: S311  an input, no secret
        return cls({name: f"{chance.choice(_SIDES)} {name}" for name in _NAMES})

    def rows(self) -> list[tuple[int, str, str]]:
        """Return id, region as written and region as meant: one row in full and one short for each name."""
        told = [(f"North {name}", f"North {name}") for name in _NAMES] + list(self.truth.items())
        return [(number, written, meant) for number, (written, meant) in enumerate(told, 1)]

    def write(self, folder: Path) -> None:
        """Write contract and input."""
        regions = json.dumps([f"{side} {name}" for name in _NAMES for side in _SIDES])
        (folder / "contract.yaml").write_text(_CONTRACT.format(regions=regions))
        with (folder / "places.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("place_id", "region"), *((number, text) for number, text, _ in self.rows())])

    def right(self, request: ChatRequest) -> Act:
        """Answer as one who knows the truth."""
        shown = _options(request)
        meant = next(
            (key for key, text in shown.items() if text in {f"it is {each}" for each in self.truth.values()}), ""
        )
        return structured(request, {"option": meant or _stays(shown), "reason": "known"})


def _options(request: ChatRequest) -> dict[str, str]:
    """Return what each identifier of an option stands for."""
    lines = [line.split(": ", 1) for line in request.text.splitlines() if line.endswith("]") and ": " in line]
    return {key: text.rsplit(" [", 1)[0] for key, text in lines}


def _stays(shown: dict[str, str]) -> str:
    return next(key for key, text in shown.items() if text.startswith(_NONE))


def _wrong(places: Places, request: ChatRequest, chance: random.Random) -> Act:
    """Choose any option but the right one."""
    right = json.loads(str(getattr(places.right(request), "text", "{}")))["option"]
    others = sorted(set(_options(request)) - {right})
    return structured(request, {"option": chance.choice(others), "reason": "mistaken"})


class ModelFaults:
    """Every fault once and for good, then error rates: what is published, against the truth and the expert alone."""

    name = "model-faults"
    description = "A model that fails in every way, or is wrong with a given probability"

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own input
        """Return the expert alone, each fault once and always, and each error rate."""
        faults = [f"{kind.value}-{how}" for kind in FaultKind for how in ("once", "always")]
        rates = [f"wrong-{rate}-{seed}" for rate in _RATES for seed in range(_SEEDS)]
        return [Task(task_id=task_id, inputs={}) for task_id in ("expert", *faults, *rates)]

    def solve(self, task: Task, out: Path) -> None:
        """Run the job with the model of the task and keep what was published and counted."""
        places = _places(task)
        places.write(out)
        with ModelServer(_behaviour(task.task_id, places)) as server:
            model = ModelSettings() if task.task_id == "expert" else _settings(server.base_url)
            context = RunContext(home=str(out / "home"), model=model)
            run(out / "contract.yaml", [str(out / "places.csv")], out / "served", context=context, run_id="r")
            sent = {"count": server.count, "acts": dict(server.acts)}
        (out / "server.json").write_text(json.dumps(sent))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the shares of rows that are right, wrong and in quarantine."""
        told = json.loads((out / "served" / "_runs" / "r" / "run.json").read_text())
        sent = json.loads((out / "server.json").read_text())
        table = str(out / "served" / "places.parquet")
        published = dict(duckdb.sql(f"select place_id, region from read_parquet({literal(table)})").fetchall())
        truth = {number: meant for number, _, meant in _places(task).rows()}
        right = sum(published.get(number) == meant for number, meant in truth.items())
        met = told["status"] == "published" and sent["count"] == told["model"]["requests"]
        scores = (
            _share("right", right, len(truth)),
            _share("wrong", len(published) - right, len(truth)),
            _share("quarantined", len(truth) - len(published), len(truth)),
            _share("contract met, requests counted", int(met), 1),
        )
        line = f"{told['status']}: right {right}, wrong {len(published) - right}, aside {len(truth) - len(published)}"
        why = "; ".join(told["models"]["fallbacks"]) or "-"
        return scores, {"outcome": [f"{line}; requests {sent['count']}, counted {told['model']['requests']}; {why}"]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return cell F1 of the expert and of each error rate, and the share of tasks that end as they must."""
        scores = {result.task_id: {score.name: score for score in result.scores} for result in results}
        ended = [each["contract met, requests counted"].value for each in scores.values() if each]
        found = [_share("tasks that publish a table that meets the contract", int(sum(ended)), len(results))]
        groups = {"expert": ["expert"]} | {
            f"wrong {rate}": [f"wrong-{rate}-{seed}" for seed in range(_SEEDS)] for rate in _RATES
        }
        for name, members in groups.items():
            told = [scores[member] for member in members if scores.get(member)]
            n = sum(each["right"].n for each in told)
            right, wrong = (sum(round(each[kind].value * each[kind].n) for each in told) for kind in ("right", "wrong"))
            f1 = 2 * right / (n + right + wrong) if n else 0.0
            found.append(Score(name=f"cell F1, {name}", value=f1, low=f1, high=f1, n=n, interval="one run a seed"))
        return tuple(found)


def _share(name: str, count: int, n: int) -> Score:
    low, high = wilson(count, n)
    return Score(name=name, value=count / n, low=low, high=high, n=n, interval="Wilson 95 %")


def _places(task: Task) -> Places:
    return Places.drawn(int(task.task_id.rsplit("-", 1)[1]) if task.task_id.startswith("wrong-") else 0)


def _behaviour(task_id: str, places: Places) -> Behaviour:
    kind, _, how = task_id.rpartition("-")
    if task_id.startswith("wrong-"):
        rate = float(kind.removeprefix("wrong-"))
        return Noisy(places.right, seed=int(how), wrong=lambda r, chance: _wrong(places, r, chance), wrong_share=rate)
    if task_id == "expert":
        return places.right
    fault = Fault(FaultKind(kind), seconds=5.0, retry_after=0.01)
    return Scripted(fault, then=places.right) if how == "once" else Scripted(fault)


def _settings(base_url: str) -> ModelSettings:
    return ModelSettings(
        name="sim", base_url=base_url, timeout=0.5, deadline=5.0, retries=2, retry_wait=0.01, breaker_failures=12
    )
