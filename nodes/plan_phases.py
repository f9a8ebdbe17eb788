"""The phases of planning, one node each: goal analysis, decomposition, optimisation, risk analysis, contingencies."""

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.goal_analysis import analyse_goal as analysis_of
from algorithms.plan_risk import analyse_risks
from nodes.context import context_of, run_folder
from nodes.events import emit
from nodes.learned import tell_lessons
from nodes.plan import decomposed, facts_of, goal_of, optimised, prepared_run
from nodes.plan_record import first_revision, refused
from nodes.planning_state import tell
from state.budget import Spent
from state.planning import FailedPlan, PlanningState, PlanOverview, RiskAnalysis
from state.plans import NoPlan, Plan, PlanRef
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import PlannerOutput, PlannerState
from tools.explain.plan_text import contingency_line, network_lines, optimisation_line, schedule_lines
from tools.plans import read_plan, write_plan

_LINES: Final = 60
"""Lines of an overview, of each kind."""


class GoalInput(TypedDict):
    """Keys the goal analysis reads."""

    request: RunRequest


class SearchInput(TypedDict):
    """Keys decomposition reads."""

    request: RunRequest
    spent: dict[str, Spent]
    failed_plans: dict[str, FailedPlan]


class DraftInput(TypedDict):
    """Keys the phases after decomposition read."""

    request: RunRequest
    draft: PlanRef
    spent: dict[str, Spent]


def analyse_goal(state: GoalInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Analyse what is asked; whether it can be done is said here and settled by decomposition."""
    started = time.monotonic()
    request, context = state["request"], context_of(runtime)
    planning = tell(PlanningState.PLANNING, {})
    asked = [text for text, holds in _constraints(request, context).items() if holds]
    found = analysis_of(facts_of(request, context), goal_of(request, context), context.budget, asked)
    emit(
        "analysed",
        "plan:analysis",
        tables=found.tables,
        depth=found.depth,
        difficulties=len(found.difficulties),
        feasible=found.feasible,
        obstacle=found.obstacles[0] if found.obstacles else "",
    )
    return {"analysis": found, "planning": planning, "spent": _spent({}, started, steps=1)}


def decompose(state: SearchInput, runtime: Runtime[RunContext]) -> PlannerState:
    """Search the task network; a plan that failed in this run before is refused."""
    started = time.monotonic()
    request, context = state["request"], context_of(runtime)
    found, failed = decomposed(request, context), state.get("failed_plans", {})
    if failed and isinstance(found, Plan):
        found = refused(optimised(found, request, context), request, failed) or found
    spent = _spent(state.get("spent", {}), started)
    if isinstance(found, NoPlan):
        problem = f"no plan: {found.reason}"
        return {
            "no_plan": found,
            "status": RunStatus.FAILED,
            "problem": problem,
            "planning": tell(PlanningState.FAILED, {}),
            "spent": spent,
        }
    over = sum(bool(choice.passed_over) for choice in found.choices)
    emit("decomposed", "plan:decomposition", steps=len(found.steps), methods=len(found.choices), passed_over=over)
    return {"draft": write_plan(run_folder(runtime, request), found, "decomposed"), "spent": spent}


def optimise(state: DraftInput, runtime: Runtime[RunContext]) -> PlannerState:
    """Leave out needless work and order the steps by their schedule."""
    started = time.monotonic()
    request, context = state["request"], context_of(runtime)
    found = optimised(read_plan(state["draft"]), request, context)
    gained = sum(one.seconds for one in found.optimisations)
    emit("optimised", "plan:optimisation", changes=len(found.optimisations), seconds=gained)
    draft = write_plan(run_folder(runtime, request), found, "optimised")
    return {"draft": draft, "spent": _spent(state.get("spent", {}), started)}


def assess(state: DraftInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Analyse what may go wrong, and what the plan's figures hang on."""
    started = time.monotonic()
    risks = _risks(read_plan(state["draft"]), context_of(runtime))
    riskiest = risks.riskiest[0].step_id if risks.riskiest else ""
    emit("assessed", "plan:risks", probability=risks.probability, riskiest=riskiest)
    return {"risks": risks, "spent": _spent(state.get("spent", {}), started)}


def prepare(state: DraftInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Plan what is done when a step fails, where that gains most; the plan is complete then.

    A first plan below the confidence bar is said so and carried out all the same: at the start nothing is lost by
    trying, and nothing is published that was not verified.
    """
    started = time.monotonic()
    request, context, folder = state["request"], context_of(runtime), run_folder(runtime, state["request"])
    plan = prepared_run(read_plan(state["draft"]), request, context)
    risks, spent = _risks(plan, context), _spent(state.get("spent", {}), started)
    plan = tell_lessons(timed(plan, spent["plan"].seconds), folder)
    reference = write_plan(folder, plan)
    emit(
        "planned",
        "plan",
        steps=len(plan.steps),
        seconds=plan.seconds,
        probability=plan.probability,
        confidence=risks.confidence,
        contingencies=len(plan.contingencies),
        note="" if risks.confident else f", below the confidence of {risks.least_confidence:g} that is asked for",
    )
    return {
        "plan": reference,
        "risks": risks,
        "overview": overview(plan, context),
        "revisions": first_revision(request.run_id, plan, reference),
        "spent": spent,
    }


def timed(plan: Plan, seconds: float) -> Plan:
    """Return a complete plan with the time that planning took."""
    if plan.metadata is None:
        return plan
    return plan.model_copy(update={"metadata": plan.metadata.model_copy(update={"planning_seconds": seconds})})


def overview(plan: Plan, context: RunContext) -> PlanOverview:
    """Return a plan as lines for people, of bounded number."""
    return PlanOverview(
        network=_first(network_lines(plan)),
        schedule=_first(schedule_lines(plan.steps, context.parallel_steps)),
        optimisations=_first(map(optimisation_line, plan.optimisations)),
        contingencies=_first(map(contingency_line, plan.contingencies)),
    )


def _constraints(request: RunRequest, context: RunContext) -> dict[str, bool]:
    return {
        "tables are delivered together, or none": not request.partial,
        "tables that pass are delivered when others do not": request.partial,
        "a person accepts the plan first": request.approve.asks_plan,
        f"at most {context.memory} of memory": True,
        f"at most {context.parallel_steps} steps at once": True,
    }


def _risks(plan: Plan, context: RunContext) -> RiskAnalysis:
    return analyse_risks(plan, context.parallel_steps, context.least_confidence, context.budget.seconds)


def _first(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(lines, _LINES))


def _spent(before: Mapping[str, Spent], started: float, steps: int = 0) -> dict[str, Spent]:
    more = Spent(steps=steps, seconds=time.monotonic() - started)
    return {"plan": before.get("plan", Spent()).plus(more)}
