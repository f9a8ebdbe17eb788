"""`millwright status`: the production report."""

import sys
from datetime import UTC, datetime

from app.durations import duration
from app.operation_database import open_operation
from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from app.status_text import report_lines

_NOT_HEALTHY = 1


def show_status(*, since: str, as_json: bool) -> int:
    """Print the report; return 0 when the operation is healthy or degraded, else 1."""
    from state.production import HealthStatus
    from tools.metrics.report import production_report

    window = duration(since, "--since")
    with open_operation(load_settings()) as database:
        report = production_report(database, datetime.now(UTC), window)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        sys.stdout.write("".join(f"{printable(line)}\n" for line in report_lines(report)))
    return _NOT_HEALTHY if report.health.status is HealthStatus.CRITICAL else 0
