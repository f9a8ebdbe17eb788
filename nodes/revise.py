"""Doing what a ruling on a failed step asks for: steps are taken back, the rest is planned anew, or room is made."""

from pathlib import Path

from langgraph.runtime import Runtime

from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.fallback import Failure, fallback
from nodes.perform import replan_id
from nodes.plan_record import given_up, steps_given_up
from nodes.plan_revision import completed
from nodes.planning_state import tell
from nodes.replan import ReplanInput
from state.errors import StepError
from state.planning import PlanningState
from state.plans import Plan
from state.reports import Replan, StepReport, StepStatus, Strategy
from state.run import RunContext, RunStatus
from state.supervisor import ExecutorOutput
from tools.disk import no_room
from tools.ledger import read_reports
from tools.plans import read_plan
from tools.rewind import rewind
from tools.workspace import clear_spill, open_workspace


def revise(state: ReplanInput, runtime: Runtime[RunContext]) -> ExecutorOutput:
    """Do what the last ruling asks for: take steps back, plan the rest anew, or make room."""
    report = state["progress"].failed
    if report is None:
        return {}
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    ruling = state["replans"][replan_id(report)]
    try:
        if ruling.action is Strategy.CLEAN_UP:
            clear_spill(folder)
        if ruling.again:
            plan = read_plan(state["plan"])
            with open_workspace(folder) as connection:
                rewind(connection, [plan.step(step_id) for step_id in ruling.again])
        if ruling.revision is not None:
            return _take(state, report, ruling, context, folder)
    except FAILURES as error:
        if no_room(error):
            raise
        problem = f"step {report.step_id} failed: {report.error}; {ruling.action.value} failed: {failure_line(error)}"
        planning = tell(PlanningState.FAILED, state.get("replans", {}))
        return {"status": RunStatus.FAILED, "problem": problem, "planning": planning}
    return {}


def _take(state: ReplanInput, report: StepReport, ruling: Replan, context: RunContext, folder: Path) -> ExecutorOutput:
    """Put the plan that does without the failed step in the place of the plan, with contingencies of its own."""
    request, before = state["request"], read_plan(state["plan"])
    found = fallback(_failure(state, report, before, folder), request, context, state.get("failed_plans", {}))
    if found is None:
        raise StepError("the plan that was ruled on is not there any more", where=report.step_id)
    plan = found.plan.model_copy(update={"revision": ruling.revision})
    without = steps_given_up(state["replans"])
    anew = completed(plan, before, request, context, without, f"{report.step_id}, {ruling.trigger}")
    return {
        "plan": anew.plan,
        "revisions": anew.revisions,
        "failed_plans": given_up(request.run_id, before, f"{report.step_id}: {report.error}"),
    }


def _failure(state: ReplanInput, report: StepReport, plan: Plan, folder: Path) -> Failure:
    with open_workspace(folder) as connection:
        reports = read_reports(connection)
    done = frozenset(step_id for step_id, each in reports.items() if each.status is StepStatus.DONE)
    return Failure(plan, report.step_id, steps_given_up(state.get("replans", {})), done)
