"""A conflict as a graph: analysis, strategy, rounds where it is negotiated, ruling, record."""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.conflict import analyse_conflict, choose_strategy, ended, hold_round, record_ruling, rule_on
from state.conflicts import ConflictInput, ConflictOutput, ConflictState, Settling
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    ANALYSE = "analyse"
    STRATEGY = "strategy"
    ROUND = "round"
    RULING = "ruling"
    RECORD = "record"


def after_strategy(state: ConflictState) -> Literal["round", "ruling"]:
    """Negotiate in rounds; everything else is ruled at once."""
    return "round" if state["settling"] is Settling.NEGOTIATION else "ruling"


def after_round(state: ConflictState) -> Literal["round", "ruling"]:
    """Hold another round until there is an agreement, or no more are held."""
    return "ruling" if ended(state["conflict"], state["rounds"]) is not None else "round"


def build() -> StateGraph[ConflictState, RunContext, ConflictInput, ConflictOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        ConflictState, context_schema=RunContext, input_schema=ConflictInput, output_schema=ConflictOutput
    )
    builder.add_node(Node.ANALYSE, analyse_conflict)
    builder.add_node(Node.STRATEGY, choose_strategy)
    builder.add_node(Node.ROUND, hold_round)
    builder.add_node(Node.RULING, rule_on)
    builder.add_node(Node.RECORD, record_ruling)
    builder.add_edge(START, Node.ANALYSE)
    builder.add_edge(Node.ANALYSE, Node.STRATEGY)
    builder.add_conditional_edges(Node.STRATEGY, after_strategy)
    builder.add_conditional_edges(Node.ROUND, after_round)
    builder.add_edge(Node.RULING, Node.RECORD)
    builder.add_edge(Node.RECORD, END)
    return builder


graph: CompiledStateGraph[ConflictState, RunContext, ConflictInput, ConflictOutput] = build().compile(name="conflict")

settled: CompiledStateGraph[ConflictState, RunContext, ConflictInput, ConflictOutput] = build().compile(
    name="conflict", checkpointer=False
)
"""For a step that has a conflict: nothing is saved in between, as a step that was killed is begun again."""
