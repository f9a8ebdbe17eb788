"""Planning as a graph: the facts of intake to a plan. A later issue adds analysis, risks and contingencies."""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.approve import ask_plan
from nodes.plan import make_plan
from state.run import RunContext, RunStatus
from state.supervisor import PlannerOutput, PlannerState


class Node(StrEnum):
    """Nodes of this graph."""

    MAKE_PLAN = "make_plan"
    ASK = "ask"


def after_planning(state: PlannerState) -> Literal["ask", "__end__"]:
    """Ask a person about the plan where that was asked for."""
    made = state["status"] is RunStatus.RUNNING and "plan" in state
    return "ask" if made and state["request"].approve.asks_plan else "__end__"


def build() -> StateGraph[PlannerState, RunContext, PlannerState, PlannerOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(PlannerState, context_schema=RunContext, output_schema=PlannerOutput)
    builder.add_node(Node.MAKE_PLAN, make_plan)
    builder.add_edge(START, Node.MAKE_PLAN)
    builder.add_node(Node.ASK, ask_plan)
    builder.add_conditional_edges(Node.MAKE_PLAN, after_planning)
    builder.add_edge(Node.ASK, END)
    return builder


graph: CompiledStateGraph[PlannerState, RunContext, PlannerState, PlannerOutput] = build().compile(name="planner")
