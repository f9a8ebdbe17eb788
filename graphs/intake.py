"""Intake as a graph: request -> contract and sources -> every line landed; a file that changed is scanned again."""

from enum import StrEnum
from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.intake import land_sources, read_request, take_stock
from state.run import RunContext, RunStatus
from state.supervisor import IntakeOutput, IntakeState, SupervisorInput


class Node(StrEnum):
    """Nodes of this graph."""

    READ_REQUEST = "read_request"
    TAKE_STOCK = "take_stock"
    LAND_SOURCES = "land_sources"


def after_stock(state: IntakeState) -> Literal["land_sources", "__end__"]:
    """Land the sources, unless the contract turned out not to be usable."""
    return "land_sources" if state["status"] is RunStatus.RUNNING else "__end__"


def after_landing(state: IntakeState) -> Literal["take_stock", "__end__"]:
    """Take stock again where a file changed since it was scanned."""
    return "take_stock" if state["stale"] else "__end__"


def build() -> StateGraph[IntakeState, RunContext, SupervisorInput, IntakeOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        IntakeState, context_schema=RunContext, input_schema=SupervisorInput, output_schema=IntakeOutput
    )
    builder.add_node(Node.READ_REQUEST, read_request)
    builder.add_node(Node.TAKE_STOCK, take_stock)
    builder.add_node(Node.LAND_SOURCES, land_sources)
    builder.add_edge(START, Node.READ_REQUEST)
    builder.add_edge(Node.READ_REQUEST, Node.TAKE_STOCK)
    builder.add_conditional_edges(Node.TAKE_STOCK, after_stock)
    builder.add_conditional_edges(Node.LAND_SOURCES, after_landing)
    return builder


graph: CompiledStateGraph[IntakeState, RunContext, SupervisorInput, IntakeOutput] = build().compile(name="intake")
