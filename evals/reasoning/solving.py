"""A task solved by the product's own graph `react`, on the run that a case was brought into."""

import asyncio

from graphs.react import graph
from state.diagnosis import Diagnosis
from state.models import ModelSettings
from state.react import ReactOutcome
from state.reasoning import ActionKind, ReasoningTask
from state.run import RunContext, RunRequest
from state.values import Value
from tools.cases import case_log

_QUERIES = (ActionKind.ANALYSE_SCHEMA.value, ActionKind.VALIDATE_DATA.value)


class Solved(Value):
    """How a case ended."""

    diagnosis: Diagnosis
    ended_by: str
    steps: int
    queries: int  # looks at the table and tests that were answered
    by_expert: int  # of the steps
    tokens: int


def solve(task: ReasoningTask, home: str, run_id: str, model: ModelSettings | None = None) -> Solved:
    """Return how a task on a run of a home folder ends: by the expert alone, or with a chat model."""
    context = RunContext(home=home, threads=1, model=model or ModelSettings())
    request = RunRequest(contract="", sources=(), out="", run_id=run_id)
    output = asyncio.run(graph.ainvoke({"request": request, "task": task}, context=context))
    (outcome,) = output["outcomes"].values()
    return _told(outcome)


def _told(outcome: ReactOutcome) -> Solved:
    steps = case_log(outcome.path).steps()
    answered = [
        call.name
        for step in steps
        for call, seen in zip(step.actions, step.observations, strict=True)
        if not seen.failed
    ]
    return Solved(
        diagnosis=Diagnosis.model_validate_json(outcome.answer),
        ended_by=outcome.ended_by.value,
        steps=outcome.steps,
        queries=sum(name in _QUERIES for name in answered),
        by_expert=sum(step.decided_by == "expert" for step in steps),
        tokens=sum(step.tokens for step in steps),
    )
