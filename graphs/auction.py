"""An auction as a graph: announced, sealed bids side by side, the rounds of the clock where it is English, the award.

It runs alone with the bidders of its request; the executor holds one where several engines could perform a step.
"""

from enum import StrEnum
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.auction import announce, award, call, offer
from state.auctions import AuctionInput, AuctionOutput, AuctionState, Mechanism, OfferInput
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    ANNOUNCE = "announce"
    OFFER = "offer"
    CALL = "call"
    AWARD = "award"


def each_bidder(state: AuctionState) -> list[Send] | str:
    """Ask every bidder, none knowing what another bids; without any there is nothing to award."""
    request, announcement = state["request"], state["announcement"]
    return [
        Send(Node.OFFER.value, {"request": request, "announcement": announcement, "agent_id": bidder.card.id})
        for bidder in request.bidders
    ] or Node.AWARD


def after_offers(state: AuctionState) -> Literal["call", "award"]:
    """Call the clock where the auction is English; else the bids are opened at once."""
    return "call" if state["request"].mechanism is Mechanism.ENGLISH else "award"


def after_call(state: AuctionState) -> Literal["call", "award"]:
    """Go on until every task is sold or left."""
    return "award" if state["clock"].over else "call"


def build() -> StateGraph[AuctionState, RunContext, AuctionInput, AuctionOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        AuctionState, context_schema=RunContext, input_schema=AuctionInput, output_schema=AuctionOutput
    )
    builder.add_node(Node.ANNOUNCE, announce)
    builder.add_node(Node.OFFER, offer, input_schema=OfferInput)
    builder.add_node(Node.CALL, call)
    builder.add_node(Node.AWARD, award)
    builder.add_edge(START, Node.ANNOUNCE)
    builder.add_conditional_edges(Node.ANNOUNCE, each_bidder, [Node.OFFER, Node.AWARD])
    builder.add_conditional_edges(Node.OFFER, after_offers)
    builder.add_conditional_edges(Node.CALL, after_call)
    builder.add_edge(Node.AWARD, END)
    return builder


graph: CompiledStateGraph[AuctionState, RunContext, AuctionInput, AuctionOutput] = build().compile(name="auction")

held: CompiledStateGraph[AuctionState, RunContext, AuctionInput, AuctionOutput] = build().compile(
    name="auction", checkpointer=False
)
"""For a step that holds an auction: nothing is saved in between, as what was not begun is awarded again."""
