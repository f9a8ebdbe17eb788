"""What is measured of agents at a check: what this process knows of them, their processes, and their decisions."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from state.health import Probed, Vitals
from state.operation_agents import AgentKind, RegisteredAgent
from tools.agents.live import Live, live
from tools.agents.tables import OUTCOMES
from tools.database.database import Database

LATELY = 30
"""Decisions of an agent whose outcomes are looked at; what is usual comes from as many before them, and twice more."""

_BEFORE = 3 * LATELY


def gather(
    database: Database, agents: Iterable[RegisteredAgent], probed: Mapping[str, Probed], board: Live | None = None
) -> dict[str, Vitals]:
    """Return the vitals of agents, by id. Processes are measured first."""
    known = board or live()
    measure(known)
    told = set(known.known())
    found: dict[str, Vitals] = {}
    for agent in agents:
        name, kind = agent.card.id, agent.deployment.kind
        own = known.take(name) if name in told else Vitals(agent_id=name, kind=kind)
        update: dict[str, object] = {"kind": kind, "probed": probed.get(name)}
        if kind in (AgentKind.EXPERT, AgentKind.MODEL):
            update |= _quality(database, name, agent.card.version)
        found[name] = own.model_copy(update=update)
    return found


def measure(board: Live) -> None:
    """Measure memory and processor of the processes that are agents' own."""
    import psutil  # noqa: PLC0415  only where there is something to measure

    cores = psutil.cpu_count() or 1
    for name in board.known():
        processes = board.handlers(name).processes
        if processes is None:
            continue
        memory = processor = 0.0
        for number in processes():
            try:
                process = psutil.Process(number)
                every = [process, *process.children(recursive=True)]
                memory += sum(each.memory_info().rss for each in every)
                spent = sum(sum(each.cpu_times()[:2]) for each in every)
            except psutil.Error:
                continue  # it has ended since
            processor += board.spent(name, number, spent) / cores
        board.measured(name, memory, processor)


def _quality(database: Database, agent_id: str, version: str) -> dict[str, object]:
    """Return what was found about the latest decisions, and the share found wrong before."""
    asked = (
        select(OUTCOMES.c.right, OUTCOMES.c.document)
        .where(OUTCOMES.c.agent_id == agent_id, OUTCOMES.c.version == version)
        .order_by(OUTCOMES.c.at.desc(), OUTCOMES.c.run_id, OUTCOMES.c.decision_id)
        .limit(LATELY + _BEFORE)
    )
    rows = database.look(lambda connection: connection.execute(asked).all())
    late, before = rows[:LATELY], rows[LATELY:]
    right = sum(bool(row.right) for row in late)
    by_person = [bool(row.right) for row in late if '"found_by":"person"' in row.document]
    usual = sum(not row.right for row in before) / len(before) if before else None
    return {
        "right": right,
        "wrong": len(late) - right,
        "usual_wrong": usual,
        "overruled": by_person.count(False),
        "upheld": by_person.count(True),
    }
