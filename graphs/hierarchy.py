"""Hierarchical delegation as a graph: the coordinator shares work out to teams side by side and puts it together.

It runs alone on files to scan, and as a subgraph of intake. In a small hierarchy the coordinator leads itself.
"""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from graphs.team import graph as team
from nodes.delegation import aggregate, coordinate, team_branches
from state.delegation import HierarchyInput, HierarchyOutput, HierarchyState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    COORDINATE = "coordinate"
    TEAM = "team"
    AGGREGATE = "aggregate"


def each_team(state: HierarchyState) -> list[Send]:
    """Send each team its part of the work."""
    return [Send(Node.TEAM.value, branch) for branch in team_branches(state)]


def build() -> StateGraph[HierarchyState, RunContext, HierarchyInput, HierarchyOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        HierarchyState, context_schema=RunContext, input_schema=HierarchyInput, output_schema=HierarchyOutput
    )
    builder.add_node(Node.COORDINATE, coordinate)
    builder.add_node(Node.TEAM, team)
    builder.add_node(Node.AGGREGATE, aggregate)
    builder.add_edge(START, Node.COORDINATE)
    builder.add_conditional_edges(Node.COORDINATE, each_team, [Node.TEAM])
    builder.add_edge(Node.TEAM, Node.AGGREGATE)
    builder.add_edge(Node.AGGREGATE, END)
    return builder


graph: CompiledStateGraph[HierarchyState, RunContext, HierarchyInput, HierarchyOutput] = build().compile(
    name="hierarchy"
)
