"""The registry: agents are registered by card, probed, put in service, drained, taken out, brought back and retired.

Every change of a status is in the history. What may follow what is said by `MOVES`; anything else is refused.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from algorithms.operation.cards import MOVES, faults_of
from state.errors import SetupError
from state.operation_agents import MOST_REASON, AgentEvent, AgentStatus, Deployment, RegisteredAgent
from state.values import Value
from tools.agents.tables import AGENTS, EVENTS
from tools.database.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

Probe = Callable[[Deployment], str]
"""Asks an agent something it must be able to do; returns what is wrong, or nothing."""


class Fleet(Value):
    """What is allowed: how many agents, and which skills there are."""

    max_agents: int = 64
    skills: frozenset[str] = frozenset()  # none: any


def register(database: Database, deployment: Deployment, now: datetime, *, fleet: Fleet, by: str) -> RegisteredAgent:
    """Enter an agent; it takes no work before it is deployed.

    Raises SetupError for a card that cannot be used, an id and version that are taken, and where there are too many.
    """
    raise NotImplementedError


def deploy(  # noqa: PLR0913  what is deployed, when, how it is checked and by whom
    database: Database, deployment: Deployment, now: datetime, *, probe: Probe, fleet: Fleet, by: str
) -> RegisteredAgent:
    """Register an agent, probe it, and put it in service where the probe finds nothing.

    Where another version of it is in service a rollout begins (`tools/agents/rollouts.py`).
    """
    raise NotImplementedError


def drain(database: Database, agent_id: str, now: datetime, *, by: str, reason: str = "") -> RegisteredAgent:
    """Let an agent finish what it has and take nothing new."""
    raise NotImplementedError


def retire(database: Database, agent_id: str, now: datetime, *, by: str, reason: str = "") -> RegisteredAgent:
    """Take an agent out for good."""
    raise NotImplementedError


def agents(database: Database) -> tuple[RegisteredAgent, ...]:
    """Return all agents, retired ones too, by id and version."""
    raise NotImplementedError


def history(database: Database, agent_id: str) -> tuple[AgentEvent, ...]:
    """Return the changes of an agent's status, in their order."""
    raise NotImplementedError
