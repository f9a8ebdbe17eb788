"""What is put before the repair council and what it found, as files: rows as text, and findings as lines of JSON.

Layout of `<run folder>/repairs/`: `<name>.parquet` (`_row` and the text of the columns), `<name>.contract.json` (the
table's part of the contract), `<name>.findings.jsonl` (a finding a line, by row and column) and `<name>.found.json`
(counts, written last: where it lies, the findings are whole). A name ends with a fingerprint of the rows, so that
findings about rows that were made anew are not taken for these.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from state.contract import RepairScope, Table
from state.errors import SetupError, SourceError
from state.repair import CellFault, CellFinding, DirtyTable, RepairFindings, RepairVerdict
from state.repair_council import CouncilFound, CouncilRef, CouncilTask
from state.resolution import Ballot
from tools.files import write_durably
from tools.outputs.parquet import write_file
from tools.reading import reading
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sql.quote import ident, literal
from tools.workspace import open_workspace

FOLDER = "repairs"
TERMS = ".contract.json"
"""How the name of a file ends that says what the contract says of a table."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_MOST_NOTES = 20


def council_task(folder: Path, table: str, keys: tuple[str, ...], fingerprint: str) -> CouncilTask:
    """Return the task of putting a table before the council, with where its files lie in the run's folder."""
    place = folder / FOLDER / f"{_UNSAFE.sub('-', table)[:100]}-{fingerprint}"
    return CouncilTask(
        table=table,
        path=f"{place}.parquet",
        contract=f"{place}{TERMS}",
        keys=keys,
        ends_at=f"{place}.findings.jsonl",
    )


def write_dirty(connection: duckdb.DuckDBPyConnection, task: CouncilTask, table: Table, query: str) -> None:
    """Write the rows of a query, and what the contract says of them."""
    write_terms(Path(task.contract), table)
    write_file(connection, query, Path(task.path))


def write_terms(path: Path, table: Table) -> None:
    """Write what the contract says of a table, durably.

    The council is told that every cell may be changed: its bars alone speak, and what the scope lets be changed is
    ruled on afterwards.
    """
    columns = tuple(column.model_copy(update={"repair": RepairScope.ALL}) for column in table.columns)
    write_durably(path, table.model_copy(update={"columns": columns}).model_dump_json().encode())


def land_alone(task: CouncilTask, folder: Path) -> CouncilTask:
    """Read a caller's own file, of any kind that is read in a run, into `folder`; return the task with its files there.

    Raises SourceError where it cannot be read.
    """
    placed = task.model_copy(
        update={"path": str(folder / "table.parquet"), "ends_at": str(folder / "table.findings.jsonl"), "contract": ""}
    )
    inventory = take_inventory([task.path], folder)
    variants = [variant for variant in inventory.variants if variant.file_ids]
    if len(variants) != 1:
        raise SourceError("it does not hold one table", where=task.path, hint="name a sheet or an array: FILE#NAME")
    with open_workspace(folder) as connection:
        land(connection, inventory)
        columns = ", ".join(f"c{index} as {ident(name)}" for index, name in enumerate(variants[0].columns))
        write_file(
            connection, f"select _row, {columns} from land.{variants[0].variant_id} order by _row", Path(placed.path)
        )
    return placed


def read_dirty(task: CouncilTask) -> DirtyTable:
    """Return the table of a task; SetupError where it lacks a column of the key."""
    source = f"read_parquet({literal(task.path)})"
    with reading() as engine:
        names = [row[0] for row in engine.execute(f"describe select * exclude (_row) from {source}").fetchall()]
        rows = engine.execute(f"select * exclude (_row) from {source} order by _row").fetchall()
    parts = list(zip(*rows, strict=True)) or [() for _ in names]
    columns = dict(zip(names, parts, strict=True))
    contract = Table.model_validate_json(Path(task.contract).read_bytes()) if task.contract else None
    missing = [key for key in task.keys if key not in columns]
    if missing:
        raise SetupError(f"there is no column {missing[0]!r}", where="task.keys", hint=f"columns: {', '.join(columns)}")
    return DirtyTable(columns=columns, contract=contract, keys=task.keys)


def write_found(task: CouncilTask, rows: int, findings: RepairFindings, seconds: float) -> CouncilFound:
    """Write the findings durably, then their counts, and return these."""
    path = findings_path(task)
    lines = "".join(f"{json.dumps(_plain(cell), ensure_ascii=False)}\n" for cell in findings.cells)
    write_durably(path, lines.encode(errors="backslashreplace"))
    counts = {verdict: sum(cell.verdict is verdict for cell in findings.cells) for verdict in RepairVerdict}
    reference = CouncilRef(
        table=task.table,
        path=str(path),
        rows=rows,
        repairs=counts[RepairVerdict.REPAIR],
        proposals=counts[RepairVerdict.PROPOSE],
        flags=counts[RepairVerdict.FLAG],
        seconds=seconds,
    )
    notes = tuple(findings.notes[:_MOST_NOTES])
    found = CouncilFound(reference=reference, reliability=dict(findings.reliability), notes=notes)
    write_durably(_found_path(path), found.model_dump_json().encode())
    return found


def write_failed(task: CouncilTask, problem: str, seconds: float) -> CouncilFound:
    """Write durably why there are no findings, and return it."""
    found = CouncilFound(reference=CouncilRef(table=task.table, path="", seconds=seconds, failed=problem))
    write_durably(_found_path(findings_path(task)), found.model_dump_json().encode())
    return found


def read_found(task: CouncilTask) -> CouncilFound | None:
    """Return the counts of a task's findings; None before the council has sat."""
    try:
        return CouncilFound.model_validate_json(_found_path(findings_path(task)).read_bytes())
    except FileNotFoundError:
        return None


def forget(task: CouncilTask) -> None:
    """Let the council sit again on a task."""
    _found_path(findings_path(task)).unlink(missing_ok=True)


def read_findings(found: CouncilFound) -> Iterator[CellFinding]:
    """Yield the findings, by row and column."""
    with Path(found.reference.path).open(encoding="utf-8") as lines:
        for line in lines:
            yield _finding(json.loads(line))


def findings_path(task: CouncilTask) -> Path:
    """Return where the findings of a task are written."""
    path = Path(task.path)
    return Path(task.ends_at) if task.ends_at else path.with_name(f"{path.stem}.findings.jsonl")


def _found_path(findings: Path) -> Path:
    return findings.with_name(findings.name.removesuffix(".findings.jsonl") + ".found.json")


def _plain(cell: CellFinding) -> dict[str, Any]:
    votes = [vote.model_dump() for vote in cell.votes]
    fields = ("row", "column", "before", "after", "fault", "verdict", "confidence", "operator", "evidence")
    return {**{name: getattr(cell, name) for name in fields}, "votes": votes}


def _finding(plain: dict[str, Any]) -> CellFinding:
    votes = tuple(Ballot.model_validate(vote) for vote in plain["votes"])
    known = {"fault": CellFault(plain["fault"]), "verdict": RepairVerdict(plain["verdict"]), "votes": votes}
    return CellFinding(**{**plain, **known})
