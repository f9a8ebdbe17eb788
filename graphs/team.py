"""A team as a graph: orders go to workers side by side, reports are checked, what was not done is given anew.

It is a subgraph of the hierarchy, one for each lead.
"""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.delegation import check_reports, close_team, give_orders, order_branches, work
from state.delegation import OrderInput, TeamInput, TeamOutput, TeamState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    GIVE = "give_orders"
    WORK = "work"
    CHECK = "check_reports"
    CLOSE = "close_team"


def each_order(state: TeamState) -> list[Send] | str:
    """Send each order of the wave to its worker; where none is left the team reports."""
    return [Send(Node.WORK.value, branch) for branch in order_branches(state)] or Node.CLOSE


def build() -> StateGraph[TeamState, RunContext, TeamInput, TeamOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(TeamState, context_schema=RunContext, input_schema=TeamInput, output_schema=TeamOutput)
    builder.add_node(Node.GIVE, give_orders)
    builder.add_node(Node.WORK, work, input_schema=OrderInput)
    builder.add_node(Node.CHECK, check_reports)
    builder.add_node(Node.CLOSE, close_team)
    builder.add_edge(START, Node.GIVE)
    builder.add_conditional_edges(Node.GIVE, each_order, [Node.WORK, Node.CLOSE])
    builder.add_edge(Node.WORK, Node.CHECK)
    builder.add_conditional_edges(Node.CHECK, each_order, [Node.WORK, Node.CLOSE])
    builder.add_edge(Node.CLOSE, END)
    return builder


graph: CompiledStateGraph[TeamState, RunContext, TeamInput, TeamOutput] = build().compile(name="team")
