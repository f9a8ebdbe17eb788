"""What is done again and again about alerts: evaluating the rules, and escalating and sending what is due."""

from dataclasses import dataclass
from datetime import datetime

from state.operation import OperationSettings
from tools.alerts.channels import Channels
from tools.alerts.evaluate import escalate, evaluate
from tools.alerts.outbox import deliver
from tools.alerts.rules import check_rules
from tools.database.database import Database
from tools.metrics.duties import Prune
from tools.operation.rounds import Duty
from tools.settings.secrets import load_secrets


@dataclass(frozen=True)
class EvaluateAlerts:
    """Reads the figures and moves the alerts."""

    database: Database
    settings: OperationSettings
    channels: Channels
    name: str = "evaluate_alerts"

    @property
    def interval(self) -> float:
        """Seconds between two evaluations."""
        return self.settings.alerts.interval

    def perform(self, now: datetime) -> None:
        """Do it as of `now` (aware)."""
        evaluate(self.database, self.settings.alerts, self.channels.names, now)


@dataclass(frozen=True)
class Escalate:
    """Lets time move the alerts, and tells channels what is due."""

    database: Database
    settings: OperationSettings
    channels: Channels
    name: str = "escalate"

    @property
    def interval(self) -> float:
        """Seconds between two looks: what fires is told soon, and retried when it is due."""
        return min(5.0, self.settings.alerts.interval)

    def perform(self, now: datetime) -> None:
        """Do it as of `now` (aware)."""
        escalate(self.database, self.settings.alerts, self.channels.names, now)
        deliver(self.database, self.channels, self.settings.alerts, now)


def duties(database: Database, settings: OperationSettings) -> tuple[Duty, ...]:
    """Return the duties of metrics and alerts that the settings switch on.

    Raises SetupError where a rule watches an unknown figure, or a policy tells an unknown channel.
    """
    prune = (Prune(database, settings),) if settings.metrics else ()
    if not settings.alerts.enabled:
        return prune
    channels = Channels(load_secrets().channels)
    check_rules(settings.alerts, channels.names)
    return (*prune, EvaluateAlerts(database, settings, channels), Escalate(database, settings, channels))
