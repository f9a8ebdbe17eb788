"""Planning as a graph of its phases: analyse the goal, decompose, optimise, assess the risks, prepare contingencies.

Where the goal was told in plain language, what the contract lacks is drafted before, and a person is asked about it.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.own_run import add_own
from nodes.approve import ask_plan
from nodes.goal import ask_drafts, draft_missing
from nodes.plan_phases import analyse_goal, assess, decompose, optimise, prepare
from state.run import RunContext, RunStatus
from state.supervisor import PlannerOutput, PlannerState


class Node(StrEnum):
    """Nodes of this graph."""

    DRAFT = "draft_missing"
    ASK_DRAFTS = "ask_drafts"
    ANALYSE = "analyse_goal"
    DECOMPOSE = "decompose"
    OPTIMISE = "optimise"
    ASSESS = "assess_risks"
    PREPARE = "prepare_contingencies"
    ASK = "ask"


def before_analysis(state: PlannerState) -> Literal["draft_missing", "analyse_goal"]:
    """Draft what the contract lacks where a goal was told."""
    return "draft_missing" if state["request"].goal else "analyse_goal"


def after_decomposition(state: PlannerState) -> Literal["optimise", "__end__"]:
    """Go on with the plan, or end where there is none."""
    return "optimise" if state["status"] is RunStatus.RUNNING else "__end__"


def after_planning(state: PlannerState) -> Literal["ask", "__end__"]:
    """Ask a person about the plan where that was asked for."""
    return "ask" if state["request"].approve.asks_plan else "__end__"


def build() -> StateGraph[PlannerState, RunContext, PlannerState, PlannerOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(PlannerState, context_schema=RunContext, output_schema=PlannerOutput)
    add_own(builder, Node.DRAFT, draft_missing)
    add_own(builder, Node.ASK_DRAFTS, ask_drafts)
    add_own(builder, Node.ANALYSE, analyse_goal)
    add_own(builder, Node.DECOMPOSE, decompose)
    add_own(builder, Node.OPTIMISE, optimise)
    add_own(builder, Node.ASSESS, assess)
    add_own(builder, Node.PREPARE, prepare)
    add_own(builder, Node.ASK, ask_plan)
    builder.add_conditional_edges(START, before_analysis)
    builder.add_edge(Node.DRAFT, Node.ASK_DRAFTS)
    builder.add_edge(Node.ASK_DRAFTS, Node.ANALYSE)
    builder.add_edge(Node.ANALYSE, Node.DECOMPOSE)
    builder.add_conditional_edges(Node.DECOMPOSE, after_decomposition)
    builder.add_edge(Node.OPTIMISE, Node.ASSESS)
    builder.add_edge(Node.ASSESS, Node.PREPARE)
    builder.add_conditional_edges(Node.PREPARE, after_planning)
    builder.add_edge(Node.ASK, END)
    return builder


graph: CompiledStateGraph[PlannerState, RunContext, PlannerState, PlannerOutput] = build().compile(name="planner")
