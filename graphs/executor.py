"""Execution as a graph: perform ready steps one after the other; a failed one goes to the replanner.

Where a person must agree, the run waits in a node of its own.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.replanner import graph as replanner
from nodes.approve import ask_changes
from nodes.perform import perform
from nodes.planning_state import enter_execution
from state.run import RunContext, RunStatus
from state.supervisor import ExecutorOutput, ExecutorState


class Node(StrEnum):
    """Nodes of this graph."""

    BEGIN = "begin"
    PERFORM = "perform"
    ASK = "ask"
    REPLANNER = "replanner"


def after_step(state: ExecutorState) -> Literal["perform", "ask", "replanner", "__end__"]:
    """Go on, ask a person, ask the replanner, or end when no step that prepares a table is left."""
    if state["status"] is not RunStatus.RUNNING:
        return "__end__"
    if state["progress"].asked is not None:
        return "ask"
    if state["progress"].failed is not None:
        return "replanner"
    return "perform" if state["progress"].waiting else "__end__"


def after_answer(state: ExecutorState) -> Literal["perform", "ask", "__end__"]:
    """Go on with the answer, or ask again where it was refused."""
    if state["status"] is not RunStatus.RUNNING:
        return "__end__"
    return "perform" if state["progress"].asked is None else "ask"


def after_ruling(state: ExecutorState) -> Literal["begin", "__end__"]:
    """Try again, or end with the status the replanner wrote."""
    return "begin" if state["status"] is RunStatus.RUNNING else "__end__"


def build() -> StateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(ExecutorState, context_schema=RunContext, output_schema=ExecutorOutput)
    builder.add_node(Node.BEGIN, enter_execution)
    builder.add_node(Node.PERFORM, perform)
    builder.add_node(Node.ASK, ask_changes)
    builder.add_node(Node.REPLANNER, replanner)
    builder.add_edge(START, Node.BEGIN)
    builder.add_edge(Node.BEGIN, Node.PERFORM)
    builder.add_conditional_edges(Node.PERFORM, after_step)
    builder.add_conditional_edges(Node.ASK, after_answer)
    builder.add_conditional_edges(Node.REPLANNER, after_ruling)
    return builder


graph: CompiledStateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput] = build().compile(name="executor")
