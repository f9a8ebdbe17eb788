"""A crowd of simulated agents on a simulated clock: orders, answers, memory and messages in a rhythm of their own.

What is simulated is the agents and the time. Monitors, vote, verdict, recovery, registry, database are the product's.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

from graphs.health_rounds import CheckHealth
from nodes.probing import WRONG
from state.agents import AgentCard, Role
from state.health import HealthLimits, HealthOutput
from state.operation_agents import AgentKind, Deployment, Outcome
from state.run import RunContext
from tools.agents.live import Handlers, Live, Mailbox, live_kept
from tools.agents.registry import Fleet, deploy
from tools.agents.rollouts import note_outcomes
from tools.database.database import Database
from tools.database.open import open_database

INTERVAL = 30.0
LIMITS = HealthLimits(answer=20.0, memory=2**30)
"""A probe is answered in real time: its limit is far above what a busy machine makes of it."""

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_ALLOWED = 10.0  # seconds for an order
_USUAL_MEMORY = 3e8
_BUSY = 0.7  # chance of an order in each part
_STEPS = 6  # an interval is simulated in so many parts


class Ails(StrEnum):
    """What is wrong with a simulated agent."""

    HANGS = "hangs"
    SLOW = "answers slowly"
    WRONG = "answers wrongly"
    HUNGRY = "eats memory"
    FLOODS = "floods the hub"


@dataclass(slots=True)
class Simulated:
    """One agent."""

    deployment: Deployment
    ails: Ails | None = None
    sent: int = 0
    number: int = 0
    pending: list[tuple[str, float]] = field(default_factory=list)  # orders under way: id, when done

    @property
    def name(self) -> str:
        """Its id."""
        return self.deployment.card.id

    def probe(self) -> str:
        """Answer as it is: rightly, wrongly, or not in time."""
        if self.ails is Ails.HANGS:
            raise TimeoutError("no answer in time")
        return WRONG if self.ails is Ails.WRONG else ""

    def mailbox(self) -> Mailbox:
        """Return what waits because of it."""
        return Mailbox(2_000, 200.0, self.sent) if self.ails is Ails.FLOODS else Mailbox(2, 1.0, self.sent)


class Crowd:
    """Agents, their clock, their registry, and the checks."""

    def __init__(self, home: Path, database: Database, seed: int, begin: datetime) -> None:
        self.now, self._chance = 0.0, random.Random(seed)  # noqa: S311  a simulation
        self._at: float | None = None  # the moment within a part at which something happens
        self.live = Live(lambda: self.now if self._at is None else self._at)
        self._begin = begin
        self.database, self._seed, self._decided = database, seed, 0
        self.agents = [Simulated(each) for each in _deployments()]
        self._working: list[tuple[str, str]] = []
        fleet = Fleet()
        for agent in self.agents:
            deploy(database, agent.deployment, self.moment, probe=lambda _: "", fleet=fleet, by="suite")
        self.told: list[HealthOutput] = []
        self._duty = CheckHealth(
            RunContext(home=str(home)),
            interval=INTERVAL,
            limits=LIMITS,
            fleet=fleet,
            heard=self.told.append,
            enrols=False,
        )

    @property
    def moment(self) -> datetime:
        """The simulated time."""
        return self._begin + timedelta(seconds=self.now)

    def live_through(self, intervals: float, out: Callable[[], Sequence[str]] = tuple) -> None:
        """Let the agents work for a time; those that are `out` get no orders."""
        for _ in range(round(intervals * _STEPS)):
            away = set(out())
            for agent in self.agents:
                self._work(agent, given=agent.name not in away)
            self.now += INTERVAL / _STEPS

    def check(self) -> HealthOutput:
        """Check all agents once, now."""
        for agent in self.agents:
            memory = _USUAL_MEMORY * self._chance.uniform(0.9, 1.1) * (8 if agent.ails is Ails.HUNGRY else 1)
            self.live.measured(agent.name, memory, self._chance.uniform(0.05, 0.3))
        self._duty.perform(self.moment)
        return self.told[-1]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let the check see the agents of this crowd."""
        with ExitStack() as stack, live_kept(self.live):
            for agent in self.agents:
                handlers = Handlers(
                    probe=agent.probe,
                    mailbox=agent.mailbox,
                    restart=partial(self._restart, agent),
                    redelegate=partial(self._redelegate, agent),
                )
                stack.enter_context(self.live.working(agent.name, agent.deployment.kind, handlers))
            yield

    def _work(self, agent: Simulated, *, given: bool) -> None:
        for order, done in list(agent.pending):
            if done <= self.now and agent.ails is not Ails.HANGS:
                self._at = done
                self.live.settled(agent.name, order, done=True)
                self._at = None
                agent.pending.remove((order, done))
                agent.sent += 1
        if agent.ails is Ails.FLOODS:
            agent.sent += 1_000
        if given and self._chance.random() < _BUSY:
            agent.number += 1
            order = f"{agent.name}#{agent.number}"
            took = min(6.0, self._chance.lognormvariate(0.0, 0.6)) * (20 if agent.ails is Ails.SLOW else 1)
            self.live.ordered(agent.name, order, _ALLOWED, agent.deployment.kind)
            agent.pending.append((order, self.now + took))
        if agent.deployment.kind is AgentKind.EXPERT and given:
            self._decide(agent)

    def _restart(self, agent: Simulated) -> str:
        """Begin anew: what it had under way is gone, what ails it is not."""
        agent.pending.clear()
        return ""

    def _redelegate(self, agent: Simulated) -> str:
        """Give its orders to another one that does the same."""
        others = [each for each in self.agents if each is not agent and each.deployment.kind is agent.deployment.kind]
        for order, _ in agent.pending:
            self.live.settled(agent.name, order, done=False)
            self.live.ordered(others[0].name, order, _ALLOWED, agent.deployment.kind)
            others[0].pending.append((order, self.now + 1.0))
        agent.pending.clear()
        return ""

    def _decide(self, agent: Simulated) -> None:
        """Let an expert decide twice; what was found afterwards is on record."""
        share = 0.9 if agent.ails is Ails.WRONG else 0.03
        found = []
        for _ in range(2):
            self._decided += 1
            found.append(
                Outcome(
                    run_id=f"run-{self._decided}",
                    decision_id="d",
                    kind="sim",
                    subject="s",
                    version="1",
                    right=self._chance.random() >= share,
                    found_by="verification",
                    at=self.moment,
                )
            )
        note_outcomes(self.database, agent.name, found)


@contextmanager
def crowd(folder: Path, seed: int, begin: datetime = BEGIN) -> Iterator[Crowd]:
    """Make a crowd with a registry of its own in a folder, whose time begins at `begin`."""
    with open_database(folder) as database:
        made = Crowd(folder, database, seed, begin)
        with made.at_work():
            yield made


def _deployments() -> list[Deployment]:
    workers = [_deployment(f"sim-{number}", AgentKind.STEP_WORKER, "work") for number in range(1, 5)]
    return workers + [_deployment(f"expert:sim-{number}", AgentKind.EXPERT, "sim") for number in (1, 2)]


def _deployment(name: str, kind: AgentKind, skill: str) -> Deployment:
    return Deployment(card=AgentCard(id=name, version="1", role=Role.WORKER, skills=(skill,)), kind=kind)
