"""`millwright agents` and `millwright rollouts`: who works here and how they are, and versions on trial."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from app.operation_database import open_operation
from app.progress import printable
from app.render import print_json
from app.settings import Settings, load_settings
from state.errors import SetupError
from state.operation_agents import (
    AgentKind,
    AgentStatus,
    Deployment,
    Finding,
    HealthVerdict,
    RegisteredAgent,
    Rollout,
)
from state.values import Value

if TYPE_CHECKING:
    from tools.database.database import Database


class AgentOptions(Value):
    """The options of `millwright agents`."""

    deploy: str = ""
    drain: str = ""
    retire: str = ""
    history: str = ""
    by: str = ""
    reason: str = ""
    as_json: bool = False


def agents(options: AgentOptions) -> int:
    """Do what the options say; return 0, or 1 where an agent was deployed and its probe finds it unhealthy."""
    settings = load_settings()
    with open_operation(settings) as database:
        _enrol(database, settings)
        if options.deploy:
            return _deploy(database, settings, options)
        if options.drain or options.retire:
            return _take_out(database, options)
        if options.history:
            return _history(database, options)
        return _list(database, options)


def rollouts(*, as_json: bool) -> int:
    """Print the versions that are or were on trial."""
    from tools.agents.rollouts import rollouts as known

    with open_operation(load_settings()) as database:
        found = known(database)
    if as_json:
        print_json({"rollouts": [each.model_dump(mode="json") for each in found]})
    else:
        _say([_rollout_line(each) for each in found] or ["no version is or was on trial"])
    return 0


def _enrol(database: "Database", settings: Settings) -> None:
    from nodes.enrolling import enrol
    from tools.agents.registry import Fleet

    enrol(database, settings.context(), datetime.now(UTC), Fleet(max_agents=settings.operation.max_agents))


def _deploy(database: "Database", settings: Settings, options: AgentOptions) -> int:
    from nodes.fleet import skills
    from nodes.probing import probe_all
    from tools.agents.registry import Fleet, deploy

    deployment, context = _read(Path(options.deploy)), settings.context()
    fleet = Fleet(max_agents=settings.operation.max_agents, skills=skills(context))

    def probe(asked: Deployment) -> str:
        return probe_all([asked], context, 30.0)[asked.card.id].fault

    agent = deploy(database, deployment, datetime.now(UTC), probe=probe, fleet=fleet, by=options.by or "operator")
    if options.as_json:
        print_json(agent.model_dump(mode="json"))
    else:
        _say([f"{agent.card.id} {agent.card.version}: {agent.status.value}: {agent.reason}"])
    return 0 if agent.status is AgentStatus.IN_SERVICE else 1


def _take_out(database: "Database", options: AgentOptions) -> int:
    from tools.agents.registry import drain, retire

    act = drain if options.drain else retire
    agent_id = options.drain or options.retire
    agent = act(database, agent_id, datetime.now(UTC), by=options.by or "operator", reason=options.reason)
    if options.as_json:
        print_json(agent.model_dump(mode="json"))
    else:
        _say([f"{agent.card.id} {agent.card.version}: {agent.status.value}"])
    return 0


def _history(database: "Database", options: AgentOptions) -> int:
    from tools.agents.registry import history

    found = history(database, options.history)
    if not found:
        raise SetupError(f"there is no agent {options.history!r}", hint="see `millwright agents`")
    if options.as_json:
        print_json({"history": [each.model_dump(mode="json") for each in found]})
    else:
        _say(
            f"{each.at:%Y-%m-%d %H:%M:%S}  {each.version:10} {each.status.value:11} {each.reason} ({each.by})"
            for each in found
        )
    return 0


def _list(database: "Database", options: AgentOptions) -> int:
    from tools.agents.faults import faults, verdicts
    from tools.agents.registry import agents as known

    found, judged, lasting = known(database), verdicts(database), faults(database, lasting=True)
    if options.as_json:
        print_json(
            {
                "agents": [each.model_dump(mode="json") for each in found],
                "verdicts": [each.model_dump(mode="json") for each in judged],
                "faults": [each.model_dump(mode="json") for each in lasting],
            }
        )
        return 0
    alive = [each for each in found if each.status is not AgentStatus.RETIRED]
    _say(_agent_line(each, judged) for each in alive)
    out = sum(not each.takes_work for each in alive)
    _say([f"{len(alive)} agents, {len(alive) - out} of them take work"])
    return 0


def _agent_line(agent: RegisteredAgent, judged: Iterable[HealthVerdict]) -> str:
    own = [each for each in judged if each.agent_id == agent.card.id]
    unfit = [f"{each.aspect.value} {each.finding.value}" for each in own if each.finding is Finding.UNFIT]
    doubted = [f"a monitor doubts its {each.aspect.value}" for each in own if each.complains]
    health = ", ".join(unfit or doubted) or ("no complaint" if own else "not checked yet")
    reason = "" if agent.takes_work else f"  ({agent.reason})"
    card = agent.card
    return f"{card.id:28} {card.version:8} {agent.deployment.kind.value:13} {agent.status.value:11} {health}{reason}"


def _rollout_line(each: Rollout) -> str:
    new, old = each.new_tally, each.old_tally
    counts = f"{new.right} of {new.seen} of version {each.new} right, {old.right} of {old.seen} of {each.old}"
    told = f"share {each.share:g}  {each.status.value}: {each.reason or counts}"
    return f"{each.agent_id:28} {each.old} -> {each.new}  {told}"


def _read(path: Path) -> Deployment:
    """Return what a file deploys: a card alone, or with `kind`, `entry` and `share`; SetupError where that fails."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(told, dict) and "card" not in told:
            told = {"card": told, "kind": _kind_of(str(told.get("id", "")))}
        elif isinstance(told, dict) and "kind" not in told and isinstance(told["card"], dict):
            told["kind"] = _kind_of(str(told["card"].get("id", "")))
        return Deployment.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{path}: {'.'.join(map(str, first['loc']))}"
        raise SetupError(first["msg"], where=where, hint="see docs/operation.md") from error
    except (OSError, ValueError) as error:
        raise SetupError(f"the card cannot be read: {error}", where=str(path), hint="give a JSON file") from error


def _kind_of(agent_id: str) -> AgentKind:
    """Return the kind of agent that an id says: as those that are built in are named."""
    if agent_id.startswith("expert:"):
        return AgentKind.EXPERT
    kinds = {"model": AgentKind.MODEL, "process": AgentKind.STEP_PROCESS, "worker": AgentKind.STEP_WORKER}
    return kinds.get(agent_id.rpartition("-")[0] or agent_id, AgentKind.MEMBER)


def _say(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
