"""A person's answers: what is wrong with one, and how it goes on record."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from algorithms.amending import amend, fault_of, settle
from nodes.decide import Account, record
from nodes.decisions.column_mapping import COLUMN_MAPPING
from nodes.decisions.value_format import VALUE_FORMAT
from nodes.decisions.value_resolution import VALUE_RESOLUTION
from state.approval import (
    Answered,
    AskedRef,
    Change,
    ChangeKind,
    ChangesAnswer,
    PlanAnswer,
    Proposals,
    Settled,
)
from state.decisions import DecidedBy, Decision
from state.errors import AnswerError, ResourceError, UntrustedSqlError
from state.goal import DraftsAnswer, Gap
from state.values import digest
from tools.approval import ANSWERS, PLAN_QUESTION, read_question
from tools.goal_drafts import find_gaps, read_drafts
from tools.goal_trial import try_draft
from tools.intake import read_contract, read_intake
from tools.ledger import Receipt, once, record_decisions
from tools.workspace import open_workspace

Json = dict[str, Any]
Fault = tuple[str, str]
"""Where, and what is wrong."""

_LONGEST_NAME = 200
_ANSWERS: Mapping[str, type[PlanAnswer | DraftsAnswer | ChangesAnswer]] = {
    PLAN_QUESTION: PlanAnswer,
    "drafts": DraftsAnswer,
}
_KINDS = {
    ChangeKind.MAPPING: COLUMN_MAPPING.kind,
    ChangeKind.VALUE: VALUE_RESOLUTION.kind,
    ChangeKind.REPAIR: "cell_repair",
}


def checked_answer(folder: Path, question: Json, given: object, by: str = "") -> Json:
    """Return an answer as it is kept, or raise AnswerError that says where and what is wrong with it."""
    hint = f"millwright resume {question['run_id']} shows what is asked; the run still waits"
    try:
        model = _ANSWERS.get(question["kind"], ChangesAnswer)
        answer = model.model_validate(given, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(("answer", *(str(part) for part in first["loc"])))
        what = "it must be a JSON object" if first["type"] == "model_type" else first["msg"][:300]
        raise AnswerError(what, where=place, hint=hint) from error
    fault = None
    if isinstance(answer, ChangesAnswer):
        fault = fault_of_answer(folder, str(question["question"]), answer)
    elif isinstance(answer, DraftsAnswer):
        fault = fault_of_drafts(folder, answer)
    if fault is not None:
        raise AnswerError(fault[1], where=fault[0], hint=hint)
    if by and not answer.by:
        answer = answer.model_copy(update={"by": by[:_LONGEST_NAME]})
    return answer.model_dump(mode="json")


def fault_of_answer(folder: Path, question_id: str, answer: ChangesAnswer) -> Fault | None:
    """Return what is wrong with an answer to changes, by the checks that every answer to these judgements must pass."""
    proposals, changes = read_question(folder, question_id)
    by_id = {change.change_id: change for change in changes}
    fault = fault_of(by_id, answer)
    if fault is None:
        settled = settle(by_id, answer)
        fault = fault_of_proposals(amend(proposals, {change_id: said.value for change_id, said in settled.items()}))
    return fault


def fault_of_drafts(folder: Path, answer: DraftsAnswer) -> Fault | None:
    """Return what is wrong with an answer to drafted SQL: what is not asked about or answered twice, SQL that fails."""
    drafts = read_drafts(folder)
    offered = {draft.gap.subject: draft.gap for draft in drafts.offered} if drafts is not None else {}
    said = {"accept": set(answer.accept), "reject": set(answer.reject), "edit": set(answer.edit)}
    for name, subjects in said.items():
        unknown = sorted(subjects - offered.keys())
        if unknown:
            return f"answer.{name}", f"{unknown[0]!r} is not asked about"
    for (one, first), (other, second) in combinations(said.items(), 2):
        if first & second:
            return "answer", f"{min(first & second)!r} stands under {one} and under {other}"
    return _fault_of_edits(folder, offered, answer.edit) if answer.edit else None


def _fault_of_edits(folder: Path, offered: Mapping[str, Gap], edits: Mapping[str, str]) -> Fault | None:
    contract = read_contract(folder)
    with open_workspace(folder) as connection:
        samples = {gap.subject: sample for gap, sample in find_gaps(connection, contract, read_intake(folder))}
    for subject, sql in edits.items():
        try:
            try_draft(contract, offered[subject], sql, samples[subject])
        except (UntrustedSqlError, ResourceError) as error:
            return f"answer.edit.{subject}", error.what
    return None


def fault_of_proposals(proposals: Proposals) -> Fault | None:
    """Return the first judgement that its decision's check refuses, with where it stands."""
    for mapping in proposals.mappings:
        fault = COLUMN_MAPPING.check(mapping.evidence, mapping.answer)
        if fault is not None:
            return f"{mapping.answer.table}/{mapping.answer.variant_id}", fault
    for value_format in proposals.formats:
        fault = VALUE_FORMAT.check(value_format.evidence, value_format.answer)
        if fault is not None:
            return f"{value_format.answer.table}.{value_format.answer.column}", fault
    for resolution in proposals.resolutions:
        fault = VALUE_RESOLUTION.check(resolution.evidence, resolution.answer)
        if fault is not None:
            return f"{resolution.answer.table}.{resolution.answer.column}", fault
    return None


def record_answer(
    connection: duckdb.DuckDBPyConnection, folder: Path, asked: AskedRef, answer: ChangesAnswer
) -> Answered:
    """Put an answer on record: what it says about each change, and a decision for each that it names."""
    _, changes = read_question(folder, asked.question_id)
    by_id = {change.change_id: change for change in changes}

    def effect() -> Receipt:
        settled = settle(by_id, answer)
        named = {*answer.accept, *answer.reject, *answer.edit}
        told = [_judged(asked.question_id, by_id[change_id], settled[change_id], answer) for change_id in sorted(named)]
        record_decisions(connection, [*told, _summary(asked, settled, answer)], step_id=asked.step_id)
        answered = Answered(
            question_id=asked.question_id,
            by=answer.by,
            at=datetime.now(UTC),
            note=answer.note,
            settled=settled,
        )
        return answered.model_dump(mode="json")

    return Answered.model_validate(once(connection, ANSWERS + asked.question_id, effect))


def record_plan_answer(connection: duckdb.DuckDBPyConnection, plan_id: str, answer: PlanAnswer) -> Answered:
    """Put an answer to a plan on record."""

    def effect() -> Receipt:
        account = Account(
            subject="plan", answer=answer.reply, confidence=1.0, reason=_by(answer.by, answer.note), evidence=plan_id
        )
        made = record("plan_approval", account, plan_id, method="a person's answer", decided_by=DecidedBy.PERSON)
        record_decisions(connection, [made])
        answered = Answered(
            question_id=PLAN_QUESTION, by=answer.by, at=datetime.now(UTC), note=answer.note, reply=answer.reply
        )
        return answered.model_dump(mode="json")

    return Answered.model_validate(once(connection, ANSWERS + PLAN_QUESTION, effect))


def judgement_id(question_id: str, change: Change) -> str:
    """Return the id of the decision that a person made about one change."""
    return digest([_KINDS.get(change.kind, VALUE_FORMAT.kind), _subject(change), _asked(question_id, change)])[:16]


def _judged(question_id: str, change: Change, said: Settled, answer: ChangesAnswer) -> Decision:
    stands = "none" if said.value is None else said.value
    account = Account(
        subject=_subject(change),
        answer=f"{change.kind.value}: {stands}",
        confidence=1.0,
        reason=f"{said.reply.value}; {_by(answer.by, answer.note)}",
        evidence=f"proposed was {change.proposal!r}: {change.evidence}",
        votes=change.votes,
    )
    kind, asked = _KINDS.get(change.kind, VALUE_FORMAT.kind), _asked(question_id, change)
    return record(kind, account, asked, method="a person's answer", decided_by=DecidedBy.PERSON)


def _summary(asked: AskedRef, settled: Mapping[str, Settled], answer: ChangesAnswer) -> Decision:
    counts: dict[str, int] = {}
    for said in settled.values():
        counts[said.reply.value] = counts.get(said.reply.value, 0) + 1
    told = ", ".join(f"{reply} {count}" for reply, count in sorted(counts.items()))
    account = Account(
        subject=asked.question_id,
        answer=told,
        confidence=1.0,
        reason=_by(answer.by, answer.note),
        evidence=f"{asked.changes} changes were put forward; the rest: {answer.rest.value}",
    )
    return record("approval", account, asked.question_id, method="a person's answer", decided_by=DecidedBy.PERSON)


def _subject(change: Change) -> str:
    if change.kind is ChangeKind.MAPPING:
        return f"{change.table}/{change.where.partition(':')[0]}.{change.column}"
    value = f": {change.value!r}" if change.kind in (ChangeKind.VALUE, ChangeKind.REPAIR) else ""
    return f"{change.table}.{change.column}{value}"


def _asked(question_id: str, change: Change) -> str:
    return f"{question_id}/{change.change_id}"


def _by(by: str, note: str) -> str:
    return "; ".join(text for text in (f"by {by}" if by else "by a person", note) if text)
