"""Execution as a graph: perform what is ready side by side; failed steps go to the replanner, one after the other.

Steps that map columns convene the schema council, and what is done about bad rows where the contract leaves it open is
ruled by the graph of conflicts; both are graphs of their own. Tables that the repair council must look
at are put before it, side by side, once nothing else can be done; then, where a person must agree, the run waits in a
node of its own.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from graphs.auction import held as auction
from graphs.conflict import settled as conflict
from graphs.own_run import add_own
from graphs.repair_council import graph as repair_council
from graphs.replanner import graph as replanner
from graphs.schema_council import convened as schema_council
from nodes.approve import ask_changes
from nodes.performing import performing
from nodes.planning_state import enter_execution
from nodes.steps.work import Composed
from state.run import RunContext, RunStatus
from state.supervisor import ExecutorOutput, ExecutorState


class Node(StrEnum):
    """Nodes of this graph."""

    BEGIN = "begin"
    PERFORM = "perform"
    ASK = "ask"
    REPAIR_COUNCIL = "repair_council"
    REPLANNER = "replanner"


def after_step(state: ExecutorState) -> list[Send] | str:
    """Ask the replanner, convene councils, ask a person, go on, or end when no step that prepares a table is left."""
    if state["status"] is not RunStatus.RUNNING:
        return END
    progress = state["progress"]
    if progress.failed is not None:
        return Node.REPLANNER
    if progress.convened:
        return [Send(Node.REPAIR_COUNCIL.value, {"task": task}) for task in progress.convened]
    if progress.asked:
        return Node.ASK
    return Node.PERFORM if progress.waiting else END


def after_answer(state: ExecutorState) -> Literal["perform", "ask", "__end__"]:
    """Go on with the answer, or ask again where it was refused."""
    if state["status"] is not RunStatus.RUNNING:
        return "__end__"
    asked = state["progress"].asked
    return "ask" if asked and asked[0].refused else "perform"


def after_ruling(state: ExecutorState) -> Literal["begin", "__end__"]:
    """Try again, or end with the status the replanner wrote."""
    return "begin" if state["status"] is RunStatus.RUNNING else "__end__"


def build() -> StateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(ExecutorState, context_schema=RunContext, output_schema=ExecutorOutput)
    add_own(builder, Node.BEGIN, enter_execution)
    steps = performing(Composed(schema_council, conflict), auction)
    add_own(builder, Node.PERFORM, steps.direct, afunc=steps.cancellable)
    add_own(builder, Node.ASK, ask_changes)
    builder.add_node(Node.REPAIR_COUNCIL, repair_council)
    builder.add_node(Node.REPLANNER, replanner)
    builder.add_edge(START, Node.BEGIN)
    builder.add_edge(Node.BEGIN, Node.PERFORM)
    after = [Node.REPLANNER, Node.REPAIR_COUNCIL, Node.ASK, Node.PERFORM, END]
    builder.add_conditional_edges(Node.PERFORM, after_step, after)
    builder.add_edge(Node.REPAIR_COUNCIL, Node.PERFORM)
    builder.add_conditional_edges(Node.ASK, after_answer)
    builder.add_conditional_edges(Node.REPLANNER, after_ruling)
    return builder


graph: CompiledStateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput] = build().compile(name="executor")
