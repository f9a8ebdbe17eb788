"""OpenTelemetry: the same spans sent to any collector over OTLP/HTTP, with attributes of `gen_ai` where they fit.

Where the collector is, and what is sent beside, say the standard's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
`..._HEADERS`, `OTEL_SERVICE_NAME`), which its library reads.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from state.tracing import TraceSettings, TraceValues
from tools.tracing.presenting import FACTS, present, readable

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_QUEUE = 50_000  # spans; more are dropped, which the library says
_BATCH = 512
_LONGEST = 4_000
_OPERATIONS = {"llm": "chat", "tool": "execute_tool", "chain": "invoke_agent"}


class _NotingExporter(OTLPSpanExporter):
    """Sends spans, and notes when the collector did not take them."""

    problem = ""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.problem = "the collector did not take the spans"
        return result


class CollectorTracer(BaseTracer):
    """Makes a span of every run of LangChain's callbacks, and figures of the whole into attributes of the first."""

    run_inline = True

    def __init__(self, settings: TraceSettings) -> None:
        super().__init__()
        self.shows_values = settings.values is TraceValues.SHOWN
        self._values = settings.values
        self.problem = ""
        self._exporter = _NotingExporter(timeout=max(1.0, settings.wait))
        name = os.environ.get("OTEL_SERVICE_NAME", "millwright")
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}), shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(self._exporter, max_queue_size=_QUEUE, max_export_batch_size=_BATCH)
        )
        self._tracer = self._provider.get_tracer("millwright")
        self._open: dict[UUID, Span] = {}
        self._first: tuple[Run, Span] | None = None

    def score(self, run_id: UUID, scores: Mapping[str, float], comment: str) -> None:  # noqa: ARG002  as receivers do
        """End the first span with the figures of the whole, and wait for all that is queued."""
        if self._first is not None:
            run, first = self._first
            first.set_attributes({f"millwright.feedback.{key}": score for key, score in scores.items()})
            first.set_attribute("millwright.outcome", comment)
            self._end(run, first)
        self._provider.shutdown()
        self.problem = self._exporter.problem

    def _start_trace(self, run: Run) -> None:
        super()._start_trace(run)
        parent = self._open.get(run.parent_run_id) if run.parent_run_id else None
        self._open[run.id] = self._tracer.start_span(
            readable(run.name, run.run_type, run.extra),
            context=set_span_in_context(parent) if parent is not None else None,
            kind=SpanKind.CLIENT if run.run_type == "llm" else SpanKind.INTERNAL,
            start_time=_nanoseconds(run.start_time),
        )

    def _end_trace(self, run: Run) -> None:
        super()._end_trace(run)
        opened = self._open.pop(run.id, None)
        if opened is None:
            return
        if run.parent_run_id is None and self._first is None:
            self._first = run, opened
        else:
            self._end(run, opened)

    def _persist_run(self, run: Run) -> None:
        """Keep nothing: spans are sent one by one."""

    def _end(self, run: Run, opened: "Span") -> None:
        told = present(
            self._values, inputs=run.inputs, outputs=run.outputs, error=run.error, extra=run.extra, tags=run.tags
        )
        opened.set_attributes(_attributes(run, told.extra["metadata"]))
        opened.set_attributes(_flat("millwright.output", told.outputs or {}))
        if self.shows_values:
            opened.set_attributes(_flat("millwright.input", told.inputs or {}))
        if told.error:
            opened.set_status(Status(StatusCode.ERROR, told.error[:_LONGEST]))
        opened.end(end_time=_nanoseconds(run.end_time) if run.end_time else None)


def _attributes(run: Run, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata as attributes, and those that the standard has a name for under that name as well."""
    known = _flat("millwright", {name: each for name, each in metadata.items() if not name.startswith("__")})
    named: dict[str, Any] = {
        "gen_ai.operation.name": _OPERATIONS.get(run.run_type, ""),
        "gen_ai.conversation.id": metadata.get("run_id", ""),
        "gen_ai.agent.name": metadata.get("agent", "millwright") if run.run_type == "chain" else "",
        "gen_ai.tool.name": run.name if run.run_type == "tool" else "",
    }
    if run.run_type == "llm":
        usage = metadata.get("usage_metadata") or _usage(run)
        named |= {
            "gen_ai.provider.name": str(metadata.get("ls_provider", "")),
            "gen_ai.request.model": str(metadata.get("ls_model_name", "")),
            "gen_ai.usage.input_tokens": usage.get("input_tokens", 0),
            "gen_ai.usage.output_tokens": usage.get("output_tokens", 0),
        }
    return known | {name: each for name, each in named.items() if each != ""}


def _usage(run: Run) -> Mapping[str, int]:
    """Return the tokens that the message of a model tells."""
    for batch in (run.outputs or {}).get("generations", ()):
        for generation in batch:
            message = generation.get("message") if isinstance(generation, Mapping) else None
            known = message.get("kwargs", {}) if isinstance(message, Mapping) else {}
            if known.get("usage_metadata"):
                return dict(known["usage_metadata"])
    return {}


def _flat(prefix: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what attributes can hold: texts, figures, yes or no; the rest as text."""
    return {
        f"{prefix}.{name}": each if isinstance(each, bool | int | float) else str(each)[:_LONGEST]
        for name, each in given.items()
        if each is not None and name != FACTS
    }


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000_000)
