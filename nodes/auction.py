"""An auction, node by node: announced, bid on side by side and sealed, called round by round if open, awarded."""

from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from pydantic import ValidationError
from typing_extensions import TypedDict

from algorithms.auctions.auctioneer import ceiling, fall, record_of, settle
from algorithms.auctions.mechanisms import Clock, advance, place_of
from algorithms.auctions.prediction import Times
from algorithms.auctions.reputation import reputations
from nodes.answer_apart import answer_apart
from nodes.bidders import BiddingAgent, announcing, calling, delegating, offers_of
from nodes.boundary import failure_line
from nodes.context import validated
from nodes.events import emit
from state.auctions import (
    MOST_REASON,
    AgentReply,
    Announcement,
    AuctionInput,
    AuctionOutput,
    AuctionRecord,
    AuctionRequest,
    AuctionState,
    Bid,
    Bidder,
    ClockState,
    OfferInput,
    Refusal,
    Reputation,
    Sold,
    TaskOffer,
)
from state.errors import StepError
from state.run import RunContext
from state.values import digest
from tools.hub.asking import ask_agent

STORED = ("auctions",)
"""Where a store keeps the records, by the id of the auction."""

Auction = CompiledStateGraph[AuctionState, RunContext, AuctionInput, AuctionOutput]
"""The auction's graph, as whoever holds one is given it."""


class AnnounceUpdate(TypedDict):
    """Keys the announcement writes."""

    request: AuctionRequest
    announcement: Announcement


class OfferUpdate(TypedDict):
    """The key an agent's branch writes."""

    replies: dict[str, AgentReply]


class CallInput(TypedDict, total=False):
    """Keys a call of the clock reads, and the award."""

    request: AuctionRequest
    announcement: Announcement
    replies: dict[str, AgentReply]
    clock: ClockState


class CallUpdate(TypedDict):
    """The key a call writes."""

    clock: ClockState


class AwardUpdate(TypedDict):
    """The key the award writes."""

    record: AuctionRecord


def hold(auction: Auction, request: AuctionRequest, context: RunContext) -> AuctionRecord:
    """Hold an auction from within a step of a run, and return its record."""
    return AuctionRecord.model_validate(answer_apart(auction, {"request": request}, context)["record"])


def announce(state: AuctionInput) -> AnnounceUpdate:
    """Validate what is auctioned, and announce it under an id that the same request always has."""
    request = validated(AuctionRequest, state.get("request"), "request")
    auction_id = digest(request)[:16]
    announcement = Announcement(auction_id=auction_id, mechanism=request.mechanism, tasks=request.tasks)
    return {"request": request, "announcement": announcement}


def offer(state: OfferInput) -> OfferUpdate:
    """Ask one agent, which sees what is announced and no other bid; whatever it does, the auction goes on."""
    request, announcement, agent_id = state["request"], state["announcement"], state["agent_id"]
    message = announcing(announcement, agent_id)
    reply = AgentReply(auction_id=announcement.auction_id, agent_id=agent_id)
    try:
        bids, refusals = offers_of(ask_agent(_agent(request, agent_id), message))
    except (StepError, ValidationError, KeyError, ValueError, OverflowError) as error:
        reason = f"its offer cannot be read: {failure_line(error)}"[:MOST_REASON]
        refused = tuple(Refusal(task_id=task.task_id, agent_id=agent_id, reason=reason) for task in announcement.tasks)
        return {"replies": {agent_id: reply.model_copy(update={"refusals": refused})}}
    own = tuple(each for each in bids if each.agent_id == agent_id)
    return {"replies": {agent_id: reply.model_copy(update={"bids": own, "refusals": refusals})}}


def call(state: CallInput) -> CallUpdate:
    """Call one round of the English clock: those who do not stay at the lower price leave."""
    request, announcement, bids = state["request"], state["announcement"], _counted(state)
    clock = state.get("clock")
    if clock is None or clock.over:
        return {"clock": _next_task(announcement, bids, ClockState(task=-1), request)}
    task = announcement.tasks[clock.task]
    asked = clock.price - clock.step
    staying = {agent for agent in clock.active if _stays(request, bids, announcement, task, agent, asked, clock.rounds)}
    now = advance(Clock(clock.active, clock.price, clock.of_task), staying, asked=asked, seed=request.seed)
    clock = clock.model_copy(
        update={"active": now.active, "price": now.price, "of_task": now.rounds, "rounds": clock.rounds + 1}
    )
    return {"clock": _next_task(announcement, bids, _sold(clock, task), request) if now.over else clock}


def award(state: CallInput, runtime: Runtime[RunContext]) -> AwardUpdate:
    """Settle who does what under which terms, hand the tasks over, and put the auction on record."""
    request, announcement = state["request"], state["announcement"]
    bids = _counted(state)
    refusals = [each for reply in _replies(state) for each in reply.refusals]
    clock = state.get("clock")
    if clock is None:
        capacity = {bidder.card.id: bidder.card.capacity for bidder in request.bidders}
        record = settle(announcement, bids, capacity=capacity, refusals=refusals, seed=request.seed)
    else:
        known = {(each.task_id, each.agent_id): each for each in bids}
        sold = [(known[each.task_id, each.agent_id], each.price) for each in clock.winners]
        record = record_of(announcement, bids, sold, refusals=refusals, rounds=clock.rounds)
    for each in record.awards:
        message = delegating(each)
        told = f"{each.agent_id} ({each.engine}) for {each.price:.3g} s: {each.why}"
        emit("awarded", message.message_id, step=each.task_id, detail=told[:300])
    if runtime.store is not None:
        runtime.store.put(STORED, announcement.auction_id, record.model_dump(mode="json"))
    return {"record": record}


def _agent(request: AuctionRequest, agent_id: str, said: tuple[Bid, ...] = ()) -> BiddingAgent:
    bidder = next(each for each in request.bidders if each.card.id == agent_id)
    return BiddingAgent(_with_name(bidder, request), Times(request.history), said)


def _with_name(bidder: Bidder, request: AuctionRequest) -> Bidder:
    """Return a bidder with its reputation: what its card says, or else what the history does."""
    if bidder.reputation != Reputation():
        return bidder
    known = reputations(each for each in request.history if each.agent_id == bidder.card.id)
    return bidder.model_copy(update={"reputation": known.get(bidder.card.id, bidder.reputation)})


def _replies(state: CallInput) -> list[AgentReply]:
    auction = state["announcement"].auction_id
    return [reply for reply in state.get("replies", {}).values() if reply.auction_id == auction]


def _counted(state: CallInput) -> list[Bid]:
    """Return all bids, the cheapest first, ties in the order of the seed."""
    seed = state["request"].seed
    found = [each for reply in _replies(state) for each in reply.bids]
    return sorted(found, key=lambda each: (each.cost, place_of(each.agent_id, seed)))


def _stays(
    request: AuctionRequest,
    bids: list[Bid],
    announcement: Announcement,
    task: TaskOffer,
    agent_id: str,
    price: float,
    number: int,
) -> bool:
    said = tuple(each for each in bids if each.agent_id == agent_id)
    asked = calling(announcement, task.task_id, agent_id, price, number)
    return ask_agent(_agent(request, agent_id, said), asked).content["stays"] == "yes"


def _sold(clock: ClockState, task: TaskOffer) -> ClockState:
    own = Sold(task_id=task.task_id, agent_id=clock.active[0], price=clock.price)
    winners = (*clock.winners, own)
    return clock.model_copy(update={"winners": winners})


def _next_task(announcement: Announcement, bids: list[Bid], clock: ClockState, request: AuctionRequest) -> ClockState:
    """Return the clock at the ceiling of the next task that several agents can still take."""
    left = {bidder.card.id: bidder.card.capacity for bidder in request.bidders}
    for number in range(clock.task + 1, len(announcement.tasks)):
        task = announcement.tasks[number]
        taken = [each.agent_id for each in clock.winners]
        free = [
            each for each in bids if each.task_id == task.task_id and left[each.agent_id] > taken.count(each.agent_id)
        ]
        if not free:
            continue
        top = ceiling(task, free)
        begun = {"task": number, "active": tuple(each.agent_id for each in free), "price": top, "of_task": 1}
        clock = clock.model_copy(update={**begun, "step": fall(top, request.increment), "rounds": clock.rounds + 1})
        if len(free) > 1:
            return clock
        clock = _sold(clock, task)
    return clock.model_copy(update={"over": True})
