"""Planning as a graph: the facts of intake to a plan. A later issue adds analysis, risks and contingencies."""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.plan import make_plan
from state.run import RunContext
from state.supervisor import PlannerOutput, PlannerState


class Node(StrEnum):
    """Nodes of this graph."""

    MAKE_PLAN = "make_plan"


def build() -> StateGraph[PlannerState, RunContext, PlannerState, PlannerOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(PlannerState, context_schema=RunContext, output_schema=PlannerOutput)
    builder.add_node(Node.MAKE_PLAN, make_plan)
    builder.add_edge(START, Node.MAKE_PLAN)
    builder.add_edge(Node.MAKE_PLAN, END)
    return builder


graph: CompiledStateGraph[PlannerState, RunContext, PlannerState, PlannerOutput] = build().compile(name="planner")
