"""Suite `model-faults`: every fault of a model at every point of a run where one is asked, and models that are wrong.

For each decision point a table is printed: fault, how often, how the run ended, requests, and why the expert stood in.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
from pydantic import TypeAdapter

from algorithms.intervals import wilson
from evals.model_faults.places import Places, wrong
from evals.model_faults.play import RUN, Ending, play, quick_settings
from evals.model_faults.points import POINTS, Point, find_point
from evals.model_faults.verdict import Verdict, judge
from evals.model_server import Behaviour, Fault, FaultKind, ModelServer, Noisy, Scripted
from evals.protocol import About, Better, Score, Task, TaskResult
from graphs.session import run
from state.run import RunContext

ONCE, ALWAYS = "once", "always"
EXPERT, RIGHT, WRONG = "no model", "right", "wrong"

_RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
_SEEDS = 3
_SECONDS = 8.0  # that a request is held, where the client waits two
_ENDINGS = TypeAdapter(dict[str, Ending])
_PARTS = ("ended_well", "told", "counted", "repeated_nothing")
_HOLDS = "faults after which all holds"


def behaviours(point: Point) -> Iterator[tuple[str, Behaviour]]:
    """Yield every fault by name: at the first request, and at every one."""
    for kind in FaultKind:
        fault = Fault(kind, seconds=_SECONDS, retry_after=0.01)
        yield f"{kind.value} {ONCE}", Scripted(fault, then=point.right)
        yield f"{kind.value} {ALWAYS}", lambda request, kind=kind: _spoiling(kind, point, request)


def _spoiling(kind: FaultKind, point: Point, request: Any) -> Fault:  # noqa: ANN401  a request of the server
    said = point.right(request)
    return Fault(kind, of=said if not isinstance(said, Fault) else said.of, seconds=_SECONDS, retry_after=0.01)


class ModelFaults:
    """Every fault at every decision point, then error rates: what is published, against no model and a right one."""

    name = "model-faults"
    description = "A model that fails in every way at every decision point, or is wrong with a given probability"
    about = About(
        tasks="one a decision point, and error rates",
        data="none; plays the model itself",
        scorers="shares of faults after which all holds; right, wrong and withheld rows (Wilson)",
        time="tens of minutes",
    )

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own input
        """Return a task for each decision point, and one for each error rate and seed."""
        rates = [f"wrong-{rate}-{seed}" for rate in _RATES for seed in range(_SEEDS)]
        return [Task(task_id=name, inputs={}) for name in (*(point.name for point in POINTS), "expert", *rates)]

    def solve(self, task: Task, out: Path) -> None:
        """Play the runs of a task and keep how they ended."""
        if task.task_id == "expert" or task.task_id.startswith("wrong-"):
            _solve_places(task.task_id, out)
            return
        point, ended = find_point(task.task_id), dict[str, Ending]()
        played = [(EXPERT, None), (RIGHT, point.right), (WRONG, point.wrong), *behaviours(point)]
        for place, (name, behaviour) in enumerate(played):
            folder = out / f"{place:02}"
            folder.mkdir(parents=True)
            ended[name] = play(point, behaviour, folder)
            shutil.rmtree(folder)
        (out / "endings.json").write_bytes(_ENDINGS.dump_json(ended))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return of a decision point the share of faults after which all holds; of an error rate the shares of rows."""
        if task.task_id == "expert" or task.task_id.startswith("wrong-"):
            return _score_places(task.task_id, out)
        ended = _ENDINGS.validate_json((out / "endings.json").read_bytes())
        verdicts = {name: judge(each, ended[EXPERT], ended[RIGHT]) for name, each in ended.items()}
        faults = [verdict for name, verdict in verdicts.items() if name not in (EXPERT, RIGHT, WRONG)]
        scores = [
            _share(name.replace("holds", _HOLDS), sum(getattr(verdict, name) for verdict in faults), len(faults))
            for name in ("holds", *_PARTS)
        ]
        lines = [_line(name, ended[name], verdict) for name, verdict in verdicts.items()]
        return tuple(scores), {"runs": lines}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the share of faults after which all holds, and cell F1 of the expert and of each error rate."""
        scores = {result.task_id: {score.name: score for score in result.scores} for result in results}
        held = [each[_HOLDS] for each in scores.values() if _HOLDS in each]
        faults = sum(each.n for each in held)
        found = [_share(f"{_HOLDS}, at all decision points", sum(round(e.value * e.n) for e in held), faults)]
        met = [each[_MET].value for each in scores.values() if _MET in each]
        found.append(_share("tasks of error rates whose table meets the contract", int(sum(met)), len(met)))
        groups = {"expert": ["expert"]} | {
            f"wrong {rate}": [f"wrong-{rate}-{seed}" for seed in range(_SEEDS)] for rate in _RATES
        }
        for name, members in groups.items():
            told = [scores[member] for member in members if scores.get(member)]
            n = sum(each["right"].n for each in told)
            right, mistaken = (sum(round(each[kind].value * each[kind].n) for each in told) for kind in _OF_ROWS)
            f1 = 2 * right / (n + right + mistaken) if n else 0.0
            found.append(Score(name=f"cell F1, {name}", value=f1, low=f1, high=f1, n=n, interval="one run a seed"))
        return tuple(score for score in found if score.n)


_MET, _OF_ROWS = "contract met, requests counted", ("right", "wrong")


def _line(name: str, ending: Ending, verdict: Verdict) -> str:
    broken = [part for part in _PARTS if not getattr(verdict, part)]
    why = "; ".join(ending.fallbacks)[:160] or "-"
    requests = f"{ending.sent} requests" + f", {ending.counted} counted" * (ending.sent != ending.counted)
    marked = f" | NOT {', '.join(broken)}" if broken and name not in (EXPERT, WRONG) else ""
    return f"{name:28} | {verdict.words} | {requests} | {why}{marked}"


def _share(name: str, count: int, n: int, better: Better = Better.HIGHER) -> Score:
    low, high = wilson(count, n) if n else (0.0, 0.0)
    value = count / n if n else 0.0
    return Score(name=name, value=value, low=low, high=high, n=n, interval="Wilson 95 %", better=better)


def _solve_places(task_id: str, out: Path) -> None:
    """Run the job of many values with a model that is wrong with the probability of the task."""
    places = _places(task_id)
    places.write(out, out)
    with ModelServer(_noisy(task_id, places)) as server:
        model = quick_settings(server.base_url).model_copy(update={"name": "" if task_id == "expert" else "sim"})
        context = RunContext(home=str(out / "home"), model=model)
        run(out / "contract.yaml", [str(out / "places.csv")], out / "served", context=context, run_id=RUN)
        (out / "server.json").write_text(json.dumps({"count": server.count}))


def _score_places(task_id: str, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
    told = json.loads((out / "served" / "_runs" / RUN / "run.json").read_text())
    sent = json.loads((out / "server.json").read_text())["count"]
    table = str(out / "served" / "places.parquet")
    published = dict(duckdb.connect().execute("select place_id, region from read_parquet(?)", [table]).fetchall())
    truth = {number: meant for number, _, meant in _places(task_id).rows()}
    right = sum(published.get(number) == meant for number, meant in truth.items())
    met = told["status"] == "published" and sent <= told["model"]["requests"]
    scores = (
        _share("right", right, len(truth)),
        _share("wrong", len(published) - right, len(truth), Better.LOWER),
        _share("quarantined", len(truth) - len(published), len(truth), Better.LOWER),
        _share(_MET, int(met), 1),
    )
    line = f"{told['status']}: right {right}, wrong {len(published) - right}, aside {len(truth) - len(published)}"
    why = "; ".join(told["models"]["fallbacks"]) or "-"
    return scores, {"outcome": [f"{line}; requests {sent}, counted {told['model']['requests']}; {why}"]}


def _places(task_id: str) -> Places:
    return Places.drawn(int(task_id.rsplit("-", 1)[1]) if task_id.startswith("wrong-") else 0)


def _noisy(task_id: str, places: Places) -> Behaviour:
    if task_id == "expert":
        return places.right
    _, rate, seed = task_id.split("-")
    mistaken = float(rate)
    return Noisy(places.right, seed=int(seed), wrong=lambda r, chance: wrong(places, r, chance), wrong_share=mistaken)
