"""A vote as a graph: proposals, sealed first votes side by side, at most one discussion, the count, the record.

It runs alone with the voters of its request, and as a subgraph with a council of the run context.
"""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.vote import ask, branches, count, discuss, record
from nodes.vote_exchange import exchange
from nodes.vote_opening import move, open_vote, propose, proposers
from state.run import RunContext
from state.vote import AskInput, ProposeInput, VoteInput, VoteOutput, VoteState


class Node(StrEnum):
    """Nodes of this graph."""

    OPEN = "open_vote"
    PROPOSE = "propose"
    MOVE = "move"
    ASK = "ask"
    COUNT = "count"
    DISCUSS = "discuss"
    EXCHANGE = "exchange"
    RECORD = "record"


def each_proposer(state: VoteState) -> list[Send] | str:
    """Ask every member that proposes; where nobody does the request's options are moved."""
    return [Send(Node.PROPOSE.value, branch) for branch in proposers(state)] or Node.MOVE


def each_voter(state: VoteState) -> list[Send]:
    """Ask every voter of the wave, none knowing what another answers."""
    return [Send(Node.ASK.value, branch) for branch in branches(state)]


def after_count(state: VoteState) -> list[Send] | str:
    """Ask the next wave; exchange ballots where voters may lie; discuss what is left open; or record the result."""
    progress = state["progress"]
    if progress.wave == len(progress.waves):
        return Node.EXCHANGE
    if not progress.closed:
        return each_voter(state)
    if progress.round == 1 and state["request"].discussion and state["result"].can_be_discussed:
        return Node.DISCUSS
    return Node.RECORD


def build() -> StateGraph[VoteState, RunContext, VoteInput, VoteOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(VoteState, context_schema=RunContext, input_schema=VoteInput, output_schema=VoteOutput)
    builder.add_node(Node.OPEN, open_vote)
    builder.add_node(Node.PROPOSE, propose, input_schema=ProposeInput)
    builder.add_node(Node.MOVE, move)
    builder.add_node(Node.ASK, ask, input_schema=AskInput)
    builder.add_node(Node.COUNT, count)
    builder.add_node(Node.DISCUSS, discuss)
    builder.add_node(Node.EXCHANGE, exchange)
    builder.add_node(Node.RECORD, record)
    builder.add_edge(START, Node.OPEN)
    builder.add_conditional_edges(Node.OPEN, each_proposer, [Node.PROPOSE, Node.MOVE])
    builder.add_edge(Node.PROPOSE, Node.MOVE)
    builder.add_conditional_edges(Node.MOVE, each_voter, [Node.ASK])
    builder.add_edge(Node.ASK, Node.COUNT)
    builder.add_conditional_edges(Node.COUNT, after_count, [Node.ASK, Node.DISCUSS, Node.EXCHANGE, Node.RECORD])
    builder.add_conditional_edges(Node.DISCUSS, each_voter, [Node.ASK])
    builder.add_edge(Node.EXCHANGE, Node.RECORD)
    builder.add_edge(Node.RECORD, END)
    return builder


graph: CompiledStateGraph[VoteState, RunContext, VoteInput, VoteOutput] = build().compile(name="vote")
