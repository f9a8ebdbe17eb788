"""What is done about an agent after a check: taken out, its work given to others, restarted, probed once, brought back.

An agent that is out is left alone, then given one probe; each that fails doubles the wait. One that nobody can replace
stays in service whatever is said of it, and that is said: the job goes on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from state.health import Ill, Probed
from state.operation_agents import (
    MOST_REASON,
    AgentFault,
    AgentKind,
    AgentStatus,
    FaultKind,
    Recovery,
    RecoveryAction,
    RegisteredAgent,
)
from state.values import digest

MOST_DOUBLINGS = 5
"""The wait for a probe is at most 2^5 intervals."""

ACTIONS: Mapping[FaultKind, tuple[RecoveryAction, ...]] = {
    FaultKind.SILENT: (RecoveryAction.TAKE_OUT, RecoveryAction.REDELEGATE, RecoveryAction.RESTART),
    FaultKind.SLOW: (RecoveryAction.TAKE_OUT, RecoveryAction.REDELEGATE),
    FaultKind.WRONG: (RecoveryAction.TAKE_OUT, RecoveryAction.ROLL_BACK),
    FaultKind.HUNGRY: (RecoveryAction.TAKE_OUT, RecoveryAction.REDELEGATE, RecoveryAction.RESTART),
    FaultKind.FLOODED: (RecoveryAction.TAKE_OUT, RecoveryAction.RESTART),
    FaultKind.UNREACHABLE: (RecoveryAction.TAKE_OUT, RecoveryAction.DEGRADE),
    FaultKind.FULL: (RecoveryAction.TAKE_OUT, RecoveryAction.DEGRADE),
}
"""What is done about a fault, in this order."""

_WORKERS = frozenset({AgentKind.STEP_WORKER, AgentKind.STEP_PROCESS, AgentKind.FILE_WORKER})


class Case(NamedTuple):
    """What a check found of one agent."""

    ill: Ill | None
    suspect: bool  # a monitor complains and is outvoted
    probed: Probed | None
    fault: AgentFault | None  # that is still there
    replaceable: bool  # others can do its work


class Response(NamedTuple):
    """What becomes of the agent."""

    agent: RegisteredAgent
    fault: AgentFault | None = None  # new, or with its end
    actions: tuple[RecoveryAction, ...] = ()
    reason: str = ""


def respond(agent: RegisteredAgent, case: Case, now: datetime, interval: float) -> Response:
    """Return what is done about an agent; `interval` is that of the checks, in seconds."""
    if agent.status is AgentStatus.OUT:
        return _after_probe(agent, case, now, interval)
    if agent.status is AgentStatus.DEPLOYING:
        return _deployed(agent, case, now)
    if not agent.takes_work:
        return Response(agent)
    if case.ill is not None:
        return _unfit(agent, case, case.ill, now, interval)
    return _watched(agent, case, now)


def recovery_of(fault: AgentFault, action: RecoveryAction, now: datetime, problem: str, reason: str = "") -> Recovery:
    """Return the record of an action; `problem` is why it failed, empty where it did not."""
    return Recovery(
        recovery_id=digest([fault.fault_id, action, now.isoformat()])[:16],
        fault_id=fault.fault_id,
        agent_id=fault.agent_id,
        action=action,
        at=now,
        succeeded=not problem,
        reason=(problem or reason)[:MOST_REASON],
    )


def _unfit(agent: RegisteredAgent, case: Case, ill: Ill, now: datetime, interval: float) -> Response:
    fault = case.fault or AgentFault(
        fault_id=digest([ill.agent_id, ill.kind, now.isoformat()])[:16],
        agent_id=ill.agent_id,
        kind=ill.kind,
        detected_at=now,
        evidence=ill.evidence,
    )
    if not case.replaceable:
        kept = _moved(agent, AgentStatus.SUSPECT, now, f"{ill.kind.value}: {ill.evidence}; nobody else does its work")
        return Response(kept, fault, () if case.fault else (RecoveryAction.DEGRADE,), "nobody else does its work")
    actions = tuple(
        each for each in ACTIONS[ill.kind] if each is not RecoveryAction.REDELEGATE or agent.deployment.kind in _WORKERS
    )
    out = _moved(agent, AgentStatus.OUT, now, f"{ill.kind.value}: {ill.evidence}")
    out = out.model_copy(update={"probes_failed": 0, "probe_at": now + timedelta(seconds=interval)})
    return Response(out, fault, actions, ill.evidence)


def _after_probe(agent: RegisteredAgent, case: Case, now: datetime, interval: float) -> Response:
    """Bring it back where the one probe that was due found nothing; else wait for twice as long."""
    if case.probed is None or (agent.probe_at is not None and now < agent.probe_at):
        return Response(agent)
    if case.probed.fault or case.ill is not None:
        failed = agent.probes_failed + 1
        wait = interval * 2 ** min(failed, MOST_DOUBLINGS)
        told = case.probed.fault or (case.ill.evidence if case.ill else "")
        later = agent.model_copy(update={"probes_failed": failed, "probe_at": now + timedelta(seconds=wait)})
        return Response(later, case.fault, (RecoveryAction.PROBE,), told)
    back = _moved(agent, AgentStatus.IN_SERVICE, now, "a probe found it healthy")
    back = back.model_copy(update={"probes_failed": 0, "probe_at": None})
    ended = case.fault.model_copy(update={"ended_at": now}) if case.fault else None
    return Response(back, ended, (RecoveryAction.BACK,), "a probe found it healthy")


def _deployed(agent: RegisteredAgent, case: Case, now: datetime) -> Response:
    """Put it in service once a probe found it healthy, never before."""
    if case.probed is None or case.probed.fault or case.ill is not None:
        return Response(agent)
    return Response(_moved(agent, AgentStatus.IN_SERVICE, now, "its probe found it healthy"))


def _watched(agent: RegisteredAgent, case: Case, now: datetime) -> Response:
    """Look closely at one of whom a single monitor complains; end the fault of one that nobody complains of."""
    if case.suspect:
        if agent.status is AgentStatus.SUSPECT:
            return Response(agent)
        return Response(_moved(agent, AgentStatus.SUSPECT, now, "one monitor complains, the others do not"))
    ended = case.fault.model_copy(update={"ended_at": now}) if case.fault else None
    actions = (RecoveryAction.BACK,) if ended else ()
    if agent.status is AgentStatus.SUSPECT:
        agent = _moved(agent, AgentStatus.IN_SERVICE, now, "no monitor complains any more")
    return Response(agent, ended, actions, "no monitor complains any more" if ended else "")


def _moved(agent: RegisteredAgent, status: AgentStatus, now: datetime, reason: str) -> RegisteredAgent:
    if agent.status is status:
        return agent
    return agent.model_copy(update={"status": status, "since": now, "reason": reason[:MOST_REASON]})
