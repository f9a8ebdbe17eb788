"""Suite `plan-choice`: what it is worth that the planner chooses.

Folders of different size and mess are planned; how many ways and how many recipes (the ways for one table) were chosen
is counted. Then every folder is delivered in turn as planned, with the commonest recipe forced on every table (a forced
way that does not apply falls back on the cheapest), and with the recipe that always applies forced. Compared are CPU
seconds, steps, rows and bytes published, folder by folder; and the estimated seconds with the real ones.
"""

import hashlib
import json
import random
import resource
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final, TypeVar

from algorithms.delivery_ways import BY_TASK
from evals.plan_choice_data import Folder, write_folder
from evals.protocol import About, Score, Task, TaskResult
from graphs.preview import preview
from graphs.session import run
from state.errors import StepError
from state.plans import Plan
from state.run import Patterns, RunContext
from state.values import Value

MOST_ROWS: Final = 200_000
"""Rows of the largest folder unless asked otherwise."""

_FOLDERS: Final = 20
_ROUNDS: Final = 3
_CHOSEN: Final = ("unify", "read", "resolve", "conform", "repair", "merge", "validate")
_ALWAYS: Final = {
    "unify": "by_values",
    "read": "counting_all",
    "resolve": "by_votes",
    "conform": "at_once",
    "merge": "by_key",
    "validate": "setting_aside",
}
"""The recipe of ways that rely on no proof."""

_RESAMPLES: Final = 2_000
_RESULTS = "results.json"

Drawn = TypeVar("Drawn")
Recipe = tuple[str, ...]  # the way for each of `_CHOSEN`


class Delivery(Value):
    """How one folder was delivered one time."""

    cpu: float  # seconds, with all processes it started
    steps: int
    rows: int  # published
    sha256: str  # of all that was published
    estimated: float  # seconds of all steps, added up
    step_seconds: dict[str, tuple[float, float]]  # estimated and real


class PlanChoice:
    """The suite."""

    name = "plan-choice"
    description = "folders of different mess: what the planner chooses, against one recipe for all"
    about = About(
        tasks="folders of different mess",
        data="none; `--rows` for the largest",
        scorers="paired CPU, steps, rows and bytes against fixed recipes (bootstrap); estimates against real seconds",
        time="tens of minutes",
    )

    def __init__(self, rows: int = MOST_ROWS, folders: int = _FOLDERS, rounds: int = _ROUNDS) -> None:
        self._rows, self._folders, self._rounds = rows, folders, rounds

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return the one task: it makes its own input."""
        del data, contract
        return (Task(task_id=f"folders-{self._folders}-rows-{self._rows}", inputs={}),)

    def solve(self, task: Task, out: Path) -> None:
        """Plan all folders, find the commonest recipe, and deliver each folder in turn in all manners."""
        del task
        work = out / "work"
        shutil.rmtree(work, ignore_errors=True)
        folders = [write_folder(work / f"folder-{seed:02}", seed, self._rows) for seed in range(self._folders)]
        plans = [_planned(folder) for folder in folders]
        recipes = Counter(recipe for plan in plans for recipe in _recipes(plan))
        commonest = min(recipes, key=lambda recipe: (-recipes[recipe], recipe))
        manners: dict[str, dict[str, str]] = {
            "chosen": {},
            "commonest": dict(zip(_CHOSEN, commonest, strict=True)),
            "always": _ALWAYS,
        }
        told = []
        for folder in folders:
            runs: dict[str, list[Any]] = {name: [] for name in manners}
            _deliver(folder, work, {})  # what is loaded once is no one's time
            for _ in range(self._rounds):
                for name, prefer in manners.items():
                    runs[name].append(_deliver(folder, work, prefer).model_dump(mode="json"))
            told.append({"folder": folder.model_dump(mode="json"), "runs": runs})
        shutil.rmtree(work, ignore_errors=True)
        found = {
            "recipes": [[" ".join(recipe), count] for recipe, count in recipes.most_common()],
            "ways": sorted({f"{task} {way}" for recipe in recipes for task, way in zip(_CHOSEN, recipe, strict=True)}),
            "commonest": list(commonest),
            "folders": told,
        }
        (out / _RESULTS).write_text(json.dumps(found, indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Compare the manners folder by folder."""
        del task
        found = json.loads((out / _RESULTS).read_text())
        folders = [{name: _typed(runs) for name, runs in each["runs"].items()} for each in found["folders"]]
        scores = [_count("recipes chosen", len(found["recipes"])), _count("ways chosen", len(found["ways"]))]
        for name in ("commonest", "always"):
            scores.append(_paired(f"CPU of {name} to chosen", [_cpu_ratio(each, name) for each in folders], "times"))
            more = [each[name][0].steps - each["chosen"][0].steps for each in folders]
            scores.append(_paired(f"steps of {name} more than chosen", more, "steps"))
            fewer = [each["chosen"][0].rows - each[name][0].rows for each in folders]
            scores.append(_paired(f"rows published by {name} fewer than chosen", fewer, "rows"))
        scores.append(_ranks("rank correlation of estimated and real seconds, steps", _step_seconds(folders)))
        scores.append(_ranks("rank correlation of estimated and real seconds, folders", _folder_seconds(folders)))
        details = {
            "commonest recipe": [" ".join(found["commonest"])],
            "recipes": [f"{count} tables: {recipe}" for recipe, count in found["recipes"]],
            "ways": found["ways"],
            "the same bytes": [f"{name}: {_same(folders, name)} of {len(folders)} folders" for name in folders[0]],
            "folders": [_row(each["folder"], runs) for each, runs in zip(found["folders"], folders, strict=True)],
            "step seconds": _by_kind(folders),
        }
        return tuple(scores), details

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of the one task."""
        return tuple(score for result in results for score in result.scores)


Manners = Mapping[str, Sequence[Delivery]]


def spearman(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the rank correlation (Spearman 1904), equal values with their mean rank; 0 where a side does not vary."""
    left, right = (_ranked([pair[side] for pair in pairs]) for side in (0, 1))
    middle = (len(pairs) + 1) / 2
    moved = [(a - middle, b - middle) for a, b in zip(left, right, strict=True)]
    spread = sum(a * a for a, _ in moved) * sum(b * b for _, b in moved)
    return sum(a * b for a, b in moved) / spread**0.5 if spread else 0.0


def _ranked(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    places: dict[float, list[int]] = {}
    for place, value in enumerate(order, start=1):
        places.setdefault(value, []).append(place)
    return [fmean(places[value]) for value in values]


def _planned(folder: Folder) -> Plan:
    found = preview(folder.contract, [folder.sources])
    if found.plan is None:
        raise StepError("there is no plan", where=folder.name)
    return found.plan


def _recipes(plan: Plan) -> Iterator[Recipe]:
    """Yield the recipe of every table that files feed."""
    taken: dict[str, dict[str, str]] = {}
    for choice in plan.choices:
        name, _, table = choice.task.removesuffix(")").partition("(")
        if name in BY_TASK:
            taken.setdefault(table, {})[name] = choice.method
    yield from (tuple(ways[task] for task in _CHOSEN) for ways in taken.values() if set(_CHOSEN) <= set(ways))


def _deliver(folder: Folder, work: Path, prefer: dict[str, str]) -> Delivery:
    """Deliver the folder; StepError where the contract is not met."""
    home, out = work / "home", work / "out"
    for left in (home, out):
        shutil.rmtree(left, ignore_errors=True)
    context = RunContext(home=str(home), patterns=Patterns(prefer=prefer))
    before = _cpu()
    ended = run(folder.contract, [folder.sources], out, run_id="r", context=context)
    cpu = _cpu() - before
    if ended["status"].value != "published":
        raise StepError(ended.get("problem", ""), where=folder.name)
    told = json.loads((out / "_runs" / "r" / "run.json").read_text())
    steps = told["plan"]["steps"]
    real = {step["step_id"]: told["timings"].get(step["step_id"]) for step in steps}
    return Delivery(
        cpu=cpu,
        steps=len(steps),
        rows=sum(table["rows_published"] for table in told["tables"].values()),
        sha256=_digest(out),
        estimated=sum(step["seconds"] for step in steps),
        step_seconds={
            step["step_id"]: (step["seconds"], real[step["step_id"]])
            for step in steps
            if real[step["step_id"]] is not None
        },
    )


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _digest(out: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in out.rglob("*.parquet") if "_runs" not in path.parts):
        found.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _typed(runs: Sequence[Any]) -> list[Delivery]:
    return [Delivery.model_validate(each) for each in runs]


def _cpu_ratio(manners: Manners, name: str) -> float:
    """Return the ratio of the minima: what disturbs only ever adds."""
    return min(each.cpu for each in manners[name]) / min(each.cpu for each in manners["chosen"])


def _step_seconds(folders: Sequence[Manners]) -> list[list[tuple[float, float]]]:
    """Return estimated and real seconds of the steps of each folder as planned: of each the fastest round."""
    return [
        [
            (estimated, min(run.step_seconds[step][1] for run in each["chosen"]))
            for step, (estimated, _) in each["chosen"][0].step_seconds.items()
        ]
        for each in folders
    ]


def _folder_seconds(folders: Sequence[Manners]) -> list[list[tuple[float, float]]]:
    return [
        [(sum(estimated for estimated, _ in pairs), sum(real for _, real in pairs))] for pairs in _step_seconds(folders)
    ]


def _same(folders: Sequence[Manners], name: str) -> int:
    return sum(len({run.sha256 for run in (*each["chosen"], *each[name])}) == 1 for each in folders)


def _row(folder: Mapping[str, Any], manners: Manners) -> str:
    told = [f"{folder['rows']:7} rows"]
    for name, runs in manners.items():
        told.append(f"{name} {min(each.cpu for each in runs):.2f} s CPU, {runs[0].steps} steps, {runs[0].rows} rows")
    return f"{folder['name']}: " + "; ".join(told)


def _by_kind(folders: Sequence[Manners]) -> list[str]:
    """Tell the mean of estimated and real seconds of each kind of step."""
    kinds: dict[str, list[tuple[float, float]]] = {}
    for each in folders:
        for step, (estimated, _) in each["chosen"][0].step_seconds.items():
            real = min(run.step_seconds[step][1] for run in each["chosen"])
            kinds.setdefault(step.partition(":")[0], []).append((estimated, real))
    return [
        f"{kind}: estimated {fmean(a for a, _ in pairs):.3f} s, real {fmean(b for _, b in pairs):.3f} s, n {len(pairs)}"
        for kind, pairs in kinds.items()
    ]


def _count(name: str, value: int) -> Score:
    return Score(name=name, value=value, low=value, high=value, n=value, interval="counted", unit="count")


def _paired(name: str, values: Sequence[float], unit: str) -> Score:
    low, high = _interval(values, fmean)
    return Score(name=name, value=fmean(values), low=low, high=high, n=len(values), interval=_BOOTSTRAP, unit=unit)


_BOOTSTRAP: Final = "bootstrap over folders, 95 %"


def _ranks(name: str, folders: Sequence[Sequence[tuple[float, float]]]) -> Score:
    def correlation(drawn: Sequence[Sequence[tuple[float, float]]]) -> float:
        return spearman([pair for pairs in drawn for pair in pairs])

    low, high = _interval(folders, correlation)
    pairs = sum(map(len, folders))
    return Score(
        name=name, value=correlation(folders), low=low, high=high, n=pairs, interval=_BOOTSTRAP, unit="correlation"
    )


def _interval(values: Sequence[Drawn], figure: Callable[[Sequence[Drawn]], float]) -> tuple[float, float]:
    """Return the percentile interval of a figure, from a fixed seed."""
    chance = random.Random(0)  # noqa: S311  a resample, no secret
    drawn = sorted(figure(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return drawn[round(0.025 * (_RESAMPLES - 1))], drawn[round(0.975 * (_RESAMPLES - 1))]
