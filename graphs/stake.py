"""Stake as a graph: blocks decided by two thirds of stake, signed messages, round by round under a fault schedule."""

from langgraph.graph.state import CompiledStateGraph

from graphs.rounds import build_signed
from nodes.signed_rounds import STAKE
from state.rounds import GroupOutput, SignedInput, SignedState
from state.run import RunContext

graph: CompiledStateGraph[SignedState, RunContext, SignedInput, GroupOutput] = build_signed(STAKE).compile(name="stake")
