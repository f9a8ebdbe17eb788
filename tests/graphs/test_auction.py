"""The auction as a graph: sealed bids, the clock round by round, nobody bids, the same as the mechanism alone."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

from algorithms.auctions.auctioneer import settle
from algorithms.auctions.bidding import bid
from algorithms.auctions.prediction import Times
from graphs.auction import build, graph
from graphs.serialization import strict_serializer
from nodes.bidders import BiddingAgent, announcing, delegating
from state.auctions import _EXAMPLE, Announcement, AuctionRecord, AuctionRequest, Bid, Mechanism
from state.errors import SetupError
from state.messages import MessageKind


def held(request: dict[str, Any]) -> AuctionRecord:
    record: AuctionRecord = graph.invoke({"request": request})["record"]  # type: ignore[typeddict-item]
    return record


@pytest.mark.parametrize("mechanism", [each.value for each in Mechanism])
def test_the_example_is_awarded_as_the_mechanism_alone_does(mechanism: str) -> None:
    record = held({**_EXAMPLE, "mechanism": mechanism})
    assert {award.task_id: award.agent_id for award in record.awards} == {
        "derive:totals": "process-1",
        "conform:orders": "worker-1",
    }
    request = AuctionRequest.model_validate({**_EXAMPLE, "mechanism": mechanism})
    said = [bid(one, task, Times()) for one in request.bidders for task in request.tasks]
    alone = settle(
        Announcement(auction_id="x", mechanism=request.mechanism, tasks=request.tasks),
        [each for each in said if isinstance(each, Bid)],
    )
    prices = [{award.task_id: award.price for award in each.awards} for each in (record, alone)]
    assert prices[0] == pytest.approx(prices[1])
    assert [each.reason for each in record.refusals] == ["it has no skill 'conform'"]


def test_the_clock_takes_a_round_a_superstep_and_is_saved_strictly() -> None:
    saver = InMemorySaver(serde=strict_serializer())
    compiled = build().compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    request = {**_EXAMPLE, "mechanism": "english", "increment": 0.2}
    record = compiled.invoke({"request": request}, config)["record"]  # type: ignore[arg-type]
    assert record.rounds > 3
    assert len(list(compiled.get_state_history(config))) > record.rounds
    again = compiled.invoke({"request": {**_EXAMPLE, "mechanism": "vickrey"}}, config)["record"]  # type: ignore[arg-type]
    assert again.mechanism is Mechanism.VICKREY
    assert len(again.awards) == 2


def test_without_bidders_every_task_is_left_and_it_is_said() -> None:
    record = held({**_EXAMPLE, "bidders": []})
    assert record.awards == ()
    assert {each.reason for each in record.unsold} == {"nobody bid"}


def test_history_makes_a_slow_agent_lose() -> None:
    slow = [
        {
            "run_id": "r", "task_id": f"t{number}", "attempt": 1, "skill": "derive", "agent_id": "process-1",
            "engine": "duckdb-process", "rows": 300_000, "size": 0, "estimate": 1.0, "predicted": 1.0, "deadline": 2.0,
            "price": 0.0, "seconds": 9.0, "ended": "overrun", "mechanism": "vickrey",
        }
        for number in range(8)
    ]  # fmt: skip
    record = held({**_EXAMPLE, "history": slow})
    assert {award.task_id: award.agent_id for award in record.awards}["derive:totals"] != "process-1"


def test_a_record_goes_to_the_store() -> None:
    store = InMemoryStore()
    build().compile(store=store).invoke({"request": _EXAMPLE})  # type: ignore[typeddict-item]
    assert len(store.search(("auctions",))) == 1


def test_a_request_that_is_none_is_refused_in_one_line() -> None:
    with pytest.raises(SetupError, match="request"):
        graph.invoke({"request": {"tasks": []}})  # type: ignore[typeddict-item]
    twice = {**_EXAMPLE, "tasks": [_EXAMPLE["tasks"][0], _EXAMPLE["tasks"][0]]}  # type: ignore[index]
    with pytest.raises(SetupError, match="same name"):
        graph.invoke({"request": twice})  # type: ignore[typeddict-item]


def test_messages_are_requests_proposals_and_delegations() -> None:
    request = AuctionRequest.model_validate(_EXAMPLE)
    announcement = Announcement(auction_id="a", mechanism=request.mechanism, tasks=request.tasks)
    asked = announcing(announcement, "worker-1")
    said = BiddingAgent(request.bidders[0], Times()).handle(asked)
    award = held(_EXAMPLE).awards[0]
    assert (asked.kind, said.kind) == (MessageKind.REQUEST, MessageKind.PROPOSAL)
    assert said.in_reply_to == asked.message_id
    assert delegating(award).kind is MessageKind.DELEGATION
