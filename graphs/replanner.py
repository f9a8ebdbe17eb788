"""Replanning as a graph: the last failed step to a ruling. First version: try again, or stop with a reason."""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.replan import replan
from state.run import RunContext
from state.supervisor import ExecutorOutput, ExecutorState


class Node(StrEnum):
    """Nodes of this graph."""

    RULE = "rule"


def build() -> StateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(ExecutorState, context_schema=RunContext, output_schema=ExecutorOutput)
    builder.add_node(Node.RULE, replan)
    builder.add_edge(START, Node.RULE)
    builder.add_edge(Node.RULE, END)
    return builder


graph: CompiledStateGraph[ExecutorState, RunContext, ExecutorState, ExecutorOutput] = build().compile(name="replanner")
