"""Data held against a contract as it is: typed, but nothing repaired, merged or set aside."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from nodes.steps.conforming import conform_table
from nodes.steps.formatting import choose_formats
from nodes.steps.mapping import map_columns
from nodes.steps.work import Work
from state.checks import CheckResult
from state.contract import Contract, Table
from state.errors import SourceError
from state.plans import Step, StepKind
from state.run import RunContext
from state.sources import Inventory
from tools.intake import Intake
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.match import match_tables
from tools.sql.quote import ident, literal
from tools.sql.sandbox import SandboxLimits
from tools.verification import judge_drift, run_contract_rules
from tools.workspace import open_workspace

_TWICE = "the table is given twice"


def check_files(contract: Contract, data: Sequence[str], folder: Path, context: RunContext) -> tuple[CheckResult, ...]:
    """Return the verdicts for the tables there is data for, working in the temporary `folder`.

    Parquet files, and folders of numbered parts, belong to the table they are named after; text files are matched
    as in a run. SourceError when some data belongs to no table, a table is given twice, or a file cannot be read.
    """
    parquet = _parquet_by_table(contract, [Path(path) for path in data if Path(path).suffix == ".parquet"])
    texts = [path for path in data if Path(path).suffix != ".parquet"]
    given = contract.model_copy(update={"tables": tuple(_plain(table) for table in contract.tables)})
    intake = _land(given, texts, folder, context)
    if twice := sorted(set(parquet) & set(intake.table_files)):
        raise SourceError(_TWICE, where=twice[0], hint="give its Parquet or its text files, not both")
    present = set(parquet) | set(intake.table_files)
    checked = given.model_copy(update={"tables": tuple(table for table in given.tables if table.name in present)})
    for name in intake.table_files:
        _stage_text(Work(_step(StepKind.MAP, name), checked, intake, folder, context))
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        for name, path in parquet.items():
            _stage_parquet(connection, checked.table(name), path)
    limits = SandboxLimits(seconds=context.sql_seconds, memory=context.memory, threads=context.threads)
    results = run_contract_rules(folder, checked, limits=limits, plain=frozenset(parquet))
    landed = checked.model_copy(update={"tables": tuple(t for t in checked.tables if t.name in intake.table_files)})
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        return results + judge_drift(connection, landed, intake)


def _parquet_by_table(contract: Contract, paths: Sequence[Path]) -> dict[str, Path]:
    names = {table.name for table in contract.tables}
    found: dict[str, Path] = {}
    for path in paths:
        name = path.name.removesuffix(".parquet")
        if name not in names:
            hint = f"tables: {', '.join(sorted(names))}"
            raise SourceError("the contract has no such table", where=str(path), hint=hint)
        if found.setdefault(name, path) != path:
            raise SourceError(_TWICE, where=name, hint=f"give {found[name]} or {path}, not both")
    return found


def _plain(table: Table) -> Table:
    """Return the table as data already made: nothing is derived any more."""
    columns = tuple(column.model_copy(update={"transform_logic": None}) for column in table.columns)
    return table.model_copy(update={"transform_logic": None, "transform_sources": (), "columns": columns})


def _land(contract: Contract, texts: Sequence[str], folder: Path, context: RunContext) -> Intake:
    if not texts:
        return Intake(inventory=Inventory(files=(), variants=()), table_files={})
    inventory = take_inventory(texts, folder, contract=contract)
    matched = match_tables(inventory, contract, optional=[table.name for table in contract.tables])
    if matched.unused:
        raise SourceError("belongs to no table of the contract", where=matched.unused[0], hint="see millwright.sources")
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        land(connection, inventory)
    return Intake(inventory=inventory, table_files=matched.files)


def _stage_text(work: Work) -> None:
    table = work.step.table or ""
    with open_workspace(work.folder, threads=work.context.threads, memory=work.context.memory) as connection:
        map_columns(connection, work)
        choose_formats(connection, _at(work, _step(StepKind.FORMAT, table)))
    conform_table(_at(work, _step(StepKind.CONFORM, table)))


def _stage_parquet(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    files = literal(str(path / "*.parquet") if path.is_dir() else str(path))
    name = ident(table.name)
    try:
        connection.execute(
            f"create table stage.{name} as select row_number() over () as _row, * from read_parquet({files})"
        )
    except duckdb.Error as error:
        what = f"it cannot be read as Parquet: {' '.join(str(error).split())[:300]}"
        raise SourceError(what, where=str(path), hint="give a readable Parquet file, or a folder of them") from error
    connection.execute(f"create view live.{name} as from stage.{name}")
    connection.execute(f"create view main.{name} as select * exclude (_row) from stage.{name}")


def _at(work: Work, step: Step) -> Work:
    return Work(step, work.contract, work.intake, work.folder, work.context)


def _step(kind: StepKind, table: str) -> Step:
    return Step(
        step_id=f"{kind.value}:{table}",
        kind=kind,
        table=table,
        after=(),
        preconditions=(),
        effects=(),
        seconds=0.0,
        probability=1.0,
    )
