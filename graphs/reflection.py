"""Reflection: what a run left is analysed, patterns of past runs and trends are found, lessons drawn and written.

A phase that fails ends it with a problem in its output.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.reflection import adapt_lessons, analyse_experience, find_patterns, find_trends, integrate_lessons
from state.reflection import ReflectionInput, ReflectionOutput, ReflectionState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph: its five phases."""

    ANALYSE = "analyse"
    PATTERNS = "patterns"
    TRENDS = "trends"
    ADAPT = "adapt"
    INTEGRATE = "integrate"


def after_analysis(state: ReflectionState) -> Literal["patterns", "__end__"]:
    """Find patterns where there are new runs."""
    return "patterns" if not _ended(state) and state["contracts"] else "__end__"


def after_patterns(state: ReflectionState) -> Literal["trends", "__end__"]:
    """Go on to the trends."""
    return "__end__" if _ended(state) else "trends"


def after_trends(state: ReflectionState) -> Literal["adapt", "__end__"]:
    """Go on to the lessons."""
    return "__end__" if _ended(state) else "adapt"


def after_adapting(state: ReflectionState) -> Literal["integrate", "__end__"]:
    """Write the lessons."""
    return "__end__" if _ended(state) else "integrate"


def _ended(state: ReflectionState) -> bool:
    """Return whether a phase met a problem."""
    return bool(state.get("reflected") and state["reflected"].problem)


def build() -> StateGraph[ReflectionState, RunContext, ReflectionInput, ReflectionOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        ReflectionState, context_schema=RunContext, input_schema=ReflectionInput, output_schema=ReflectionOutput
    )
    builder.add_node(Node.ANALYSE, analyse_experience)
    builder.add_node(Node.PATTERNS, find_patterns)
    builder.add_node(Node.TRENDS, find_trends)
    builder.add_node(Node.ADAPT, adapt_lessons)
    builder.add_node(Node.INTEGRATE, integrate_lessons)
    builder.add_edge(START, Node.ANALYSE)
    builder.add_conditional_edges(Node.ANALYSE, after_analysis)
    builder.add_conditional_edges(Node.PATTERNS, after_patterns)
    builder.add_conditional_edges(Node.TRENDS, after_trends)
    builder.add_conditional_edges(Node.ADAPT, after_adapting)
    builder.add_edge(Node.INTEGRATE, END)
    return builder


graph: CompiledStateGraph[ReflectionState, RunContext, ReflectionInput, ReflectionOutput] = build().compile(
    name="reflection"
)

composed: CompiledStateGraph[ReflectionState, RunContext, ReflectionInput, ReflectionOutput] = build().compile(
    name="reflection", checkpointer=False
)
"""For a run: nothing is saved in between, as reflection that was killed is begun again and counts once."""
