"""Intake as a graph: request -> contract and sources -> every line landed; a file that changed is scanned again.

Many files are scanned and landed by a hierarchy of workers.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.hierarchy import graph as hierarchy
from graphs.own_run import add_own
from nodes.intake import land_sources, read_request, take_stock
from state.delegation import OrderKind
from state.run import RunContext, RunStatus
from state.supervisor import IntakeOutput, IntakeState, SupervisorInput


class Node(StrEnum):
    """Nodes of this graph."""

    READ_REQUEST = "read_request"
    TAKE_STOCK = "take_stock"
    LAND_SOURCES = "land_sources"
    HIERARCHY = "hierarchy"


def after_stock(state: IntakeState) -> Literal["hierarchy", "land_sources", "__end__"]:
    """Let a hierarchy scan, or land the sources, unless the contract turned out not to be usable."""
    if _is_assigned(state):
        return "hierarchy"
    return "land_sources" if state["status"] is RunStatus.RUNNING else "__end__"


def after_landing(state: IntakeState) -> Literal["hierarchy", "take_stock", "__end__"]:
    """Let a hierarchy land, or take stock again where a file changed since it was scanned."""
    if _is_assigned(state):
        return "hierarchy"
    return "take_stock" if state["stale"] else "__end__"


def after_hierarchy(state: IntakeState) -> Literal["take_stock", "land_sources"]:
    """Go on with what was delegated."""
    return "take_stock" if state["assignment"].kind is OrderKind.SCAN else "land_sources"


def _is_assigned(state: IntakeState) -> bool:
    """Return whether work was put before a hierarchy that has not done it."""
    return "assignment" in state and state["assignment"].key not in state.get("hierarchy", {})


def build() -> StateGraph[IntakeState, RunContext, SupervisorInput, IntakeOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        IntakeState, context_schema=RunContext, input_schema=SupervisorInput, output_schema=IntakeOutput
    )
    builder.add_node(Node.READ_REQUEST, read_request)
    add_own(builder, Node.TAKE_STOCK, take_stock)
    add_own(builder, Node.LAND_SOURCES, land_sources)
    builder.add_node(Node.HIERARCHY, hierarchy)
    builder.add_edge(START, Node.READ_REQUEST)
    builder.add_edge(Node.READ_REQUEST, Node.TAKE_STOCK)
    builder.add_conditional_edges(Node.TAKE_STOCK, after_stock)
    builder.add_conditional_edges(Node.LAND_SOURCES, after_landing)
    builder.add_conditional_edges(Node.HIERARCHY, after_hierarchy)
    return builder


graph: CompiledStateGraph[IntakeState, RunContext, SupervisorInput, IntakeOutput] = build().compile(name="intake")
