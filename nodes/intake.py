"""Intake: the contract is valid, the sources are readable, every line is landed or kept as a reject."""

import time
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime
from pydantic import ValidationError
from typing_extensions import TypedDict

from nodes.context import context_of, run_folder
from nodes.decide import Account, record
from nodes.events import emit
from state.budget import Spent
from state.checks import Fault
from state.contract import Contract
from state.decisions import Decision
from state.errors import ContractError, SetupError
from state.run import SCHEMA_VERSION, ContractRef, RunContext, RunRequest, RunStatus
from state.sources import Inventory, SourceFile, SourcesRef
from state.supervisor import IntakeOutput
from state.values import digest
from tools.admission import admit, completed
from tools.contract.read import require_contract
from tools.intake import Intake, read_contract, read_intake, write_intake
from tools.ledger import record_decisions
from tools.records import CONTRACT_COPY
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.limits import LandingLimits
from tools.sources.match import match_tables
from tools.workspace import open_workspace

_FILES_AT_ONCE = 500
"""Files landed in one transaction; a crash repeats at most one chunk."""


class RequestInput(TypedDict):
    """Keys the first node reads."""

    request: RunRequest


class SourcesInput(TypedDict):
    """Keys landing reads."""

    request: RunRequest
    sources: SourcesRef


def read_request(state: RequestInput, runtime: Runtime[RunContext]) -> IntakeOutput:
    """Validate the request and make the run's record when the caller did not."""
    request, context = completed(_validated(state["request"])), context_of(runtime)
    if not (context.run_folder(request.run_id) / "record.json").exists():
        admit(request, context)
    return {"request": request, "schema_version": SCHEMA_VERSION, "status": RunStatus.RUNNING}


def take_stock(state: RequestInput, runtime: Runtime[RunContext]) -> IntakeOutput:
    """Read the contract and scan the sources; both end as artefacts in the run's folder."""
    started = time.monotonic()
    request, context = state["request"], context_of(runtime)
    folder = run_folder(runtime, request)
    contract, faults = _read_copy(folder / CONTRACT_COPY, shown_as=request.contract)
    limits = LandingLimits(max_decompressed_bytes=context.max_decompressed_bytes)
    inventory = take_inventory(request.sources, folder, limits)
    matched = match_tables(inventory, contract)
    sources = write_intake(
        folder, contract, Intake(inventory=inventory, table_files=matched.files, unused=matched.unused)
    )
    emit("scanned", "intake:scan", files=sources.files, variants=sources.variants, lines=sources.lines)
    warnings = [f"contract, {fault.place}: {fault.message}" for fault in faults]
    warnings += list(inventory.warnings)
    warnings += [f"{name}: feeds no table of the contract" for name in matched.unused]
    warnings += [f"{name}: not of a kind that is read" for name in inventory.ignored]
    return {
        "contract": ContractRef(
            path=request.contract,
            sha256=contract.sha256,
            name=contract.name,
            version=contract.version,
            tables=tuple(table.name for table in contract.tables),
        ),
        "sources": sources,
        "warnings": _bounded(warnings),
        "spent": {"intake:scan": Spent(steps=1, seconds=time.monotonic() - started)},
    }


def land_sources(state: SourcesInput, runtime: Runtime[RunContext]) -> IntakeOutput:
    """Land every file that feeds a table, chunk by chunk; files that are landed already stay as they are."""
    started = time.monotonic()
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    intake = read_intake(folder)
    wanted = sorted({file_id for files in intake.table_files.values() for file_id in files})
    in_place = _readable_in_place(read_contract(folder), intake)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        record_decisions(connection, _dialect_decisions(intake.inventory))
        landed = {row[0] for row in connection.execute("select file_id from land.files").fetchall()}
        waiting = [file_id for file_id in wanted if file_id not in landed]
        for start in range(0, len(waiting), _FILES_AT_ONCE):
            chunk = waiting[start : start + _FILES_AT_ONCE]
            land(connection, intake.inventory, file_ids=chunk, in_place=in_place)
            emit("landed", f"intake:land:{chunk[0]}", files=len(landed) + start + len(chunk), of=len(wanted))
        row = connection.execute(
            "select coalesce(sum(records), 0), coalesce(sum(rejects), 0) from land.files"
        ).fetchone()
    records, rejects = (int(row[0]), int(row[1])) if row else (0, 0)
    sources = state["sources"].model_copy(update={"records": records, "rejects": rejects})
    return {
        "sources": sources,
        "spent": {"intake:land": Spent(steps=1, seconds=time.monotonic() - started)},
    }


def _readable_in_place(contract: Contract, intake: Intake) -> set[str]:
    """Return the variants whose file may be read where it lies: SQL of the contract runs where no file can be read."""
    closed = {table.name for table in contract.tables if any(column.transform_logic for column in table.columns)}
    copied = {variant for name in closed & set(intake.table_files) for variant, _ in intake.variants_of(name)}
    return {variant.variant_id for variant in intake.inventory.variants} - copied


def _dialect_decisions(inventory: Inventory) -> tuple[Decision, ...]:
    """Return the record of how files are cut and decoded, one for each way that was found."""
    groups: dict[str, list[SourceFile]] = {}
    for file in (file for file in inventory.files if file.header):
        dialect = file.dialect
        encoding = dialect.decoded_from or dialect.encoding
        way = f"delimiter {dialect.delimiter!r}, quote {dialect.quote!r}, {encoding}{', byte-order mark' * dialect.bom}"
        groups.setdefault(way, []).append(file)
    decisions = []
    for way, files in groups.items():
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        evidence = files[0].dialect.evidence
        account = Account(subject=f"{files[0].name}{more}", answer=way, confidence=1.0, evidence=evidence)
        decisions.append(
            record("source_dialect", account, digest([way, evidence]), method="field counts and clevercsv")
        )
    return tuple(decisions)


def _read_copy(path: Path, shown_as: str) -> tuple[Contract, tuple[Fault, ...]]:
    """Read the run's own copy of the contract; errors name the file the person knows."""
    try:
        contract, faults = require_contract(path)
    except ContractError as error:
        hint = error.hint.replace(str(path), shown_as)
        raise ContractError(error.what, where=error.where.replace(str(path), shown_as), hint=hint) from error
    return contract, faults


def _validated(request: RunRequest | dict[str, Any]) -> RunRequest:
    """Return the request, which a served graph gets as plain JSON."""
    try:
        return RunRequest.model_validate(request if isinstance(request, dict) else request.model_dump())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SetupError(first["msg"], where=f"request.{place}", hint="see the input schema of the graph") from error


def _bounded(warnings: list[str]) -> tuple[str, ...]:
    most = 50
    shown = [warning[:300] for warning in warnings[:most]]
    return (*shown, f"and {len(warnings) - most} more") if len(warnings) > most else tuple(shown)
