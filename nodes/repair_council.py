"""The repair council as nodes: what is put before it is looked at, and what it finds is written beside it."""

import time
from pathlib import Path

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.repair.council import find_repairs
from algorithms.repair.settings import CouncilSettings
from algorithms.repair_rulings import by_majority
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, validated
from nodes.events import emit
from state.budget import Spent
from state.errors import SetupError
from state.repair_council import CouncilOutput, CouncilRef, CouncilState, CouncilTask
from state.run import RunContext
from state.values import digest
from tools.contract.read import require_contract
from tools.disk import no_room
from tools.files import file_stamp
from tools.repair_council import (
    FOLDER,
    TERMS,
    land_alone,
    read_dirty,
    read_found,
    write_failed,
    write_found,
    write_terms,
)

_WRONG = (*FAILURES, ValueError, MemoryError)
"""What may go wrong with a table without being a fault of the program: the run goes on without the council."""


class TaskInput(TypedDict):
    """Keys the nodes read."""

    task: CouncilTask


def open_council(state: TaskInput, runtime: Runtime[RunContext]) -> CouncilState:
    """Validate the task, which a served graph gets as plain JSON, and read its part of a contract.

    What a caller's own file is judged by, and what is found in it, lies in the home folder.
    """
    task = validated(CouncilTask, state.get("task"), "task")
    if task.ends_at:
        return {"task": task}
    path = Path(task.path).absolute()
    folder = Path(context_of(runtime).home).absolute() / FOLDER / digest([task, str(path), file_stamp(path)])[:16]
    folder.mkdir(parents=True, exist_ok=True)
    placed = land_alone(task.model_copy(update={"path": str(path)}), folder)
    if task.contract:
        contract, _ = require_contract(Path(task.contract))
        names = [table.name for table in contract.tables]
        if task.table not in names:
            raise SetupError(
                f"there is no table {task.table!r}", where="task.table", hint=f"tables: {', '.join(names)}"
            )
        placed = placed.model_copy(update={"contract": str(folder / f"table{TERMS}")})
        write_terms(Path(placed.contract), contract.table(task.table))
    return {"task": placed}


def deliberate(state: TaskInput, runtime: Runtime[RunContext]) -> CouncilOutput:
    """Find what is wrong with the table's cells and what belongs there; findings that are there already stand."""
    task, started = state["task"], time.monotonic()
    known = read_found(task)
    if known is not None and not known.reference.failed:
        return _output(known.reference)
    try:
        dirty = read_dirty(task)
        rows = max(map(len, dirty.columns.values()), default=0)
        findings = find_repairs(dirty, CouncilSettings())
        if context_of(runtime).patterns.council == "majority":
            findings = by_majority(findings)
        reference = write_found(task, rows, findings, time.monotonic() - started).reference
    except _WRONG as error:
        if no_room(error) or isinstance(error, SetupError):
            raise
        reference = write_failed(task, failure_line(error), time.monotonic() - started).reference
    return _output(reference)


def _output(reference: CouncilRef) -> CouncilOutput:
    told = f"{reference.repairs} repairs, {reference.proposals} proposals, {reference.flags} flags"
    emit(
        "repair_council",
        f"repair_council:{Path(reference.path).name or reference.table}",
        table=reference.table,
        detail=f"{reference.table}: {reference.failed or told}",
    )
    spent = {f"repair_council:{reference.table}": Spent(seconds=reference.seconds)}
    return {"found": {reference.table: reference}, "spent": spent}
