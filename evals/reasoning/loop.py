"""The plain loop that a policy is measured with: propose, answer, until it ends or its steps are used up."""

import time
from pathlib import Path

from state.diagnosis import Cause, Diagnosis
from state.reasoning import ActionKind, Observation, Policy, ReasoningStep, ReasoningTask
from tools.diagnosis.queries import answer_query
from tools.diagnosis.subject import open_subject
from tools.workspace import open_workspace


def diagnose(policy: Policy, task: ReasoningTask, run: Path) -> tuple[Diagnosis, tuple[ReasoningStep, ...]]:
    """Return the diagnosis of a task on the workspace of a run, and the steps that led to it."""
    subject = open_subject(run, task.subject)
    steps: tuple[ReasoningStep, ...] = ()
    while len(steps) < task.max_steps:
        started = time.monotonic()
        proposal = policy.propose(task, steps)
        final = next((call for call in proposal.actions if call.name == ActionKind.FINAL_RESULT), None)
        observations: tuple[Observation, ...] = ()
        if final is None:
            with open_workspace(run) as connection:
                observations = tuple(answer_query(connection, subject, call) for call in proposal.actions)
        steps += (
            ReasoningStep(
                number=len(steps) + 1,
                thought=proposal.thought,
                actions=proposal.actions,
                observations=observations,
                seconds=time.monotonic() - started,
            ),
        )
        if final is not None:
            return Diagnosis.model_validate_json(final.arguments), steps
    return Diagnosis(table=task.subject, cause=Cause.UNKNOWN, reason="the steps are used up"), steps
