"""Planning: facts from the landed tables to a plan."""

import time

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.delivery import plan_delivery
from nodes.context import context_of, run_folder
from nodes.events import emit
from nodes.facts import delivery_facts
from state.budget import Spent
from state.plans import NoPlan, Plan, StepKind, TableFacts
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import PlannerOutput
from tools.intake import read_contract
from tools.plans import write_plan


class PlanInput(TypedDict):
    """Keys planning reads."""

    request: RunRequest


def make_plan(state: PlanInput, runtime: Runtime[RunContext]) -> PlannerOutput:
    """Plan the delivery of all tables of the contract."""
    started = time.monotonic()
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    plan = plan_run(state["request"], context)
    spent = {"plan": Spent(steps=1, seconds=time.monotonic() - started)}
    if isinstance(plan, NoPlan):
        problem = f"no plan: {plan.reason}"
        return {"no_plan": plan, "status": RunStatus.FAILED, "problem": problem, "spent": spent}
    emit("planned", "plan", steps=len(plan.steps), seconds=plan.seconds, probability=plan.probability)
    return {"plan": write_plan(folder, plan), "spent": spent}


def plan_run(request: RunRequest, context: RunContext, given_up: frozenset[str] = frozenset()) -> Plan | NoPlan:
    """Plan the delivery from what is in the workspace; steps that were `given_up` (by id) are done without."""
    folder = context.run_folder(request.run_id)
    contract, facts = read_contract(folder), delivery_facts(folder, context, asks=request.approve.asks_changes)
    facts = facts.model_copy(update={"tables": tuple(_without(table, given_up) for table in facts.tables)})
    goal = f"deliver {contract.name} {contract.version}"
    return plan_delivery(facts, goal, prefer=context.patterns.prefer)


def _without(table: TableFacts, given_up: frozenset[str]) -> TableFacts:
    """Return the facts of a table some of whose steps were given up."""
    resolve = f"{StepKind.RESOLVE.value}:{table.name}"
    return table.model_copy(update={"gives_up": True}) if resolve in given_up else table
