"""Real runs: do predictions get better with history, and does the auctioned choice of engine pay."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import Any

from algorithms.auctions.prediction import LEAST
from algorithms.intervals import bootstrap_mean
from evals.auctions.found import Found
from evals.auctions.mixed import make_job
from evals.measure import Usage, measure
from evals.protocol import Score
from graphs.session import run
from state.errors import StepError
from state.run import RunContext
from tools.outputs.parquet import table_sha256

_MILLWRIGHT = "import sys; from app.cli import main; sys.argv[0] = 'millwright'; main()"
_SMALL = 20_000


def learning(folder: Path, runs: int, rows: int = _SMALL) -> Found:
    """Run a small job again and again in one home: how wrong predictions are, run by run."""
    shutil.rmtree(folder, ignore_errors=True)
    contract, source = make_job(folder, rows)
    context = RunContext(home=str(folder / "home"))
    by_bid, by_plan = [], []
    for number in range(runs):
        out = folder / f"out-{number}"
        run(contract, [str(source)], out, run_id=f"run-{number}", context=context)
        trace = json.loads((out / "_runs" / f"run-{number}" / "run.json").read_text())["trace"]
        awards = [(entry["award"], entry["seconds"]) for entry in trace if entry["award"]]
        by_bid.append([_error(award["seconds"], took) for award, took in awards])
        by_plan.append([_error(award["estimate"], took) for award, took in awards])
    scores = tuple(
        _mean(f"error of predicted seconds, run {number + 1}", errors) for number, errors in enumerate(by_bid)
    )
    unlearned = _mean("error of the plans' estimates, all runs", [each for errors in by_plan for each in errors])
    factors = [
        (exp(sum(bid) / len(bid)), exp(sum(plan) / len(plan))) for bid, plan in zip(by_bid, by_plan, strict=True)
    ]
    told = tuple(
        f"run {number + 1}: wrong by a factor of {bid:.2f}, the plan's estimates by {plan:.2f}"
        for number, (bid, plan) in enumerate(factors)
    )
    return Found(scores=(*scores, unlearned), told=told, right=scores[-1].value < scores[0].value)


def engines(folder: Path, rows: int, rounds: int) -> Found:
    """Run a job of mixed tables with and without auctions, in turn: wall and CPU time, the same bytes, who won what."""
    shutil.rmtree(folder, ignore_errors=True)
    contract, source = make_job(folder, rows)
    used: dict[str, list[Usage]] = {"vickrey": [], "off": []}
    moved = 0
    for number in range(-1, rounds):  # the first, which is not measured, makes a history
        for way in ("vickrey", "off") if number % 2 else ("off", "vickrey"):
            if number < 0 and way == "off":
                continue
            usage = _execute(folder, contract, source, way, f"{way}-{number}")
            if number >= 0:
                used[way].append(usage)
                moved += _moved(folder / f"{way}-{number}" / "_runs" / f"{way}-{number}" / "run.json")
    same = {_bytes(path) for path in folder.glob("*-[0-9]*") if path.is_dir()}
    if len(same) != 1:
        raise StepError("runs with and without auctions published different bytes", where=str(folder))
    scores = (
        _ratio(
            f"wall time with auctions to without, {rows} rows",
            [each.wall for each in used["vickrey"]],
            [each.wall for each in used["off"]],
        ),
        _ratio(
            f"CPU time with auctions to without, {rows} rows",
            [each.cpu for each in used["vickrey"]],
            [each.cpu for each in used["off"]],
        ),
    )
    told = [
        f"{way}: "
        + "; ".join(f"{each.wall:.1f} s wall, {each.cpu:.1f} s CPU, {each.peak_bytes >> 20} MiB" for each in used[way])
        for way in used
    ]
    return Found(
        scores=scores,
        told=(*told, f"{moved} derived tables in {rounds} runs made beside the others; all bytes the same"),
    )


def _execute(folder: Path, contract: Path, source: Path, way: str, run_id: str) -> Usage:
    command = [
        sys.executable,
        "-c",
        _MILLWRIGHT,
        "run",
        str(contract),
        str(source),
        "--out",
        str(folder / run_id),
        "--run-id",
        run_id,
    ]
    environment = {"MILLWRIGHT_HOME": str(folder / f"home-{way}"), "MILLWRIGHT_PATTERNS__AUCTION": way}
    return measure(command, environment=os.environ | environment, log=folder / f"{run_id}.log")


def _moved(path: Path) -> int:
    trace: list[dict[str, Any]] = json.loads(path.read_text())["trace"]
    return sum(bool(entry["award"]) and entry["award"]["engine"] == "duckdb-process" for entry in trace)


def _bytes(folder: Path) -> tuple[str, ...]:
    return tuple(table_sha256(path) for path in sorted(folder.glob("*.parquet")))


def _error(predicted: float, seconds: float) -> float:
    return abs(log(max(LEAST, predicted)) - log(max(LEAST, seconds)))


def _mean(name: str, values: Sequence[float]) -> Score:
    low, high = bootstrap_mean([[value] for value in values], draws=500)
    mean = sum(values) / len(values)
    return Score(
        name=name, value=mean, low=low, high=high, n=len(values), interval="bootstrap 95 %", unit="log seconds"
    )


def _ratio(name: str, ours: Sequence[float], others: Sequence[float]) -> Score:
    paired = [mine / other for mine, other in zip(ours, others, strict=True)]
    value = exp(sum(map(log, paired)) / len(paired))
    interval = "least and greatest of the rounds"
    return Score(
        name=name, value=value, low=min(paired), high=max(paired), n=len(paired), interval=interval, unit="times"
    )
