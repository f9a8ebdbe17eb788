"""The end of rollouts: the version that lost is retired, and one that was worse is a fault with its recovery."""

from datetime import datetime

from algorithms.operation.recovering import recovery_of
from state.operation_agents import (
    AgentFault,
    AgentStatus,
    FaultKind,
    RecoveryAction,
    Rollout,
    RolloutStatus,
)
from state.values import digest
from tools.agents.faults import note_fault, note_recovery
from tools.agents.registry import agents, move
from tools.agents.rollouts import ALPHA, MOST_OUTCOMES, end_rollout, rollouts, weigh
from tools.database.database import Database


def conclude(
    database: Database, now: datetime, *, most: int = MOST_OUTCOMES, alpha: float = ALPHA
) -> tuple[Rollout, ...]:
    """End the rollouts whose outcomes suffice, or of which a version is gone; return those that ended now."""
    ended = [*_abandoned(database, now), *weigh(database, now, most=most, alpha=alpha)]
    for rollout in ended:
        lost = rollout.new if rollout.status is RolloutStatus.ROLLED_BACK else rollout.old
        for agent in agents(database):
            if (agent.card.id, agent.card.version) == (
                rollout.agent_id,
                lost,
            ) and agent.status is not AgentStatus.RETIRED:
                move(database, agent, AgentStatus.RETIRED, now, reason=rollout.reason, by="rollout")
        if rollout.status is RolloutStatus.ROLLED_BACK:
            _record(database, rollout, now)
    return tuple(ended)


def _abandoned(database: Database, now: datetime) -> list[Rollout]:
    """End rollouts of which one version is retired: the other one decides."""
    known = {(each.card.id, each.card.version): each.status for each in agents(database)}
    found = []
    for rollout in rollouts(database):
        if rollout.status is not RolloutStatus.RUNNING:
            continue
        gone = [
            version
            for version in (rollout.new, rollout.old)
            if known.get((rollout.agent_id, version)) is AgentStatus.RETIRED
        ]
        if gone:
            status = RolloutStatus.ROLLED_BACK if rollout.new in gone else RolloutStatus.TAKEN_OVER
            found.append(end_rollout(database, rollout, status, f"version {gone[0]} was retired", now))
    return [each for each in found if each is not None]


def _record(database: Database, rollout: Rollout, now: datetime) -> None:
    fault = AgentFault(
        fault_id=digest([rollout.rollout_id, "fault"])[:16],
        agent_id=rollout.agent_id,
        kind=FaultKind.WRONG,
        detected_at=now,
        evidence=f"version {rollout.new}: {rollout.reason}"[:500],
        ended_at=now,
    )
    note_fault(database, fault)
    reason = f"version {rollout.old} decides again"
    note_recovery(database, recovery_of(fault, RecoveryAction.ROLL_BACK, now, "", reason))
