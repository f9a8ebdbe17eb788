"""`millwright watch`: the duties of operation, performed until it is stopped."""

import sys
import threading
from datetime import UTC, datetime

from app.logs import log_as
from app.operation_database import open_operation
from app.progress import printable
from app.settings import load_settings


def watch(*, once: bool) -> int:
    """Check agents, end trials, evaluate alerts, and prune, each at its interval; with `once` each once."""
    from graphs.health_rounds import operation_duties
    from tools.agents.registry import Fleet
    from tools.alerts.duties import duties
    from tools.metrics.telemetry import telemetry
    from tools.operation.rounds import Rounds

    settings = load_settings()
    operation = settings.operation
    log_as(operation)
    with open_operation(settings) as database:
        own = operation_duties(
            settings.context(),
            interval=operation.health_interval,
            failures=operation.failure_threshold,
            fleet=Fleet(max_agents=operation.max_agents),
        )
        rounds = Rounds((*own, *duties(database, operation)), told=_tell)
        if once:
            done = rounds.perform_due(datetime.now(UTC))
            sys.stdout.write(f"performed {', '.join(done)}\n")
            return 0
        with telemetry(database), rounds:
            sys.stderr.write(f"watching; checks of agents every {operation.health_interval:g} s, Ctrl-C ends it\n")
            threading.Event().wait()
    return 0


def _tell(name: str, fault: str) -> None:
    sys.stderr.write(f"{printable(f'{name} failed: {fault}')}\n")
