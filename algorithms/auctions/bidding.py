"""What an agent bids for a task, or why it does not: requirements, time and cost from history, trust."""

from algorithms.auctions.prediction import Times
from algorithms.auctions.reputation import least_reliability, reliability
from state.auctions import MOST_REASON, Bid, Bidder, Refusal, TaskOffer

_NINE = 0.9
"""What a deadline is the quantile of."""

_MILLION = 1_000_000


def unfit(bidder: Bidder, task: TaskOffer) -> str:
    """Return which requirement of the task the bidder does not meet; empty where it meets all."""
    card = bidder.card
    if task.skill not in card.skills:
        return f"it has no skill {task.skill!r}"
    if task.engines and card.engine not in task.engines:
        return f"the task needs {' or '.join(task.engines)}, it is {card.engine}"
    if card.capacity < 1:
        return "it is busy"
    if bidder.memory is not None and bidder.memory < task.memory:
        return f"it may use {bidder.memory:,} bytes of {task.memory:,}"
    if reliability(bidder.reputation) < task.least_confidence:
        return f"it keeps {reliability(bidder.reputation):.0%} of its contracts"
    return ""


def bid(bidder: Bidder, task: TaskOffer, times: Times) -> Bid | Refusal:
    """Return the bid of an agent: its true cost, unless it is described as one that bids otherwise.

    The cost is the seconds by the price of a second, expected over failures (a task that fails is done again), and the
    seconds of others' work that the engine keeps waiting. A bid above the reserve is none.
    """
    reason = unfit(bidder, task)
    if reason:
        return Refusal(task_id=task.task_id, agent_id=bidder.card.id, reason=reason[:MOST_REASON])
    model, trust = bidder.cost_model, reliability(bidder.reputation)
    estimate = model.start + model.per_second * task.seconds + model.per_million_rows * task.rows / _MILLION
    found = times.predict(task.skill, bidder.card.engine, estimate=estimate, rows=task.rows, size=task.size)
    hindered = task.hindered.get(bidder.card.engine, 0.0)
    cost = bidder.factor * (bidder.card.cost * found.seconds / trust + hindered)
    if task.reserve is not None and cost > task.reserve:
        reason = f"{cost:.3g} s is above the reserve of {task.reserve:.3g} s"
        return Refusal(task_id=task.task_id, agent_id=bidder.card.id, reason=reason)
    return Bid(
        task_id=task.task_id,
        agent_id=bidder.card.id,
        engine=bidder.card.engine,
        seconds=found.seconds,
        deadline=found.deadline,
        cost=cost,
        confidence=_NINE * least_reliability(bidder.reputation),
        known=found.known,
        estimate=estimate,
    )
