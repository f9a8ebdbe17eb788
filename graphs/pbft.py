"""PBFT as a graph: three phases and changes of view, with signed messages, round by round under a fault schedule."""

from langgraph.graph.state import CompiledStateGraph

from graphs.rounds import build_signed
from nodes.signed_rounds import PBFT
from state.rounds import GroupOutput, SignedInput, SignedState
from state.run import RunContext

graph: CompiledStateGraph[SignedState, RunContext, SignedInput, GroupOutput] = build_signed(PBFT).compile(name="pbft")
