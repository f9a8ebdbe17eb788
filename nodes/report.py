"""The report: what was done, changed, quarantined, decided and spent, written beside the published tables."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.auctions.fulfilment import fulfilments
from algorithms.known_answers import ANSWERED, answers_given
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.decisions.value_format import VALUE_FORMAT
from nodes.events import emit
from nodes.perform import MODELS
from nodes.planning_state import tell
from nodes.ruling_history import remember_rulings, rulings_of, withheld_by
from nodes.steps.formatting import read_formats
from nodes.steps.mapping import landed_tables, read_mappings
from state.budget import total
from state.contract import Contract, LogicalType
from state.errors import ClaimLost, SetupError
from state.experience import AnswerExperience
from state.lessons import KnownAnswers
from state.planning import PlanningState
from state.plans import Plan, StepKind
from state.reflection import Reflected, ReflectionTask
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import SupervisorState
from tools.agents.roster import current
from tools.approval import GOAL_QUESTION, read_answers, read_question
from tools.auction_history import add as add_contracts
from tools.conversation import write_conversation
from tools.explain.material import Material
from tools.explain.run_story import explain_run
from tools.files import write_durably
from tools.intake import Intake, read_contract, read_intake
from tools.ledger import decided_in, read_decisions, read_messages, read_reports, read_trace
from tools.lessons_used import lessons_of, read_uses
from tools.models.answers import read_answers_kept, total_use
from tools.outputs.changes import write_changes
from tools.outputs.run_json import RunFacts, build_run_json, with_reflection, write_run_json
from tools.outputs.side_tables import write_merged, write_proposals, write_quarantine
from tools.pages.render import render_page
from tools.plans import read_plan
from tools.queue.registry import write_status
from tools.records import read_record
from tools.recovery import read_recoveries
from tools.verification import read_checks
from tools.workspace import is_staged, open_workspace


class PageInput(TypedDict):
    """Keys the page reads."""

    request: RunRequest
    status: RunStatus
    reflected: Reflected


def report(state: SupervisorState, runtime: Runtime[RunContext]) -> SupervisorState:
    """Write quarantine, merged rows, changes and run.json, then the run's final status.

    Raises SetupError when they cannot be written: the operator can make room, and `resume` goes on from here.
    """
    return _written(state["request"], runtime, lambda: _report(state, runtime))


def show_page(state: PageInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Put what the run taught into run.json, and write report.html; SetupError as `report`."""
    return _written(state["request"], runtime, lambda: _page(state, runtime))


def _written(
    request: RunRequest, runtime: Runtime[RunContext], write: Callable[[], SupervisorState]
) -> SupervisorState:
    try:
        with context_of(runtime).fence.held():
            pass  # else another worker has the run, and writes it
        return write()
    except FAILURES as error:
        if isinstance(error, SetupError | ClaimLost):
            raise
        raise SetupError(
            f"the report cannot be written: {failure_line(error)}",
            where=request.out,
            hint=f"make room, then millwright resume {request.run_id}",
        ) from error


def _report(state: SupervisorState, runtime: Runtime[RunContext]) -> SupervisorState:
    request, context, folder = state["request"], context_of(runtime), run_folder(runtime, state["request"])
    out = Path(request.out) / "_runs" / request.run_id
    contract, intake = read_contract(folder), read_intake(folder)
    record = read_record(Path(context.home), request.run_id)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        rulings = rulings_of(connection)
        seconds = _write_side_tables(connection, contract, intake, out, withheld_by(rulings))
        forgotten = remember_rulings(
            Path(context.home).absolute(), request.run_id, rulings, state.get("accounts", {}), state.get("receipt")
        )
        more = tuple(each for each in (forgotten, _hub_warning(state), _registry_warning()) if each)
        state = {**state, "warnings": (*state.get("warnings", ()), *more)}
        facts = _facts(connection, state, contract, intake, seconds)
        content = build_run_json(facts.model_copy(update={"created_at": record.created_at}))
        write_run_json(out, content)
        write_conversation(out, read_messages(connection))
    add_contracts(Path(context.home).absolute(), fulfilments(request.run_id, facts.trace))
    status = state.get("status", RunStatus.FAILED)
    write_status(record, status, state.get("problem", ""), datetime.now(UTC))
    ended = PlanningState.COMPLETED if status is RunStatus.PUBLISHED else PlanningState.FAILED
    planning = tell(ended, state.get("replans", {}))
    return {"status": status, "planning": planning, "reflecting": ReflectionTask(run_id=request.run_id)}


def _page(state: PageInput, runtime: Runtime[RunContext]) -> SupervisorState:
    request, context, folder = state["request"], context_of(runtime), run_folder(runtime, state["request"])
    out = Path(request.out) / "_runs" / request.run_id
    content = json.loads((out / "run.json").read_bytes())
    if reflected := state.get("reflected"):
        content = with_reflection(content, reflected)
        write_run_json(out, content)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        material = Material(
            run=content, folder=out, engine=connection, contract=read_contract(folder), intake=read_intake(folder)
        )
        write_durably(out / "report.html", render_page(explain_run(material)).encode(errors="backslashreplace"))
    for left in out.glob(".*.tmp"):  # of a process that was killed while it wrote; nobody else writes here now
        left.unlink(missing_ok=True)
    emit("reported", "report", path=str(out / "report.html"))
    return {}


def _write_side_tables(
    connection: duckdb.DuckDBPyConnection, contract: Contract, intake: Intake, out: Path, withheld: Mapping[str, str]
) -> dict[str, float]:
    """Write the side tables of every staged table; return how long each kind took in seconds.

    `withheld` has the decisions by which values of columns were withheld.
    """
    seconds: dict[str, float] = defaultdict(float)

    def timed(kind: str, write: Callable[[Path], object]) -> None:
        started = time.monotonic()
        write(out / kind)
        seconds[f"report:{kind}"] += time.monotonic() - started

    decisions = read_decisions(connection)
    formats = {each.subject: each.decision_id for each in decisions if each.kind == VALUE_FORMAT.kind} | dict(withheld)
    votes = {
        each.decision_id: json.dumps([vote.model_dump(mode="json") for vote in each.votes], ensure_ascii=False)
        for each in decisions
        if each.votes and each.decision_id in formats.values()
    }
    headers = {f"land.{variant.variant_id}": variant.columns for variant in intake.inventory.variants}
    for table in contract.tables:
        if not is_staged(connection, table.name):
            continue
        landed = landed_tables(connection, table.name, intake)
        files = intake.table_files.get(table.name, ())
        timed("quarantine", partial(write_quarantine, connection, table, landed, headers, files))
        timed("merged", partial(write_merged, connection, table))
        timed("changes", partial(write_changes, connection, table, formats, votes=votes))
        timed("proposals", partial(write_proposals, connection, table))
    return seconds


def _registry_warning() -> str:
    """Return that the registry of agents could not be read, and why; the run then went on with whom it knew."""
    fault = current().fault
    return f"the registry of agents could not be read: {fault}" if fault else ""


def _hub_warning(state: SupervisorState) -> str:
    """Return that messages were not kept where they should be, and why; empty where they were."""
    told = state.get("messages", {}).get(state["request"].run_id)
    return f"messages were kept within the process: {told.fault}" if told and told.fault else ""


def _by_table(contract: Contract, plan: Plan) -> list[str]:
    """Return the ids of the steps table by table: a plan lists them as they are best begun, side by side."""
    tables, kinds = [table.name for table in contract.tables], list(StepKind)
    steps = [step for step in plan.steps if step.table in tables]
    return [
        step.step_id for step in sorted(steps, key=lambda one: (tables.index(one.table or ""), kinds.index(one.kind)))
    ]


def _facts(
    connection: duckdb.DuckDBPyConnection,
    state: SupervisorState,
    contract: Contract,
    intake: Intake,
    written: Mapping[str, float],
) -> RunFacts:
    plan = read_plan(state["plan"]) if "plan" in state else None
    run_folder_path, reports = Path(state["sources"].path).parent, read_reports(connection)
    answers = read_answers_kept(connection)
    parts = {name: spent.seconds for name, spent in state.get("spent", {}).items() if name not in ("execute", MODELS)}
    return RunFacts(
        request=state["request"],
        status=state.get("status", RunStatus.FAILED),
        problem=state.get("problem", ""),
        contract=contract,
        sources=state["sources"],
        variants={variant.variant_id: variant for variant in intake.inventory.variants},
        warnings=tuple(state.get("warnings", ())),
        plan=plan,
        revisions=tuple(one for one in state.get("revisions", {}).values() if one.run_id == state["request"].run_id),
        no_plan=state.get("no_plan"),
        steps=tuple(reports.values()),
        replans=tuple(state.get("replans", {}).values()),
        recoveries=read_recoveries(connection),
        trace=read_trace(connection),
        hierarchy=tuple(state.get("hierarchy", {}).values()),
        accounts=state.get("accounts", {}),
        receipt=state.get("receipt"),
        checks=read_checks(run_folder_path) if "checks" in state else (),
        decisions=read_decisions(connection, _by_table(contract, plan) if plan else ()),
        critiques=tuple(state.get("critiques", {}).values()),
        decided_in=decided_in(connection),
        diagnoses=tuple(state.get("diagnoses", {}).values()),
        approvals=read_answers(connection),
        messages=state.get("messages", {}).get(state["request"].run_id),
        answers=tuple(_answers(connection, run_folder_path, state["request"].run_id)),
        lessons=read_uses(connection),
        spent=total({**state.get("spent", {}), MODELS: total_use(answers).spent}),
        models=answers,
        seconds=parts | {step_id: step.seconds for step_id, step in reports.items()} | dict(written),
        file_names=tuple(file.name for file in intake.inventory.files),
        mappings=tuple(mapping for table in contract.tables for mapping in read_mappings(connection, table.name)),
        formats=tuple(
            value_format
            for table in contract.tables
            for value_format in read_formats(connection, table.name).values()
            if value_format.logical_type is not LogicalType.STRING
        ),
    )


def _answers(connection: duckdb.DuckDBPyConnection, folder: Path, run_id: str) -> Iterator[AnswerExperience]:
    """Yield what a person settled about changes; what a lesson answered is told as of the run that it was said in."""
    known = {(each.table, each.column, each.change, each.sources, each.value): each for each in _remembered(folder)}
    for answered in read_answers(connection):
        repairs = answered.question_id.startswith(StepKind.REPAIR.value)
        if answered.settled and not repairs and answered.question_id != GOAL_QUESTION:
            proposals, changes = read_question(folder, answered.question_id)
            by_id = {change.change_id: change for change in changes}
            for each in answers_given(by_id, proposals, answered.settled, answered.by, run_id):
                again = known.get((each.table, each.column, each.change, each.sources, each.value))
                yield again if again is not None and answered.note.startswith(ANSWERED) else each


def _remembered(folder: Path) -> Iterator[AnswerExperience]:
    for lesson in lessons_of(folder):
        if isinstance(lesson.value, KnownAnswers):
            yield from lesson.value.answers
