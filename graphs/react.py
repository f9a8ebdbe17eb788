"""Reasoning as a graph: thought, actions, observations, until there is an answer or nothing more may be spent.

The meta-reasoner looks at every step. Where it finds something it hints, closes what went in circles, lets the expert
arbitrate, and stops.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.react import conclude, open_case, think
from nodes.react_acting import act
from nodes.react_watching import watch
from state.react import ReactInput, ReactOutput, ReactState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    OPEN = "open_case"
    THINK = "think"
    ACT = "act"
    WATCH = "watch"
    CONCLUDE = "conclude"


def after_thought(state: ReactState) -> Literal["act", "conclude"]:
    """Act, or conclude where no further step may be taken."""
    return "conclude" if "end" in state else "act"


def after_acting(state: ReactState) -> Literal["think", "watch", "conclude"]:
    """Go on thinking, unless the meta-reasoner found something in the steps; conclude with the final result."""
    if "end" in state:
        return "conclude"
    return "watch" if state["progress"].doubtful else "think"


def build() -> StateGraph[ReactState, RunContext, ReactInput, ReactOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(ReactState, context_schema=RunContext, input_schema=ReactInput, output_schema=ReactOutput)
    builder.add_node(Node.OPEN, open_case)
    builder.add_node(Node.THINK, think)
    builder.add_node(Node.ACT, act)
    builder.add_node(Node.WATCH, watch)
    builder.add_node(Node.CONCLUDE, conclude)
    builder.add_edge(START, Node.OPEN)
    builder.add_edge(Node.OPEN, Node.THINK)
    builder.add_conditional_edges(Node.THINK, after_thought)
    builder.add_conditional_edges(Node.ACT, after_acting)
    builder.add_edge(Node.WATCH, Node.THINK)
    builder.add_edge(Node.CONCLUDE, END)
    return builder


graph: CompiledStateGraph[ReactState, RunContext, ReactInput, ReactOutput] = build().compile(name="react")
