"""`run.json`: counts, checks, decisions, cost, timings and versions of one run. Its keys are fixed by the design."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import Field

from algorithms.auctions.fulfilment import fulfilments
from algorithms.auctions.statistics import statistics
from state.approval import Answered
from state.budget import Spent
from state.checks import CheckResult
from state.contract import Contract
from state.critique import Critique
from state.decisions import Decision
from state.delegation import HierarchyRecord
from state.diagnosis import Diagnosis
from state.experience import AnswerExperience, LessonUse
from state.formats import ValueFormat
from state.mapping import ColumnMapping
from state.orders import ConversationRef
from state.planning import PlanRevision
from state.plans import NoPlan, Plan
from state.recovery import Recovery
from state.reflection import Reflected
from state.reports import Replan, StepReport, TraceEntry
from state.run import ReceiptRef, RunRequest, RunStatus, TableAccount
from state.sources import SourcesRef, Variant
from state.values import Value
from tools.files import write_durably
from tools.models.answers import Kept

Json = dict[str, Any]

_MOST_FILES = 1_000
"""Names of input files, and ids of files of one header variant, that are listed."""
_MOST_COLUMNS = 200


class RunFacts(Value):
    """All that is told of a run."""

    request: RunRequest
    status: RunStatus
    problem: str
    contract: Contract
    sources: SourcesRef
    variants: dict[str, Variant]
    warnings: tuple[str, ...]
    plan: Plan | None
    revisions: tuple[PlanRevision, ...] = ()
    no_plan: NoPlan | None = None
    steps: tuple[StepReport, ...]
    replans: tuple[Replan, ...]
    recoveries: tuple[Recovery, ...] = ()
    trace: tuple[TraceEntry, ...] = ()
    hierarchy: tuple[HierarchyRecord, ...] = ()
    accounts: Mapping[str, TableAccount]
    receipt: ReceiptRef | None
    checks: tuple[CheckResult, ...]
    decisions: tuple[Decision, ...]
    decided_in: dict[str, str] = Field(default_factory=dict)  # the step of each decision made in one, by its id
    diagnoses: tuple[Diagnosis, ...] = ()
    critiques: tuple[Critique, ...] = ()
    approvals: tuple[Answered, ...] = ()
    messages: ConversationRef | None = None
    answers: tuple[AnswerExperience, ...] = ()  # of a person, about changes
    lessons: tuple[LessonUse, ...] = ()  # that the run used
    spent: Spent
    models: tuple[Kept, ...] = ()  # what models were asked
    seconds: dict[str, float]
    created_at: datetime | None = None
    file_names: tuple[str, ...] = ()  # of all input files, by their id
    mappings: tuple[ColumnMapping, ...] = ()
    formats: tuple[ValueFormat, ...] = ()


def build_run_json(facts: RunFacts) -> Json:
    """Return the content of run.json as plain JSON data."""
    published = facts.receipt.tables if facts.receipt else {}
    return {
        "run_id": facts.request.run_id,
        "status": facts.status.value,
        "problem": facts.problem,
        "contract": {
            "path": facts.request.contract,
            "id": facts.contract.id,
            "name": facts.contract.name,
            "version": facts.contract.version,
            "sha256": facts.contract.sha256,
        },
        "created_at": facts.created_at.isoformat(timespec="seconds") if facts.created_at else None,
        "out": facts.request.out,
        "sources": _sources(facts),
        "warnings": list(facts.warnings),
        "tables": {name: _table(account, published) for name, account in facts.accounts.items()},
        "keys": {table.name: list(table.key) for table in facts.contract.tables},
        "mappings": [_mapping(mapping) for mapping in facts.mappings],
        "formats": [value_format.model_dump(mode="json") for value_format in facts.formats],
        "checks": [check.model_dump(mode="json") for check in facts.checks],
        "decisions": [decision.model_dump(mode="json") for decision in facts.decisions],
        "critiques": [critique.model_dump(mode="json") for critique in facts.critiques],
        "decided_in": dict(facts.decided_in),
        "diagnoses": [diagnosis.model_dump(mode="json") for diagnosis in facts.diagnoses],
        "approvals": [_approval(answered) for answered in facts.approvals],
        "answers": [answer.model_dump(mode="json") for answer in facts.answers],
        "plan": facts.plan.model_dump(mode="json") if facts.plan else None,
        "plans": [revision.model_dump(mode="json") for revision in facts.revisions],
        "no_plan": facts.no_plan.model_dump(mode="json") if facts.no_plan else None,
        "step_reports": [step.model_dump(mode="json") for step in facts.steps],
        "replanning": [replan.model_dump(mode="json") for replan in facts.replans],
        "replans": len(facts.replans),
        "recoveries": [recovery.model_dump(mode="json", exclude={"before"}) for recovery in facts.recoveries],
        "lessons": {"used": [use.model_dump(mode="json") for use in facts.lessons], "learned": [], "retired": []},
        "hierarchy": [record.model_dump(mode="json") for record in facts.hierarchy],
        "trace": [entry.model_dump(mode="json") for entry in facts.trace],
        "messages": facts.messages.model_dump(mode="json") if facts.messages else None,
        "auctions": statistics(fulfilments(facts.request.run_id, facts.trace)).model_dump(mode="json"),
        "steps": facts.spent.steps,
        "model": {
            "requests": facts.spent.model_requests,
            "prompt_tokens": facts.spent.prompt_tokens,
            "completion_tokens": facts.spent.completion_tokens,
        },
        "models": _asked(facts.models),
        "seconds": round(facts.spent.seconds, 3),
        "timings": {name: round(seconds, 3) for name, seconds in facts.seconds.items()},
        "receipt": facts.receipt.model_dump(mode="json") if facts.receipt else None,
        "versions": {name: version(name) for name in ("millwright", "duckdb", "langgraph")},
    }


def with_reflection(content: Json, reflected: Reflected) -> Json:
    """Return the content with what the run taught, and a warning where reflection met a problem; the same again."""
    lessons = {
        **content["lessons"],
        "learned": [change.model_dump(mode="json") for change in reflected.learned],
        "retired": [change.model_dump(mode="json") for change in reflected.retired],
    }
    problem = f"the run was not reflected on: {reflected.problem}"
    warnings = content["warnings"]
    if reflected.problem and problem not in warnings:
        warnings = [*warnings, problem]
    return {**content, "lessons": lessons, "warnings": warnings}


def _asked(models: Sequence[Kept]) -> Json:
    """Return what models were asked, who answered, and how often the expert's answer had to stand."""
    choices = [kept.choice for kept in models if kept.choice is not None]
    return {
        "questions": len(models),
        "answered_by": dict(Counter(choice.by for choice in choices if choice.by)),
        "fallbacks": dict(Counter(choice.fallback for choice in choices if choice.fallback)),
        "tokens_estimated": any(kept.use.estimated for kept in models),
    }


def write_run_json(folder: Path, content: Json) -> Path:
    """Write run.json durably and return its path."""
    path = folder / "run.json"
    text = json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_durably(path, text.encode(errors="backslashreplace"))
    return path


def _approval(answered: Answered) -> Json:
    """Return who answered what and when; what was said about single changes stands among the decisions."""
    counts = {reply.value: len(ids) for reply, ids in answered.by_reply().items()}
    plain = answered.model_dump(mode="json", exclude={"settled"})
    return {**plain, "changes": counts}


def _finite(content: Any) -> Any:  # noqa: ANN401  any JSON data
    """Return the content with figures that JSON has no number for ("nan", "inf") as text."""
    if isinstance(content, dict):
        return {key: _finite(item) for key, item in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(item) for item in content]
    return str(content) if isinstance(content, float) and not isfinite(content) else content


def _sources(facts: RunFacts) -> Json:
    return {
        "files": facts.sources.files,
        "lines": facts.sources.lines,
        "records": facts.sources.records,
        "rejects": facts.sources.rejects,
        "sha256": facts.sources.sha256,
        "given": list(facts.request.sources),
        "file_names": list(facts.file_names[:_MOST_FILES]),
        "variants": {
            variant_id: {
                "files": len(variant.file_ids),
                "file_ids": list(variant.file_ids[:_MOST_FILES]),
                "columns": list(variant.columns[:_MOST_COLUMNS]),
                "header_forms": variant.header_forms,
                "fingerprint": variant.fingerprint,
            }
            for variant_id, variant in facts.variants.items()
        },
    }


def _mapping(mapping: ColumnMapping) -> Json:
    left = mapping.unmapped_sources[:_MOST_COLUMNS]
    return mapping.model_copy(update={"unmapped_sources": left}).model_dump(mode="json")


def _table(account: TableAccount, published: Mapping[str, int]) -> Json:
    rows = account.rows_published if account.table in published else 0
    return {
        "rows_read": account.rows_read,
        "rows_published": rows,
        "rows_withheld": account.rows_published - rows,
        "rows_quarantined": account.rows_quarantined,
        "rows_merged": account.rows_merged,
        "cells_changed": account.cells_changed,
        "rejects": account.rejects,
        "derived": account.derived,
        "rows_in": account.rows_in,
    }
