"""Agents: the card that describes one, and the protocol all of them keep."""

from enum import StrEnum
from typing import Protocol

from state.messages import Message
from state.values import Value


class Role(StrEnum):
    """What an agent is in the crew."""

    SUPERVISOR = "supervisor"
    PLANNER = "planner"
    COORDINATOR = "coordinator"
    WORKER = "worker"
    SPECIALIST = "specialist"
    MONITOR = "monitor"


class AgentCard(Value):
    """Who an agent is and what it can do."""

    id: str
    version: str
    role: Role
    skills: tuple[str, ...]  # kinds of steps or decisions it can take
    capacity: int = 1  # tasks at once
    engine: str = "duckdb"
    cost: float = 1.0  # relative cost of a second of its work


class Agent(Protocol):
    """What every agent of the crew can do."""

    @property
    def card(self) -> AgentCard:
        """The agent's card."""

    def handle(self, message: Message) -> Message:
        """Return the reply to `message`."""

    def probe(self) -> bool:
        """Return whether the agent is able to work."""
