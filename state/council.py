"""A council: the agents that vote, and what is known of how much each counts. Lives in the run context only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic_core import core_schema

from state.agents import Agent
from state.signing import Verifier


@dataclass(frozen=True, slots=True)
class Council:
    """Who is asked in a vote. The card's id is the voter's name; its cost says when it is asked, the cheap ones first.

    `weights` are 1 unless given. Members of one group share a model and count as correlated.
    """

    members: tuple[Agent, ...]
    weights: Mapping[str, float] = field(default_factory=dict)
    groups: tuple[tuple[str, ...], ...] = ()
    verifier: Verifier | None = None  # checks signatures of proposals; without one they are kept unchecked

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> core_schema.CoreSchema:
        """Let pydantic take a council as it is: agents are alive and have no schema."""
        return core_schema.is_instance_schema(cls)

    def member(self, name: str) -> Agent:
        """Return a member; KeyError when there is none of that name."""
        return {agent.card.id: agent for agent in self.members}[name]
