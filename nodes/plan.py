"""Planning a run: facts from the landed tables to a plan. The phases that tell of it are in `nodes.plan_phases`."""

import duckdb

from algorithms.delivery import plan_delivery, solve_delivery, start_facts
from algorithms.plan_building import depth
from algorithms.plan_contingencies import contingencies
from algorithms.plan_optimisation import Setting, optimise
from algorithms.plan_risk import confidence
from algorithms.plan_times import scheduled_seconds
from algorithms.planning.ipc_format import ipc_plan
from nodes.facts import delivery_facts
from state.plans import DeliveryFacts, NoPlan, Plan, PlanMetadata, Proposal, StepKind, TableFacts
from state.run import RunContext, RunRequest
from tools.intake import read_contract
from tools.proposals import read_proposals
from tools.workspace import open_workspace


def plan_run(request: RunRequest, context: RunContext, given_up: frozenset[str] = frozenset()) -> Plan | NoPlan:
    """Plan the delivery from what is in the workspace; steps that were `given_up` (by id) are done without."""
    found = decomposed(request, context, given_up)
    return found if isinstance(found, NoPlan) else optimised(found, request, context)


def prepared_run(plan: Plan, request: RunRequest, context: RunContext, given_up: frozenset[str] = frozenset()) -> Plan:
    """Return a plan with its contingencies: what is done without each of its steps, after those that were given up.

    The time that planning took is the caller's to add.
    """
    whole, goal = facts_of(request, context), goal_of(request, context)  # read once: they are the same for every step
    folder = context.run_folder(request.run_id)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as ledger:
        known = _left(ledger, whole, given_up)

        def alternative(step_id: str) -> Plan | NoPlan | None:
            left = _left(ledger, whole, given_up | {step_id})
            if left == known:
                return None
            other = plan_delivery(left, goal, context.patterns.prefer)
            return other if isinstance(other, NoPlan) else _optimised(other, whole, context)

        found = plan.model_copy(update={"contingencies": contingencies(plan, alternative)})
    metadata = PlanMetadata(
        confidence=confidence(found.steps, found.contingencies),
        depth=depth(found.choices, found.steps),
        tasks=len(found.choices),
        planning_seconds=0.0,
        seconds=scheduled_seconds(found.steps, context.parallel_steps),
        workers=context.parallel_steps,
    )
    return found.model_copy(update={"metadata": metadata})


def decomposed(request: RunRequest, context: RunContext, given_up: frozenset[str] = frozenset()) -> Plan | NoPlan:
    """Return the plan as the task network was decomposed."""
    return plan_delivery(facts_of(request, context, given_up), goal_of(request, context), context.patterns.prefer)


def optimised(plan: Plan, request: RunRequest, context: RunContext) -> Plan:
    """Return a plan without needless work, in the order of its schedule; one by preferred ways is kept as it is."""
    return _optimised(plan, facts_of(request, context), context)


def _optimised(plan: Plan, facts: DeliveryFacts, context: RunContext) -> Plan:
    if context.patterns.prefer:
        return plan
    setting = Setting(start=start_facts(facts), goal=("published",), workers=context.parallel_steps)
    return optimise(plan, setting)


def plan_as_found(request: RunRequest, context: RunContext) -> str:
    """Return the plan of the task network in the format of the planning competition; empty where there is none."""
    found = solve_delivery(facts_of(request, context), goal_of(request, context), context.patterns.prefer)
    return "" if isinstance(found, NoPlan) else ipc_plan(found)


def goal_of(request: RunRequest, context: RunContext) -> str:
    """Return what is planned for, in words."""
    contract = read_contract(context.run_folder(request.run_id))
    return f"deliver {contract.name} {contract.version}"


def facts_of(request: RunRequest, context: RunContext, given_up: frozenset[str] = frozenset()) -> DeliveryFacts:
    """Return what is known about the tables; what steps that were given up would look at is not there."""
    facts = delivery_facts(context.run_folder(request.run_id), context, asks=request.approve.asks_changes)
    if not given_up:
        return facts
    folder = context.run_folder(request.run_id)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as ledger:
        return _left(ledger, facts, given_up)


def _left(ledger: duckdb.DuckDBPyConnection, facts: DeliveryFacts, given_up: frozenset[str]) -> DeliveryFacts:
    proposals = read_proposals(ledger, given_up)
    tables = tuple(_without(table, given_up, proposals.get(table.name)) for table in facts.tables)
    return facts.model_copy(update={"tables": tables})


def _without(table: TableFacts, given_up: frozenset[str], proposal: Proposal | None) -> TableFacts:
    """Return the facts of a table some of whose steps were given up; `proposal`: what a model proposed for that."""
    gives_up = table.gives_up or f"{StepKind.RESOLVE.value}:{table.name}" in given_up
    leaves_cells = table.leaves_cells or f"{StepKind.REPAIR.value}:{table.name}" in given_up
    return table.model_copy(update={"gives_up": gives_up, "leaves_cells": leaves_cells, "proposal": proposal})
