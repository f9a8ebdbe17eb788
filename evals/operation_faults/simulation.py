"""One simulated fault from its beginning to its end, and a quiet hour: when it is seen and over, and false alarms."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from evals.operation_faults.crowd import BEGIN, INTERVAL, Ails, Crowd, Simulated, crowd
from evals.operation_faults.visibility import Shown, shown
from state.operation_agents import AgentKind, RecoveryAction
from state.values import Value
from tools.agents.faults import faults, recoveries
from tools.agents.registry import agents

QUIET_CHECKS = 120
"""An hour of checks every thirty seconds."""

_LEARNING = 8  # checks before a fault
_LASTS = 4  # intervals
_MOST = 20  # checks that are waited for the agent to be back
_AFTERWARDS = timedelta(minutes=5)


class Seen(Value):
    """What became of one fault; times in intervals between checks."""

    fault: str
    seed: int
    detected: float | None  # from its beginning to the check that took the agent out
    recovered: float | None  # from its end to the check that brought it back
    kind: str  # as it was called
    actions: tuple[str, ...]
    on_record: bool  # fault, end and recoveries are in the database
    shown: Shown | None  # by the check that took it out; None: none did
    alert_ended: bool  # the alert is over once the agent is back
    others: int  # other agents that were taken out


class Quiet(Value):
    """What was alarmed in an hour without a fault."""

    seed: int
    checks: int  # of single agents
    taken_out: int
    suspected: int  # a monitor complained and was outvoted


def play(ails: Ails, folder: Path, seed: int, begin: datetime = BEGIN) -> Seen:
    """Put a fault into one agent at a random moment between two checks, end it later, and see it back."""
    folder.mkdir(parents=True, exist_ok=True)
    with crowd(folder, seed, begin) as made:
        for _ in range(_LEARNING):
            made.live_through(1, lambda: _out(made))
            made.check()
        victim, phase = _victim(made, ails), round(random.Random(seed).random() * 6) / 6  # noqa: S311  a simulation
        made.live_through(phase)
        victim.ails, began = ails, made.now
        detected = recovered = visible = None
        made.live_through(1 - phase, lambda: _out(made))
        for check in range(_LASTS):
            made.check()
            if detected is None and victim.name in _out(made):
                detected = (made.now - began) / INTERVAL
                visible = shown(made.database, victim.name, made.moment)
            if check < _LASTS - 1:
                made.live_through(1, lambda: _out(made))
        victim.ails, ended = None, made.now
        for _ in range(_MOST):
            made.live_through(1, lambda: _out(made))
            made.check()
            if victim.name not in _out(made):
                recovered = (made.now - ended) / INTERVAL
                break
        return _seen(made, ails, seed, victim, (detected, recovered), visible)


def quiet(folder: Path, seed: int, checks: int = QUIET_CHECKS) -> Quiet:
    """Let the crowd work without a fault, and count what is alarmed."""
    folder.mkdir(parents=True, exist_ok=True)
    with crowd(folder, seed) as made:
        suspected = 0
        for _ in range(checks):
            made.live_through(1, lambda: _out(made))
            suspected += len(made.check()["suspects"])
        return Quiet(
            seed=seed, checks=checks * len(made.agents), taken_out=len(faults(made.database)), suspected=suspected
        )


def _victim(made: Crowd, ails: Ails) -> Simulated:
    kind = AgentKind.EXPERT if ails is Ails.WRONG else AgentKind.STEP_WORKER
    return next(each for each in made.agents if each.deployment.kind is kind)


def _out(made: Crowd) -> Sequence[str]:
    return [each.card.id for each in agents(made.database) if not each.takes_work]


def _seen(
    made: Crowd,
    ails: Ails,
    seed: int,
    victim: Simulated,
    times: tuple[float | None, float | None],
    visible: Shown | None,
) -> Seen:
    own = [each for each in faults(made.database) if each.agent_id == victim.name]
    done = [each for each in reversed(recoveries(made.database)) if each.agent_id == victim.name]
    actions = tuple(each.action.value for each in done)
    complete = bool(own) and own[-1].ended_at is not None and RecoveryAction.BACK.value in actions
    return Seen(
        fault=ails.value,
        seed=seed,
        detected=times[0],
        recovered=times[1],
        kind=own[-1].kind.value if own else "",
        actions=actions,
        on_record=complete,
        shown=visible,
        alert_ended=not shown(made.database, victim.name, made.moment + _AFTERWARDS).alert,
        others=len({each.agent_id for each in faults(made.database)} - {victim.name}),
    )
