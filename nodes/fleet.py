"""The fleet of this program: the agents that are built in, the skills there are, and the experts by their decision."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nodes.council_members import MEMBERS
from nodes.crew import crew, kind_of
from nodes.decide import DecisionPoint
from nodes.decisions.column_mapping import COLUMN_MAPPING
from nodes.decisions.conflict import CONFLICT
from nodes.decisions.decomposition import DECOMPOSITION
from nodes.decisions.failure_response import FAILURE_RESPONSE
from nodes.decisions.quality_recovery import QUALITY_RECOVERY
from nodes.decisions.value_format import VALUE_FORMAT
from nodes.decisions.value_resolution import VALUE_RESOLUTION
from nodes.file_workers import FileWorker, worker_names
from nodes.services import services
from nodes.voters import ASKED, PROPOSE
from state.agents import AgentCard, Role
from state.operation_agents import AgentKind, Deployment
from state.roster import MODEL
from state.run import RunContext

ALL: tuple[DecisionPoint[Any, Any], ...] = (
    COLUMN_MAPPING,
    CONFLICT,
    DECOMPOSITION,
    FAILURE_RESPONSE,
    QUALITY_RECOVERY,
    VALUE_FORMAT,
    VALUE_RESOLUTION,
)
POINTS: Mapping[str, DecisionPoint[Any, Any]] = MappingProxyType({point.kind: point for point in ALL})
"""Decision points by their kind."""


def built_in(context: RunContext) -> tuple[Deployment, ...]:
    """Return the agents of this program as a run with this context knows them."""
    places = min(context.parallel_steps, context.threads)
    found = [Deployment(card=point.card, kind=AgentKind.EXPERT) for point in POINTS.values()]
    found += [Deployment(card=each.card, kind=kind_of(each.card)) for each in crew(places, {})]
    names = worker_names(context.workers)
    found += [Deployment(card=FileWorker(name).card, kind=AgentKind.FILE_WORKER) for name in names]
    found += [Deployment(card=member.card, kind=AgentKind.MEMBER) for member in MEMBERS.values()]
    found += services(context)
    if context.model.configured:
        found.append(Deployment(card=model_card(context.model.name), kind=AgentKind.MODEL))
    return tuple(found)


def model_card(name: str) -> AgentCard:
    """Return the card of a chat model: its version is its name."""
    return AgentCard(id=MODEL, version=name, role=Role.SPECIALIST, skills=(ASKED, *POINTS))


def skills(context: RunContext) -> frozenset[str]:
    """Return the skills that somebody needs."""
    own = {skill for each in built_in(context) for skill in each.card.skills}
    return frozenset({*own, *POINTS, ASKED, PROPOSE})
