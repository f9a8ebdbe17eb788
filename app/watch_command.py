"""`millwright watch`: the duties of operation, performed until it is stopped."""

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from app.logs import log_as
from app.progress import printable
from app.settings import load_settings

_FAILED = 1


def watch(*, once: bool) -> int:
    """Check agents, end trials, evaluate alerts, and prune, each at its interval; with `once` each once.

    Return the exit code: 1 where a duty failed.
    """
    from app.duties import duties_of
    from tools.database.shared import database_of
    from tools.metrics.telemetry import telemetry
    from tools.operation.rounds import Rounds

    settings = load_settings()
    home = Path(settings.home).absolute()
    log_as(settings.operation)
    failed: set[str] = set()

    def tell(name: str, fault: str) -> None:
        failed.add(name)
        sys.stderr.write(f"{printable(f'{name} failed: {fault}')}\n")

    rounds = Rounds(duties_of(settings, home), told=tell)
    if once:
        done = [name for name in rounds.perform_due(datetime.now(UTC)) if name not in failed]
        sys.stdout.write(f"performed {', '.join(done)}\n")
        return _FAILED if failed else 0
    with telemetry(database_of(home)), rounds:
        interval = settings.operation.health_interval
        sys.stderr.write(f"watching; checks of agents every {interval:g} s, Ctrl-C ends it\n")
        threading.Event().wait()
    return 0
