"""Metrics for OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector: sent over HTTP by a long process.

The instruments read the database when they are collected: sums of all that was ever counted, gauges of the last hour.
Interval, headers and timeouts are those of OpenTelemetry's own variables (`OTEL_METRIC_EXPORT_INTERVAL`, ...).
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from algorithms.metrics.figures import FIGURES, reading
from state.errors import SetupError
from state.metrics import Count, Series
from state.production import ProductionReport
from tools.database.database import Database
from tools.metrics.exposition import COUNTERS
from tools.metrics.report import production_report
from tools.metrics.store import gather_ever

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
_MILLISECONDS = 5_000
_HOUR = timedelta(hours=1)
_FRESH = 1.0
"""Seconds for which what was read serves all instruments."""


def configured(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a collector is named and OpenTelemetry is not switched off."""
    found = os.environ if environment is None else environment
    named = any(found.get(variable) for variable in VARIABLES)
    return named and found.get("OTEL_SDK_DISABLED", "").lower() != "true"


@contextmanager
def telemetry(database: Database) -> Iterator[bool]:
    """Send the metrics of a database until the end of the block, and once more then; gives whether they are sent.

    Raises SetupError where a collector is named and the extra is not installed.
    """
    if not configured():
        yield False
        return
    provider = _provider(database)
    try:
        yield True
    finally:
        provider.shutdown(timeout_millis=_MILLISECONDS)


def _provider(database: Database) -> Any:  # noqa: ANN401  a type of the library that is imported here
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    except ModuleNotFoundError as error:
        hint = "pip install 'millwright[telemetry]', or unset the variable"
        raise SetupError("the extra 'telemetry' is not installed", where=VARIABLES[0], hint=hint) from error
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "millwright"})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    provider = MeterProvider(metric_readers=[reader], resource=resource)
    meter = provider.get_meter("millwright")
    snapshot = _Snapshot(database)
    for counted, shown in COUNTERS.items():
        name = shown.name.replace("_", ".", 1)
        meter.create_observable_counter(name, [_Counter(snapshot, counted, shown.label)], description=shown.help)
    for figure, (told, _) in FIGURES.items():
        name = f"millwright.last_hour.{figure}"
        meter.create_observable_gauge(name, [_Gauge(snapshot, figure)], description=told)
    return provider


class _Snapshot:
    """What the database tells, read once for all instruments of a collection."""

    def __init__(self, database: Database) -> None:
        self._database, self._until = database, 0.0
        self._series: Series = {}
        self._report: ProductionReport | None = None

    def read(self) -> tuple[Series, ProductionReport]:
        """Return all that was ever counted, and the report of the last hour."""
        if self._report is None or time.monotonic() > self._until:
            self._series = gather_ever(self._database)
            self._report = production_report(self._database, datetime.now(UTC), _HOUR)
            self._until = time.monotonic() + _FRESH
        return self._series, self._report


class _Counter:
    """Observes what was counted under one name, by label."""

    def __init__(self, snapshot: _Snapshot, counted: Count, label: str) -> None:
        self._snapshot, self._counted, self._label = snapshot, counted, label

    def __call__(self, _options: "CallbackOptions") -> Iterable["Observation"]:
        """Return one observation for each label."""
        from opentelemetry.metrics import Observation  # noqa: PLC0415

        series, _ = self._snapshot.read()
        return [
            Observation(found.total, {self._label: label} if self._label else {})
            for (name, label), found in sorted(series.items())
            if name == self._counted.value
        ]


class _Gauge:
    """Observes one figure of the last hour."""

    def __init__(self, snapshot: _Snapshot, figure: str) -> None:
        self._snapshot, self._figure = snapshot, figure

    def __call__(self, _options: "CallbackOptions") -> Iterable["Observation"]:
        """Return the figure, or nothing where nothing was measured."""
        from opentelemetry.metrics import Observation  # noqa: PLC0415

        value = reading(self._snapshot.read()[1], self._figure)
        return [] if value is None else [Observation(float(value))]
