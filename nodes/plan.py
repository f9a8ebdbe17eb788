"""Planning: facts from the landed tables to a plan."""

import time

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.delivery import plan_delivery
from nodes.context import context_of, run_folder
from nodes.events import emit
from nodes.steps.resolving import listed_columns
from state.budget import Spent
from state.contract import Contract, Table
from state.plans import DeliveryFacts, NoPlan, Plan, StepKind, TableFacts
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import PlannerOutput
from tools.contract.order import references
from tools.intake import Intake, read_contract, read_intake
from tools.plans import write_plan
from tools.workspace import landed_rows, open_workspace


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
    contract, intake = read_contract(folder), read_intake(folder)
    with open_workspace(folder, threads=context.threads) as connection:
        rows = landed_rows(connection)
    tables = _table_facts(contract, intake, rows, context, asks=request.approve.asks_changes)
    facts = DeliveryFacts(tables=tuple(_without(table, given_up) for table in tables))
    return plan_delivery(facts, goal=f"deliver {contract.name} {contract.version}")


def _without(table: TableFacts, given_up: frozenset[str]) -> TableFacts:
    """Return the facts of a table some of whose steps were given up: what they would have looked at is not there."""
    resolve = f"{StepKind.RESOLVE.value}:{table.name}"
    return table.model_copy(update={"has_lists": False}) if resolve in given_up else table


def _table_facts(
    contract: Contract, intake: Intake, rows: dict[int, int], context: RunContext, *, asks: bool
) -> tuple[TableFacts, ...]:
    needs = references(contract)
    return tuple(
        TableFacts(
            name=table.name,
            derived=table.derived,
            needs=tuple(sorted(needs[table.name])),
            rows=sum(rows.get(file_id, 0) for file_id in intake.table_files.get(table.name, ())),
            files=len(intake.table_files.get(table.name, ())),
            variants=len(intake.variants_of(table.name)),
            has_key=bool(table.key),
            has_lists=context.patterns.council == "on" and bool(listed_columns(contract, table)),
            on_violation=table.on_violation.value,
            untrusted_sql=_has_sql(table),
            landed=table.derived or table.name in intake.table_files,
            asks=asks and not table.derived,
        )
        for table in contract.tables
    )


def _has_sql(table: Table) -> bool:
    return table.derived or any(column.transform_logic for column in table.columns)
