"""Spans of the crew: they nest, inherit facts, end with an error, and cost nothing when nobody listens."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run

from tools.tracing import spans
from tools.tracing.spans import moment, span


class Listener(BaseTracer):
    """Keeps every run."""

    def __init__(self, *, shows_values: bool = False) -> None:
        super().__init__()
        self.shows_values = shows_values
        self.runs: dict[str, Run] = {}

    def _start_trace(self, run: Run) -> None:
        super()._start_trace(run)
        self.runs[run.name] = run

    def _persist_run(self, run: Run) -> None:
        """Keep nothing more."""


def acted(listener: Listener | None, act: Any) -> None:
    RunnableLambda(act).invoke({}, {"callbacks": [listener] if listener else []})


def work(_given: Any) -> str:
    with span("map orders", pattern="step", table="orders") as step:
        with span("decide", pattern="decision") as decided:
            decided.tell(decided_by="expert")
            decided.show(answer="Atlantis")
            moment("vote", pattern="council", texts={"ballot": "Atlantis"}, voter="names")
        step.tell(status="done")
    return "done"


def test_spans_nest_inherit_facts_and_mask_texts() -> None:
    listener = Listener()
    acted(listener, work)
    step, decided, vote = (listener.runs[name] for name in ("map orders", "decide", "vote"))
    assert (decided.parent_run_id, vote.parent_run_id) == (step.id, decided.id)
    assert vote.metadata["table"] == "orders"
    assert vote.metadata["pattern"] == "council"
    assert decided.outputs == {"decided_by": "expert", "answer": "[8 characters]", "facts": {"decided_by": "expert"}}
    assert step.outputs is not None
    assert step.outputs["status"] == "done"


def test_texts_are_told_to_who_shows_values() -> None:
    listener = Listener(shows_values=True)
    acted(listener, work)
    assert listener.runs["decide"].outputs == {
        "decided_by": "expert",
        "answer": "Atlantis",
        "facts": {"decided_by": "expert"},
    }


def test_a_span_ends_with_the_error_of_its_work() -> None:
    listener = Listener()

    def fail(_given: Any) -> None:
        with span("map orders", pattern="step"):
            raise KeyError("x")

    with pytest.raises(KeyError):
        acted(listener, fail)
    assert (listener.runs["map orders"].error or "").startswith("KeyError")


def test_without_a_listener_no_span_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bool] = []

    def look(_given: Any) -> None:
        with span("map orders", pattern="step") as opened:
            opened.tell(status="done")
            heard.append(opened.heard)
            heard.append(bool(opened.outputs()["facts"]))

    acted(None, look)
    assert heard == [False, False]
    assert spans._tracers(None) == []
