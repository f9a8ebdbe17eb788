"""Faults, recoveries and the last verdicts, kept in the database of operation and read for reports and alerts."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from state.operation_agents import AgentFault, HealthVerdict, Recovery
from tools.agents.tables import FAULTS, RECOVERIES, VERDICTS
from tools.database.database import Database
from tools.database.locks import alone

_MOST = 1_000


def note_fault(database: Database, fault: AgentFault) -> None:
    """Keep a fault in place of the one with its id."""

    def note(connection: Connection) -> None:
        alone(connection)
        connection.execute(delete(FAULTS).where(FAULTS.c.fault_id == fault.fault_id))
        connection.execute(
            insert(FAULTS).values(
                fault_id=fault.fault_id,
                agent_id=fault.agent_id,
                kind=fault.kind.value,
                detected_at=fault.detected_at.timestamp(),
                ended_at=fault.ended_at.timestamp() if fault.ended_at else None,
                document=fault.model_dump_json(),
            )
        )

    database.perform(note)


def note_recovery(database: Database, recovery: Recovery) -> None:
    """Keep what was done about a fault."""
    row = recovery.model_dump() | {"action": recovery.action.value, "at": recovery.at.timestamp()}

    def note(connection: Connection) -> None:
        alone(connection)
        connection.execute(delete(RECOVERIES).where(RECOVERIES.c.recovery_id == recovery.recovery_id))
        connection.execute(insert(RECOVERIES).values(row))

    database.perform(note)


def note_verdicts(database: Database, found: Iterable[HealthVerdict]) -> None:
    """Keep the last verdict on every agent and aspect."""
    verdicts = tuple(found)

    def note(connection: Connection) -> None:
        alone(connection)
        for each in verdicts:
            same = (VERDICTS.c.agent_id == each.agent_id) & (VERDICTS.c.aspect == each.aspect.value)
            connection.execute(delete(VERDICTS).where(same))
            connection.execute(
                insert(VERDICTS).values(
                    agent_id=each.agent_id,
                    aspect=each.aspect.value,
                    at=each.at.timestamp(),
                    finding=each.finding.value,
                    document=each.model_dump_json(),
                )
            )

    if verdicts:
        database.perform(note)


def verdicts(database: Database) -> tuple[HealthVerdict, ...]:
    """Return the last verdict on every agent and aspect."""
    asked = select(VERDICTS.c.document).order_by(VERDICTS.c.agent_id, VERDICTS.c.aspect)
    found = database.look(lambda connection: connection.execute(asked).scalars().all())
    return tuple(HealthVerdict.model_validate_json(each) for each in found)


def faults(database: Database, *, since: datetime | None = None, lasting: bool = False) -> tuple[AgentFault, ...]:
    """Return the faults that were there `since` then, the latest first, at most 1,000; `lasting`: that still are."""
    asked = select(FAULTS.c.document).order_by(FAULTS.c.detected_at.desc()).limit(_MOST)
    if since is not None:
        asked = asked.where(FAULTS.c.ended_at.is_(None) | (FAULTS.c.ended_at >= since.timestamp()))
    if lasting:
        asked = asked.where(FAULTS.c.ended_at.is_(None))
    found = database.look(lambda connection: connection.execute(asked).scalars().all())
    return tuple(AgentFault.model_validate_json(each) for each in found)


def recoveries(database: Database, *, since: datetime | None = None) -> tuple[Recovery, ...]:
    """Return what was done, the latest first, at most 1,000."""
    asked = select(RECOVERIES).order_by(RECOVERIES.c.at.desc()).limit(_MOST)
    if since is not None:
        asked = asked.where(RECOVERIES.c.at >= since.timestamp())
    rows = database.look(lambda connection: connection.execute(asked).mappings().all())
    return tuple(Recovery.model_validate({**row, "at": datetime.fromtimestamp(row["at"], UTC)}) for row in rows)
