"""Raft as a graph: leader election and a replicated log, round by round under a fault schedule."""

from langgraph.graph.state import CompiledStateGraph

from graphs.rounds import build
from nodes.raft import ROUNDS
from state.rounds import GroupInput, GroupOutput, GroupState
from state.run import RunContext

graph: CompiledStateGraph[GroupState, RunContext, GroupInput, GroupOutput] = build(ROUNDS).compile(name="raft")
