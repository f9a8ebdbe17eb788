"""The registry: agents are registered by card, probed, put in service, drained, taken out, brought back and retired.

Every change of a status is in the history. What may follow what is said by `algorithms.operation.cards.MOVES`; anything
else is refused. Service is reached by a probe only.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from algorithms.operation.cards import MOVES, faults_of
from state.errors import SetupError
from state.operation_agents import (
    MOST_REASON,
    AgentEvent,
    AgentKind,
    AgentStatus,
    Deployment,
    RegisteredAgent,
)
from state.values import Value
from tools.agents.rollouts import begin_rollout
from tools.agents.tables import AGENTS, EVENTS
from tools.database.database import Database
from tools.database.locks import alone

Probe = Callable[[Deployment], str]
"""Asks an agent something it must be able to do; returns what is wrong, or nothing."""

_GONE = frozenset({AgentStatus.RETIRED})
_TRIED = frozenset({AgentKind.EXPERT, AgentKind.MODEL})
"""Kinds of which a new version is tried beside the old one."""


class Fleet(Value):
    """What is allowed: how many agents, and which skills there are."""

    max_agents: int = 64
    skills: frozenset[str] = frozenset()  # none: any


def register(database: Database, deployment: Deployment, now: datetime, *, fleet: Fleet, by: str) -> RegisteredAgent:
    """Enter an agent; it takes no work before it was probed.

    Raises SetupError for a card that cannot be used, an id and version that are taken, and where there are too many.
    """
    faults = faults_of(deployment.card, fleet.skills)
    if faults:
        raise SetupError("; ".join(faults), where=f"card of {deployment.card.id}", hint="mend the card")

    def enter(connection: Connection) -> RegisteredAgent:
        alone(connection)
        _check_free(agents_of(connection), deployment, fleet)
        entered = RegisteredAgent(deployment=deployment, status=AgentStatus.DEPLOYING, since=now, reason="registered")
        keep(connection, entered)
        _note(connection, None, entered, now, by)
        return entered

    return database.perform(enter)


def deploy(
    database: Database, deployment: Deployment, now: datetime, *, probe: Probe, fleet: Fleet, by: str
) -> RegisteredAgent:
    """Register an agent where it is not, probe it, and put it in service where the probe finds nothing.

    One that the probe finds unhealthy stays DEPLOYING with the reason. Where another version of an expert or a model is
    in service, the new one is in service for its share of decisions: a rollout begins.
    """
    card = deployment.card
    known = find(database, card.id, card.version)
    if known is None or known.status is AgentStatus.RETIRED:
        known = register(database, deployment, now, fleet=fleet, by=by)
    if known.status is AgentStatus.DRAINING:
        known = move(database, known, AgentStatus.DEPLOYING, now, reason="deployed again", by=by)
    if known.status is not AgentStatus.DEPLOYING:
        raise SetupError(f"version {card.version} is {known.status.value}", where=card.id, hint="give a new version")
    fault = probe(deployment)
    if fault:
        kept = known.model_copy(update={"reason": f"not in service: {fault}"[:MOST_REASON]})
        settle(database, known, kept, now, by=by)
        return kept
    before = [
        each
        for each in agents(database)
        if each.card.id == card.id and each.card.version != card.version and each.takes_work
    ]
    if before and deployment.kind in _TRIED:
        begin_rollout(database, before[-1].deployment, deployment, now)
    entered = move(database, known, AgentStatus.IN_SERVICE, now, reason="its probe found it healthy", by=by)
    if deployment.kind not in _TRIED:
        for each in before:
            move(database, each, AgentStatus.RETIRED, now, reason=f"version {card.version} took over", by=by)
    return entered


def drain(database: Database, agent_id: str, now: datetime, *, by: str, reason: str = "") -> RegisteredAgent:
    """Let an agent finish what it has and take nothing new. SetupError where there is none, or it is in no service."""
    return _change(database, agent_id, AgentStatus.DRAINING, now, reason or "drained", by)


def retire(database: Database, agent_id: str, now: datetime, *, by: str, reason: str = "") -> RegisteredAgent:
    """Take an agent out for good. SetupError where there is none."""
    return _change(database, agent_id, AgentStatus.RETIRED, now, reason or "retired", by)


def move(
    database: Database, agent: RegisteredAgent, status: AgentStatus, now: datetime, *, reason: str, by: str
) -> RegisteredAgent:
    """Change the status of an agent as it is in the registry now; SetupError where it may not follow."""
    card = agent.card

    def change(connection: Connection) -> RegisteredAgent:
        alone(connection)
        current = next(
            (each for each in agents_of(connection) if (each.card.id, each.card.version) == (card.id, card.version)),
            None,
        )
        if current is None:
            raise SetupError(
                "there is no such agent", where=f"{card.id} {card.version}", hint="see `millwright agents`"
            )
        if status not in MOVES[current.status]:
            raise SetupError(f"it is {current.status.value}: it cannot be {status.value} next", where=card.id)
        told = {"status": status, "since": now, "reason": reason[:MOST_REASON]}
        moved = current.model_copy(update=told)
        keep(connection, moved)
        _note(connection, current.status, moved, now, by)
        return moved

    return database.perform(change)


def settle(database: Database, before: RegisteredAgent, after: RegisteredAgent, now: datetime, *, by: str) -> bool:
    """Put what a check made of an agent in place; False where somebody else has changed it meanwhile."""

    def change(connection: Connection) -> bool:
        alone(connection)
        current = [each for each in agents_of(connection) if each.card == before.card]
        if not current or current[0].status is not before.status:
            return False
        keep(connection, after)
        if after.status is not before.status:
            _note(connection, before.status, after, now, by)
        return True

    return before == after or database.perform(change)


def agents(database: Database) -> tuple[RegisteredAgent, ...]:
    """Return all agents, retired ones too, by id and the time of their status."""
    return database.look(agents_of)


def find(database: Database, agent_id: str, version: str) -> RegisteredAgent | None:
    """Return one version of an agent."""
    found = [each for each in agents(database) if (each.card.id, each.card.version) == (agent_id, version)]
    return found[0] if found else None


def history(database: Database, agent_id: str) -> tuple[AgentEvent, ...]:
    """Return the changes of an agent's status, in their order."""
    asked = select(EVENTS).where(EVENTS.c.agent_id == agent_id).order_by(EVENTS.c.event_id)
    rows = database.look(lambda connection: connection.execute(asked).mappings().all())
    return tuple(
        AgentEvent(
            agent_id=row["agent_id"],
            version=row["version"],
            at=datetime.fromtimestamp(row["at"], UTC),
            before=row["before"],
            status=row["status"],
            reason=row["reason"],
            by=row["by"],
        )
        for row in rows
    )


def agents_of(connection: Connection) -> tuple[RegisteredAgent, ...]:
    """Return all agents within a transaction."""
    asked = select(AGENTS.c.document).order_by(AGENTS.c.agent_id, AGENTS.c.since)
    return tuple(RegisteredAgent.model_validate_json(each) for each in connection.execute(asked).scalars())


def keep(connection: Connection, agent: RegisteredAgent) -> None:
    """Put an agent in place of the one with its id and version."""
    card = agent.card
    where = (AGENTS.c.agent_id == card.id) & (AGENTS.c.version == card.version)
    connection.execute(delete(AGENTS).where(where))
    connection.execute(
        insert(AGENTS).values(
            agent_id=card.id,
            version=card.version,
            kind=agent.deployment.kind.value,
            status=agent.status.value,
            since=agent.since.timestamp(),
            document=agent.model_dump_json(),
        )
    )


def _check_free(known: Iterable[RegisteredAgent], deployment: Deployment, fleet: Fleet) -> None:
    card = deployment.card
    alive = [each for each in known if each.status not in _GONE]
    if any((each.card.id, each.card.version) == (card.id, card.version) for each in alive):
        raise SetupError(f"version {card.version} is registered already", where=card.id, hint="give a new version")
    if any(each.card.id == card.id and each.deployment.kind is not deployment.kind for each in alive):
        raise SetupError("the id is taken by an agent of another kind", where=card.id, hint="give another id")
    if len(alive) >= fleet.max_agents:
        hint = "retire one, or raise operation.max_agents"
        raise SetupError(f"there are {len(alive)} agents, and at most {fleet.max_agents} may be", hint=hint)


def _check_needed(leaving: Sequence[RegisteredAgent]) -> None:
    """Refuse that nobody is left to take the decisions of an expert."""
    if leaving[0].deployment.kind is AgentKind.EXPERT and any(each.takes_work for each in leaving):
        raise SetupError(
            "nobody else takes its decisions", where=leaving[0].card.id, hint="deploy another version; it takes over"
        )


def _change(
    database: Database, agent_id: str, status: AgentStatus, now: datetime, reason: str, by: str
) -> RegisteredAgent:
    found = [each for each in agents(database) if each.card.id == agent_id and each.status not in _GONE]
    if not found:
        raise SetupError(f"there is no agent {agent_id!r}", hint="see `millwright agents`")
    _check_needed(found)
    moved = [move(database, each, status, now, reason=reason, by=by) for each in found]
    return moved[-1]


def _note(connection: Connection, before: AgentStatus | None, after: RegisteredAgent, now: datetime, by: str) -> None:
    connection.execute(
        insert(EVENTS).values(
            agent_id=after.card.id,
            version=after.card.version,
            at=now.timestamp(),
            before=before.value if before else None,
            status=after.status.value,
            reason=after.reason,
            by=by,
        )
    )
