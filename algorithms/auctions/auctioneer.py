"""From announced tasks and sealed bids to awards, by any mechanism; done again with the same bids it gives the same."""

from collections.abc import Mapping, Sequence

from algorithms.auctions.mechanisms import MOST_ROUNDS, Sale, english, place_of
from algorithms.auctions.several import divide
from state.auctions import Announcement, AuctionRecord, Award, Bid, Mechanism, Refusal, TaskOffer, Unsold

_LEAST_STEP = 1e-6

Sold = list[tuple[Bid, float]]
"""Winning bids, each with its price."""


def settle(
    announcement: Announcement,
    bids: Sequence[Bid],
    *,
    capacity: Mapping[str, int] | None = None,
    refusals: Sequence[Refusal] = (),
    increment: float = 0.01,
    seed: int = 0,
) -> AuctionRecord:
    """Return who gets which task for what.

    Vickrey: all tasks at once, those with least cost in sum; each winner is granted what its absence would cost the
    others. Sealed: the same division, each granted what it bid. English: task by task in their order, the clock falls
    from the ceiling by `increment` of it a round. A task without a reserve is sold at any cost; its ceiling is the
    highest bid.
    """
    way = _english if announcement.mechanism is Mechanism.ENGLISH else _at_once
    order = {bid.agent_id: place_of(bid.agent_id, seed) for bid in bids}
    counted = sorted(bids, key=lambda bid: (bid.cost, order[bid.agent_id]))
    sold, rounds = way(announcement, counted, dict(capacity or {}), increment, seed)
    return record_of(announcement, counted, sold, refusals=refusals, rounds=rounds)


def record_of(
    announcement: Announcement,
    counted: Sequence[Bid],
    sold: Sold,
    *,
    refusals: Sequence[Refusal] = (),
    rounds: int = 1,
) -> AuctionRecord:
    """Return the record of an auction from the bids that counted, the cheapest first, and what was sold for what."""
    awards = tuple(
        _award(announcement, bid, price, [other for other in counted if other.task_id == bid.task_id])
        for bid, price in sold
    )
    got = {award.task_id for award in awards}
    left = tuple(_unsold(task, counted) for task in announcement.tasks if task.task_id not in got)
    return AuctionRecord(
        auction_id=announcement.auction_id,
        mechanism=announcement.mechanism,
        awards=awards,
        unsold=left,
        refusals=tuple(refusals),
        rounds=max(1, rounds),
    )


def ceiling(task: TaskOffer, bids: Sequence[Bid]) -> float:
    """Return the most that is paid for a task: its reserve, or where it has none the highest bid."""
    return task.reserve if task.reserve is not None else max((bid.cost for bid in bids), default=0.0)


def fall(top: float, increment: float) -> float:
    """Return by how many seconds the clock falls a round."""
    return max(top * increment, top / MOST_ROUNDS, _LEAST_STEP)


def _at_once(
    announcement: Announcement, bids: Sequence[Bid], capacity: dict[str, int], increment: float, seed: int
) -> tuple[Sold, int]:
    del increment
    by_task = _by_task(bids)
    tops = {task.task_id: ceiling(task, by_task.get(task.task_id, ())) for task in announcement.tasks}
    open_ended = {task.task_id for task in announcement.tasks if task.reserve is None}
    must = 1.0 + 2.0 * sum(tops.values())  # a task without reserve is worth more than any cost that can be saved
    worth = {task_id: must if task_id in open_ended else top for task_id, top in tops.items()}
    amounts: dict[str, dict[str, float]] = {}
    for each in bids:
        amounts.setdefault(each.agent_id, {})[each.task_id] = max(worth[each.task_id] - each.cost, _LEAST_STEP)
    division = divide(amounts, capacity=capacity, seed=seed)
    known = {(each.agent_id, each.task_id): each for each in bids}
    sold = []
    for agent, goods in division.goods.items():
        own = [known[agent, good] for good in goods]
        extra = sum(amounts[agent][good] for good in goods) - division.payments[agent]  # what it gains by second prices
        for each in own:
            price = each.cost + max(0.0, extra) / len(own)
            limit = max(tops[each.task_id], each.cost)
            sold.append((each, min(price, limit) if announcement.mechanism is Mechanism.VICKREY else each.cost))
    place = {task.task_id: index for index, task in enumerate(announcement.tasks)}
    return sorted(sold, key=lambda each: place[each[0].task_id]), 1


def _english(
    announcement: Announcement, bids: Sequence[Bid], capacity: dict[str, int], increment: float, seed: int
) -> tuple[Sold, int]:
    sold, rounds, by_task = [], 0, _by_task(bids)
    for task in announcement.tasks:
        free = {each.agent_id: each for each in by_task.get(task.task_id, ()) if capacity.get(each.agent_id, 1) > 0}
        if not free:
            continue
        top = ceiling(task, list(free.values()))
        sale: Sale = english(
            {agent: -each.cost for agent, each in free.items()},
            reserve=-top,
            increment=fall(top, increment),
            seed=seed,
        )
        rounds += sale.rounds
        if sale.winner is not None:
            capacity[sale.winner] = capacity.get(sale.winner, 1) - 1
            sold.append((free[sale.winner], -sale.price))
    return sold, rounds


def _by_task(bids: Sequence[Bid]) -> dict[str, list[Bid]]:
    found: dict[str, list[Bid]] = {}
    for each in bids:
        found.setdefault(each.task_id, []).append(each)
    return found


def _award(announcement: Announcement, bid: Bid, price: float, bids: Sequence[Bid]) -> Award:
    return Award(
        auction_id=announcement.auction_id,
        task_id=bid.task_id,
        agent_id=bid.agent_id,
        engine=bid.engine,
        mechanism=announcement.mechanism.value,
        seconds=bid.seconds,
        deadline=bid.deadline,
        price=price,
        confidence=bid.confidence,
        why=_why(bid, bids),
        bids=tuple(bids),
        estimate=bid.estimate,
    )


def _why(bid: Bid, bids: Sequence[Bid]) -> str:
    others = [other for other in bids if other.agent_id != bid.agent_id]
    if not others:
        return "nobody else bid"
    best = min(others, key=lambda other: other.cost)
    if best.cost < bid.cost:
        return f"{best.agent_id} is cheaper by {bid.cost - best.cost:.3g} s and does another task, which saves more"
    if best.cost == bid.cost:
        return f"as cheap as {best.agent_id}; ties fall by name and seed"
    return f"cheaper than {best.agent_id} by {best.cost - bid.cost:.3g} s"


def _unsold(task: TaskOffer, bids: Sequence[Bid]) -> Unsold:
    count = sum(bid.task_id == task.task_id for bid in bids)
    reason = "all that bid do other tasks" if count else "nobody bid"
    return Unsold(task_id=task.task_id, reason=reason)
