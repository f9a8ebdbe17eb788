"""Bids, predictions and reputation: history makes them better, requirements and reserves bind, ties are fair."""

import random
from itertools import pairwise
from math import exp

import pytest

from algorithms.auctions.auctioneer import settle
from algorithms.auctions.bidding import bid
from algorithms.auctions.prediction import Times
from algorithms.auctions.reputation import after, least_reliability, reliability, reputations
from algorithms.auctions.statistics import log_error, statistics
from evals.auctions.crew import crews
from state.agents import AgentCard, Role
from state.auctions import Announcement, Bid, Bidder, Ended, Fulfilment, Mechanism, Refusal, Reputation, TaskOffer


def done(
    seconds: float, *, estimate: float = 1.0, rows: int = 0, ended: Ended = Ended.KEPT, **more: object
) -> Fulfilment:
    content = {
        "run_id": "r", "task_id": "t", "attempt": 1, "skill": "conform", "agent_id": "a", "engine": "duckdb",
        "rows": rows, "size": 0, "estimate": estimate, "predicted": 1.0, "deadline": 2.0, "price": 0.0,
        "seconds": seconds, "ended": ended, "mechanism": "vickrey",
    }  # fmt: skip
    return Fulfilment.model_validate(content | more)


def bidder(name: str, **more: object) -> Bidder:
    card = {"id": name, "version": "1", "role": Role.WORKER, "skills": ("conform",)}
    return Bidder(card=AgentCard.model_validate(card | more))


def test_without_history_the_estimate_stands_and_is_uncertain() -> None:
    found = Times().predict("conform", "duckdb", estimate=2.0, rows=1_000)
    assert found.seconds == 2.0
    assert found.deadline > 3.0
    assert found.known == 0


def test_predictions_come_nearer_with_every_measurement() -> None:
    draw, times, errors = random.Random(3), Times(), []  # noqa: S311  drawn durations, not secrets
    for _ in range(60):
        rows = int(10 ** draw.uniform(3, 6))
        truth = 5 * (rows / 1_000) ** 0.2
        errors.append(abs(times.predict("conform", "duckdb", estimate=1.0, rows=rows).seconds / truth - 1))
        times.learn(done(truth * exp(draw.gauss(0, 0.1)), rows=rows))
    assert sum(errors[-20:]) / 20 < 0.15 < sum(errors[:3]) / 3
    spread = [Times([done(2.0)] * number).predict("conform", "duckdb", estimate=1.0) for number in (1, 10, 100)]
    assert all(later.deadline - later.seconds < sooner.deadline - sooner.seconds for sooner, later in pairwise(spread))


def test_a_failure_teaches_nothing_of_time() -> None:
    assert Times([done(9.0, ended=Ended.FAILED)]).predict("conform", "duckdb", estimate=1.0).seconds == 1.0


def test_an_engine_that_was_never_tried_does_not_seem_fast_because_the_machine_is_slow() -> None:
    times = Times([done(9.0) for _ in range(10)])
    tried, untried = (times.predict("conform", engine, estimate=1.0) for engine in ("duckdb", "duckdb-process"))
    other = times.predict("map", "duckdb", estimate=1.0)
    assert untried.known == other.known == 0
    assert 0.7 * tried.seconds < untried.seconds <= tried.seconds
    assert other.seconds > 3
    for _ in range(20):
        times.learn(done(0.5, engine="duckdb-process"))
    assert times.predict("conform", "duckdb-process", estimate=1.0).seconds < 1


def test_a_name_is_lost_by_failures_faster_than_by_overruns_and_can_be_mended() -> None:
    kept = overrun = failed = Reputation()
    for _ in range(5):
        kept, overrun, failed = after(kept, Ended.KEPT), after(overrun, Ended.OVERRUN), after(failed, Ended.FAILED)
    assert reliability(kept) > reliability(Reputation()) > reliability(overrun) > reliability(failed)
    assert least_reliability(failed) < reliability(failed)
    mended = failed
    for _ in range(40):
        mended = after(mended, Ended.KEPT)
    assert reliability(mended) > 0.9
    assert reputations([done(1.0, agent_id="x"), done(1.0, agent_id="y", ended=Ended.FAILED)])["y"].failed == 1


@pytest.mark.parametrize(
    ("one", "task", "reason"),
    [
        (bidder("a"), TaskOffer(task_id="t", skill="derive"), "no skill"),
        (bidder("a"), TaskOffer(task_id="t", skill="conform", engines=("duckdb-process",)), "needs duckdb-process"),
        (bidder("a", capacity=0), TaskOffer(task_id="t", skill="conform"), "busy"),
        (bidder("a").model_copy(update={"memory": 5}), TaskOffer(task_id="t", skill="conform", memory=9), "5 bytes"),
        (bidder("a"), TaskOffer(task_id="t", skill="conform", least_confidence=0.9), "keeps 80%"),
        (bidder("a"), TaskOffer(task_id="t", skill="conform", seconds=5, reserve=1), "above the reserve"),
    ],
)
def test_who_does_not_meet_what_is_asked_says_so(one: Bidder, task: TaskOffer, reason: str) -> None:
    said = bid(one, task, Times())
    assert isinstance(said, Refusal)
    assert reason in said.reason


def sold(mechanism: Mechanism, *tasks: TaskOffer, bidders: tuple[Bidder, ...], seed: int = 0):  # noqa: ANN201
    said = [bid(one, task, Times()) for one in bidders for task in tasks]
    bids = [each for each in said if isinstance(each, Bid)]
    return settle(Announcement(auction_id="x", mechanism=mechanism, tasks=tasks), bids, seed=seed)


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_the_cheapest_gets_the_task_whatever_the_mechanism(mechanism: Mechanism) -> None:
    task = TaskOffer(task_id="t", skill="conform", seconds=4.0, reserve=20.0)
    record = sold(mechanism, task, bidders=(bidder("dear", cost=2.0), bidder("cheap")))
    (award,) = record.awards
    assert award.agent_id == "cheap"
    expected = {Mechanism.SEALED: 5.0, Mechanism.VICKREY: 10.0, Mechanism.ENGLISH: 10.0}[mechanism]
    assert award.price == pytest.approx(expected, abs=0.21)
    assert [each.agent_id for each in award.bids] == ["cheap", "dear"]


def test_tasks_without_a_reserve_are_sold_at_any_cost_and_too_many_are_left() -> None:
    tasks = [TaskOffer(task_id=f"t{number}", skill="conform", seconds=10.0**number) for number in range(3)]
    record = sold(Mechanism.VICKREY, *tasks, bidders=(bidder("a"), bidder("b")))
    assert len(record.awards) == 2
    assert {award.agent_id for award in record.awards} == {"a", "b"}
    assert [each.reason for each in record.unsold] == ["all that bid do other tasks"]


def test_no_bids_is_said() -> None:
    record = sold(Mechanism.ENGLISH, TaskOffer(task_id="t", skill="other"), bidders=(bidder("a"),))
    assert [each.reason for each in record.unsold] == ["nobody bid"]


def test_ties_are_decided_by_the_seed() -> None:
    task = TaskOffer(task_id="t", skill="conform")
    won = {
        sold(Mechanism.VICKREY, task, bidders=(bidder("a"), bidder("b")), seed=seed).awards[0].agent_id
        for seed in range(8)
    }
    assert won == {"a", "b"}


def test_statistics_tell_agents_kinds_and_runs() -> None:
    told = statistics(
        [done(1.0), done(2.0, run_id="s", ended=Ended.OVERRUN), done(1.0, run_id="s", ended=Ended.FAILED)]
    )
    assert (told.agents[0].kept, told.agents[0].overrun, told.agents[0].failed) == (1, 1, 1)
    assert told.errors == {"r": 0.0, "s": pytest.approx(log_error(done(2.0)))}
    assert told.kinds[0].contracts == 3


def test_a_crew_of_unlike_agents_gains_by_auction() -> None:
    found = {score.name.partition(": ")[2]: score for score in crews(4, tasks=16).scores}
    assert found["makespan to random"].value < 1
    assert found["cost to random"].value < 1
