"""Replanning as a graph: the last failed step to a ruling, and what the ruling asks for.

Retry, scale down and extend try the step again (after a wait, with one thread, with more time); clean up, redo and fall
back change the workspace or the rest of the plan first; stop ends the run with its reason.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.own_run import add_own
from nodes.planning_state import enter_replanning
from nodes.replan import last_ruling, rule, wait
from nodes.revise import revise
from state.reports import Strategy
from state.run import RunContext
from state.supervisor import ExecutorOutput, ExecutorState


class Node(StrEnum):
    """Nodes of this graph."""

    BEGIN = "begin"
    RULE = "rule"
    REVISE = "revise"
    WAIT = "wait"


def after_ruling(state: ExecutorState) -> Literal["revise", "wait", "__end__"]:
    """Do what the ruling asks for before the step is tried again."""
    ruling = last_ruling(state["progress"], state.get("replans", {}))
    if ruling is None or ruling.action is Strategy.STOP:
        return "__end__"
    if ruling.action in (Strategy.CLEAN_UP, Strategy.REDO, Strategy.FALL_BACK):
        return "revise"
    return "wait" if ruling.wait_seconds else "__end__"


def build() -> StateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(ExecutorState, context_schema=RunContext, output_schema=ExecutorOutput)
    add_own(builder, Node.BEGIN, enter_replanning)
    add_own(builder, Node.RULE, rule)
    add_own(builder, Node.REVISE, revise)
    add_own(builder, Node.WAIT, wait)
    builder.add_edge(START, Node.BEGIN)
    builder.add_edge(Node.BEGIN, Node.RULE)
    builder.add_conditional_edges(Node.RULE, after_ruling)
    builder.add_edge(Node.REVISE, END)
    builder.add_edge(Node.WAIT, END)
    return builder


graph: CompiledStateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput] = build().compile(name="replanner")
