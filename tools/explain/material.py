"""What there is to tell a run from: run.json and the side tables beside it, and its workspace while that is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from state.checks import CheckResult
from state.contract import Contract, Table
from state.critique import Critique
from state.decisions import Decision
from state.diagnosis import Diagnosis
from state.errors import RunError
from state.mapping import ColumnMapping
from state.reports import StepReport
from tools.intake import CONTRACT_FILE, INTAKE_FILE, Intake, read_contract, read_intake
from tools.outputs.parquet import parts
from tools.sql.quote import literal
from tools.workspace import WORKSPACE_FILE, is_staged, release_workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Material:
    """One run, as far as it is still there."""

    run: Json  # content of run.json
    folder: Path  # DIR/_runs/<run_id>
    engine: duckdb.DuckDBPyConnection  # on the workspace, or in memory when that is gone
    contract: Contract | None = None
    intake: Intake | None = None
    run_folder: Path | None = None  # of the workspace

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return str(self.run["run_id"])

    @property
    def whole(self) -> bool:
        """Whether the workspace is there, so that every row and line can be told."""
        return self.contract is not None and self.intake is not None

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the contract that were accounted for, or all of them when the run did not get there."""
        booked = tuple(self.run["tables"])
        return booked or tuple(table.name for table in (self.contract.tables if self.contract else ()))

    @property
    def published(self) -> dict[str, int]:
        """Rows by published table."""
        return dict(self.run["receipt"]["tables"]) if self.run["receipt"] else {}

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """All verdicts."""
        return tuple(CheckResult.model_validate(check) for check in self.run["checks"])

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions."""
        return tuple(Decision.model_validate(decision) for decision in self.run["decisions"])

    @property
    def steps(self) -> tuple[StepReport, ...]:
        """The reports of all steps."""
        return tuple(StepReport.model_validate(step) for step in self.run["step_reports"])

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What is wrong with tables that failed."""
        return tuple(Diagnosis.model_validate(diagnosis) for diagnosis in self.run.get("diagnoses", ()))

    @property
    def critiques(self) -> tuple[Critique, ...]:
        """What was criticised though the contract was met."""
        return tuple(Critique.model_validate(critique) for critique in self.run.get("critiques", ()))

    @property
    def mappings(self) -> tuple[ColumnMapping, ...]:
        """The mapping of every header variant of every table."""
        return tuple(ColumnMapping.model_validate(mapping) for mapping in self.run.get("mappings", ()))

    def table(self, name: str) -> Table:
        """Return a table of the contract; RunError when there is none of that name, or no contract any more."""
        if self.contract is None:
            raise RunError("the contract of the run is gone with its workspace", where=self.run_id)
        if name not in self.tables:
            raise RunError(
                f"there is no table {name!r} in run {self.run_id!r}", hint=f"its tables: {', '.join(self.tables)}"
            )
        return self.contract.table(name)

    def staged(self, table: str) -> bool:
        """Return whether the workspace holds rows of the table."""
        return self.whole and is_staged(self.engine, table)

    def side(self, kind: str, table: str) -> str | None:
        """Return SQL that reads a side table (quarantine, changes, merged); None when it was not written."""
        path = self.folder / kind / f"{table}.parquet"
        if not path.exists():
            return None
        return f"read_parquet([{', '.join(literal(str(part)) for part in parts(path))}])"

    def side_path(self, kind: str, table: str) -> str:
        """Return where a side table lies, seen from the folder of the run."""
        return f"{kind}/{table}.parquet"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.engine.execute(query).fetchall()

    def key_of(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table's key; empty without one."""
        return tuple(self.run.get("keys", {}).get(table, ()))

    def file_name(self, file_id: int) -> str:
        """Return the name of an input file."""
        names = self.run["sources"].get("file_names", ())
        return str(names[file_id]) if file_id < len(names) else f"file {file_id}"


def read_run_json(folder: Path) -> Json:
    """Return the content of run.json in a run's folder of the destination; RunError when it cannot be read."""
    path = folder / "run.json"
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise RunError(
            "the run has written no report yet", where=str(folder), hint="millwright resume continues it"
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(f"run.json cannot be read: {error}", where=str(folder)) from error
    if not isinstance(content, dict) or "run_id" not in content:
        raise RunError("run.json is not the record of a run", where=str(folder))
    return content


@contextmanager
def open_material(folder: Path, run_folder: Path | None) -> Iterator[Material]:
    """Open what is left of a run for reading; nothing is changed.

    `run_folder` holds the workspace; None, or a folder without one, leaves run.json and the side tables in `folder`.
    Raises RunError when the run is being worked on or wrote no report.
    """
    run = read_run_json(folder)
    workspace = run_folder / WORKSPACE_FILE if run_folder else None
    if run_folder is None or workspace is None or not workspace.is_file():
        with duckdb.connect() as engine:
            yield Material(run=run, folder=folder, engine=_in_utc(engine), contract=_contract(run_folder))
        return
    release_workspace(run_folder)
    with _read_only(workspace, str(run["run_id"])) as engine:
        yield Material(
            run=run,
            folder=folder,
            engine=_in_utc(engine),
            contract=_contract(run_folder),
            intake=read_intake(run_folder) if (run_folder / INTAKE_FILE).is_file() else None,
            run_folder=run_folder,
        )


def _contract(run_folder: Path | None) -> Contract | None:
    return read_contract(run_folder) if run_folder and (run_folder / CONTRACT_FILE).is_file() else None


def _read_only(workspace: Path, run_id: str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(workspace), read_only=True)
    except duckdb.IOException as error:
        raise RunError(
            f"the workspace of run {run_id!r} cannot be opened: {' '.join(str(error).split())[:200]}",
            hint="when the run is being worked on, wait for it to end",
        ) from error


def _in_utc(engine: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    engine.execute("set TimeZone = 'UTC'")
    return engine
