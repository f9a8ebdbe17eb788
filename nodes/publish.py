"""Publishing: the tables of the contract together, or none of them."""

import time
from pathlib import Path

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.boundary import FAILURES, failure_line, operator_must_act
from nodes.context import context_of, run_folder
from nodes.events import emit
from state.budget import Spent
from state.contract import Table
from state.errors import ClaimLost
from state.plans import PlanRef
from state.run import CheckSummary, ContractRef, ReceiptRef, RunContext, RunRequest, RunStatus, TableAccount
from state.sources import SourcesRef
from state.supervisor import SupervisorState
from state.values import digest
from tools.approval import read_answers
from tools.intake import read_contract
from tools.outputs.publish import Hooks, PublishTable, publish, receipt_path
from tools.sql.quote import ident
from tools.workspace import open_workspace, published_columns, row_ranges


class PublishInput(TypedDict):
    """Keys publishing reads."""

    request: RunRequest
    contract: ContractRef
    sources: SourcesRef
    plan: PlanRef
    checks: CheckSummary
    accounts: dict[str, TableAccount]


def publish_tables(state: PublishInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Publish what verification found deliverable; done again it changes nothing.

    SetupError rises: the destination is the operator's to mend, and the run can be resumed; so does ClaimLost: another
    worker has the run. Any other failure ends the run with its reason, and what was published before stays as it was.
    """
    started = time.monotonic()
    try:
        receipt = _publish(state, runtime)
    except FAILURES as error:
        if operator_must_act(error) or isinstance(error, ClaimLost):
            raise
        return {"status": RunStatus.FAILED, "problem": f"publishing failed: {failure_line(error)}"}
    emit("published", "publish", tables=len(receipt.tables))
    spent = {"publish": Spent(steps=1, seconds=time.monotonic() - started)}
    update: SupervisorState = {"receipt": receipt, "spent": spent}
    if state["checks"].met:
        update["status"] = RunStatus.PUBLISHED
    return update


def _publish(state: PublishInput, runtime: Runtime[RunContext]) -> ReceiptRef:
    request, context, folder = state["request"], context_of(runtime), run_folder(runtime, state["request"])
    contract, names = read_contract(folder), state["checks"].deliverable
    asked = [state["contract"].sha256, state["sources"].sha256, state["plan"].plan_id, request.out, list(names)]
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        tables = [
            _to_publish(connection, contract.table(name), state["accounts"][name].rows_published) for name in names
        ]
        columns = [column for name in names for column in contract.table(name).columns]
        adopted = [each for column in columns for each in (column.adopted, column.standing) if each]
        key = digest(
            [*asked, *adopted, *(answered.settled for answered in read_answers(connection) if answered.settled)]
        )
        receipt = publish(
            connection, tables, Path(request.out), key=key, run_id=request.run_id, hooks=Hooks(fence=context.fence)
        )
    path = receipt_path(Path(request.out), request.run_id)
    return ReceiptRef(path=str(path), key=key, tables={name: table.rows for name, table in receipt.tables.items()})


def _to_publish(connection: duckdb.DuckDBPyConnection, table: Table, rows: int) -> PublishTable:
    """Return what to publish: one file is sorted by the key, parts keep the order of the rows, by file and line."""
    columns = ", ".join(ident(name) for name in published_columns(connection, table))
    order = ", ".join([*(ident(name) for name in table.key), "_row"])
    query = f"select {columns} from live.{ident(table.name)}"
    parts = tuple(f"{query} where {some} order by _row" for some in row_ranges(connection, table))
    return PublishTable(name=table.name, query=f"{query} order by {order}", rows=rows, parts=parts)
