"""Completing a plan that takes the place of another: its contingencies, its time, its artefact and its record."""

import time
from typing import NamedTuple

from nodes.plan import prepared_run
from nodes.plan_phases import timed
from nodes.plan_record import next_revision
from state.planning import PlanRevision
from state.plans import Plan, PlanRef
from state.run import RunContext, RunRequest
from tools.plans import write_plan


class Revised(NamedTuple):
    """A plan in its place: its reference, and what made it necessary."""

    plan: PlanRef
    revisions: dict[str, PlanRevision]


def completed(
    plan: Plan, before: Plan, request: RunRequest, context: RunContext, given_up: frozenset[str], trigger: str
) -> Revised:
    """Return a plan with contingencies of its own in the place of the one `before`, written to the run's folder."""
    started = time.monotonic()
    complete = timed(prepared_run(plan, request, context, given_up), time.monotonic() - started)
    reference = write_plan(context.run_folder(request.run_id), complete)
    return Revised(reference, next_revision(request.run_id, before, complete, reference, trigger))
