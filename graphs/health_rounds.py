"""Duties of the rounds that concern agents: enrolment, checks of health, ends of rollouts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from graphs.health import graph
from nodes.enrolling import enrol
from state.health import HealthLimits, HealthOutput, HealthRequest
from state.run import RunContext
from tools.agents.concluding import conclude
from tools.agents.registry import Fleet
from tools.database.address import database_url
from tools.database.open import open_database
from tools.operation.rounds import Duty

Heard = Callable[[HealthOutput], None]
"""Hears what a check found."""


def _ignore(_found: HealthOutput) -> None:
    """Hear nothing."""


def operation_duties(
    context: RunContext, *, interval: float = 30.0, failures: int = 3, fleet: Fleet | None = None
) -> tuple[Duty, ...]:
    """Return the duties about agents; `interval` in seconds, `failures` in a row from which work counts as failing."""
    limits = HealthLimits(failures=failures)
    return (
        CheckHealth(context, interval=interval, limits=limits, fleet=fleet or Fleet()),
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
    name: str = "check_health"
    _enrolled: bool = field(default=False, init=False)

    def perform(self, now: datetime) -> None:
        """Check once."""
        if not self._enrolled:
            with open_database(Path(self.context.home), database_url()) as database:
                enrol(database, self.context, now, self.fleet)
            self._enrolled = True
        request = HealthRequest(limits=self.limits, interval=self.interval, now=now)
        self.heard(cast("HealthOutput", graph.invoke({"request": request}, context=self.context)))


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
