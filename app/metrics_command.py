"""`millwright metrics`: the metrics as Prometheus reads them, printed or served."""

import sys
from datetime import UTC, datetime

from app.logs import log_as
from app.operation_database import open_operation
from app.settings import load_settings


def show_metrics(*, port: int | None) -> int:
    """Print the exposition text, or serve it on a port of loopback until stopped."""
    from tools.metrics.exposition import PATH, exposition

    settings = load_settings()
    with open_operation(settings) as database:
        if port is None:
            sys.stdout.write(exposition(database, datetime.now(UTC)).decode())
            return 0
        log_as(settings.operation)
        from tools.metrics.serving import metrics_server
        from tools.metrics.telemetry import telemetry

        with metrics_server(database, port) as server, telemetry(database):
            sys.stderr.write(f"metrics at http://127.0.0.1:{server.server_port}{PATH}\n")
            sys.stderr.flush()
            server.serve_forever()
    return 0
