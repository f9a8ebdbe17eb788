"""Agents that bid: a card with its cost model, history and reputation, spoken to by messages only.

An announcement is a `request`, what an agent offers a `proposal`; a call of the English clock is a `request` that is
answered by a `response`; an award is a `delegation`.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from algorithms.auctions.bidding import bid
from algorithms.auctions.prediction import Times
from state.agents import AgentCard
from state.auctions import Announcement, Award, Bid, Bidder, Refusal
from state.messages import Message, MessageKind

AUCTIONEER: Final = "auctioneer"
ANNOUNCED: Final = "auction"
CALLED: Final = "call"

_BIDS: TypeAdapter[tuple[Bid, ...]] = TypeAdapter(tuple[Bid, ...])
_REFUSALS: TypeAdapter[tuple[Refusal, ...]] = TypeAdapter(tuple[Refusal, ...])


class BiddingAgent:
    """One bidder. It keeps its own bids: the clock asks it whether it stays, and it answers by what it bid."""

    def __init__(self, bidder: Bidder, times: Times, said: Sequence[Bid] = ()) -> None:
        self._bidder, self._times = bidder, times
        self._said = {each.task_id: each for each in said}

    @property
    def card(self) -> AgentCard:
        """The agent's card."""
        return self._bidder.card

    def probe(self) -> bool:
        """Return whether the agent is able to work."""
        return self._bidder.card.capacity > 0

    def handle(self, message: Message) -> Message:
        """Return what the agent offers for what is announced, or whether it stays at a price."""
        if message.subject == CALLED:
            return self._answer(message)
        announcement = Announcement.model_validate_json(message.content["announcement"])
        said = [bid(self._bidder, task, self._times) for task in announcement.tasks]
        bids = tuple(each for each in said if isinstance(each, Bid))
        refusals = tuple(each for each in said if isinstance(each, Refusal))
        content = {"bids": _BIDS.dump_json(bids).decode(), "refusals": _REFUSALS.dump_json(refusals).decode()}
        return self._reply(message, MessageKind.PROPOSAL, content)

    def _answer(self, message: Message) -> Message:
        own = self._said.get(message.content["task"])
        stays = own is not None and own.cost <= float(message.content["price"])
        return self._reply(message, MessageKind.RESPONSE, {"stays": "yes" if stays else "no"})

    def _reply(self, message: Message, kind: MessageKind, content: dict[str, str]) -> Message:
        return Message(
            message_id=f"{message.message_id}:{self.card.id}",
            kind=kind,
            sender=self.card.id,
            recipient=message.sender,
            subject=message.subject,
            content=content,
            conversation=message.conversation,
            in_reply_to=message.message_id,
        )


def announcing(announcement: Announcement, agent_id: str) -> Message:
    """Return the message that announces tasks to an agent."""
    return Message(
        message_id=f"{announcement.auction_id}:announced:{agent_id}",
        kind=MessageKind.REQUEST,
        sender=AUCTIONEER,
        recipient=agent_id,
        subject=ANNOUNCED,
        content={"announcement": announcement.model_dump_json()},
        conversation=announcement.auction_id,
        response_required=True,
    )


def calling(announcement: Announcement, task_id: str, agent_id: str, price: float, number: int) -> Message:
    """Return the message that asks an agent whether it still does a task at a price."""
    return Message(
        message_id=f"{announcement.auction_id}:{task_id}:{number}:{agent_id}",
        kind=MessageKind.REQUEST,
        sender=AUCTIONEER,
        recipient=agent_id,
        subject=CALLED,
        content={"task": task_id, "price": repr(price)},
        conversation=announcement.auction_id,
        response_required=True,
    )


def delegating(award: Award) -> Message:
    """Return the message that hands a task over under the terms of its award."""
    return Message(
        message_id=f"{award.auction_id}:{award.task_id}:awarded",
        kind=MessageKind.DELEGATION,
        sender=AUCTIONEER,
        recipient=award.agent_id,
        subject=award.task_id,
        content={"award": award.model_dump_json(exclude={"bids"})},
        conversation=award.auction_id,
    )


def offers_of(message: Message) -> tuple[tuple[Bid, ...], tuple[Refusal, ...]]:
    """Return bids and refusals of a proposal; ValidationError or KeyError where it holds none."""
    return _BIDS.validate_json(message.content["bids"]), _REFUSALS.validate_json(message.content["refusals"])
