"""The message hub as a graph: a superstep of sending and handing out, then the workers side by side."""

from enum import StrEnum
from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.hub import exchange, take
from state.hub_talk import AgentTurn, HubInput, HubOutput, HubState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    EXCHANGE = "exchange"
    WORKER = "worker"


def after_exchange(state: HubState) -> list[Send] | Literal["exchange", "__end__"]:
    """Let those who were handed something take their turns; pass over a round without any; end after the last."""
    if state["over"]:
        return "__end__"
    return [_turn(state, worker) for worker in state["due"]] or "exchange"


def _turn(state: HubState, worker: str) -> Send:
    given: AgentTurn = {
        "talk": state["talk"],
        "number": state["number"],
        "worker": worker,
        "messages": state["due"][worker],
        "effects": state.get("effects", {}).get(worker, []),
    }
    return Send(Node.WORKER.value, given)


def build() -> StateGraph[HubState, RunContext, HubInput, HubOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(HubState, context_schema=RunContext, input_schema=HubInput, output_schema=HubOutput)
    builder.add_node(Node.EXCHANGE, exchange)
    builder.add_node(Node.WORKER, take, input_schema=AgentTurn)
    builder.add_edge(START, Node.EXCHANGE)
    builder.add_conditional_edges(Node.EXCHANGE, after_exchange, [Node.WORKER, Node.EXCHANGE, "__end__"])
    builder.add_edge(Node.WORKER, Node.EXCHANGE)
    return builder


graph: CompiledStateGraph[HubState, RunContext, HubInput, HubOutput] = build().compile(name="hub")
