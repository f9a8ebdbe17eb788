"""Whether a fault is visible: in the production report, which the dashboard shows as well, and as an open alert."""

from datetime import datetime

from state.alerts import AlertSettings
from state.values import Value
from tools.alerts.book import open_alerts
from tools.alerts.evaluate import evaluate
from tools.database.database import Database
from tools.metrics.report import production_report

RULE = "faults"


class Shown(Value):
    """Where a fault is seen."""

    report: bool  # the production report names the agent or the service
    alert: bool  # the rule on faults has an open alert

    @property
    def everywhere(self) -> bool:
        """Whether it is seen wherever it must be."""
        return self.report and self.alert


def shown(database: Database, agent_id: str, now: datetime) -> Shown:
    """Evaluate the rules, as an operation does after each check, and return where a fault of an agent is seen."""
    evaluate(database, AlertSettings(), (), now)
    told = {each.fault.agent_id for each in production_report(database, now).faults}
    return Shown(report=agent_id in told, alert=any(each.rule == RULE for each in open_alerts(database)))
