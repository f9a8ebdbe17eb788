"""Duties of the rounds that concern agents: enrolment, checks of health, ends of rollouts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from algorithms.operation.recovering import recovery_of
from graphs.health import graph
from nodes.enrolling import enrol
from nodes.services import DATABASE
from state.errors import SetupError
from state.health import HealthLimits, HealthOutput, HealthRequest
from state.operation_agents import MOST_REASON, AgentFault, FaultKind, RecoveryAction
from state.run import RunContext
from state.values import digest
from tools.agents.concluding import conclude
from tools.agents.faults import note_fault, note_recovery
from tools.agents.registry import Fleet
from tools.database.address import database_url
from tools.database.database import Database
from tools.database.open import open_database
from tools.operation.rounds import Duty

_PATIENCE = 5.0
"""Seconds for which a check waits for the database: the next one comes soon."""

Heard = Callable[[HealthOutput], None]
"""Hears what a check found."""


def _ignore(_found: HealthOutput) -> None:
    """Hear nothing."""


def operation_duties(
    context: RunContext,
    *,
    interval: float = 30.0,
    limits: HealthLimits | None = None,
    fleet: Fleet | None = None,
) -> tuple[Duty, ...]:
    """Return the duties about agents; `interval` in seconds."""
    return (
        CheckHealth(context, interval=interval, limits=limits or HealthLimits(), fleet=fleet or Fleet()),
        ConcludeRollouts(context, interval=interval),
    )


@dataclass(slots=True)
class CheckHealth:
    """Check every agent at an interval in seconds; the first time those that are built in are enrolled."""

    context: RunContext
    interval: float = 30.0
    limits: HealthLimits = field(default_factory=HealthLimits)
    fleet: Fleet = field(default_factory=Fleet)
    heard: Heard = _ignore
    enrols: bool = True
    name: str = "check_health"
    _enrolled: bool = field(default=False, init=False)
    _lost: AgentFault | None = field(default=None, init=False)  # of the database: kept here until it can be told there

    def perform(self, now: datetime) -> None:
        """Check once; SetupError where the database cannot be reached, which is on record once it can."""
        try:
            with open_database(Path(self.context.home), database_url(), patience=_PATIENCE) as database:
                if self.enrols and not self._enrolled:
                    enrol(database, self.context, now, self.fleet)
                self._found_again(database, now)
        except SetupError as error:
            self._lost = self._lost or _lost(error, now)
            raise
        self._enrolled = True
        request = HealthRequest(limits=self.limits, interval=self.interval, now=now)
        self.heard(cast("HealthOutput", graph.invoke({"request": request}, context=self.context)))

    def _found_again(self, database: Database, now: datetime) -> None:
        """Put on record that the database was gone and is back."""
        if self._lost is None:
            return
        note_fault(database, self._lost.model_copy(update={"ended_at": now}))
        reason = "runs went on with the agents they knew; what was not told is told now"
        note_recovery(database, recovery_of(self._lost, RecoveryAction.DEGRADE, self._lost.detected_at, "", reason))
        note_recovery(database, recovery_of(self._lost, RecoveryAction.BACK, now, "", "it answers again"))
        self._lost = None


def _lost(error: SetupError, now: datetime) -> AgentFault:
    return AgentFault(
        fault_id=digest([DATABASE, now.isoformat()])[:16],
        agent_id=DATABASE,
        kind=FaultKind.UNREACHABLE,
        detected_at=now,
        evidence=error.line()[:MOST_REASON],
    )


@dataclass(slots=True)
class ConcludeRollouts:
    """Compare versions on trial with those in service, and end the trials whose outcomes suffice."""

    context: RunContext
    interval: float = 30.0
    name: str = "conclude_rollouts"

    def perform(self, now: datetime) -> None:
        """Compare once."""
        with open_database(Path(self.context.home), database_url()) as database:
            conclude(database, now)
