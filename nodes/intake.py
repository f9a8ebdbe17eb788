"""Intake: the contract is valid, the sources are readable, every line is landed or kept as a reject."""

import time
from collections.abc import Sequence
from pathlib import Path

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.delegation.sizing import may_share_out
from nodes.adopt import with_log
from nodes.context import context_of, owner_of, run_folder, validated
from nodes.decide import Account, record
from nodes.events import emit
from nodes.learned import settle_lessons, taught
from state.budget import Spent
from state.checks import Fault
from state.contract import Contract
from state.decisions import Decision
from state.delegation import Assignment, HierarchyRecord, OrderKind
from state.errors import ContractError, RunError, SourceError
from state.planning import PlanningState
from state.run import SCHEMA_VERSION, ContractRef, RunContext, RunRequest, RunStatus
from state.sources import Inventory, Kind, SourceFile, SourcesRef
from state.supervisor import IntakeOutput
from state.values import digest
from tools.admission import admit, completed
from tools.contract.read import require_contract
from tools.contract_sql import contract_sql_faults
from tools.delegation.book import delegation_folder, read_book
from tools.delegation.landing import in_file_order
from tools.delegation.scanning import join_scans
from tools.goal_drafts import describes_without_source, may_be_drafted
from tools.intake import Intake, read_contract, read_intake, write_contract, write_intake
from tools.ledger import record_decisions
from tools.lessons_used import record_use
from tools.moments import read_course
from tools.records import CONTRACT_COPY, read_record
from tools.sources.changed import changed_files, stamps_of
from tools.sources.find import FoundSources
from tools.sources.inventory import find_inputs, take_inventory
from tools.sources.land import land
from tools.sources.limits import LandingLimits
from tools.sources.match import match_tables
from tools.workspace import discard_workspace, open_workspace

_FILES_AT_ONCE = 500
"""Files landed in one transaction; a crash repeats at most one chunk."""


_MOST_RESCANS = 3
"""A file that changes more often while it is read is not complete yet."""


class RequestInput(TypedDict):
    """Keys the first node reads."""

    request: RunRequest


class StockInput(TypedDict):
    """Keys taking stock reads."""

    request: RunRequest
    rescans: int
    hierarchy: dict[str, HierarchyRecord]


class StockOutput(IntakeOutput, total=False):
    """What taking stock writes: what it found, or the scan that it puts before a hierarchy."""

    assignment: Assignment


class LandingOutput(StockOutput, total=False):
    """What landing writes."""

    stale: bool
    rescans: int


class SourcesInput(StockInput):
    """Keys landing reads."""

    sources: SourcesRef


def read_request(state: RequestInput, runtime: Runtime[RunContext]) -> IntakeOutput:
    """Validate the request and make the run's record when the caller did not.

    RunError when the run was asked for something else before, or by another user: what it holds is not touched.
    """
    given, context = validated(RunRequest, state.get("request"), "request"), context_of(runtime)
    request, owner = completed(given), owner_of(runtime)
    if not (context.run_folder(request.run_id) / "record.json").exists():
        admit(request, context, owner or "")
    else:
        record = read_record(Path(context.home), request.run_id)
        if record.request != request or owner not in (None, record.owner):
            raise RunError(f"run {request.run_id!r} exists already", hint="give another run_id")
    begun = PlanningState.INITIAL
    moment = len(read_course(context.run_folder(request.run_id)).checkpoints)
    return {
        "request": request,
        "schema_version": SCHEMA_VERSION,
        "status": RunStatus.RUNNING,
        "planning": begun,
        "moment": moment,
    }


def take_stock(state: StockInput, runtime: Runtime[RunContext]) -> StockOutput:
    """Read the contract and scan the sources; both end as artefacts in the run's folder.

    Many files are put before a hierarchy first, and taken from it when it has scanned them.

    SQL of the contract that no step could run ends the run here, before any data is read; with `--partial` the tables
    that do without it are made.
    """
    started = time.monotonic()
    request, context = state["request"], context_of(runtime)
    folder = run_folder(runtime, request)
    contract, faults = _read_copy(folder / CONTRACT_COPY, shown_as=request.contract)
    contract, doubtful = with_log(contract, context)
    limits = LandingLimits(max_decompressed_bytes=context.max_decompressed_bytes)
    found = find_inputs(request.sources, limits)
    assignment = _assigned(OrderKind.SCAN, state)
    if assignment.key not in state.get("hierarchy", {}) and may_share_out(len(found.files), context.patterns.hierarchy):
        write_contract(folder, contract)
        return {"assignment": assignment}
    inventory = _inventory(found, assignment, state, folder, limits, contract)
    asked = request.goal and context.model.name  # a model may say how tables without files are made
    optional = describes_without_source(contract) if asked else ()
    matched = match_tables(inventory, contract, optional=optional)
    intake = Intake(inventory=inventory, table_files=matched.files, unused=matched.unused, stamps=stamps_of(inventory))
    contract, intake = taught(contract, intake, folder, settle_lessons(contract, intake, context, folder), optional)
    sources = write_intake(folder, contract, intake)
    faults += contract_sql_faults(contract)
    emit("scanned", "intake:scan", files=sources.files, variants=sources.variants, lines=sources.lines)
    warnings = [f"contract, {fault.place}: {fault.message}" for fault in faults]
    if state.get("rescans", 0):
        warnings.append(f"sources changed while they were read: scanned {state['rescans'] + 1} times")
    warnings += [*doubtful, *inventory.warnings]
    warnings += [f"{name}: feeds no table of the contract" for name in intake.unused]
    warnings += [f"{name}: not of a kind that is read" for name in inventory.ignored]
    update: StockOutput = {
        "contract": ContractRef(
            path=request.contract,
            sha256=contract.sha256,
            name=contract.name,
            version=contract.version,
            tables=tuple(table.name for table in contract.tables),
        ),
        "sources": sources,
        "warnings": _bounded(warnings),
        "spent": {"intake:scan": Spent(steps=1, seconds=time.monotonic() - started + _elapsed(assignment, state))},
    }
    unusable = [fault for fault in faults if fault.error]
    if unusable and not request.partial:
        update |= {"status": RunStatus.FAILED, "problem": _unusable_sql(unusable)}
    return update


def land_sources(state: SourcesInput, runtime: Runtime[RunContext]) -> LandingOutput:
    """Land every file that feeds a table, chunk by chunk; files that are landed already stay as they are.

    Many files are put before a hierarchy first; what it leaves, such as large ones, is landed here.

    When one is not as it was scanned any more, nothing is landed and the sources are scanned again.
    """
    started = time.monotonic()
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    intake = read_intake(folder)
    wanted = sorted({file_id for files in intake.table_files.values() for file_id in files})
    drafts = bool(state["request"].goal) and context.model.configured
    in_place = _readable_in_place(read_contract(folder), intake, drafts=drafts)
    assignment = _assigned(OrderKind.LAND, state)
    delegated = assignment.key in state.get("hierarchy", {})
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        record_decisions(connection, _dialect_decisions(intake.inventory))
        for use in intake.uses:
            record_use(connection, use)
        landed = {row[0] for row in connection.execute("select file_id from land.files").fetchall()}
        waiting = [file_id for file_id in wanted if file_id not in landed]
        changed = changed_files(intake.inventory, intake.stamps, waiting)
        if delegated:
            in_file_order(connection, intake.inventory, sorted(landed))
        elif not changed and may_share_out(len(waiting), context.patterns.hierarchy):
            return {"assignment": assignment}
        for start in range(0, 0 if changed else len(waiting), _FILES_AT_ONCE):
            chunk = waiting[start : start + _FILES_AT_ONCE]
            land(connection, intake.inventory, file_ids=chunk, in_place=in_place)
            emit("landed", f"intake:land:{chunk[0]}", files=len(landed) + start + len(chunk), of=len(wanted))
        row = connection.execute(
            "select coalesce(sum(records), 0), coalesce(sum(rejects), 0) from land.files"
        ).fetchone()
    if changed:
        return _scan_again(folder, changed, state.get("rescans", 0))
    records, rejects = (int(row[0]), int(row[1])) if row else (0, 0)
    sources = state["sources"].model_copy(update={"records": records, "rejects": rejects, "landed": True})
    return {
        "sources": sources,
        "stale": False,
        "spent": {"intake:land": Spent(steps=1, seconds=time.monotonic() - started + _elapsed(assignment, state))},
    }


def _assigned(kind: OrderKind, state: StockInput) -> Assignment:
    """Return the work that a hierarchy would be given; of another scan it is another piece of work."""
    request = state["request"]
    sources = request.sources if kind is OrderKind.SCAN else ()
    key = f"{kind.value}:{state.get('rescans', 0)}"
    return Assignment(key=key, kind=kind, run_id=request.run_id, sources=sources)


def _elapsed(assignment: Assignment, state: StockInput) -> float:
    record = state.get("hierarchy", {}).get(assignment.key)
    return record.elapsed if record else 0.0


def _inventory(
    found: FoundSources,
    assignment: Assignment,
    state: StockInput,
    folder: Path,
    limits: LandingLimits,
    contract: Contract,
) -> Inventory:
    """Return the inventory: of what a hierarchy has scanned, or scanned here."""
    if assignment.key not in state.get("hierarchy", {}):
        return take_inventory(found, folder, limits, contract)
    delegation = delegation_folder(folder, assignment)
    inventory, again = join_scans(delegation, read_book(delegation), limits, contract)
    emit("joined", f"{assignment.key}:joined", files=len(inventory.files), again=again)
    return inventory


def _scan_again(folder: Path, changed: Sequence[SourceFile], rescans: int) -> LandingOutput:
    """Forget what was landed and ask for another scan; SourceError when there were too many."""
    if rescans >= _MOST_RESCANS:
        raise SourceError(
            f"keeps changing while it is read: scanned {rescans + 1} times",
            where=changed[0].name,
            hint="wait until the file is complete, then resume the run",
        )
    discard_workspace(folder)
    emit("rescanned", f"intake:rescan:{rescans + 1}", files=len(changed), first=changed[0].name)
    return {"stale": True, "rescans": rescans + 1}


def _readable_in_place(contract: Contract, intake: Intake, *, drafts: bool) -> set[str]:
    """Return the variants whose file may be read where it lies: SQL of the contract runs where no file can be read.

    `drafts` says that SQL may be drafted yet.
    """
    closed = {table.name for table in contract.tables if any(column.transform_logic for column in table.columns)}
    closed |= {table.name for table in contract.tables if drafts and may_be_drafted(table)}
    copied = {variant for name in closed & set(intake.table_files) for variant, _ in intake.variants_of(name)}
    return {variant.variant_id for variant in intake.inventory.variants} - copied


def _dialect_decisions(inventory: Inventory) -> tuple[Decision, ...]:
    """Return the record of how files are cut and decoded, one for each way that was found."""
    groups: dict[str, list[SourceFile]] = {}
    for file in (file for file in inventory.files if file.header):
        groups.setdefault(_way(file), []).append(file)
    decisions = []
    for way, files in groups.items():
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        evidence = files[0].dialect.evidence
        account = Account(subject=f"{files[0].name}{more}", answer=way, confidence=1.0, evidence=evidence)
        method = "field counts and clevercsv" if files[0].kind is Kind.TEXT else "structure"
        decisions.append(record("source_dialect", account, digest([way, evidence]), method=method))
    return tuple(decisions)


def _way(file: SourceFile) -> str:
    dialect = file.dialect
    encoding = f"{dialect.decoded_from or dialect.encoding}{', byte-order mark' * dialect.bom}"
    if file.kind is Kind.TEXT:
        return f"delimiter {dialect.delimiter!r}, quote {dialect.quote!r}, {encoding}"
    return f"{file.kind.value.replace('_', ' ')}: {dialect.evidence}"


def _read_copy(path: Path, shown_as: str) -> tuple[Contract, tuple[Fault, ...]]:
    """Read the run's own copy of the contract; errors name the file the person knows."""
    try:
        contract, faults = require_contract(path)
    except ContractError as error:
        hint = error.hint.replace(str(path), shown_as)
        raise ContractError(error.what, where=error.where.replace(str(path), shown_as), hint=hint) from error
    return contract, faults


def _unusable_sql(faults: Sequence[Fault]) -> str:
    more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"SQL of the contract cannot be used: {faults[0].place}: {faults[0].message}{more}"


def _bounded(warnings: list[str]) -> tuple[str, ...]:
    most = 50
    shown = [warning[:300] for warning in warnings[:most]]
    return (*shown, f"and {len(warnings) - most} more") if len(warnings) > most else tuple(shown)
