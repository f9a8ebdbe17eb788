"""What the single agent works with: every step of the product as a tool, beside the tools of a reasoning worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from langchain_core.tools import StructuredTool
from pydantic import Field

from nodes.perform import attempt
from nodes.steps.mapping import landed_tables
from state.budget import Spent
from state.checks import CheckResult, Verdict
from state.contract import Contract
from state.errors import StepError
from state.plans import Step, StepKind
from state.reports import StepStatus
from state.run import RunContext, TableAccount
from state.values import Value
from tools.accounting import account_table
from tools.actions.bench import Bench, Found
from tools.actions.toolbox import toolbox
from tools.diagnosis.complaint import complaint_of
from tools.intake import Intake
from tools.outputs.publish import PublishTable, publish
from tools.outputs.side_tables import write_quarantine
from tools.sql.quote import ident
from tools.sql.sandbox import SandboxLimits
from tools.verification import judge_drift, judge_quarantine, reasons_not_met, run_contract_rules
from tools.workspace import open_workspace, published_columns

STEPS = {
    "map_columns": StepKind.MAP,
    "choose_formats": StepKind.FORMAT,
    "resolve_values": StepKind.RESOLVE,
    "make_table": StepKind.CONFORM,
    "derive_table": StepKind.DERIVE,
    "merge_duplicates": StepKind.DEDUPE,
    "set_aside": StepKind.QUARANTINE,
}
"""Tools that perform a step on a table."""

VERIFY, PUBLISH = "verify", "publish"


class OnTable(Value):
    """Do this to one table of the contract."""

    table: str = Field(description="Name of a table of the contract")


class OnAll(Value):
    """Do this with all tables of the contract."""


@dataclass
class Workbench:
    """One folder taken in, and what was made of it so far."""

    contract: Contract
    intake: Intake
    folder: Path
    context: RunContext
    out: Path  # where tables are published
    published: bool = False
    accounts: dict[str, TableAccount] = field(default_factory=dict)
    results: tuple[CheckResult, ...] = ()
    reasons: tuple[str, ...] | None = None  # why the contract is not met; None before it was verified

    def tools(self) -> Mapping[str, StructuredTool]:
        """Return all tools by name."""
        limits = SandboxLimits(seconds=self.context.sql_seconds, memory=self.context.memory, threads=1)
        bench = Bench(folder=self.folder, home=Path(self.context.home).absolute(), limits=limits)
        own: dict[str, tuple[Callable[..., Found], type[Value]]] = {
            name: (partial(self._step, kind), OnTable) for name, kind in STEPS.items()
        }
        own |= {VERIFY: (self._verify, OnAll), PUBLISH: (self._publish, OnAll)}
        made = {
            name: StructuredTool.from_function(
                func=function,
                name=name,
                description=f"{name.replace('_', ' ').capitalize()}.",
                args_schema=arguments,
                infer_schema=False,
            )
            for name, (function, arguments) in own.items()
        }
        return {**toolbox(bench, "diagnose"), **made}

    def complaint(self, table: str) -> str:
        """Return what the verification complains of in a table, as JSON text."""
        with open_workspace(self.folder, threads=1) as connection:
            return complaint_of(connection, table, [each for each in self.results if each.result is not Verdict.PASSED])

    def write_quarantine(self, place: Path) -> None:
        """Write the rows set aside of every table."""
        headers = {f"land.{variant.variant_id}": variant.columns for variant in self.intake.inventory.variants}
        with open_workspace(self.folder, threads=1) as connection:
            for table in self.contract.tables:
                if table.name in self.accounts:
                    landed = landed_tables(connection, table.name, self.intake)
                    files = self.intake.table_files.get(table.name, ())
                    write_quarantine(connection, table, landed, headers, files, place)

    def _step(self, kind: StepKind, table: str) -> Found:
        if table not in {each.name for each in self.contract.tables}:
            raise StepError(f"there is no table {table!r}")
        step = Step(
            step_id=f"{kind.value}:{table}",
            kind=kind,
            table=table,
            after=(),
            preconditions=(),
            effects=(),
            seconds=0.0,
            probability=1.0,
        )
        report = attempt(step, None, self.folder, self.context, Spent()).report
        if report.status is not StepStatus.DONE:
            raise StepError(report.error or report.status.value, where=step.step_id)
        return Found(content={"rows": report.rows, "detail": report.detail}, quality=0.6)

    def _verify(self) -> Found:
        limits = SandboxLimits(seconds=self.context.sql_seconds, memory=self.context.memory, threads=1)
        results = run_contract_rules(self.folder, self.contract, limits=limits)
        with open_workspace(self.folder, threads=1) as connection:
            self.accounts = {
                table.name: account_table(connection, table, self.intake.table_files.get(table.name, ()))
                for table in self.contract.tables
            }
            results += judge_drift(connection, self.contract, self.intake)
        results += judge_quarantine(self.contract, self.accounts, {})
        self.results = results
        self.reasons = tuple(reasons_not_met(results))
        return Found(content={"met": not self.reasons, "reasons": list(self.reasons[:5])}, quality=0.8)

    def _publish(self) -> Found:
        if self.reasons is None or self.reasons:
            raise StepError("the contract is not met, or not verified yet", hint="verify first")
        with open_workspace(self.folder, threads=1) as connection:
            tables = []
            for table in self.contract.tables:
                columns = ", ".join(ident(name) for name in published_columns(connection, table))
                order = ", ".join([*(ident(name) for name in table.key), "_row"])
                query = f"select {columns} from live.{ident(table.name)} order by {order}"
                rows = self.accounts[table.name].rows_published
                tables.append(PublishTable(name=table.name, query=query, rows=rows))
            publish(connection, tables, self.out, key=self.folder.name, run_id=self.folder.name)
        self.published = True
        return Found(content={"published": [table.name for table in tables]}, quality=1.0)
