"""Metrics sent to a collector of OpenTelemetry on loopback, and decoded there."""

import gzip
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from state.operation import OperationSettings
from tools.database.open import open_database
from tools.metrics.ingest import ingest
from tools.metrics.left import read_left
from tools.metrics.telemetry import configured, telemetry


class Collector(ThreadingHTTPServer):
    """Keeps the figures it is sent, by name and attributes."""

    def __init__(self) -> None:
        self.figures: dict[tuple[str, str], float] = {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                content = gzip.decompress(content) if self.headers.get("Content-Encoding") == "gzip" else content
                collector.take(ExportMetricsServiceRequest.FromString(content))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def take(self, request: Any) -> None:
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    data = metric.sum if metric.HasField("sum") else metric.gauge
                    for point in data.data_points:
                        label = ",".join(each.value.string_value for each in point.attributes)
                        self.figures[metric.name, label] = point.as_double or point.as_int


def test_a_collector_receives_what_was_counted(finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = read_left(Path(finished.out) / "_runs" / "r1", "r1", "published", now=0.0)
    now = datetime.now(UTC).timestamp()
    with Collector() as collector, open_database(tmp_path) as database:
        ingest(database, left, OperationSettings())
        ingest(database, replace(left, run_id="r2", ended=now, status="failed", fault="DiskFull"), OperationSettings())
        thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        try:
            with telemetry(database) as sent:
                assert sent
        finally:
            collector.shutdown()
            thread.join()
    assert collector.figures["millwright.runs", "published"] == 1
    assert collector.figures["millwright.errors", "DiskFull"] == 1
    assert collector.figures["millwright.critical_errors", "DiskFull"] == 1
    assert collector.figures["millwright.last_hour.health", ""] < 1


def test_without_a_collector_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", raising=False)
    with open_database(tmp_path) as database, telemetry(database) as sent:
        assert not sent
    assert not configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"})
