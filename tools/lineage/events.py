"""The events of a run: START and its end for the run as a job, and for each of its steps as a child job.

A run has one START and at most one end. COMPLETE: all tables are published. FAIL: the contract is not met, or the run
stopped on an error. ABORT: the budget is spent, or the process was told to stop; `resume` goes on. A run that waits for
a person is still going on: RUNNING.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

import yaml

from state.run import RunStatus
from tools.lineage.facets import (
    RUN_EVENT,
    Json,
    engine_facet,
    error_facet,
    facet,
    parent_facet,
    producer,
)
from tools.lineage.facts import Facts
from tools.lineage.steps import StepRun, Steps, extraction_facet, sql_texts
from tools.records import CONTRACT_COPY, RunRecord


class EventType(StrEnum):
    """Transitions of a run that the standard knows and we use."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"


_ENDS = {
    RunStatus.PUBLISHED: EventType.COMPLETE,
    RunStatus.NOT_MET: EventType.FAIL,
    RunStatus.FAILED: EventType.FAIL,
    RunStatus.BUDGET_SPENT: EventType.ABORT,
    RunStatus.WAITING: EventType.RUNNING,
    RunStatus.RUNNING: EventType.RUNNING,
}

_PURPOSE = {
    "land": "Every line of the files becomes a record or a reject.",
    "map": "Decides which source column feeds which column of the contract.",
    "format": "Decides how the text of every column is read.",
    "resolve": "Decides what values outside their list become.",
    "conform": "Turns landed text into typed columns.",
    "derive": "Makes the table from other tables by the contract's SQL.",
    "repair": "Repairs the cells that the repair council is sure of, as far as the contract lets them be changed.",
    "approve": "Puts what was decided about a table before a person.",
    "dedupe": "Merges or rejects rows that share a key.",
    "quarantine": "Sets aside rows that break a rule of the contract.",
    "verify": "Judges every rule of the contract on the staged tables.",
    "publish": "Publishes the tables together, or none.",
    "report": "Writes what was set aside, merged, changed and proposed.",
}


@dataclass(frozen=True, slots=True)
class JobName:
    """The run as a job: the contract it delivers, in the namespace of the installation."""

    namespace: str
    name: str

    def step(self, step_id: str) -> "JobName":
        """Return the name of a step's job, e.g. "shop.conform.orders"."""
        return JobName(self.namespace, f"{self.name}.{step_id.replace(':', '.')}")


def job_of(record: RunRecord, namespace: str) -> JobName:
    """Return the job of a run: the id of its contract, or the name of the file where that cannot be read."""
    path = record.context.run_folder(record.run_id) / CONTRACT_COPY
    stem = record.request.contract.rpartition("/")[2].partition(".")[0] or "contract"
    try:
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return JobName(namespace, stem)
    found = content.get("id") if isinstance(content, dict) else None
    return JobName(namespace, str(found)[:200] if isinstance(found, str | int) and str(found).strip() else stem)


def run_uuid(record: RunRecord, step_id: str = "") -> str:
    """Return the id of a run, or of one of its steps: the same for the same run, ordered by when runs began.

    It is laid out as version 7 of RFC 9562, with a digest of the run's id in place of the random part.
    """
    moment = int(record.created_at.timestamp() * 1000) & ((1 << 48) - 1)
    text = f"{record.run_id}\n{record.created_at.isoformat()}\n{record.context.home}\n{step_id}"
    tail = int.from_bytes(sha256(text.encode(errors="surrogateescape")).digest()[:10])
    number = moment << 80 | tail & ~(0xF << 76) & ~(0b11 << 62) | 0x7 << 76 | 0b10 << 62
    return str(UUID(int=number))


def start_event(record: RunRecord, job: JobName) -> Json:
    """Return the START of a run: what is known before anything was read."""
    return _event(EventType.START, record.created_at, _run(run_uuid(record)), _run_job(job))


def running_event(record: RunRecord, job: JobName) -> Json:
    """Return the event that a run which had stopped goes on."""
    return _event(EventType.RUNNING, datetime.now(UTC), _run(run_uuid(record)), _run_job(job))


def run_events(facts: Facts, job: JobName, before: Mapping[tuple[str, str], str]) -> tuple[list[Json], tuple[str, ...]]:
    """Return all events of a run in order, and what of its SQL could not be read.

    An event told before (its run id and type in `before`) keeps its time.
    """
    events = [start_event(facts.record, job)]
    steps = Steps(facts, facts.contract, job.name) if facts.contract else None
    latest = facts.record.created_at
    for step in steps.runs() if steps else ():
        ended = _ended(step, facts, before, latest)
        began = latest if step.seconds is None else ended - timedelta(seconds=step.seconds)
        events += _step_events(step, facts.record, job, began, ended)
        latest = ended
    events.append(_end_event(facts, job, steps))
    told = before.get((events[-1]["run"]["runId"], events[-1]["eventType"]))
    events[-1]["eventTime"] = told or _stamp(max(datetime.now(UTC), latest))
    return events, steps.unresolved() if steps else ()


def _end_event(facts: Facts, job: JobName, steps: Steps | None) -> Json:
    kind = EventType.ABORT if facts.interrupted else _ENDS[facts.status]
    run_facets: Json = {}
    if kind in (EventType.FAIL, EventType.ABORT) and facts.problem:
        run_facets["errorMessage"] = error_facet(facts.problem)
    if facts.accounts:
        run_facets["millwright_rowAccounting"] = _accounting(facts)
    if facts.ledger.decisions:
        kinds = [{"kind": kind, "count": count} for kind, count in sorted(facts.ledger.decisions.items())]
        run_facets["millwright_decisions"] = facet("millwright_decisions", decisions=kinds)
    unresolved = steps.unresolved() if steps else ()
    if unresolved:
        texts = sum(sql_texts(table) for table in (facts.contract.tables if facts.contract else ()))
        run_facets["extractionError"] = extraction_facet(texts, unresolved)
    job_facets = {}
    if facts.contract is not None:
        about = f"Delivers {len(facts.contract.tables)} tables by {facts.contract.name} {facts.contract.version}."
        job_facets["documentation"] = facet("documentation_job", description=about, contentType="text/plain")
    return _event(
        kind,
        facts.record.created_at,
        _run(run_uuid(facts.record), run_facets),
        _run_job(job, job_facets),
        inputs=steps.inputs() if steps else (),
        outputs=steps.outputs() if steps else (),
    )


def _step_events(step: StepRun, record: RunRecord, job: JobName, began: datetime, ended: datetime) -> Iterator[Json]:
    own = job.step(step.step_id)
    parent = {"parent": parent_facet(run_uuid(record), job.namespace, job.name)}
    told = facet(
        "millwright_step", step=step.step_id, kind=step.kind, table=step.table, attempt=step.attempt, detail=step.detail
    )
    run_id = run_uuid(record, step.step_id)
    job_facets = {
        "jobType": facet("jobType", processingType="BATCH", integration="MILLWRIGHT", jobType="TASK"),
        "documentation": facet("documentation_job", description=_PURPOSE[step.kind], contentType="text/plain"),
        **step.job_facets,
    }
    described = {"namespace": own.namespace, "name": own.name, "facets": job_facets}
    yield _event(EventType.START, began, _run(run_id, parent), described)
    failed = {"errorMessage": error_facet(step.error)} if step.error else {}
    kind = EventType.FAIL if step.error else EventType.COMPLETE
    facets = {**parent, **failed, "millwright_step": told, **step.run_facets}
    yield _event(kind, ended, _run(run_id, facets), described, inputs=step.inputs, outputs=step.outputs)


def _ended(step: StepRun, facts: Facts, before: Mapping[tuple[str, str], str], latest: datetime) -> datetime:
    """Return when a step ended: as the event log heard it, as was told before, or as late as the step before it."""
    for event_id in step.event_ids:
        if event_id in facts.times:
            return facts.times[event_id]
    run_id = run_uuid(facts.record, step.step_id)
    told = next((before[run_id, kind] for kind in (EventType.COMPLETE, EventType.FAIL) if (run_id, kind) in before), "")
    return datetime.fromisoformat(told) if told else latest + timedelta(seconds=step.seconds or 0)


def _accounting(facts: Facts) -> Json:
    published = facts.receipt.tables if facts.receipt else {}
    tables = []
    for name, account in facts.accounts.items():
        rows = account.rows_published if name in published else 0
        tables.append(
            {
                "table": name,
                "derived": account.derived,
                "read": account.rows_read,
                "published": rows,
                "withheld": account.rows_published - rows,
                "quarantined": account.rows_quarantined,
                "merged": account.rows_merged,
                "cellsChanged": account.cells_changed,
            }
        )
    return facet("millwright_rowAccounting", tables=tables)


def _run(run_id: str, facets: Json | None = None) -> Json:
    return {"runId": run_id, "facets": {"processing_engine": engine_facet(), **(facets or {})}}


def _run_job(job: JobName, facets: Json | None = None) -> Json:
    kind = facet("jobType", processingType="BATCH", integration="MILLWRIGHT", jobType="JOB")
    return {"namespace": job.namespace, "name": job.name, "facets": {"jobType": kind, **(facets or {})}}


def _event(
    kind: EventType,
    moment: datetime,
    run: Json,
    job: Json,
    *,
    inputs: Iterable[Json] = (),
    outputs: Iterable[Json] = (),
) -> Json:
    return {
        "eventType": kind.value,
        "eventTime": _stamp(moment),
        "run": run,
        "job": job,
        "inputs": list(inputs),
        "outputs": list(outputs),
        "producer": producer(),
        "schemaURL": RUN_EVENT,
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def event_line(event: Json) -> bytes:
    """Return an event as one line of JSON; lone surrogates in names become the escapes that JSON knows."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace") + b"\n"
