"""The supervisor: intake, planner, executor with replanner, verification, publishing, adopting, report, reflection.

What fails is diagnosed; where the contract is not met the quality planner then looks for a recovery.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from graphs.diagnose import graph as diagnose
from graphs.executor import graph as executor
from graphs.intake import graph as intake
from graphs.own_run import add_own
from graphs.planner import graph as planner
from graphs.reflection import composed as reflection
from nodes.adopt import adopt_changes
from nodes.context import context_of
from nodes.criticising import criticised
from nodes.publish import publish_tables
from nodes.quality import recover
from nodes.reflection import Reflecting
from nodes.report import report, show_page
from nodes.verify import verify
from state.planning import PlanningState
from state.recovery import RecoveryStatus
from state.reflection import ReflectionInput
from state.run import RunContext, RunStatus
from state.supervisor import SupervisorInput, SupervisorOutput, SupervisorState


class Node(StrEnum):
    """Nodes of this graph."""

    INTAKE = "intake"
    PLANNER = "planner"
    EXECUTOR = "executor"
    VERIFY = "verify"
    DIAGNOSE = "diagnose"
    QUALITY = "quality"
    PUBLISH = "publish"
    ADOPT = "adopt"
    REPORT = "report"
    REFLECTION = "reflection"
    PAGE = "page"


def after_intake(state: SupervisorState) -> Literal["planner", "report"]:
    """Plan, or report that the contract cannot be used."""
    return "planner" if state["status"] is RunStatus.RUNNING else "report"


def after_planning(state: SupervisorState) -> Literal["executor", "report"]:
    """Execute the plan, or report that there is none."""
    return "executor" if state["status"] is RunStatus.RUNNING else "report"


def after_execution(state: SupervisorState) -> Literal["verify", "diagnose", "quality", "report"]:
    """Verify what was staged, or report why execution stopped: a step that failed is diagnosed before.

    A recovery that failed is taken back.
    """
    if state["status"] is RunStatus.RUNNING:
        return "verify"
    if state["status"] is not RunStatus.FAILED:
        return "report"
    return "quality" if _on_trial(state) else "diagnose"


def after_verification(
    state: SupervisorState, runtime: Runtime[RunContext]
) -> Literal["publish", "diagnose", "quality", "report"]:
    """Publish when the contract is met, else find out what is wrong; a recovery on trial is judged first.

    A result below its quality bar is criticised before it is published.
    """
    if _on_trial(state) or (state["status"] is RunStatus.RUNNING and criticised(state["checks"], context_of(runtime))):
        return "quality"
    if state["status"] is RunStatus.RUNNING:
        return "publish"
    return "diagnose" if state["status"] is RunStatus.NOT_MET else "report"


def after_diagnosis(state: SupervisorState, runtime: Runtime[RunContext]) -> Literal["publish", "quality", "report"]:
    """See what can be done otherwise where the contract is not met."""
    planning = context_of(runtime).patterns.quality_planning == "on"
    return "quality" if state["status"] is RunStatus.NOT_MET and planning else _end(state)


def after_quality(state: SupervisorState) -> Literal["executor", "publish", "report"]:
    """Make tables again, publish what is met, or end."""
    if state["status"] is RunStatus.RUNNING and state["planning"] is PlanningState.REPLANNING:
        return "executor"
    return _end(state)


def after_report(state: SupervisorState, runtime: Runtime[RunContext]) -> Literal["reflection", "page"]:
    """Reflect on a run that had a plan."""
    reflects = context_of(runtime).patterns.reflection == "on"
    return "reflection" if reflects and "plan" in state else "page"


def _on_trial(state: SupervisorState) -> bool:
    recovery = state.get("recovery")
    return recovery is not None and recovery.status is RecoveryStatus.TRIED


def _end(state: SupervisorState) -> Literal["publish", "report"]:
    """Publish when the contract is met, or the part that passes when that was asked for."""
    if state["status"] is RunStatus.RUNNING:
        return "publish"
    partial = state["status"] is RunStatus.NOT_MET and state["request"].partial
    return "publish" if partial and state["checks"].deliverable else "report"


def build() -> StateGraph[SupervisorState, RunContext, SupervisorInput, SupervisorOutput]:
    """Return the graph, not compiled: the session compiles it with a saver."""
    builder = StateGraph(
        SupervisorState, context_schema=RunContext, input_schema=SupervisorInput, output_schema=SupervisorOutput
    )
    builder.add_node(Node.INTAKE, intake)
    builder.add_node(Node.PLANNER, planner)
    builder.add_node(Node.EXECUTOR, executor)
    add_own(builder, Node.VERIFY, verify)
    builder.add_node(Node.DIAGNOSE, diagnose)
    add_own(builder, Node.QUALITY, recover)
    add_own(builder, Node.PUBLISH, publish_tables)
    add_own(builder, Node.ADOPT, adopt_changes)
    add_own(builder, Node.REPORT, report)
    builder.add_node(Node.REFLECTION, Reflecting(reflection).reflect, input_schema=ReflectionInput)
    add_own(builder, Node.PAGE, show_page)
    builder.add_edge(START, Node.INTAKE)
    builder.add_conditional_edges(Node.INTAKE, after_intake)
    builder.add_conditional_edges(Node.PLANNER, after_planning)
    builder.add_conditional_edges(Node.EXECUTOR, after_execution)
    builder.add_conditional_edges(Node.VERIFY, after_verification)
    builder.add_conditional_edges(Node.DIAGNOSE, after_diagnosis)
    builder.add_conditional_edges(Node.QUALITY, after_quality)
    builder.add_edge(Node.PUBLISH, Node.ADOPT)
    builder.add_edge(Node.ADOPT, Node.REPORT)
    builder.add_conditional_edges(Node.REPORT, after_report)
    builder.add_edge(Node.REFLECTION, Node.PAGE)
    builder.add_edge(Node.PAGE, END)
    return builder


graph: CompiledStateGraph[SupervisorState, RunContext, SupervisorInput, SupervisorOutput] = build().compile(
    name="supervisor"
)
