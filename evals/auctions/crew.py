"""A simulated crew: tasks of three kinds, agents that are fast at some; auction against round-robin and random.

Whenever an agent is free, the waiting tasks are announced to those that are, and each bids what history says it will
take; what nobody free does at its worth waits. The first jobs of a crew are its history; the one after them is scored.
"""

import random
from collections.abc import Callable, Sequence
from math import exp, log
from typing import NamedTuple

from algorithms.auctions.auctioneer import settle
from algorithms.auctions.bidding import bid
from algorithms.auctions.prediction import Times
from algorithms.intervals import bootstrap_mean
from evals.auctions.found import Found
from evals.protocol import Score
from state.agents import AgentCard, Role
from state.auctions import Announcement, Bid, Bidder, Ended, Fulfilment, Mechanism, TaskOffer

_KINDS = ("conform", "derive", "repair")
_LEARNING = 3  # jobs whose contracts are the history of the next
_MOST_ANNOUNCED = 8
WORTH = 4.0
"""Most that is paid for a task, in its estimated seconds: what is long is worth more, and not left to the end."""
_NOISE = 0.2  # of the logarithm of what a task really takes

Agents = Sequence[str]


class Crew(NamedTuple):
    """Agents with the factor of seconds that each needs for a kind of task, and what a second of them costs."""

    speed: dict[tuple[str, str], float]
    rate: dict[str, float]


class Job(NamedTuple):
    """Tasks: kind, estimated seconds, and the noise of what each takes."""

    kinds: tuple[str, ...]
    seconds: tuple[float, ...]
    noise: tuple[float, ...]


class Ran(NamedTuple):
    """How a job went."""

    makespan: float
    cost: float
    done: tuple[Fulfilment, ...]


Choose = Callable[[list[int], list[str], Job], tuple[int, str]]


def crews(seeds: int, *, agents: int = 4, tasks: int = 30, spread: float = 0.7, first: int = 0) -> Found:
    """Compare ways to assign the tasks of drawn jobs on drawn crews; `spread` 0: all agents are alike."""
    ratios: dict[str, list[float]] = {}
    for seed in range(first, first + seeds):
        draw = random.Random(seed)  # noqa: S311  drawn crews, not secrets
        crew, jobs = _crew(draw, agents, spread), [_job(draw, tasks) for _ in range(_LEARNING + 1)]
        history: tuple[Fulfilment, ...] = ()
        for job in jobs[:_LEARNING]:
            history += _play(crew, job, _auctioned(crew, history)).done
        job = jobs[-1]
        best = _play(crew, job, _auctioned(crew, history))
        others = {"round-robin": _in_turn(crew), "random": _drawn(crew, draw), "whoever is free": _first(crew)}
        for name, way in others.items():
            other = _play(crew, job, way)
            ratios.setdefault(f"makespan to {name}", []).append(log(best.makespan / other.makespan))
            ratios.setdefault(f"cost to {name}", []).append(log(best.cost / other.cost))
    kind = "alike" if spread == 0 else "unlike"
    scores = tuple(_ratio(f"auction, crew {kind}: {name}", values) for name, values in ratios.items())
    won = [f"{score.name}: {_verdict(score)}" for score in scores]
    return Found(scores=scores, told=tuple(won))


def _auctioned(crew: Crew, history: Sequence[Fulfilment]) -> Choose:
    times = {agent: Times(each for each in history if each.agent_id == agent) for agent in crew.rate}

    def choose(waiting: list[int], free: list[str], job: Job) -> tuple[int, str]:
        announced = sorted(waiting, key=lambda task: -job.seconds[task])[:_MOST_ANNOUNCED]
        tasks = tuple(_offer(job, each) for each in announced)
        said = [bid(_bidder(agent, crew), task, times[agent]) for agent in free for task in tasks]
        record = settle(
            Announcement(auction_id="a", mechanism=Mechanism.VICKREY, tasks=tasks),
            [each for each in said if isinstance(each, Bid)],
        )
        if not record.awards:  # too dear for all that are free: wait, or where all are free take the cheapest
            if len(free) < len(crew.rate):
                return -1, ""
            return announced[0], min(
                free, key=lambda agent: times[agent].predict(tasks[0].skill, "duckdb", estimate=1).seconds
            )
        award = max(record.awards, key=lambda each: (each.seconds, each.task_id))
        return int(award.task_id), award.agent_id

    return choose


def _offer(job: Job, task: int) -> TaskOffer:
    seconds = job.seconds[task]
    return TaskOffer(task_id=str(task), skill=job.kinds[task], seconds=seconds, reserve=WORTH * seconds)


def _in_turn(crew: Crew) -> Choose:
    order = sorted(crew.rate)

    def choose(waiting: list[int], free: list[str], job: Job) -> tuple[int, str]:
        del job
        for task in waiting:
            if order[task % len(order)] in free:
                return task, order[task % len(order)]
        return -1, ""

    return choose


def _drawn(crew: Crew, draw: random.Random) -> Choose:
    owner = [draw.choice(sorted(crew.rate)) for _ in range(1_000)]

    def choose(waiting: list[int], free: list[str], job: Job) -> tuple[int, str]:
        del job
        for task in waiting:
            if owner[task] in free:
                return task, owner[task]
        return -1, ""

    return choose


def _first(crew: Crew) -> Choose:
    del crew

    def choose(waiting: list[int], free: list[str], job: Job) -> tuple[int, str]:
        return max(waiting, key=lambda task: job.seconds[task]), free[0]

    return choose


def _play(crew: Crew, job: Job, choose: Choose) -> Ran:
    """Return how the tasks went, whoever is free being given one as `choose` says, until none is left."""
    free_at, waiting, cost, done = dict.fromkeys(crew.rate, 0.0), list(range(len(job.kinds))), 0.0, []
    now = 0.0
    while waiting:
        free = sorted(agent for agent, at in free_at.items() if at <= now)
        task, agent = choose(waiting, free, job) if free else (-1, "")
        if task < 0:
            now = min(at for at in free_at.values() if at > now)
            continue
        took = job.seconds[task] * crew.speed[agent, job.kinds[task]] * job.noise[task]
        waiting.remove(task)
        free_at[agent] = now + took
        cost += took * crew.rate[agent]
        done.append(_done(job, task, agent, took))
    return Ran(max(free_at.values()), cost, tuple(done))


def _done(job: Job, task: int, agent: str, took: float) -> Fulfilment:
    return Fulfilment(
        run_id="",
        task_id=str(task),
        attempt=1,
        skill=job.kinds[task],
        agent_id=agent,
        engine="duckdb",
        rows=0,
        size=0,
        estimate=job.seconds[task],
        predicted=took,
        deadline=took,
        price=0.0,
        seconds=took,
        ended=Ended.KEPT,
        mechanism="vickrey",
    )


def _bidder(agent: str, crew: Crew) -> Bidder:
    card = AgentCard(id=agent, version="1", role=Role.WORKER, skills=_KINDS, cost=crew.rate[agent])
    return Bidder(card=card)


def _crew(draw: random.Random, agents: int, spread: float) -> Crew:
    names = [f"agent-{number}" for number in range(agents)]
    speed = {(name, kind): exp(draw.gauss(0, spread)) for name in names for kind in _KINDS}
    return Crew(speed, {name: exp(draw.gauss(0, spread / 2)) for name in names})


def _job(draw: random.Random, tasks: int) -> Job:
    return Job(
        tuple(draw.choice(_KINDS) for _ in range(tasks)),
        tuple(exp(draw.gauss(0, 1)) for _ in range(tasks)),
        tuple(exp(draw.gauss(0, _NOISE)) for _ in range(tasks)),
    )


def _ratio(name: str, logs: Sequence[float]) -> Score:
    low, high = bootstrap_mean([[value] for value in logs])
    return Score(
        name=name,
        value=exp(sum(logs) / len(logs)),
        low=exp(low),
        high=exp(high),
        n=len(logs),
        interval="geometric mean, bootstrap 95 % over seeds",
        unit="times",
    )


def _verdict(score: Score) -> str:
    if score.high < 1:
        return "less by auction"
    return "more by auction" if score.low > 1 else "no difference that holds"
