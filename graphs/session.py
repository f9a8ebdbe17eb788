"""Sessions: start, resume and finish a run with saver and record. The supervisor always runs with durability "sync".

A run that waits for a person ends its session with status `waiting` and what is `asked`; `resume` with an answer goes
on. An answer is checked before anything is done, then kept durably, then handed to the graph: a session killed in
between goes on with it.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import StateSnapshot

from graphs.persistence import open_saver, without_saver
from graphs.questions import Reply, answer_questions, asked_of
from graphs.supervisor import build
from state.budget import BudgetLimits, Spent, total
from state.errors import AnswerError, ClaimLost, MillwrightError, RunDrained, RunError, SetupError
from state.jobs import Fence
from state.operation import OperationSettings
from state.planning import PlanningState
from state.run import Approve, RunContext, RunRequest, RunStatus
from state.supervisor import SupervisorOutput
from tools.admission import admit
from tools.agents.recording import record_run
from tools.agents.roster import roster_kept
from tools.database.address import database_url
from tools.disk import MACHINE_ERRORS, machine_error
from tools.lineage.recorder import recorded
from tools.lineage.target import LineageTarget
from tools.metrics.ingest import measured
from tools.outputs.event_log import EventLog
from tools.queue.registry import swept, write_status
from tools.records import RunRecord, check_version, read_record, run_lock
from tools.tracing.delivery import Delivery, delivered
from tools.tracing.scores import scores_of
from tools.workspace import workspace_kept

Event = Mapping[str, Any]
Listener = Callable[[Event], None]

_BACKSTOP = 10_000
"""Recursion limit of LangGraph; the run's own budget ends it earlier."""

_AT_THE_END: tuple[list[str], ...] = ([], ["report"], ["reflection"], ["page"])
"""What a run that stopped is at when it is told, or was told, how it ended."""

_STOPPED = (RunStatus.BUDGET_SPENT, RunStatus.FAILED)
"""Statuses of an ended run from which `resume` goes on; the others are final."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What whoever works on a run has in hand: a control to stop it between supersteps, and the fence of its claim."""

    control: RunControl = field(default_factory=RunControl)
    fence: Fence = Fence()  # noqa: RUF009  frozen
    keeps: bool = True  # checkpoints


class SessionOutput(SupervisorOutput, total=False):
    """What a session gives back."""

    asked: tuple[Mapping[str, Any], ...]
    """With status `waiting`: the questions, each with its `id`, as plain JSON."""


def run(  # noqa: PLR0913  one parameter an option of a run
    contract: str | Path,
    sources: tuple[str, ...] | list[str],
    out: str | Path,
    *,
    run_id: str = "",
    partial: bool = False,
    approve: Approve = Approve.AUTO,
    goal: str = "",
    context: RunContext | None = None,
    listener: Listener | None = None,
    lineage: LineageTarget | None = None,
    operation: OperationSettings | None = None,
) -> SessionOutput:
    """Deliver the tables of a contract from files and return how it ended, or what a person is asked.

    Raises SetupError for wrong use or unusable input, and SetupError or ResourceError where the machine has no room;
    everything else is in the returned `status` and `problem`.
    """
    request = RunRequest(
        contract=str(contract),
        sources=tuple(map(str, sources)),
        out=str(out),
        run_id=run_id,
        partial=partial,
        approve=approve,
        goal=goal,
    )
    return proceed(admit(request, context or RunContext()), listener=listener, lineage=lineage, operation=operation)


def resume(
    home: str | Path,
    run_id: str,
    *,
    answer: object = None,
    by: str = "",
    listener: Listener | None = None,
    lineage: LineageTarget | None = None,
    operation: OperationSettings | None = None,
) -> SessionOutput:
    """Continue a stopped, killed or waiting run; a finished one gives back what it ended with.

    A waiting run goes on with an `answer` (JSON data) given `by` somebody, and without one gives back what it asks.
    Raises AnswerError, and leaves the run as it is, when the answer cannot be used or nothing is asked.
    """
    record = read_record(Path(home).absolute(), run_id)
    return proceed(record, answer=answer, by=by, listener=listener, lineage=lineage, operation=operation)


def proceed(
    record: RunRecord,
    *,
    answer: object = None,
    by: str = "",
    listener: Listener | None = None,
    lineage: LineageTarget | None = None,
    operation: OperationSettings | None = None,
    hold: Hold | None = None,
) -> SessionOutput:
    """Work on a recorded run until it ends, stops or waits for a person.

    Its lineage is written, and sent where `lineage` says; its figures are taken as `operation` says, without it none.
    Raises RunDrained when `hold` asked it to stop, and ClaimLost when another worker has the run; then its status stays
    as it is.
    """
    keeps = operation is None or operation.persistence
    if not keeps and record.request.approve is not Approve.AUTO:
        hint = "switch operation.persistence on, or take --approve auto"
        raise SetupError("a run that asks a person needs checkpoints, and they are switched off", hint=hint)
    held = replace(hold or Hold(), keeps=keeps)
    folder = record.context.run_folder(record.run_id)
    home, operated = Path(record.context.home), record.context.patterns.operation == "on"
    with run_lock(home, record.run_id), workspace_kept(folder), roster_kept(home, use=operated):
        try:
            hear = listener or _ignore
            with (
                measured(record, operation) as taken,
                delivered(record.context.trace, lambda told: hear(_warning(record, told))) as trace,
                recorded(record, lineage or LineageTarget()) as lineage_told,
            ):
                output = asyncio.run(_drive(record, Reply(answer, by), hear, trace, held))
                lineage_told.output, taken.status = output, output["status"].value
                trace.ended(scores_of(output), output["status"].value)
            write_status(record, output["status"], output.get("problem", ""), datetime.now(UTC))
            if operated:
                _tell_outcomes(record, home, hear)
        except (AnswerError, ClaimLost, RunDrained):
            raise
        except MillwrightError as error:
            _note_failure(record, error)
            raise
        except MACHINE_ERRORS as error:
            again = f"millwright resume {record.run_id}"
            told = machine_error(error, place=record.context.home, again=again)
            if told is None:
                raise
            _note_failure(record, told)
            raise told from error
        return output


async def _drive(record: RunRecord, reply: Reply, listener: Listener, trace: Delivery, hold: Hold) -> SessionOutput:
    contract = Path(record.request.contract).name
    config: RunnableConfig = {
        "configurable": {"thread_id": record.run_id},
        "recursion_limit": _BACKSTOP,
        "run_name": f"deliver {contract}",
        "metadata": {"run_id": record.run_id, "thread_id": record.run_id, "contract": contract},
    }
    opened = open_saver(Path(record.context.home), database_url()) if hold.keeps else without_saver()
    async with opened as saver:
        graph = build().compile(checkpointer=saver, name="supervisor")
        saved = await graph.aget_state(config)
        # Not `next`: a task that was killed after its writes, before the checkpoint, is in `tasks` only.
        waiting = [task.name for task in saved.tasks]
        begun = bool(saved.values or waiting)
        if begun:
            check_version(int(saved.values.get("schema_version", record.schema_version)), record.run_id)
        elif swept(Path(record.context.home), record.run_id):
            what = f"run {record.run_id!r} ended and its checkpoints were deleted since"
            raise RunError(what, hint=f"its report is in {_events_path(record).parent}; start a new run")
        resumption = answer_questions(record, saved.interrupts, reply)
        if saved.interrupts and resumption is None:
            return _waiting(saved)
        context = record.context.model_copy(update={"fence": hold.fence, "time_travel": False})
        write_status(record, RunStatus.RUNNING, "", datetime.now(UTC))
        if begun and waiting in _AT_THE_END and _can_go_on(saved.values):
            context = _another_budget(context, total(saved.values.get("spent", {})))
            again = {"status": RunStatus.RUNNING, "problem": "", "planning": _planning_again(saved.values)}
            await graph.aupdate_state(config, again, as_node=_go_on_after(saved.values))
        elif begun and not waiting:
            return cast("SessionOutput", saved.values)
        given = resumption if begun else {"request": record.request}
        with EventLog(_events_path(record)) as log:
            log.append({"event": "resumed" if begun else "started", "event_id": f"session:{datetime.now(UTC)}"})
            stream = graph.astream(
                cast("Any", given),
                trace.listening(config),
                context=context,
                durability="sync",
                stream_mode="custom",
                subgraphs=True,
                control=hold.control,
            )
            try:
                async for part in stream:
                    event = cast("tuple[tuple[str, ...], Event]", part)[1]
                    log.append(event)
                    listener(event)
            except GraphDrained as drained:
                raise RunDrained(f"run {record.run_id!r} was stopped: {drained.reason}") from drained
        ended = await graph.aget_state(config)
        return _waiting(ended) if ended.interrupts else cast("SessionOutput", ended.values)


def _waiting(saved: StateSnapshot) -> SessionOutput:
    """Return what a run that waits for a person gives back."""
    asked = tuple(asked_of(saved.interrupts))
    problem = "waits for an answer: " + "; ".join(str(question["title"]) for question in asked)
    return {"request": saved.values["request"], "status": RunStatus.WAITING, "problem": problem, "asked": asked}


def _note_failure(record: RunRecord, error: MillwrightError) -> None:
    """Note why the run stopped; where the disk is full or the database away, the error that is shown has to do."""
    with suppress(*MACHINE_ERRORS, SetupError):
        write_status(record, RunStatus.FAILED, error.line(), datetime.now(UTC))


def _tell_outcomes(record: RunRecord, home: Path, hear: Listener) -> None:
    """Keep what was found about the run's decisions; where that cannot be done, a warning says so."""
    fault = record_run(_events_path(record).parent, home, database_url(), datetime.now(UTC))
    if not fault:
        return
    told = _warning(record, f"agents: what was found about decisions is not kept: {fault}"[:500])
    hear(told)
    with suppress(MillwrightError, OSError), EventLog(_events_path(record)) as log:
        log.append(told)


def _can_go_on(values: Mapping[str, Any]) -> bool:
    """Return whether an ended run can do more: not where its contract was found unusable before anything was landed."""
    return values["status"] in _STOPPED and values["sources"].landed


def _go_on_after(values: Mapping[str, Any]) -> str:
    """Return the node after which a stopped run goes on."""
    if "plan" not in values:
        return "intake"
    return "planner" if "progress" not in values or values["progress"].waiting else "executor"


def _planning_again(values: Mapping[str, Any]) -> PlanningState:
    """Return where a stopped run stands with its plan when it goes on."""
    return PlanningState.EXECUTING if "plan" in values else PlanningState.PLANNING


def _another_budget(context: RunContext, spent: Spent) -> RunContext:
    """Return the context with the run's budget granted once more on top of what was spent."""
    limits = context.budget
    return context.model_copy(
        update={
            "budget": BudgetLimits(
                steps=None if limits.steps is None else limits.steps + spent.steps,
                model_requests=None if limits.model_requests is None else limits.model_requests + spent.model_requests,
                tokens=None if limits.tokens is None else limits.tokens + spent.prompt_tokens + spent.completion_tokens,
                seconds=None if limits.seconds is None else limits.seconds + spent.seconds,
            )
        }
    )


def _warning(record: RunRecord, told: str) -> Event:
    return {"event": "warning", "event_id": f"{record.run_id}:{told}", "detail": told}


def _events_path(record: RunRecord) -> Path:
    return Path(record.request.out) / "_runs" / record.run_id / "events.jsonl"


def _ignore(_event: Event) -> None:
    """Hear nothing."""
