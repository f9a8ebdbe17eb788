"""Patterns served alone: each graph does first what its pattern needs, so that a request is all it takes to start.

The supervisor composes the patterns themselves; these are for Studio and for callers of one pattern.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from graphs.executor import graph as execution
from graphs.intake import graph as intake
from graphs.own_run import add_own
from graphs.planner import graph as planning
from graphs.react import graph as reasoning
from graphs.replanner import graph as ruling
from graphs.schema_council import graph as council
from nodes.gather_questions import gather_questions
from nodes.replan import read_failed
from nodes.verify import verify
from state.case_alone import CaseInput, CaseOutput, WholeCase
from state.mapping_council import SchemaCouncilOutput, WholeCouncil
from state.run import RunContext, RunStatus
from state.supervisor import (
    ExecutorOutput,
    PlannerOutput,
    ReplannerInput,
    RulingState,
    SupervisorInput,
    SupervisorState,
)


class Node(StrEnum):
    """Nodes of these graphs."""

    INTAKE = "intake"
    PLANNER = "planner"
    EXECUTOR = "executor"
    READ_FAILED = "read_failed"
    REPLANNER = "replanner"
    VERIFY = "verify"
    REACT = "react"
    GATHER = "gather_questions"
    COUNCIL = "schema_council"


def after_intake(state: SupervisorState) -> Literal["planner", "__end__"]:
    """Plan, or end where the contract cannot be used."""
    return "planner" if state["status"] is RunStatus.RUNNING else "__end__"


def after_planning(state: SupervisorState) -> Literal["executor", "__end__"]:
    """Execute the plan, or end where there is none."""
    return "executor" if state["status"] is RunStatus.RUNNING else "__end__"


def before_ruling(state: SupervisorState) -> Literal["read_failed", "__end__"]:
    """Rule on the failed step, or end where there is no plan that it could be a step of."""
    return "read_failed" if state["status"] is RunStatus.RUNNING else "__end__"


def before_gathering(state: SupervisorState) -> Literal["gather_questions", "__end__"]:
    """Profile the sources, or end where the contract cannot be used."""
    return "gather_questions" if state["status"] is RunStatus.RUNNING else "__end__"


def each_question(state: WholeCouncil) -> list[Send] | str:
    """Convene the council on every header variant; where names decide all of them there is nothing to ask."""
    return [Send(Node.COUNCIL.value, {"question": question}) for question in state["questions"]] or END


def before_reasoning(state: WholeCase) -> Literal["verify", "react"]:
    """Verify what was staged, so that the worker knows which checks fail; reason about what is there in any case."""
    return "verify" if state["status"] is RunStatus.RUNNING else "react"


def build_planner() -> StateGraph[SupervisorState, RunContext, SupervisorInput, PlannerOutput]:
    """Return intake and planner, not compiled."""
    builder = StateGraph(
        SupervisorState, context_schema=RunContext, input_schema=SupervisorInput, output_schema=PlannerOutput
    )
    builder.add_node(Node.INTAKE, intake)
    builder.add_node(Node.PLANNER, planning)
    builder.add_edge(START, Node.INTAKE)
    builder.add_conditional_edges(Node.INTAKE, after_intake)
    builder.add_edge(Node.PLANNER, END)
    return builder


def build_executor() -> StateGraph[SupervisorState, RunContext, SupervisorInput, ExecutorOutput]:
    """Return intake, planner and executor, not compiled: tables are staged, neither verified nor published."""
    builder = StateGraph(
        SupervisorState, context_schema=RunContext, input_schema=SupervisorInput, output_schema=ExecutorOutput
    )
    builder.add_node(Node.INTAKE, intake)
    builder.add_node(Node.PLANNER, planning)
    builder.add_node(Node.EXECUTOR, execution)
    builder.add_edge(START, Node.INTAKE)
    builder.add_conditional_edges(Node.INTAKE, after_intake)
    builder.add_conditional_edges(Node.PLANNER, after_planning)
    builder.add_edge(Node.EXECUTOR, END)
    return builder


def build_replanner() -> StateGraph[RulingState, RunContext, ReplannerInput, ExecutorOutput]:
    """Return intake, planner and replanner, with the step that is said to have failed, not compiled."""
    builder = StateGraph(
        RulingState, context_schema=RunContext, input_schema=ReplannerInput, output_schema=ExecutorOutput
    )
    builder.add_node(Node.INTAKE, intake)
    builder.add_node(Node.PLANNER, planning)
    add_own(builder, Node.READ_FAILED, read_failed)
    builder.add_node(Node.REPLANNER, ruling)
    builder.add_edge(START, Node.INTAKE)
    builder.add_conditional_edges(Node.INTAKE, after_intake)
    builder.add_conditional_edges(Node.PLANNER, before_ruling)
    builder.add_edge(Node.READ_FAILED, Node.REPLANNER)
    builder.add_edge(Node.REPLANNER, END)
    return builder


def build_react() -> StateGraph[WholeCase, RunContext, CaseInput, CaseOutput]:
    """Return everything up to verified tables, then a reasoning worker with the task it is given, not compiled."""
    builder = StateGraph(WholeCase, context_schema=RunContext, input_schema=CaseInput, output_schema=CaseOutput)
    builder.add_node(Node.INTAKE, intake)
    builder.add_node(Node.PLANNER, planning)
    builder.add_node(Node.EXECUTOR, execution)
    add_own(builder, Node.VERIFY, verify)
    builder.add_node(Node.REACT, reasoning)
    builder.add_edge(START, Node.INTAKE)
    builder.add_conditional_edges(Node.INTAKE, after_intake)
    builder.add_conditional_edges(Node.PLANNER, after_planning)
    builder.add_conditional_edges(Node.EXECUTOR, before_reasoning)
    builder.add_edge(Node.VERIFY, Node.REACT)
    builder.add_edge(Node.REACT, END)
    return builder


def build_schema_council() -> StateGraph[WholeCouncil, RunContext, SupervisorInput, SchemaCouncilOutput]:
    """Return intake, then the council on every header variant whose names leave something open, not compiled."""
    builder = StateGraph(
        WholeCouncil, context_schema=RunContext, input_schema=SupervisorInput, output_schema=SchemaCouncilOutput
    )
    builder.add_node(Node.INTAKE, intake)
    add_own(builder, Node.GATHER, gather_questions)
    builder.add_node(Node.COUNCIL, council)
    builder.add_edge(START, Node.INTAKE)
    builder.add_conditional_edges(Node.INTAKE, before_gathering)
    builder.add_conditional_edges(Node.GATHER, each_question, [Node.COUNCIL, END])
    builder.add_edge(Node.COUNCIL, END)
    return builder


planner: CompiledStateGraph[SupervisorState, RunContext, SupervisorInput, PlannerOutput] = build_planner().compile(
    name="planner"
)
executor: CompiledStateGraph[SupervisorState, RunContext, SupervisorInput, ExecutorOutput] = build_executor().compile(
    name="executor"
)
replanner: CompiledStateGraph[RulingState, RunContext, ReplannerInput, ExecutorOutput] = build_replanner().compile(
    name="replanner"
)
react: CompiledStateGraph[WholeCase, RunContext, CaseInput, CaseOutput] = build_react().compile(name="react")
schema_council: CompiledStateGraph[WholeCouncil, RunContext, SupervisorInput, SchemaCouncilOutput] = (
    build_schema_council().compile(name="schema_council")
)
