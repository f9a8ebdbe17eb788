"""The graph of a group of replicas: a scheduler, and the members side by side; a round is two supersteps."""

from enum import StrEnum
from typing import Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.types import Send

from nodes.rounds import Rounds
from state.rounds import GroupInput, GroupOutput, GroupState, SignedInput, SignedState, TurnInput
from state.run import RunContext


class Node(StrEnum):
    """Nodes of these graphs."""

    SCHEDULER = "scheduler"
    REPLICA = "replica"


def after_schedule(state: GroupState) -> list[Send] | Literal["scheduler", "__end__"]:
    """Let all that are up take their turns; pass over a round without any; end after the last."""
    if state["over"]:
        return "__end__"
    return [_turn(state, member) for member in state["due"]] or "scheduler"


def _turn(state: GroupState, member: str) -> Send:
    given: TurnInput = {
        "group": state["group"],
        "number": state["number"],
        "member": member,
        "kept": state.get("kept", {}).get(member),
        "memory": state.get("memory", {}).get(member),
        "messages": state["due"][member],
        "proposals": state["handed"].get(member, []),
    }
    return Send(Node.REPLICA.value, given)


def build(rounds: Rounds[Any, Any]) -> StateGraph[GroupState, RunContext, GroupInput, GroupOutput]:
    """Return the graph of a protocol whose members take each other's word, not compiled."""
    builder = StateGraph(GroupState, context_schema=RunContext, input_schema=GroupInput, output_schema=GroupOutput)
    _wire(builder, rounds)
    return builder


def build_signed(rounds: Rounds[Any, Any]) -> StateGraph[SignedState, RunContext, SignedInput, GroupOutput]:
    """Return the graph of a protocol whose members sign what they say, not compiled."""
    builder = StateGraph(SignedState, context_schema=RunContext, input_schema=SignedInput, output_schema=GroupOutput)
    _wire(builder, rounds)
    return builder


def _wire(builder: StateGraph[Any, RunContext, Any, GroupOutput], rounds: Rounds[Any, Any]) -> None:
    builder.add_node(Node.SCHEDULER, rounds.schedule)
    builder.add_node(Node.REPLICA, rounds.turn, input_schema=TurnInput)
    builder.add_edge(START, Node.SCHEDULER)
    builder.add_conditional_edges(Node.SCHEDULER, after_schedule, [Node.REPLICA, Node.SCHEDULER, "__end__"])
    builder.add_edge(Node.REPLICA, Node.SCHEDULER)
