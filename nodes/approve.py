"""Asking a person: the run waits in these nodes. The interrupt comes first, as all before it would run twice."""

from langgraph.runtime import Runtime
from langgraph.types import interrupt
from typing_extensions import TypedDict

from nodes.answers import fault_of_answer, record_answer, record_plan_answer
from nodes.boundary import FAILURES, failure_line
from nodes.context import run_folder
from nodes.events import emit
from nodes.questions import changes_question, plan_question
from state.approval import ChangesAnswer, PlanAnswer, Reply
from state.plans import PlanRef
from state.reports import Progress
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import ExecutorOutput, PlannerOutput
from tools.plans import read_plan
from tools.tracing.spans import moment
from tools.workspace import open_workspace


class AskPlanInput(TypedDict):
    """Keys asking about a plan reads."""

    request: RunRequest
    plan: PlanRef


class AskChangesInput(TypedDict):
    """Keys asking about changes reads."""

    request: RunRequest
    progress: Progress


def ask_plan(state: AskPlanInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Wait until a person accepts or rejects the plan; a rejected plan ends the run."""
    answer: PlanAnswer = interrupt(
        plan_question(state["request"].run_id, read_plan(state["plan"]), state["plan"].path),
        response_schema=PlanAnswer,
    )
    try:
        with open_workspace(run_folder(runtime, state["request"])) as connection:
            answered = record_plan_answer(connection, state["plan"].plan_id, answer)
        moment("approval: plan", pattern="approval", texts={"by": answered.by}, reply=answered.reply)
    except FAILURES as error:
        return {"status": RunStatus.FAILED, "problem": f"the run's ledger cannot be used: {failure_line(error)}"}
    emit("answered", "answered:plan", question="plan", by=answered.by, reply=answered.reply)
    if answered.reply == Reply.ACCEPT:
        return {}
    told = ": ".join(text for text in (f"the plan was rejected by {answered.by or 'a person'}", answered.note) if text)
    return {"status": RunStatus.REJECTED, "problem": told}


def ask_changes(state: AskChangesInput, runtime: Runtime[RunContext]) -> ExecutorOutput:
    """Wait until a person answers what is asked first; an answer that cannot be used is asked for again."""
    progress, folder = state["progress"], run_folder(runtime, state["request"])
    if not progress.asked:
        return {}
    asked, *others = progress.asked
    answer: ChangesAnswer = interrupt(
        changes_question(state["request"].run_id, folder, asked), response_schema=ChangesAnswer
    )
    try:
        fault = fault_of_answer(folder, asked.question_id, answer)
        if fault is not None:
            refused = asked.model_copy(update={"refused": ": ".join(fault)[:1_000]})
            return {"progress": progress.model_copy(update={"asked": (refused, *others)})}
        with open_workspace(folder) as connection:
            answered = record_answer(connection, folder, asked, answer)
        replies = {f"changes_{reply.value}": len(ids) for reply, ids in answered.by_reply().items()}
        moment(f"approval: {asked.question_id}", pattern="approval", texts={"by": answered.by}, **replies)
    except FAILURES as error:
        return {"status": RunStatus.FAILED, "problem": f"the run's ledger cannot be used: {failure_line(error)}"}
    emit(
        "answered",
        f"answered:{asked.question_id}",
        question=asked.question_id,
        by=answered.by,
        reply=", ".join(f"{len(ids)} {reply}" for reply, ids in answered.by_reply().items()),
    )
    return {"progress": progress.model_copy(update={"asked": tuple(others)})}
