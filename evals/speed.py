"""Suite `speed`: a job of millions of rows through the whole crew, against a script written by hand for that one file.

The input's generator and the hand-written script are not part of the project: they lie in the folder given as data.
Both are executed in turn, three times each, and the ratios are those of the minima. Score: how many times the wall
time, CPU time and memory of the script the crew takes with every promise kept. What a promise costs is the time of
the steps that keep it, as the run itself measured them; provenance has no step of its own and is part of `conform`.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from evals.measure import Usage, measure
from evals.protocol import About, Better, Score, Task, TaskResult
from state.errors import SetupError, StepError
from tools.sql.quote import literal

ROWS = 1_000_000
"""Rows unless asked otherwise; the figures to reach are for ten million."""

_DATA = Path("..") / "shared" / "bench"
_CONTRACT = Path(__file__).resolve().parent.parent / "examples" / "bench" / "contract.odcs.yaml"
_ROUNDS = 3
_MILLWRIGHT = "import sys; from app.cli import main; sys.argv[0] = 'millwright'; main()"
_USAGE = "usage.json"

_PROMISES = (
    ("lines counted by a scan that knows no reader, content hashed", ("intake:scan",)),
    ("every line landed or kept as a reject", ("intake:land",)),
    ("columns, formats and values decided on evidence", ("map:", "format:", "resolve:")),
    ("typed in one pass, with provenance, raw values and operators", ("conform:",)),
    ("duplicates merged and listed", ("dedupe:", "report:merged")),
    ("violations quarantined with raw values", ("quarantine:", "report:quarantine")),
    ("derived table", ("derive:",)),
    ("every rule verified, every row accounted for", ("verify",)),
    ("published in a fixed order, read back, hashed, atomically", ("publish",)),
    ("change log", ("report:changes",)),
)
"""What is kept, and the timings of run.json (or their beginnings) that keep it."""

_COMPARE = """
with r as (select * from read_parquet({reference})), o as (select * from read_parquet({ours}))
select count(r.order_id), coalesce(sum(r.amount), 0), count(o.order_id), coalesce(sum(o.amount), 0),
    count(*) filter (o.order_id is null),
    count(*) filter (r.order_id is null),
    count(*) filter (r.order_id = o.order_id and (r.customer_id, r.order_date, r.updated_at, r.amount, r.currency,
        r.status, r.note) is distinct from (o.customer_id, o.order_date, o.updated_at, o.amount, o.currency,
        o.status, o.note))
from r full join o using (order_id)
"""


class Speed:
    """The suite."""

    name = "speed"
    description = "a generated job of many rows, against a script written by hand for it"
    about = About(
        tasks="one job of `--rows` rows",
        data="none, or the folder of a script written by hand",
        scorers="ratios of time and memory (range of rounds)",
        time="2 min for ten million rows",
    )

    def __init__(self, rows: int = ROWS) -> None:
        self._rows = rows

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return the one task; `data` is the folder of `generate.py` and `reference.py`."""
        folder = (data or _DATA).absolute()
        scripts = {name: folder / f"{name}.py" for name in ("generate", "reference")}
        for script in scripts.values():
            if not script.is_file():
                raise SetupError("the bench's script is missing", where=str(script), hint="give its folder with --data")
        inputs = {name: str(script) for name, script in scripts.items()}
        inputs["contract"] = str((contract or _CONTRACT).absolute())
        return (Task(task_id=f"rows-{self._rows}", inputs=inputs),)

    def solve(self, task: Task, out: Path) -> None:
        """Make the input and execute script and crew in turn; StepError when one of them fails."""
        for left in ("input", "reference", "ours", "home"):
            shutil.rmtree(out / left, ignore_errors=True)
        source = out / "input"
        _execute(task.inputs["generate"], [str(self._rows), str(source)], out / "generate.log")
        used: dict[str, list[dict[str, Any]]] = {"reference": [], "ours": []}
        for number in range(_ROUNDS):
            shutil.rmtree(out / "home", ignore_errors=True)
            shutil.rmtree(out / "ours", ignore_errors=True)
            script = _execute(task.inputs["reference"], [str(source), str(out / "reference")], out / "reference.log")
            crew = _execute(
                "-c",
                [_MILLWRIGHT, "run", task.inputs["contract"], str(source), "--out", str(out / "ours"),
                 "--run-id", f"round-{number}"],
                out / "ours.log",
                MILLWRIGHT_HOME=str(out / "home"),
            )  # fmt: skip
            used["reference"].append(script.model_dump())
            used["ours"].append(crew.model_dump() | {"timings": _timings(out / "ours", f"round-{number}")})
        (out / _USAGE).write_text(json.dumps(used, indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the ratios, what each promise took in the fastest round, and the results compared."""
        del task
        used = json.loads((out / _USAGE).read_text())
        figures: tuple[tuple[str, Callable[[dict[str, Any]], float]], ...] = (
            ("wall time to that of the script", lambda usage: usage["wall"]),
            ("CPU time to that of the script", lambda usage: usage["cpu"]),
            ("peak memory to that of the script", lambda usage: usage["peak_bytes"]),
        )
        scores = tuple(_ratio(name, used, figure) for name, figure in figures)
        details = {"used": _used(used), "what it costs": _costs(used["ours"]), "result": _compared(out)}
        for left in ("input", "reference", "ours", "home"):
            shutil.rmtree(out / left, ignore_errors=True)
        return scores, details

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of the one task."""
        return tuple(score for result in results for score in result.scores)


def _execute(script: str, arguments: Sequence[str], log: Path, **environment: str) -> Usage:
    return measure([sys.executable, script, *arguments], environment=os.environ | environment, log=log)


def _timings(out: Path, run_id: str) -> dict[str, float]:
    content = json.loads((out / "_runs" / run_id / "run.json").read_text())
    return dict(content["timings"])


def _ratio(name: str, used: dict[str, list[dict[str, Any]]], figure: Callable[[dict[str, Any]], float]) -> Score:
    """Return the ratio of the minima; the range is that of the rounds, each against the script beside it."""
    reference, ours = ([figure(usage) for usage in used[side]] for side in ("reference", "ours"))
    paired = [mine / other for mine, other in zip(ours, reference, strict=True)]
    return Score(
        name=name,
        value=min(ours) / min(reference),
        low=min(paired),
        high=max(paired),
        n=len(paired),
        interval="least and greatest of the rounds",
        unit="times",
        better=Better.LOWER,
    )


def _used(used: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [
        f"{side}: " + "; ".join(
            f"{usage['wall']:.2f} s wall, {usage['cpu']:.2f} s CPU, {usage['peak_bytes'] / 2**20:.0f} MiB"
            for usage in rounds
        )
        for side, rounds in used.items()
    ]  # fmt: skip


def _costs(rounds: Sequence[dict[str, Any]]) -> list[str]:
    """Return the seconds of each promise in the fastest round, and what is left of its wall time."""
    best = min(rounds, key=lambda usage: float(usage["wall"]))
    lines, told = [], 0.0
    for promise, beginnings in _PROMISES:
        seconds = sum(took for name, took in best["timings"].items() if name.startswith(beginnings))
        told += seconds
        lines.append(f"{seconds:6.2f} s  {promise}")
    return [*lines, f"{best['wall'] - told:6.2f} s  starting, planning, checkpoints, run.json and report.html"]


def _compared(out: Path) -> list[str]:
    """Compare what both published; StepError where a row of the script is not published as it is there."""
    ours = next(iter(sorted((out / "ours").glob("orders.parquet"))))
    source = f"{ours}/*.parquet" if ours.is_dir() else str(ours)
    query = _COMPARE.format(reference=literal(str(out / "reference" / "orders.parquet")), ours=literal(source))
    with duckdb.connect() as connection:
        rows, amount, our_rows, our_amount, missing, added, differing = connection.execute(query).fetchall()[0]
    if missing or differing:
        raise StepError(f"{missing} orders of the script are missing, {differing} differ", where=str(ours))
    return [
        f"script: {rows} orders, amount {amount}",
        f"crew: {our_rows} orders, amount {our_amount}",
        f"{added} orders in the crew's alone: their latest version has no amount, and an older one is published",
    ]
