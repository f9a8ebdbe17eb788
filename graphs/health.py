"""A check of health as a graph: measured, voted on agent by agent side by side, judged, and acted on.

It runs alone with the vitals of its request, and with the registry of a home folder as a duty of the rounds.
"""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.health import branches, collect, judge, recover, vote
from state.health import HealthInput, HealthOutput, HealthState, VoteInput
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    COLLECT = "collect"
    VOTE = "vote"
    VERDICT = "verdict"
    RECOVER = "recover"


def each_agent(state: HealthState) -> list[Send] | str:
    """Let the monitors vote on every agent; where there is none nothing is voted on."""
    return [Send(Node.VOTE.value, branch) for branch in branches(state)] or Node.VERDICT


def build() -> StateGraph[HealthState, RunContext, HealthInput, HealthOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(HealthState, context_schema=RunContext, input_schema=HealthInput, output_schema=HealthOutput)
    builder.add_node(Node.COLLECT, collect)
    builder.add_node(Node.VOTE, vote, input_schema=VoteInput)
    builder.add_node(Node.VERDICT, judge)
    builder.add_node(Node.RECOVER, recover)
    builder.add_edge(START, Node.COLLECT)
    builder.add_conditional_edges(Node.COLLECT, each_agent, [Node.VOTE, Node.VERDICT])
    builder.add_edge(Node.VOTE, Node.VERDICT)
    builder.add_edge(Node.VERDICT, Node.RECOVER)
    builder.add_edge(Node.RECOVER, END)
    return builder


graph: CompiledStateGraph[HealthState, RunContext, HealthInput, HealthOutput] = build().compile(name="health")
"""Nothing is saved between its nodes unless whoever compiles it again says so."""
