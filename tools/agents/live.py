"""What is known within this process of agents at work: when they were heard, how long they took, what waits for them.

Whoever lets an agent work tells it here; the check of health reads it. Memory is bounded, and telling costs
microseconds. It holds the agents of this process only: others watch theirs.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from state.health import MOST_USUAL, Vitals
from state.operation_agents import AgentKind, Aspect

Clock = Callable[[], float]


class Mailbox(NamedTuple):
    """The messages that wait because of an agent."""

    backlog: int
    oldest: float  # seconds
    sent: int  # since the agent was registered: messages it sent, refused ones too


class Handlers(NamedTuple):
    """How an agent is acted on; each returns what went wrong, or nothing."""

    restart: Callable[[], str] | None = None
    redelegate: Callable[[], str] | None = None
    probe: Callable[[], str] | None = None
    mailbox: Callable[[], Mailbox] | None = None
    processes: Callable[[], tuple[int, ...]] | None = None  # ids of processes that are its own


def _window() -> "deque[float]":
    return deque(maxlen=MOST_USUAL)


@dataclass(slots=True)
class _Agent:
    """One agent: windows of what is usual, and what happened since the check before."""

    kind: AgentKind
    took: "deque[float]" = field(default_factory=_window)
    fresh: list[float] = field(default_factory=list)  # what it took since the check before
    failed: int = 0  # in a row
    kept: int = 0
    orders: dict[str, tuple[float, float]] = field(default_factory=dict)  # under way -> since when, seconds allowed
    used: tuple[float, float] | None = None  # memory and processor, as measured last
    memory: "deque[float]" = field(default_factory=_window)
    processor: "deque[float]" = field(default_factory=_window)
    flow: "deque[float]" = field(default_factory=_window)
    sent: int = 0
    unlearned: Vitals | None = None  # what was measured last, and the times it took
    times: tuple[float, ...] = ()
    spent: dict[int, tuple[float, float]] = field(default_factory=dict)  # process -> when, seconds of processor


class Live:
    """The agents of this process; safe for threads. `clock` gives seconds that do not go back."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.RLock()
        self._agents: dict[str, _Agent] = {}
        self._handlers: dict[str, Handlers] = {}

    @contextmanager
    def working(self, agent_id: str, kind: AgentKind, handlers: Handlers) -> Iterator[None]:
        """Let an agent be acted on while it works."""
        with self._lock:
            self._agent(agent_id, kind)
            self._handlers[agent_id] = handlers
        try:
            yield
        finally:
            with self._lock:
                self._handlers.pop(agent_id, None)
                self._agents[agent_id].orders.clear()

    def ordered(self, agent_id: str, order_id: str, seconds: float, kind: AgentKind = AgentKind.STEP_WORKER) -> None:
        """Note that an agent has an order, and within how many seconds it is to be done."""
        with self._lock:
            self._agent(agent_id, kind).orders[order_id] = (self._clock(), max(seconds, 1e-3))

    def settled(self, agent_id: str, order_id: str, *, done: bool) -> None:
        """Note that an order was done, or failed; one that nobody told of is passed over."""
        with self._lock:
            agent = self._agents.get(agent_id)
            if agent is not None and (order := agent.orders.pop(order_id, None)) is not None:
                since, allowed = order
                _heard(agent, (self._clock() - since) / allowed, done=done)

    def answered(self, agent_id: str, seconds: float, *, done: bool, kind: AgentKind = AgentKind.STEP_WORKER) -> None:
        """Note that an agent answered a question, or that it failed to."""
        with self._lock:
            _heard(self._agent(agent_id, kind), seconds, done=done)

    def measured(self, agent_id: str, memory: float, processor: float) -> None:
        """Note what the processes of an agent use: bytes, and the share of all cores since they were measured last."""
        with self._lock:
            self._agents[agent_id].used = (memory, processor)

    def spent(self, agent_id: str, process: int, seconds: float) -> float:
        """Return the share of one core that a process used since this was told last; 0 the first time."""
        with self._lock:
            agent, now = self._agents[agent_id], self._clock()
            at, before = agent.spent.get(process, (now, seconds))
            agent.spent[process] = (now, seconds)
            return max(0.0, seconds - before) / (now - at) if now > at else 0.0

    def handlers(self, agent_id: str) -> Handlers:
        """Return how an agent is acted on; by nothing where it does not work here."""
        with self._lock:
            return self._handlers.get(agent_id, Handlers())

    def known(self) -> tuple[str, ...]:
        """Return the agents that were told of."""
        with self._lock:
            return tuple(self._agents)

    def take(self, agent_id: str) -> Vitals:
        """Return what was measured of an agent since this was asked last."""
        with self._lock:
            agent = self._agents[agent_id]
            now, handlers = self._clock(), self._handlers.get(agent_id, Handlers())
            mailbox = handlers.mailbox() if handlers.mailbox else None
            sent = None if mailbox is None else float(max(0, mailbox.sent - agent.sent))
            vitals = Vitals(
                agent_id=agent_id,
                kind=agent.kind,
                # Who is not asked anything is silent without fault: silence counts while it has an order.
                silence=max(((now - since) / allowed for since, allowed in agent.orders.values()), default=None),
                took=max(agent.fresh, default=None),
                usual_took=tuple(agent.took),
                overdue=sum(now - since > allowed for since, allowed in agent.orders.values()),
                failed=agent.failed,
                kept=agent.kept,
                memory=agent.used[0] if agent.used else None,
                usual_memory=tuple(agent.memory),
                processor=agent.used[1] if agent.used else None,
                usual_processor=tuple(agent.processor),
                backlog=mailbox.backlog if mailbox else None,
                oldest=mailbox.oldest if mailbox else None,
                flow=sent,
                usual_flow=tuple(agent.flow),
            )
            agent.unlearned, agent.times = vitals, tuple(agent.fresh)
            agent.fresh.clear()
            agent.kept = 0
            agent.sent = mailbox.sent if mailbox else agent.sent
            return vitals

    def learn(self, agent_id: str, but: Collection[Aspect] = ()) -> None:
        """Let what was measured last count as usual, `but` for what a monitor complained of: a fault never does."""
        with self._lock:
            agent = self._agents.get(agent_id)
            vitals = agent.unlearned if agent else None
            if agent is None or vitals is None:
                return
            if Aspect.ANSWERS not in but:
                agent.took.extend(agent.times)
            for aspect, window, value in (
                (Aspect.RESOURCES, agent.memory, vitals.memory),
                (Aspect.RESOURCES, agent.processor, vitals.processor),
                (Aspect.MAILBOX, agent.flow, vitals.flow),
            ):
                if value is not None and aspect not in but:
                    window.append(value)
            agent.unlearned = None

    def forget(self, agent_id: str) -> None:
        """Forget what is usual with an agent that was restarted: it begins anew."""
        with self._lock:
            if (agent := self._agents.get(agent_id)) is not None:
                self._agents[agent_id] = _Agent(agent.kind)

    def _agent(self, agent_id: str, kind: AgentKind) -> _Agent:
        return self._agents.setdefault(agent_id, _Agent(kind))


_BOARD: ContextVar[Live | None] = ContextVar("millwright_live", default=None)


def live() -> Live:
    """Return what is known of the agents of this process."""
    return _BOARD.get() or _shared()


@contextmanager
def live_kept(board: Live) -> Iterator[Live]:
    """Let another board stand for that of the process, e.g. one with a clock of its own."""
    token = _BOARD.set(board)
    try:
        yield board
    finally:
        _BOARD.reset(token)


@lru_cache(maxsize=1)
def _shared() -> Live:
    return Live()


def _heard(agent: _Agent, took: float, *, done: bool) -> None:
    agent.failed = 0 if done else agent.failed + 1
    if done:
        agent.kept += 1
        agent.fresh.append(took)
