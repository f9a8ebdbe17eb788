"""A run whose contract leaves open what happens to bad rows: does it tell who wanted what and why, and act so."""

import json
from pathlib import Path
from typing import Any

import duckdb

from graphs.session import run
from state.run import Patterns, RunContext
from tools.sql.quote import literal

ROWS = 1_000
_BAD = 15  # rows, for each of three columns: 4.5 % together, and the contract can do without 5 %
_CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: open-remedy
name: open remedy
version: 1.0.0
status: active
schema:
  - name: orders
    customProperties:
      - {property: millwright.sources, value: ["orders*"]}
    properties:
      - {name: order_id, logicalType: integer, primaryKey: true, required: true}
      - {name: customer, logicalType: string, required: true}
      - {name: discount, logicalType: number, physicalType: "DECIMAL(10,2)"}
      - {name: shipped, logicalType: date}
      - {name: items, logicalType: integer}
"""


def write_job(folder: Path) -> tuple[Path, Path]:
    """Write contract and source: three columns with values that cannot be read, each in rows of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["order_id,customer,discount,shipped,items"]
    for number in range(ROWS):
        bad = number // _BAD if number < 3 * _BAD else 3
        discount, shipped, items = f"{number % 30}", f"2024-03-{1 + number % 28:02}", f"{1 + number % 9}"
        values = ["lots" if bad == 0 else discount, "soon" if bad == 1 else shipped, "many" if bad == 2 else items]  # noqa: PLR2004  three columns
        lines.append(",".join((str(number), f"c{number % 50}", *values)))
    contract, source = folder / "contract.yaml", folder / "orders.csv"
    contract.write_text(_CONTRACT, encoding="utf-8")
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return contract, source


def run_job(folder: Path, conflict: str, number: int = 1) -> Path:
    """Run the job with a way to settle conflicts; return the folder of what it tells."""
    contract, source = write_job(folder / "input")
    out, run_id = folder / f"out-{conflict}-{number}", f"open-{conflict}-{number}"
    context = RunContext(home=str(folder / "home"), patterns=Patterns(conflict=conflict))
    run(contract, [str(source)], out, run_id=run_id, context=context)
    return out / "_runs" / run_id


def faults_of(told: Path) -> list[str]:
    """Return what a run with a conflict does not tell, or does otherwise than it tells."""
    content = json.loads((told / "run.json").read_text(encoding="utf-8"))
    page = (told / "report.html").read_text(encoding="utf-8")
    rulings = [each for each in content["decisions"] if each["kind"] == "conflict"]
    if content["status"] != "published" or len(rulings) != 1:
        return [f"status {content['status']}, {len(rulings)} rulings"]
    (ruling,) = rulings
    faults = [f"nothing of what {name} wanted" for name in ("completeness", "correctness") if not _wanted(ruling, name)]
    for asked in ("rows_kept", "cells_withheld", "worth"):
        faults += [] if asked in ruling["evidence"] else [f"no figure {asked}"]
    for asked in ("certificate", "Pareto-optimal"):
        faults += [] if asked in ruling["reason"] else [f"no {asked}"]
    faults += [f"report.html does not show {asked}" for asked in (ruling["answer"], "rows_kept") if asked not in page]
    return faults + _deeds(told, content, ruling)


def _wanted(ruling: dict[str, Any], name: str) -> bool:
    return any(vote["voter"] == name and vote["choice"] for vote in ruling["votes"])


def _deeds(told: Path, content: dict[str, Any], ruling: dict[str, Any]) -> list[str]:
    """Compare the ruling with the books and with every withheld value, which must be told as a change."""
    account, faults = content["tables"]["orders"], []
    if ruling["answer"] == "quarantine":
        return [] if account["rows_quarantined"] == 3 * _BAD else ["the rows are not in quarantine"]
    changes = literal(str(told / "changes" / "orders.parquet"))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select count(*), count(*) filter (before in ('lots', 'soon', 'many') and after is null and evidence = ?) "
            f"from read_parquet({changes}) where operator = 'discard_value'",
            [ruling["decision_id"]],
        ).fetchall()
    if rows != [(3 * _BAD, 3 * _BAD)]:
        faults.append(f"of {3 * _BAD} withheld values {rows[0][1]} are told as changes with their ruling")
    if (account["rows_published"], account["rows_quarantined"]) != (ROWS, 0):
        faults.append(f"{account['rows_published']} rows published, {account['rows_quarantined']} in quarantine")
    return faults
