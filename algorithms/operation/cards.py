"""Cards of agents: what is wrong with one, and which status may follow which."""

import re
from collections.abc import Collection, Mapping

from state.agents import AgentCard
from state.operation_agents import AgentStatus

_ID = re.compile(r"[A-Za-z0-9][\w.:/+-]{0,199}")
_VERSION = re.compile(r"[\w.:/+-]{1,64}")
_MOST_CAPACITY = 1_000

MOVES: Mapping[AgentStatus, frozenset[AgentStatus]] = {
    AgentStatus.DEPLOYING: frozenset({AgentStatus.IN_SERVICE, AgentStatus.RETIRED}),
    AgentStatus.IN_SERVICE: frozenset(
        {AgentStatus.SUSPECT, AgentStatus.DRAINING, AgentStatus.OUT, AgentStatus.RETIRED}
    ),
    AgentStatus.SUSPECT: frozenset(
        {AgentStatus.IN_SERVICE, AgentStatus.DRAINING, AgentStatus.OUT, AgentStatus.RETIRED}
    ),
    AgentStatus.DRAINING: frozenset({AgentStatus.DEPLOYING, AgentStatus.RETIRED}),
    AgentStatus.OUT: frozenset({AgentStatus.IN_SERVICE, AgentStatus.DRAINING, AgentStatus.RETIRED}),
    AgentStatus.RETIRED: frozenset({AgentStatus.DEPLOYING}),
}
"""What may follow what. Service is reached through DEPLOYING, where an agent is probed, or from OUT by a probe."""


def faults_of(card: AgentCard, skills: Collection[str]) -> tuple[str, ...]:
    """Return everything that is wrong with a card; `skills` are those that there are, none of them meaning any."""
    found = []
    if not _ID.fullmatch(card.id):
        found.append(f"the id {card.id!r} is not 1 to 200 letters, digits or . : / + - _")
    if not _VERSION.fullmatch(card.version):
        found.append(f"the version {card.version!r} is not 1 to 64 letters, digits or . : / + - _")
    if not card.skills:
        found.append("it has no skill")
    if skills and (unknown := sorted(set(card.skills) - set(skills))):
        found.append(f"nobody needs the skill {', '.join(map(repr, unknown))}")
    if not 1 <= card.capacity <= _MOST_CAPACITY:
        found.append(f"a capacity of {card.capacity} is not 1 to {_MOST_CAPACITY}")
    if not 0 < card.cost < float("inf"):
        found.append(f"a cost of {card.cost:g} is not above 0")
    return tuple(found)
