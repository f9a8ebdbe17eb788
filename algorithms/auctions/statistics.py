"""What a history of execution contracts says: by agent, by engine and kind, and run by run."""

from collections.abc import Iterable, Sequence
from math import log

from algorithms.auctions.prediction import LEAST
from algorithms.auctions.reputation import reliability, reputations
from state.auctions import Ended, Fulfilment
from state.values import Value


class AgentRecord(Value):
    """How one agent kept its contracts."""

    agent_id: str
    contracts: int
    kept: int
    overrun: int
    failed: int
    reliability: float


class KindRecord(Value):
    """What tasks of one kind took on one engine."""

    skill: str
    engine: str
    contracts: int
    seconds: float
    predicted: float
    error: float  # mean absolute error of the logarithm of predicted seconds


class Statistics(Value):
    """A history in figures."""

    contracts: int
    agents: tuple[AgentRecord, ...]
    kinds: tuple[KindRecord, ...]
    errors: dict[str, float]  # by run, in their order: mean absolute error of the logarithm of predicted seconds


def log_error(each: Fulfilment) -> float:
    """Return the absolute error of the logarithm of predicted seconds: 0.69 is wrong by a factor of two."""
    return abs(log(max(LEAST, each.predicted)) - log(max(LEAST, each.seconds)))


def statistics(history: Sequence[Fulfilment]) -> Statistics:
    """Return the figures of a history, which is in the order of time."""
    names = reputations(history)
    return Statistics(
        contracts=len(history),
        agents=tuple(
            _agent(agent, [each for each in history if each.agent_id == agent], reliability(names[agent]))
            for agent in sorted(names)
        ),
        kinds=tuple(
            _kind(skill, engine, [each for each in history if (each.skill, each.engine) == (skill, engine)])
            for skill, engine in sorted({(each.skill, each.engine) for each in history})
        ),
        errors={
            run_id: _mean(log_error(each) for each in history if each.run_id == run_id and each.ended != Ended.FAILED)
            for run_id in dict.fromkeys(each.run_id for each in history)
        },
    )


def _agent(agent: str, own: Sequence[Fulfilment], trust: float) -> AgentRecord:
    counts = {ended: sum(each.ended is ended for each in own) for ended in Ended}
    return AgentRecord(
        agent_id=agent,
        contracts=len(own),
        kept=counts[Ended.KEPT],
        overrun=counts[Ended.OVERRUN],
        failed=counts[Ended.FAILED],
        reliability=trust,
    )


def _kind(skill: str, engine: str, own: Sequence[Fulfilment]) -> KindRecord:
    return KindRecord(
        skill=skill,
        engine=engine,
        contracts=len(own),
        seconds=sum(each.seconds for each in own),
        predicted=sum(each.predicted for each in own),
        error=_mean(log_error(each) for each in own if each.ended is not Ended.FAILED),
    )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0
