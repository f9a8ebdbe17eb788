"""What the lineage of a run is told from: its artefacts, its ledger and the event log. Nothing here is written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
from pydantic import ValidationError

from state.checks import CheckResult
from state.contract import Contract
from state.formats import ValueFormat
from state.mapping import ColumnMapping
from state.plans import Plan
from state.reports import StepReport
from state.run import CheckSummary, RunStatus, TableAccount
from state.supervisor import SupervisorOutput
from tools.files import is_text
from tools.intake import CONTRACT_FILE, INTAKE_FILE, Intake, read_contract, read_intake
from tools.ledger import find_receipt, read_decisions, read_reports
from tools.outputs.journal import Receipt, receipt_path
from tools.records import RunRecord
from tools.verification import read_checks
from tools.workspace import WORKSPACE_FILE, open_workspace

Columns = tuple[tuple[str, str], ...]
"""Columns of a relation in order, each with the engine's name of its type."""

_DEPENDENCY = "dependency"
"""The specialist that resolves a value by what stands in the other columns of its rows."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What became of the lines of one landed file."""

    lines: int
    records: int
    rejects: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the workspace of a run tells."""

    files: Mapping[int, FileCounts] = field(default_factory=dict)
    mappings: Mapping[str, tuple[ColumnMapping, ...]] = field(default_factory=dict)
    formats: Mapping[str, Mapping[str, ValueFormat]] = field(default_factory=dict)
    resolved: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    """By table and column with resolved values: whether other columns of their rows were evidence."""
    reports: Mapping[str, StepReport] = field(default_factory=dict)
    staged: Mapping[str, Columns] = field(default_factory=dict)
    """Columns of the staged tables, without those the workspace adds."""
    aside: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Rows by side table ("quarantine", "merged") and table."""
    decisions: Mapping[str, int] = field(default_factory=dict)
    """Decisions by kind."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is told of a run; of one that stopped early much is missing."""

    record: RunRecord
    status: RunStatus
    problem: str = ""
    interrupted: bool = False  # the process was told to stop
    contract: Contract | None = None
    intake: Intake | None = None
    plan: Plan | None = None
    ledger: Ledger = field(default_factory=Ledger)
    accounts: Mapping[str, TableAccount] = field(default_factory=dict)
    summary: CheckSummary | None = None
    checks: tuple[CheckResult, ...] = ()
    receipt: Receipt | None = None
    times: Mapping[str, datetime] = field(default_factory=dict)  # of the run's event log, by event id

    @property
    def run_files(self) -> Path:
        """The folder of the run's own outputs."""
        return Path(self.record.request.out) / "_runs" / self.record.run_id


def gather(record: RunRecord, output: SupervisorOutput, *, problem: str = "", interrupted: bool = False) -> Facts:
    """Return what is known of a run that ended with `output`, or was stopped with only a part of it.

    What a resumed run left from before is known by its artefacts. Raises what reading them raises.
    """
    folder = record.context.run_folder(record.run_id)
    contract = read_contract(folder) if (folder / CONTRACT_FILE).exists() else None
    intake = read_intake(folder) if (folder / INTAKE_FILE).exists() else None
    summary = output.get("checks")
    return Facts(
        record=record,
        status=output.get("status", RunStatus.FAILED),
        problem=problem or output.get("problem", ""),
        interrupted=interrupted,
        contract=contract,
        intake=intake,
        plan=_latest_plan(folder),
        ledger=_read_ledger(folder, contract) if contract and (folder / WORKSPACE_FILE).exists() else Ledger(),
        accounts=output.get("accounts", {}),
        summary=summary,
        checks=read_checks(folder) if summary else (),
        receipt=_receipt(record),
        times=read_times(Path(record.request.out) / "_runs" / record.run_id / "events.jsonl"),
    )


def read_times(path: Path) -> dict[str, datetime]:
    """Return when each event of an event log was heard; lines that cannot be read are left out."""
    times: dict[str, datetime] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            event = json.loads(line)
            times.setdefault(str(event["event_id"]), datetime.fromisoformat(event["at"]))
        except (ValueError, KeyError, TypeError):
            continue  # half a line, left by a kill
    return times


def _latest_plan(folder: Path) -> Plan | None:
    found = sorted(folder.glob("plan-*.json"), key=lambda path: (len(path.name), path.name))
    return Plan.model_validate_json(found[-1].read_bytes()) if found else None


def _receipt(record: RunRecord) -> Receipt | None:
    path = receipt_path(Path(record.request.out), record.run_id)
    try:
        return Receipt.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _read_ledger(folder: Path, contract: Contract) -> Ledger:
    with open_workspace(folder, threads=1) as connection:
        receipts = {
            (kind, table.name): find_receipt(connection, f"{kind}:{table.name}") or {}
            for kind in ("map", "format")
            for table in contract.tables
        }
        counts = connection.execute("select file_id, lines, records, rejects from land.files").fetchall()
        kinds: dict[str, int] = {}
        for decision in read_decisions(connection):
            kinds[decision.kind] = kinds.get(decision.kind, 0) + 1
        return Ledger(
            files={row[0]: FileCounts(*row[1:]) for row in counts},
            mappings={
                name: tuple(ColumnMapping.model_validate(item) for item in receipt.get("mappings", ()))
                for (kind, name), receipt in receipts.items()
                if kind == "map"
            },
            formats={
                name: {item["column"]: ValueFormat.model_validate(item) for item in receipt.get("formats", ())}
                for (kind, name), receipt in receipts.items()
                if kind == "format"
            },
            resolved=_resolved(connection),
            reports=read_reports(connection),
            staged=_staged(connection),
            aside=_aside(connection),
            decisions=kinds,
        )


def _resolved(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    rows = connection.execute("select table_name, column_name, votes from ops.value_map").fetchall()
    for table, column, votes in rows:
        seen = any(vote["voter"] == _DEPENDENCY and vote["choice"] is not None for vote in json.loads(votes))
        columns = found.setdefault(table, {})
        columns[column] = columns.get(column, False) or seen
    return found


def _staged(connection: duckdb.DuckDBPyConnection) -> dict[str, Columns]:
    rows = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'stage' "
        "order by table_name, column_index"
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        found.setdefault(table, []).append((column, kind))
    return {table: _own_columns(columns) for table, columns in found.items()}


def _own_columns(columns: list[tuple[str, str]]) -> Columns:
    """Return the columns without row id, raw text and operators; a column such as "raw$x" of the source stays."""
    names = {name for name, _ in columns}
    work = {"_row", *(f"{prefix}{name}" for name in names for prefix in ("raw$", "op$") if f"raw${name}" in names)}
    return tuple((name, kind) for name, kind in columns if name not in work and is_text(name))


def _aside(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    query = " union all ".join(
        f"select '{side}', table_name, count(distinct _row) from ops.{side} group by table_name"
        for side in ("quarantine", "merged", "repairs")
    )
    return {(side, table): rows for side, table, rows in connection.execute(query).fetchall()}
