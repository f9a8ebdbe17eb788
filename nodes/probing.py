"""Probes: each agent is asked something that it must be able to do, all at once and each behind a bulkhead.

An expert answers a question whose answer is known, a worker lets its engine compute, a process is started and
computes, a model answers one small question. What costs tokens or starts a process is asked only of agents in doubt,
and before they come into service.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from nodes.boundary import failure_line
from nodes.council_members import MEMBERS
from nodes.experts import expert_of
from nodes.fleet import POINTS
from nodes.services import ask_service
from state.health import Probed
from state.operation_agents import AgentKind, AgentStatus, Deployment, RegisteredAgent
from state.roster import Standing
from state.run import RunContext
from state.values import Value
from tools.agents.live import live
from tools.sql.sandbox import SandboxLimits, Statement, run_statements

CHEAP = frozenset({AgentKind.EXPERT, AgentKind.STEP_WORKER, AgentKind.MEMBER, AgentKind.FILE_WORKER, AgentKind.SERVICE})
"""Kinds that are probed at every check."""

WRONG = "it answers the control question wrongly"


class Word(Value):
    """What a model answers to a probe."""

    word: str


def probe_all(asked: Sequence[Deployment], context: RunContext, seconds: float) -> dict[str, Probed]:
    """Return what came of probing agents, by id, all at once; who has not answered in time is given up."""
    return ask_all({each.card.id: partial(ask, each, context) for each in asked}, seconds)


def ask_all(works: Mapping[str, Callable[[], str]], seconds: float) -> dict[str, Probed]:
    """Return how each piece of work ended; a hanging one is left to itself, and keeps no other from answering."""
    began, guard = time.monotonic(), threading.Lock()
    found: dict[str, Probed] = {}

    def run(name: str, work: Callable[[], str]) -> None:
        try:
            fault = work()
        except Exception as error:  # noqa: BLE001  the worker boundary: whatever an agent raises is its failure
            fault = failure_line(error)[:300]
        with guard:
            found[name] = Probed(seconds=time.monotonic() - began, fault=fault, wrong=fault == WRONG)

    threads = [
        threading.Thread(target=copy_context().run, args=(run, *each), name="probe", daemon=True)
        for each in works.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, began + seconds - time.monotonic()))
    with guard:
        late = Probed(seconds=seconds, fault=f"no answer within {seconds:g} s")
        return {name: found.get(name, late) for name in works}


def is_probed(agent: RegisteredAgent) -> bool:
    """Return whether an agent is probed at a check: the cheap ones always, others in doubt and before service."""
    return agent.deployment.kind in CHEAP or agent.status is not AgentStatus.IN_SERVICE


def ask(deployment: Deployment, context: RunContext) -> str:
    """Return what is wrong with an agent, or nothing."""
    own = live().handlers(deployment.card.id).probe
    if own is not None:
        return own()
    return _ASKED[deployment.kind](deployment, context)


def _expert(deployment: Deployment, _context: RunContext) -> str:
    card = deployment.card
    point = POINTS.get(card.id.removeprefix("expert:"))
    if point is None:
        return f"this program has no decision for {card.id}"
    expert, fault = expert_of(point, Standing(version=card.version, entry=deployment.entry))
    if fault or point.control is None:
        return fault
    control = point.control()
    answer: Any = expert(control.evidence)
    return point.check(control.evidence, answer) or ("" if control.is_right(answer) else WRONG)


def _worker(_deployment: Deployment, _context: RunContext) -> str:
    with duckdb.connect() as connection:
        found = connection.execute("select sum(n) from range(1000) numbers(n)").fetchone()
    return "" if found == (499_500,) else WRONG


def _process(_deployment: Deployment, _context: RunContext) -> str:
    with tempfile.TemporaryDirectory(prefix="probe-") as folder:
        limits = SandboxLimits(seconds=30.0, memory="256MB", threads=1)
        rows = run_statements(Path(folder), [Statement(sql="select 42 as answer", fetch=True)], limits=limits)
    return "" if [tuple(row) for row in rows[0]] == [(42,)] else WRONG


def _member(deployment: Deployment, _context: RunContext) -> str:
    member = MEMBERS.get(deployment.card.id)
    if member is None:
        return "this program has no such member"
    return "" if member.probe() else "it says that it is not able to work"


def _model(deployment: Deployment, context: RunContext) -> str:
    from langchain_core.messages import HumanMessage  # noqa: PLC0415  only where a model is asked

    from tools.models.client import client_of  # noqa: PLC0415

    if not context.model.configured:
        return "no model is configured"
    settings = context.model.model_copy(update={"name": deployment.card.version, "retries": 0, "fallback": ()})
    client_of(settings).answer_now([HumanMessage("Answer with the word: ready")], Word)
    return ""


def _service(deployment: Deployment, context: RunContext) -> str:
    return ask_service(deployment.card.id, context)


_ASKED: Mapping[AgentKind, Callable[[Deployment, RunContext], str]] = {
    AgentKind.EXPERT: _expert,
    AgentKind.STEP_WORKER: _worker,
    AgentKind.STEP_PROCESS: _process,
    AgentKind.FILE_WORKER: _worker,
    AgentKind.MEMBER: _member,
    AgentKind.MODEL: _model,
    AgentKind.SERVICE: _service,
}
