"""A run that lands a file again ends the same wherever it is killed, whether the landing is kept or taken back."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from graphs.session import resume
from state.run import RunContext, RunRequest, RunStatus
from tools.admission import admit

PUT_IN_PLACE = (
    *(("begin_reread", 1), ("land", 3), ("write_recovery", 1), ("replace_intake", 1), ("plan_run", 1)),
    ("end_reread", 1),
)
TAKEN_BACK = (("end_reread", 1), ("write_recovery", 2), ("settled_intake", 1), ("plan_run", 2))
"""Before which call of what a run is killed; two header variants are landed before the file that is landed again."""


@dataclass(frozen=True)
class Job:
    """Paths of a job."""

    contract: Path
    sources: Path
    out: Path
    home: Path


def contract(most_rows: int) -> dict[str, Any]:
    def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "logicalType": kind, **more}

    quarantine = [{"property": "millwright.maxQuarantine", "value": 0.05}]
    orders = {
        "name": "orders",
        "quality": [{"metric": "rowCount", "mustBeLessThan": most_rows}],
        "customProperties": quarantine,
        "properties": [
            column("order_id", "integer", primaryKey=True, required=True),
            column("day", "date", required=True),
            column("amount", "number", required=True),
        ],
    }
    sql = "select day, sum(amount) as amount from orders group by day"
    days = {
        "name": "days",
        "customProperties": [
            {"property": "millwright.transformSourceObjects", "value": ["orders"]},
            {"property": "millwright.transformLogic", "value": sql},
        ],
        "properties": [column("day", "date", primaryKey=True, required=True), column("amount", "number")],
    }
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "name": "c", "version": "1.0.0"}
    return {**head, "status": "active", "schema": [orders, days]}


def make(folder: Path, most_rows: int) -> Job:
    sources = folder / "input"
    sources.mkdir(parents=True)
    for number, sign in enumerate((",", "#", ",")):
        rows = [("order_id", "day", "amount")]
        rows += [(str(100 * number + row), f"2024-03-{10 + row}", f"{row}.5") for row in range(12)]
        (sources / f"orders_{number}.csv").write_text("".join(sign.join(row) + "\n" for row in rows))
    (folder / "contract.json").write_text(json.dumps(contract(most_rows)))
    job = Job(folder / "contract.json", sources, folder / "out", folder / "home")
    request = RunRequest(contract=str(job.contract), sources=(str(sources),), out=str(job.out), run_id="r1")
    admit(request, RunContext(home=str(job.home)))
    return job


def ended(job: Job) -> dict[str, Any]:
    """How a run ended: what is published, what the books say, what was decided, and that no landing is left over."""
    told = json.loads((job.out / "_runs" / "r1" / "run.json").read_text())
    with duckdb.connect(str(job.home / "runs" / "r1" / "workspace.duckdb"), read_only=True) as workspace:
        books = workspace.execute("select * exclude (path) from land.files order by file_id").fetchall()
        rows = workspace.execute("select _row from stage.orders order by _row").fetchall()
        past = workspace.execute("select count(*) from duckdb_tables() where schema_name = 'past'").fetchall()
    return {
        "published": {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(job.out.glob("*.parquet"))},
        "books": books,
        "rows": rows,
        "past": past,
        **{key: told[key] for key in ("status", "tables", "checks")},
        "decisions": [(each["kind"], each["subject"], each["answer"]) for each in told["decisions"]],
        "replanning": [(each["action"], each["reason"]) for each in told["replanning"]],
    }


@pytest.mark.parametrize(
    ("most_rows", "status", "points"),
    [(1000, RunStatus.PUBLISHED, PUT_IN_PLACE), (30, RunStatus.NOT_MET, TAKEN_BACK)],
)
def test_killed_while_a_file_is_landed_again_it_ends_the_same(
    tmp_path: Path, moments: Any, most_rows: int, status: RunStatus, points: tuple[tuple[str, int], ...]
) -> None:
    calm = make(tmp_path / "calm", most_rows)
    assert resume(calm.home, "r1")["status"] is status
    expected = ended(calm)
    assert expected["past"] == [(0,)]
    job = make(tmp_path / "killed", most_rows)
    places = [(point if point == "land" else f"recovering.{point}", number, 0) for point, number in points]
    lives = -1  # the first one is not killed
    for _ in moments(job, *places):
        assert resume(job.home, "r1")["status"] is status
        assert ended(job) == expected
        lives += 1
    assert lives == len(points), "a point was never reached"
