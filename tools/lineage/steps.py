"""The steps of a run as child jobs: what each read, what it wrote, and how the columns went from one to the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from state.contract import Contract, Table
from state.lineage import Relation, Use
from state.plans import Step, StepKind
from state.reports import StepReport, StepStatus
from tools.lineage.columns import Origins
from tools.lineage.facets import Json, facet
from tools.lineage.facts import Facts
from tools.lineage.outputs import WrittenFile, output_json, read_written, written_tables
from tools.lineage.quality import assertions_facet
from tools.lineage.relations import Relations
from tools.lineage.sides import NAMING, SIDES, side_lineage

_MAKING = (StepKind.CONFORM, StepKind.DERIVE)
"""Steps that may run SQL of the contract."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """One child run: a step that was begun, with how it ended."""

    step_id: str
    kind: str
    table: str | None = None
    inputs: tuple[Json, ...] = ()
    outputs: tuple[Json, ...] = ()
    job_facets: Json = field(default_factory=dict)
    run_facets: Json = field(default_factory=dict)
    event_ids: tuple[str, ...] = ()  # of the event log; the first that is there says when the step ended
    seconds: float | None = None  # None: it began when the step before it had ended
    detail: str = ""
    attempt: int = 1
    error: str = ""  # why it failed


class Steps:
    """Tells the steps of one run from its facts."""

    def __init__(self, facts: Facts, contract: Contract, job: str) -> None:
        self._facts, self._contract, self._at = facts, contract, Relations(facts, job)

    @cached_property
    def _published(self) -> dict[str, WrittenFile]:
        tables = self._facts.receipt.tables if self._facts.receipt else {}
        out = Path(self._facts.record.request.out)
        return dict(zip(tables, read_written([out / table.file for table in tables.values()]), strict=True))

    @cached_property
    def _sides(self) -> list[tuple[str, WrittenFile]]:
        """The side tables with rows, with their kind."""
        found = list(written_tables(self._facts.run_files, SIDES))
        written = zip(found, read_written([path for _, path in found]), strict=True)
        return [(kind, file) for (kind, _), file in written if file.rows]

    def runs(self) -> Iterator[StepRun]:
        """Yield all steps in the order they were performed in."""
        facts = self._facts
        if facts.ledger.files:
            yield self._land()
        for step in facts.plan.steps if facts.plan else ():
            report = facts.ledger.reports.get(step.step_id)
            if report is not None and step.table is not None:
                yield self._planned(step, report, self._contract.table(step.table))
        if facts.summary is not None or facts.problem.startswith("verification failed"):
            yield self._verify()
        if facts.receipt is not None or facts.problem.startswith("publishing failed"):
            yield self._publish()
        if self._sides:
            yield self._report()

    def inputs(self) -> tuple[Json, ...]:
        """Return the input files of the whole run."""
        return self._at.inputs(named=False)

    def outputs(self) -> tuple[Json, ...]:
        """Return the published tables with their columns followed back to the files, and the side tables."""
        origins = Origins(tables=self._at.tables, files=self._at.files)
        published = []
        for name, written in self._published.items():
            whole = name in self._at.tables and not origins.unresolved(name)
            lineage = (origins.table(name), self._at.file_names) if whole else None
            published.append(output_json(written, self._contract.table(name), lineage, self._sha256(name)))
        return (*published, *(output_json(written) for _, written in self._sides))

    def unresolved(self) -> tuple[str, ...]:
        """Return what of the contract's SQL could not be read, a line each."""
        return tuple(line for lineage in self._at.tables.values() for line in lineage.unresolved)

    def _land(self) -> StepRun:
        counts = self._facts.ledger.files.values()
        landed = [each for each in self._facts.times if each.startswith("intake:land:")]
        records, rejects = sum(each.records for each in counts), sum(each.rejects for each in counts)
        return StepRun(
            step_id="land",
            kind="land",
            inputs=self._at.inputs(named=True),
            outputs=tuple(self._at.landed()),
            event_ids=tuple(sorted(landed, key=self._facts.times.__getitem__, reverse=True)),
            detail=f"{records} records of {len(counts)} files, {rejects} rejects",
        )

    def _planned(self, step: Step, report: StepReport, table: Table) -> StepRun:
        failed = report.status is StepStatus.FAILED
        inputs, outputs = _PARTS[step.kind](self, table)
        if self._settles(step, table):
            outputs = [*outputs, *self._at.live(table)]
        return StepRun(
            step_id=step.step_id,
            kind=step.kind.value,
            table=table.name,
            inputs=tuple(inputs),
            outputs=() if failed else tuple(outputs),
            job_facets=_sql_facets(table) if step.kind in _MAKING else {},
            run_facets=self._extraction(table) if step.kind in _MAKING else {},
            event_ids=(f"{step.step_id}#{report.attempt}",),
            seconds=report.seconds,
            detail=report.detail,
            attempt=report.attempt,
            error=report.error if failed else "",
        )

    def _settles(self, step: Step, table: Table) -> bool:
        """Return whether this is the step after which the live rows of the table are settled."""
        own = [
            each.step_id for each in (self._facts.plan.steps if self._facts.plan else ()) if each.table == table.name
        ]
        return table.name in self._at.tables and own[-1] == step.step_id

    def _decided(self, table: Table) -> tuple[list[Json], list[Json]]:
        return self._at.bare(self._at.landed_of(table.name)), self._at.bare([_decisions(table)])

    def _resolved(self, table: Table) -> tuple[list[Json], list[Json]]:
        inputs = [*self._at.landed_of(table.name), *self._referred(table)]
        return self._at.bare(inputs), self._at.bare([_decisions(table)])

    def _approved(self, table: Table) -> tuple[list[Json], list[Json]]:
        return self._at.bare([_decisions(table)]), self._at.bare([_decisions(table)])

    def _conformed(self, table: Table) -> tuple[list[Json], list[Json]]:
        lineage = self._at.tables.get(table.name)
        used = {ref for uses in lineage.staged.columns.values() for ref, _ in uses} if lineage else set()
        looked_up = sorted(ref for ref in used if ref.startswith("live."))
        inputs = [*self._at.landed_of(table.name), _decisions(table), *looked_up]
        return self._at.bare(inputs), self._at.staged(table)

    def _derived(self, table: Table) -> tuple[list[Json], list[Json]]:
        return self._at.bare(f"live.{name}" for name in table.transform_sources), self._at.staged(table)

    def _repaired(self, table: Table) -> tuple[list[Json], list[Json]]:
        inputs = [f"stage.{table.name}", _decisions(table)]
        return self._at.bare(inputs), self._at.aside("repairs", table)

    def _deduped(self, table: Table) -> tuple[list[Json], list[Json]]:
        return self._at.bare([f"stage.{table.name}"]), self._at.aside("merged", table)

    def _quarantined(self, table: Table) -> tuple[list[Json], list[Json]]:
        return self._at.bare([f"stage.{table.name}", *self._referred(table)]), self._at.aside("quarantine", table)

    def _referred(self, table: Table) -> list[str]:
        """Return the live relations of the tables that a table refers to."""
        others = (each.to_table for each in table.relationships if each.to_table != table.name)
        return [f"live.{name}" for name in others if name in self._at.tables]

    def _verify(self) -> StepRun:
        summary = self._facts.summary
        inputs = []
        for table in self._contract.tables:
            checks = [check for check in self._facts.checks if check.table == table.name]
            if table.name in self._at.tables:
                inputs.append(
                    self._at.judged(table, {"dataQualityAssertions": assertions_facet(checks)} if checks else {})
                )
        failed = summary is None or not summary.met
        return StepRun(
            step_id="verify",
            kind="verify",
            inputs=tuple(inputs),
            event_ids=("verify",),
            detail=f"{summary.passed} rules passed, {summary.failed} failed" if summary else "",
            error=("; ".join(summary.reasons) if summary else self._facts.problem) if failed else "",
        )

    def _publish(self) -> StepRun:
        deliverable = self._facts.summary.deliverable if self._facts.summary else ()
        outputs = []
        for name, written in self._published.items():
            live = self._at.name(f"live.{name}")
            columns = {column: {(live.name, column): frozenset({Use.IDENTITY})} for column, _ in written.columns}
            lineage = (Relation(columns=columns), {live.name: live})
            outputs.append(output_json(written, self._contract.table(name), lineage, self._sha256(name)))
        return StepRun(
            step_id="publish",
            kind="publish",
            inputs=tuple(self._at.bare(f"live.{name}" for name in self._published or deliverable)),
            outputs=tuple(outputs),
            event_ids=("publish",),
            error="" if self._facts.receipt else self._facts.problem,
        )

    def _report(self) -> StepRun:
        inputs, outputs = [], []
        for kind, written in self._sides:
            table = self._contract.table(written.path.stem)
            made = side_lineage(
                self._facts, table, self._at.tables[table.name], kind, (name for name, _ in written.columns)
            )
            inputs += [f"ops.{NAMING[kind]}.{table.name}"] if kind in NAMING else []
            inputs += [relation for uses in (made.rows, *made.columns.values()) for relation, _ in uses]
            outputs.append(output_json(written, lineage=(made, self._at.names(made))))
        return StepRun(
            step_id="report",
            kind="report",
            inputs=tuple(self._at.bare(inputs)),
            outputs=tuple(outputs),
            event_ids=("report",),
        )

    def _extraction(self, table: Table) -> Json:
        lineage = self._at.tables.get(table.name)
        if lineage is None or not lineage.unresolved:
            return {}
        return {"extractionError": extraction_facet(sql_texts(table), lineage.unresolved)}

    def _sha256(self, table: str) -> str | None:
        return self._facts.receipt.tables[table].sha256 if self._facts.receipt else None


def extraction_facet(texts: int, problems: tuple[str, ...]) -> Json:
    """Return the `extractionError` facet: how many texts of SQL there are, and which could not be read."""
    errors = [{"errorMessage": problem} for problem in problems]
    return facet("extractionError", totalTasks=texts, failedTasks=len(errors), errors=errors)


def sql_texts(table: Table) -> int:
    """Return how many texts of SQL make a table."""
    return bool(table.transform_logic) + sum(bool(column.transform_logic) for column in table.columns)


def _decisions(table: Table) -> str:
    return f"ops.decisions.{table.name}"


def _sql_facets(table: Table) -> Json:
    """Return the `sql` facet of a table made by SQL; of derived columns the expressions, one a line."""
    if table.transform_logic:
        return {"sql": facet("sql", query=table.transform_logic.strip(), dialect="duckdb")}
    lines = [f"({each.transform_logic}) as {each.name}" for each in table.columns if each.transform_logic]
    return {"sql": facet("sql", query=",\n".join(lines), dialect="duckdb")} if lines else {}


_Parts = Callable[[Steps, Table], tuple[list[Json], list[Json]]]
_PARTS: dict[StepKind, _Parts] = {
    StepKind.MAP: Steps._decided,  # noqa: SLF001  the table of what each kind of step reads and writes
    StepKind.FORMAT: Steps._decided,  # noqa: SLF001
    StepKind.RESOLVE: Steps._resolved,  # noqa: SLF001
    StepKind.APPROVE: Steps._approved,  # noqa: SLF001
    StepKind.CONFORM: Steps._conformed,  # noqa: SLF001
    StepKind.DERIVE: Steps._derived,  # noqa: SLF001
    StepKind.REPAIR: Steps._repaired,  # noqa: SLF001
    StepKind.DEDUPE: Steps._deduped,  # noqa: SLF001
    StepKind.QUARANTINE: Steps._quarantined,  # noqa: SLF001
}
