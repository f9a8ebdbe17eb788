"""The crew that performs steps: workers of the run's engine, and processes with an engine of their own.

Each place for a step has two agents: a worker, which performs any step with the run's instance of the engine, and a
process, which makes derived tables on copies of what they read. What the copies cost is in the cost model of its card.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from state.agents import Agent, AgentCard, Role
from state.auctions import Bidder, CostModel, Engine, Reputation
from state.operation_agents import AgentKind
from state.plans import StepKind
from tools.agents.live import Handlers, Mailbox, live
from tools.agents.processes import children
from tools.agents.roster import current
from tools.hub.bounded import BoundedHub

_VERSION = "1"
_SKILLS = tuple(kind.value for kind in StepKind)
_NAMES: Mapping[str, str] = {Engine.IN_PROCESS: "worker", Engine.OWN_PROCESS: "process"}
_COPIES = CostModel(start=0.06, per_million_rows=0.25)
"""Measured on two cores: an empty database made, let go and taken back; a million rows of three columns copied."""


def crew(places: int, reputations: Mapping[str, Reputation]) -> tuple[Bidder, ...]:
    """Return the agents of so many places, with what they are known for."""
    found = []
    for number in range(1, places + 1):
        worker = _card(number, Engine.IN_PROCESS, _SKILLS)
        process = _card(number, Engine.OWN_PROCESS, (StepKind.DERIVE.value,))
        found.append(Bidder(card=worker, reputation=reputations.get(worker.id, Reputation())))
        found.append(Bidder(card=process, cost_model=_COPIES, reputation=reputations.get(process.id, Reputation())))
    return tuple(found)


def admitted(bidders: tuple[Bidder, ...]) -> tuple[Bidder, ...]:
    """Return those of a crew whom the registry lets work."""
    roster = current()
    return tuple(each for each in bidders if roster.admits(each.card.id))


def kind_of(card: AgentCard) -> AgentKind:
    """Return which kind of agent a member of the crew is."""
    return AgentKind.STEP_PROCESS if card.engine == Engine.OWN_PROCESS else AgentKind.STEP_WORKER


def watched(worker: Agent, hub: BoundedHub) -> AbstractContextManager[None]:
    """Let the check of health see an agent of the crew at its mailbox while it works."""
    name = worker.card.id

    def mailbox() -> Mailbox:
        return Mailbox(backlog=hub.unsettled(name) + hub.beyond(name), oldest=0.0, sent=hub.sent(name))

    def probe() -> str:
        return "" if worker.probe() else "it says that it is not able to work"

    kind = kind_of(worker.card)
    # What works in the run's own process cannot be told from it; processes of their own are its children.
    processes = children if kind is AgentKind.STEP_PROCESS else None
    return live().working(name, kind, Handlers(mailbox=mailbox, probe=probe, processes=processes))


def agent_at(place: int, engine: str) -> str:
    """Return the id of the agent that works at a place with an engine."""
    return f"{_NAMES[engine]}-{place}"


def place_of(agent_id: str) -> int:
    """Return which place an agent of the crew works at, from 1."""
    return int(agent_id.rpartition("-")[2])


def _card(place: int, engine: Engine, skills: tuple[str, ...]) -> AgentCard:
    return AgentCard(id=agent_at(place, engine), version=_VERSION, role=Role.WORKER, skills=skills, engine=engine.value)
