"""Enrolling: agents that are built in are registered and probed, so that the registry knows whom a run uses."""

from datetime import datetime

from nodes.fleet import built_in, skills
from nodes.probing import probe_all
from state.operation_agents import AgentKind, AgentStatus, Deployment, RegisteredAgent
from state.run import RunContext
from tools.agents.registry import Fleet, agents, deploy
from tools.database.database import Database

_PROBE_SECONDS = 30.0
_ALIVE = frozenset(AgentStatus) - {AgentStatus.RETIRED}


def enrol(database: Database, context: RunContext, now: datetime, fleet: Fleet) -> tuple[RegisteredAgent, ...]:
    """Register and probe the built-in agents that the registry does not know; those taken out or drained stay so.

    An agent that was retired stays retired. A model that is not the one in service is not tried without being deployed.
    """
    known = agents(database)
    ids = {each.card.id for each in known}
    versions = {(each.card.id, each.card.version) for each in known}
    new = [each for each in built_in(context) if _is_new(each, ids, versions)]
    allowed = fleet.model_copy(update={"skills": fleet.skills or skills(context)})
    probed = probe_all(new, context, _PROBE_SECONDS)
    return tuple(
        deploy(database, each, now, probe=lambda one: probed[one.card.id].fault, fleet=allowed, by="crew")
        for each in new
    )


def _is_new(deployment: Deployment, ids: set[str], versions: set[tuple[str, str]]) -> bool:
    card = deployment.card
    if deployment.kind is AgentKind.MODEL:
        return card.id not in ids
    return (card.id, card.version) not in versions
