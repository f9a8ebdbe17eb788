"""Publishing: the tables of the contract together, or none of them."""

from pathlib import Path
from typing import TypedDict

import duckdb
from langgraph.runtime import Runtime

from nodes.context import context_of, run_folder
from nodes.events import emit
from state.contract import Table
from state.plans import Plan
from state.run import CheckSummary, ContractRef, ReceiptRef, RunContext, RunRequest, RunStatus, TableAccount
from state.sources import SourcesRef
from state.supervisor import SupervisorState
from state.values import digest
from tools.intake import read_contract
from tools.outputs.publish import PublishTable, publish
from tools.sql.quote import ident
from tools.workspace import open_workspace, published_columns


class PublishInput(TypedDict):
    """Keys publishing reads."""

    request: RunRequest
    contract: ContractRef
    sources: SourcesRef
    plan: Plan
    checks: CheckSummary
    accounts: dict[str, TableAccount]


def publish_tables(state: PublishInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Publish what verification found deliverable; done again it changes nothing."""
    request, context = state["request"], context_of(runtime)
    contract = read_contract(run_folder(runtime, request))
    names = state["checks"].deliverable
    key = digest([state["contract"].sha256, state["sources"].sha256, state["plan"].plan_id, request.out, list(names)])
    with open_workspace(run_folder(runtime, request), threads=context.threads, memory=context.memory) as connection:
        tables = [
            PublishTable(
                name=name,
                query=_query(connection, contract.table(name)),
                rows=state["accounts"][name].rows_published,
            )
            for name in names
        ]
        receipt = publish(
            connection,
            tables,
            Path(request.out),
            key=key,
            run_id=request.run_id,
        )
    emit("published", "publish", tables=len(names))
    reference = ReceiptRef(
        path=str(Path(request.out) / "_runs" / request.run_id / "receipt.json"),
        key=receipt.key,
        tables={name: entry.rows for name, entry in receipt.tables.items()},
    )
    update: SupervisorState = {"receipt": reference}
    if state["checks"].met:
        update["status"] = RunStatus.PUBLISHED
    return update


def _query(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    columns = ", ".join(ident(name) for name in published_columns(connection, table))
    order = ", ".join([*(ident(name) for name in table.key), "_row"])
    return f"select {columns} from live.{ident(table.name)} order by {order}"
