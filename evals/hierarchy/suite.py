"""Suite `hierarchy`: a thousand small files in twenty header variants through whole runs.

By one worker, by workers led by the coordinator, and by sub-coordinators with workers; then with one worker that fails,
hangs or lies. The truth is what the generator wrote and what one worker alone publishes. Printed: what the hierarchy
costs beside the work on data, in CPU of the whole process without that of the workers' threads.
"""

import hashlib
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from algorithms.intervals import wilson
from evals.hierarchy.files import ROWS, write_input
from evals.measure import measure
from evals.protocol import About, Score, Task, TaskResult
from state.delegation import WorkerFault
from tools.sql.quote import literal

FILES = 1_000
"""Files of the suite."""

_ORDER_SECONDS = 20
"""Time of an order where a worker hangs: several times what an order takes on a busy machine."""

_BROKEN = "worker-03"
_MILLWRIGHT = "import sys; from app.cli import main; sys.argv[0] = 'millwright'; main()"
_RUN = "run"
_MILLI = 1_000

_SCENES: Mapping[str, tuple[str, WorkerFault | None]] = {
    "alone": ("off", None),
    "workers": ("flat", None),
    "teams": ("on", None),
    "teams, one fails": ("on", WorkerFault.RAISES),
    "teams, one hangs": ("on", WorkerFault.HANGS),
    "teams, one claims work": ("on", WorkerFault.CLAIMS),
    "teams, one miscounts": ("on", WorkerFault.MISCOUNTS),
    "teams, one drops records": ("on", WorkerFault.DROPS),
    "workers, one drops records": ("flat", WorkerFault.DROPS),
}
"""By name: the switch `patterns.hierarchy`, and what is wrong with one worker."""


class Hierarchy:
    """The suite."""

    name = "hierarchy"
    description = "many small files: one worker, workers, sub-coordinators; one worker that fails, hangs or lies"
    about = About(
        tasks="six ways to deliver 1,000 files",
        data="none",
        scorers="the same tables (Wilson), milliseconds of orchestration",
        time="2 min",
    )

    def __init__(self, files: int = FILES) -> None:
        self._files = files

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for each scene; the suite makes its own data."""
        del data, contract
        return [Task(task_id=name.replace(", ", "-").replace(" ", "-"), inputs={"scene": name}) for name in _SCENES]

    def solve(self, task: Task, out: Path) -> None:
        """Write the files and let a process of its own deliver their table; StepError when it ends badly."""
        switch, fault = _SCENES[task.inputs["scene"]]
        contract = write_input(out, self._files)
        environment = {
            **os.environ,
            "MILLWRIGHT_HOME": str(out / "home"),
            "MILLWRIGHT_PATTERNS__HIERARCHY": switch,
            "MILLWRIGHT_ORDER_SECONDS": str(_ORDER_SECONDS),
            "MILLWRIGHT_WORKER_FAULTS": json.dumps({_BROKEN: fault.value} if fault else {}),
        }
        command = ["run", str(contract), str(out / "input"), "--out", str(out / "served"), "--run-id", _RUN]
        usage = measure([sys.executable, "-c", _MILLWRIGHT, *command], environment=environment, log=out / "run.log")
        (out / "usage.json").write_text(usage.model_dump_json())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return whether all is published as one worker alone publishes it, and what the hierarchy did."""
        run = json.loads((out / "served" / "_runs" / _RUN / "run.json").read_text())
        records = run["hierarchy"]
        usage = json.loads((out / "usage.json").read_text())
        published = out / "served" / "shipments.parquet"
        details = {
            "published": _count(published) == self._files * ROWS,
            "sha256": hashlib.sha256(published.read_bytes()).hexdigest(),
            "same": _alike(published, out.parent / "alone" / "served" / "shipments.parquet"),
            "broken": _SCENES[task.inputs["scene"]][1],
            "cpu": round(usage["cpu"], 2),
            "wall": round(usage["wall"], 2),
            "hierarchy": [_told(record) for record in records],
            "milliseconds": [_overhead(record) for record in records],
            "orders": sum(record["done"] for record in records),
            "refuted": sum(record["refuted"] for record in records),
        }
        right = details["published"] and details["same"]
        return (_share("published as by one worker", int(right), 1),), details

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return how many runs published the same, and the overhead of the hierarchies without faults."""
        solved = [result for result in results if result.solved]
        right = sum(result.details["published"] and result.details["same"] for result in solved)
        sound = [result for result in solved if not result.details["broken"] and result.details["milliseconds"]]
        costs = [sum(result.details["milliseconds"]) for result in sound]
        scores = [_share("runs that publish the same", right, len(results))]
        if costs:
            scores.append(
                Score(
                    name="orchestration CPU per file",
                    value=statistics.median(costs),
                    low=min(costs),
                    high=max(costs),
                    n=len(costs),
                    interval="range of the runs without faults",
                    unit="ms",
                )
            )
        return tuple(scores)


def _share(name: str, right: int, of: int) -> Score:
    low, high = wilson(right, of)
    return Score(name=name, value=right / max(1, of), low=low, high=high, n=of, interval="Wilson 95 %")


def _count(path: Path) -> int:
    """Return how many different shipments are published."""
    query = f"select count(distinct shipment_id) from read_parquet({literal(str(path))})"
    with duckdb.connect() as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _alike(path: Path, other: Path) -> bool:
    return path.read_bytes() == other.read_bytes()


def _overhead(record: Mapping[str, Any]) -> float:
    """Return the CPU of a hierarchy beside its workers' in milliseconds for each file."""
    return round(float(record["overhead_cpu"]) * _MILLI / int(record["work"]["files"]), 3)


def _told(record: Mapping[str, Any]) -> str:
    shape = record["shape"]
    again = (
        f"{record['redelegated']} delegated again ({record['failed']} failed, {record['late']} late, "
        f"{record['refuted']} refuted)"
    )
    return (
        f"{record['kind']}: depth {shape['depth']}, {shape['teams']} teams, {shape['workers']} workers, "
        f"{record['done']} orders, {again}; parallelism {record['parallelism']}, overhead {record['overhead']} "
        f"of {record['elapsed']} s, waited {record['waiting']} s; CPU {record['data_cpu']} s on data, "
        f"{record['overhead_cpu']} s beside it, of that {record['checking']} s checking; "
        f"{_overhead(record)} ms per file"
    )
