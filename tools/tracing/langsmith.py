"""LangSmith: a client that lets only presentable spans out, whoever made them, and never holds a run up."""

import os
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import langsmith
from langsmith import Client
from langsmith.utils import LangSmithError, get_tracer_project

from state.tracing import TraceSettings, TraceValues
from tools.tracing.presenting import present, readable

_CONNECT, _READ = 2_000, 5_000
"""Milliseconds for a connection and for an answer of the endpoint."""


class MaskingClient(Client):
    """A client that presents every span it is given before anything is queued."""

    def __init__(self, values: TraceValues) -> None:
        os.environ.setdefault("LANGSMITH_USE_DAEMON", "true")  # its threads must not keep the process from ending
        super().__init__(
            timeout_ms=(_CONNECT, _READ),
            tracing_error_callback=self._note,
            omit_traced_runtime_info=True,
        )
        self.values = values
        self.problem = ""

    def create_run(self, name: str, inputs: dict[str, Any], run_type: Any, **more: Any) -> None:  # noqa: ANN401
        """Queue a span that begins; what it was made from is left out."""
        told = self._told(inputs, more)
        more |= {"outputs": told.outputs, "error": told.error, "extra": told.extra, "serialized": None, "events": None}
        super().create_run(readable(name, run_type, told.extra), told.inputs or {}, run_type, **more)

    def update_run(self, run_id: Any, **more: Any) -> None:  # noqa: ANN401
        """Queue what is known of a span at its end."""
        told = self._told(more.get("inputs"), more)
        more |= told._asdict() | {"events": None}
        if more.get("name"):
            more["name"] = readable(more["name"], more.get("run_type") or "", told.extra)
        super().update_run(run_id, **more)

    def score(self, run_id: UUID, scores: Mapping[str, float], comment: str) -> None:
        """Attach figures to a trace, and wait for all that is queued; blocks as long as the endpoint does."""
        self.flush()  # the project of a trace is there once the trace is
        project = self._project()
        for key, score in scores.items():
            with warnings.catch_warnings():  # an endpoint that knows no projects takes figures by the trace alone
                warnings.simplefilter("ignore")
                self.create_feedback(
                    run_id,
                    key,
                    score=score,
                    trace_id=run_id,
                    session_id=project,
                    comment=comment,
                    stop_after_attempt=1,
                )
        self.flush()

    def _project(self) -> UUID | None:
        try:
            return UUID(str(self.read_project(project_name=get_tracer_project()).id))
        except (LangSmithError, ValueError, KeyError):
            return None

    def _told(self, inputs: Any, more: Mapping[str, Any]) -> Any:  # noqa: ANN401
        outputs, error = more.get("outputs"), more.get("error")
        given = {"extra": more.get("extra"), "tags": more.get("tags")}
        return present(self.values, inputs=inputs, outputs=outputs, error=error, **given)

    def _note(self, error: Exception) -> None:
        self.problem = type(error).__name__


@lru_cache(maxsize=2)
def masking_client(settings: TraceSettings) -> MaskingClient:
    """Return the client of this process, and make it the one that every tracer takes unless told otherwise."""
    client = MaskingClient(settings.values)
    langsmith.configure(client=client)
    return client
