"""The check of health, node by node: what is measured, the vote of the monitors, the verdict, and what is done.

With vitals in its request it judges those and acts on nobody; else it checks the agents of the registry.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.operation.recovering import Case, Response, recovery_of, respond
from algorithms.operation.verdicts import illness, verdicts
from nodes.context import check_operator, context_of, validated
from nodes.probing import is_probed, probe_all
from state.agents import AgentCard, Role
from state.health import HealthInput, HealthRequest, HealthState, Ill, Vitals, VoteInput, VoteUpdate
from state.operation_agents import (
    AgentFault,
    AgentKind,
    AgentStatus,
    Deployment,
    HealthVerdict,
    Recovery,
    RecoveryAction,
    RegisteredAgent,
    RolloutStatus,
)
from state.run import RunContext
from tools.agents.acting import act
from tools.agents.faults import faults, note_fault, note_recovery, note_verdicts
from tools.agents.live import live
from tools.agents.registry import agents, settle
from tools.agents.rollouts import rollouts
from tools.agents.vitals import gather
from tools.database.address import database_url
from tools.database.database import Database
from tools.database.open import open_database

_CHECKED = frozenset({AgentStatus.DEPLOYING, AgentStatus.IN_SERVICE, AgentStatus.SUSPECT, AgentStatus.OUT})


class CollectUpdate(TypedDict):
    """Keys the collection writes."""

    request: HealthRequest
    vitals: dict[str, Vitals]
    at: str


class VerdictUpdate(TypedDict):
    """Keys the verdict writes."""

    ill: tuple[Ill, ...]
    suspects: tuple[str, ...]


class RecoverUpdate(TypedDict):
    """Keys the recovery writes."""

    faults: tuple[AgentFault, ...]
    recoveries: tuple[Recovery, ...]
    changed: tuple[RegisteredAgent, ...]


def collect(state: HealthInput, runtime: Runtime[RunContext]) -> CollectUpdate:
    """Measure the agents: those of the registry are probed all at once; given vitals are taken as they are."""
    request, context = validated(HealthRequest, state.get("request") or {}, "request"), context_of(runtime)
    now = request.now or datetime.now(UTC)
    if request.vitals:
        return {"request": request, "vitals": {each.agent_id: each for each in request.vitals}, "at": now.isoformat()}
    check_operator(runtime, "checking the agents of the registry")
    with open_database(Path(context.home), database_url()) as database:
        # Of two versions in service the one on trial is judged by its rollout.
        trials = {(each.agent_id, each.new) for each in rollouts(database) if each.status is RolloutStatus.RUNNING}
        known = tuple(
            each
            for each in agents(database)
            if each.status in _CHECKED and _is_due(each, now) and (each.card.id, each.card.version) not in trials
        )
        probed = probe_all([each.deployment for each in known if is_probed(each)], context, request.limits.answer)
        vitals = gather(database, known, probed)
    filled = request.model_copy(update={"agents": known})
    return {"request": filled, "vitals": vitals, "at": now.isoformat()}


def branches(state: HealthState) -> list[VoteInput]:
    """Return what each branch of the vote reads."""
    limits = state["request"].limits
    return [{"vitals_of": each, "limits": limits, "at": state["at"]} for each in state["vitals"].values()]


def vote(state: VoteInput) -> VoteUpdate:
    """Let the monitors vote on one agent, aspect by aspect."""
    found = verdicts(state["vitals_of"], state["limits"], datetime.fromisoformat(state["at"]))
    return {"verdicts": {f"{each.agent_id}:{each.aspect.value}": each for each in found}}


def judge(state: HealthState) -> VerdictUpdate:
    """Name the agents that are unfit, and those of whom a monitor complains that was outvoted."""
    ill: list[Ill] = []
    suspects: list[str] = []
    for agent_id, vitals in state["vitals"].items():
        own = _of(agent_id, state.get("verdicts", {}).values())
        found = illness(own, vitals.kind)
        if found is not None:
            ill.append(found)
        elif any(verdict.complains for verdict in own):
            suspects.append(agent_id)
    return {"ill": tuple(ill), "suspects": tuple(suspects)}


def recover(state: HealthState, runtime: Runtime[RunContext]) -> RecoverUpdate:
    """Take out, restart, give work to others, bring back; put everything on record."""
    request, context = state["request"], context_of(runtime)
    now = datetime.fromisoformat(state["at"])
    if request.vitals:
        return _told(request, state, now)
    with open_database(Path(context.home), database_url()) as database:
        note_verdicts(database, state.get("verdicts", {}).values())
        lasting = {each.agent_id: each for each in faults(database, lasting=True)}
        done: list[Recovery] = []
        seen = _unwatched(database, lasting, now)
        changed: list[RegisteredAgent] = []
        for agent in request.agents:
            case = _case(agent, request.agents, state, lasting)
            response = respond(agent, case, now, request.interval)
            if not settle(database, agent, response.agent, now, by="health"):
                continue  # somebody else changed it meanwhile: the next check sees what it is now
            own = _of(agent.card.id, state.get("verdicts", {}).values())
            live().learn(agent.card.id, {each.aspect for each in own if each.complains})
            changed += [response.agent] if response.agent.status is not agent.status else []
            if response.fault is not None:
                note_fault(database, response.fault)
                seen.append(response.fault)
                for recovery in _acted(response, response.fault, now):
                    note_recovery(database, recovery)
                    done.append(recovery)
    return {"faults": tuple(seen), "recoveries": tuple(done), "changed": tuple(changed)}


def _unwatched(database: Database, lasting: Mapping[str, AgentFault], now: datetime) -> list[AgentFault]:
    """End the faults of agents that are drained or retired: nobody looks at those any more."""
    watched = {each.card.id for each in agents(database) if each.status in _CHECKED}
    ended = [each.model_copy(update={"ended_at": now}) for name, each in lasting.items() if name not in watched]
    for fault in ended:
        note_fault(database, fault)
    return ended


def _told(request: HealthRequest, state: HealthState, now: datetime) -> RecoverUpdate:
    """Return what would be done about the agents of a request; nothing is."""
    known = request.agents or tuple(_in_service(each, now) for each in state["vitals"].values())
    answers = [respond(each, _case(each, known, state, {}), now, request.interval) for each in known]
    seen = tuple(each.fault for each in answers if each.fault is not None)
    done = tuple(
        recovery_of(each.fault, action, now, "", "would be done: agents of a request are acted on by nobody")
        for each in answers
        if each.fault is not None
        for action in each.actions
    )
    moved = zip(known, answers, strict=True)
    return {
        "faults": seen,
        "recoveries": done,
        "changed": tuple(after.agent for before, after in moved if before.status is not after.agent.status),
    }


def _acted(response: Response, fault: AgentFault, now: datetime) -> list[Recovery]:
    """Do what was decided, each action whatever became of the one before, and return the records."""
    found = []
    for action in response.actions:
        problem = response.reason if action is RecoveryAction.PROBE else act(action, fault.agent_id)
        found.append(recovery_of(fault, action, now, problem, response.reason))
    return found


def _case(
    agent: RegisteredAgent, known: Iterable[RegisteredAgent], state: HealthState, lasting: dict[str, AgentFault]
) -> Case:
    name = agent.card.id
    others = [
        each
        for each in known
        if each.takes_work and each.card != agent.card and set(agent.card.skills) & set(each.card.skills)
    ]
    # Without a model or a service the job goes on in another way; an expert is needed, by whatever version.
    optional = agent.deployment.kind in (AgentKind.MODEL, AgentKind.SERVICE)
    vitals = state["vitals"].get(name)
    return Case(
        ill=next((each for each in state["ill"] if each.agent_id == name), None),
        suspect=name in state["suspects"],
        probed=vitals.probed if vitals else None,
        fault=lasting.get(name),
        replaceable=optional or bool(others),
    )


def _is_due(agent: RegisteredAgent, now: datetime) -> bool:
    return agent.probe_at is None or agent.probe_at <= now


def _of(agent_id: str, found: Iterable[HealthVerdict]) -> tuple[HealthVerdict, ...]:
    return tuple(each for each in found if each.agent_id == agent_id)


def _in_service(vitals: Vitals, now: datetime) -> RegisteredAgent:
    card = AgentCard(id=vitals.agent_id, version="1", role=Role.WORKER, skills=("work",))
    deployment = Deployment(card=card, kind=vitals.kind)
    return RegisteredAgent(deployment=deployment, status=AgentStatus.IN_SERVICE, since=now)
