"""A goal in plain language: SQL is drafted for what the contract only describes, and a person has the word on it.

A person is asked whatever `approve` says: what a contract demands is not a model's to settle.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from langgraph.runtime import Runtime
from langgraph.types import interrupt
from typing_extensions import TypedDict

from nodes.answers import fault_of_drafts
from nodes.consulting import judge_of
from nodes.context import context_of, run_folder
from nodes.decide import Account, record
from nodes.events import emit
from nodes.goal_drafting import KIND, draft_sql
from nodes.questions import drafts_question
from state.approval import Answered, Reply, Settled
from state.budget import Spent, total
from state.decisions import DecidedBy, Decision
from state.errors import AnswerError
from state.goal import MOST_SQL, Draft, DraftsAnswer, GoalDrafts
from state.run import ContractRef, RunContext, RunRequest
from state.supervisor import PlannerOutput
from state.values import digest
from tools.approval import ANSWERS, GOAL_QUESTION
from tools.goal_drafts import adopt_drafts, drafts_path, find_gaps, read_drafts, write_drafts
from tools.intake import read_contract, read_intake
from tools.ledger import Receipt, find_receipt, once, record_decisions
from tools.workspace import open_workspace


class GoalInput(TypedDict):
    """Keys drafting reads."""

    request: RunRequest
    spent: dict[str, Spent]
    warnings: tuple[str, ...]


class AskDraftsInput(TypedDict):
    """Keys asking about drafts reads."""

    request: RunRequest
    contract: ContractRef
    warnings: tuple[str, ...]


def draft_missing(state: GoalInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Draft SQL for columns and tables that are described and that nothing feeds; say so where nothing is."""
    request, context, folder = state["request"], context_of(runtime), run_folder(runtime, state["request"])
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        if find_receipt(connection, ANSWERS + GOAL_QUESTION) is not None:
            return {}  # answered before the run was stopped
        judge = judge_of(context, connection, total(state.get("spent", {})))
        if judge is None:
            return _told(state.get("warnings", ()), ["the goal was not used: no model is configured"])
        contract = read_contract(folder)
        gaps = find_gaps(connection, contract, read_intake(folder))
        if not gaps:
            why = "all that has a description has a source or SQL"
            return _told(state.get("warnings", ()), [f"the goal was not used: {why}"])
        asked, left = gaps[: judge.settings.questions], gaps[judge.settings.questions :]
        drafts = tuple(draft_sql(request.goal, gap, sample, contract, judge) for gap, sample in asked)
        record_decisions(connection, [_drafted(request.goal, draft) for draft in drafts])
    write_drafts(folder, GoalDrafts(goal=request.goal, drafts=drafts))
    failed = [f"{draft.gap.subject}: no SQL was drafted: {draft.fallback}" for draft in drafts if not draft.sql]
    failed += [f"{gap.subject}: no SQL was drafted: more are described than questions are allowed" for gap, _ in left]
    return _told(state.get("warnings", ()), failed)


def ask_drafts(state: AskDraftsInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Wait until a person accepts or rejects the drafts; the contract with those accepted is the run's from then on."""
    request, folder = state["request"], run_folder(runtime, state["request"])
    drafts = read_drafts(folder)
    if drafts is None or not drafts.offered:
        return {}
    answered = _answered_before(folder)
    if answered is None:
        question = drafts_question(request.run_id, drafts, str(drafts_path(folder)))
        answer: DraftsAnswer = interrupt(question, response_schema=DraftsAnswer)
        answered = _recorded(folder, drafts, answer)
    emit("answered", f"answered:{GOAL_QUESTION}", question=GOAL_QUESTION, by=answered.by, reply=answered.reply)
    update = _told(state.get("warnings", ()), _rejections(drafts, answered))
    logic = {subject: said.value for subject, said in answered.settled.items() if said.value is not None}
    return update | _adopted(state["contract"], request, folder, logic) if logic else update


def _adopted(before: ContractRef, request: RunRequest, folder: Path, logic: dict[str, str]) -> PlannerOutput:
    """Make the contract with the accepted SQL the run's own."""
    contract = adopt_drafts(folder, Path(request.out) / "_runs" / request.run_id, read_contract(folder), logic)
    emit("goal", "goal:adopted", detail=f"SQL for {', '.join(sorted(logic))} is part of the contract of this run")
    return {"contract": before.model_copy(update={"sha256": contract.sha256})}


def _recorded(folder: Path, drafts: GoalDrafts, answer: DraftsAnswer) -> Answered:
    """Put an answer on record, with a decision for each draft; AnswerError where it cannot be used."""
    fault = fault_of_drafts(folder, answer)
    if fault is not None:
        raise AnswerError(fault[1], where=fault[0], hint="name what is asked about, with SQL that can be used")
    with open_workspace(folder) as connection:

        def effect() -> Receipt:
            settled = {draft.gap.subject: _settled(draft, answer) for draft in drafts.offered}
            record_decisions(connection, [_judged(draft, answer) for draft in drafts.offered])
            answered = Answered(
                question_id=GOAL_QUESTION, by=answer.by, at=datetime.now(UTC), note=answer.note, settled=settled
            )
            reply = ", ".join(f"{len(ids)} {said}" for said, ids in answered.by_reply().items())
            return answered.model_copy(update={"reply": reply}).model_dump(mode="json")

        return Answered.model_validate(once(connection, ANSWERS + GOAL_QUESTION, effect))


def _answered_before(folder: Path) -> Answered | None:
    with open_workspace(folder) as connection:
        receipt = find_receipt(connection, ANSWERS + GOAL_QUESTION)
    return Answered.model_validate(receipt) if receipt is not None else None


def _settled(draft: Draft, answer: DraftsAnswer) -> Settled:
    subject = draft.gap.subject
    if not answer.accepts(subject):
        return Settled(reply=Reply.REJECT, proposal=draft.sql, value=None)
    reply = Reply.EDIT if subject in answer.edit else Reply.ACCEPT
    return Settled(reply=reply, proposal=draft.sql, value=answer.edit.get(subject, draft.sql))


def _drafted(goal: str, draft: Draft) -> Decision:
    """Return the record of what a model drafted, or of why there is no draft."""
    evidence = f"goal: {goal[:500]}; description: {draft.gap.description[:1_000]}"
    account = Account(
        subject=draft.gap.subject,
        answer=draft.sql or "none",
        confidence=0.5 if draft.sql else 0.0,
        reason=draft.reason,
        evidence=evidence,
    )
    by = DecidedBy.MODEL if draft.sql else DecidedBy.EXPERT
    method = f"drafted by model {draft.by}" if draft.sql else "left as it is"
    made = record(KIND, account, digest([goal, draft.gap]), method=method, decided_by=by)
    return made.model_copy(update={"fallback": draft.fallback or None, "cost_tokens": draft.use.tokens})


def _judged(draft: Draft, answer: DraftsAnswer) -> Decision:
    """Return the record of a person's word on a draft."""
    said = "accepted" if answer.accepts(draft.gap.subject) else "rejected"
    said = "edited" if draft.gap.subject in answer.edit else said
    sql = answer.edit.get(draft.gap.subject, draft.sql)
    who = f"by {answer.by}" if answer.by else "by a person"
    account = Account(
        subject=draft.gap.subject,
        answer=f"{said}: {sql}"[:MOST_SQL],
        confidence=1.0,
        reason="; ".join(text for text in (who, answer.note) if text),
        evidence=f"drafted by model {draft.by}: {draft.reason}",
    )
    return record(f"{KIND}_approval", account, draft.sql, method="a person's answer", decided_by=DecidedBy.PERSON)


def _rejections(drafts: GoalDrafts, answered: Answered) -> list[str]:
    rejected = answered.by_reply().get(Reply.REJECT, ())
    who = answered.by or "a person"
    return [
        f"{draft.gap.subject}: the SQL drafted for it was rejected by {who}"
        for draft in drafts.offered
        if draft.gap.subject in rejected
    ]


def _told(before: Iterable[str], lines: Sequence[str]) -> PlannerOutput:
    """Return the warnings with these lines, each told once, as events too."""
    for line in lines:
        emit("goal", f"goal:{digest(line)[:8]}", detail=line)
    return {"warnings": tuple(dict.fromkeys((*before, *lines)))}
