"""Diagnosing as a graph: each failing table is a case of its own, side by side; what was found goes on record."""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from graphs.own_run import add_own
from graphs.react import graph as react
from nodes.diagnose import choose_cases, record_diagnoses
from state.diagnosing import DiagnoseOutput, DiagnoseState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    CHOOSE = "choose_cases"
    REACT = "react"
    RECORD = "record_diagnoses"


def each_case(state: DiagnoseState) -> list[Send] | str:
    """Start every case; without one there is nothing to record."""
    cases = state.get("cases", ())
    known = {"request": state["request"], "spent": state.get("spent", {})}
    return [Send(Node.REACT.value, {**known, "task": case}) for case in cases] or END


def build() -> StateGraph[DiagnoseState, RunContext, DiagnoseState, DiagnoseOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(DiagnoseState, context_schema=RunContext, output_schema=DiagnoseOutput)
    add_own(builder, Node.CHOOSE, choose_cases)
    builder.add_node(Node.REACT, react)
    add_own(builder, Node.RECORD, record_diagnoses)
    builder.add_edge(START, Node.CHOOSE)
    builder.add_conditional_edges(Node.CHOOSE, each_case, [Node.REACT, END])
    builder.add_edge(Node.REACT, Node.RECORD)
    builder.add_edge(Node.RECORD, END)
    return builder


graph: CompiledStateGraph[DiagnoseState, RunContext, DiagnoseState, DiagnoseOutput] = build().compile(name="diagnose")
