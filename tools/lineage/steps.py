"""The steps of a run as child jobs: what each read, what it wrote, and how the columns went from one to the other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from state.contract import Contract, Table
from state.lineage import Relation, Use
from state.plans import Step, StepKind
from state.reports import StepReport, StepStatus
from tools.lineage.columns import ORIGIN, Origins, TableLineage, lineage_of_tables
from tools.lineage.datasets import Dataset, FileGroup, file_path, input_groups, landed_files, workspace_dataset
from tools.lineage.facets import Json, column_lineage, facet, schema_facet
from tools.lineage.facts import Facts
from tools.lineage.outputs import WrittenFile, dataset_json, output_json, read_written, written_tables
from tools.lineage.quality import assertions_facet

_TEXT = "VARCHAR"
_SIDES = ("quarantine", "merged", "changes")
_ORIGIN_TYPES = ((ORIGIN[0], _TEXT), (ORIGIN[1], "BIGINT"))


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
    event_ids: tuple[str, ...] = ()  # of the event log, the first that is there says when the step ended
    seconds: float = 0.0
    detail: str = ""
    attempt: int = 1
    error: str = ""  # why it failed


class Steps:
    """Tells the steps of one run from its facts."""

    def __init__(self, facts: Facts, contract: Contract, job: str) -> None:
        self._facts, self._contract, self._job = facts, contract, job
        self.groups: tuple[FileGroup, ...] = (
            input_groups(facts.intake, facts.ledger.files) if facts.intake else ()
        )
        self.tables: dict[str, TableLineage] = lineage_of_tables(facts)
        self._files = landed_files(facts.intake, self.groups) if facts.intake else {}

    @cached_property
    def written(self) -> dict[str, WrittenFile]:
        """The published tables by name."""
        tables = self._facts.receipt.tables if self._facts.receipt else {}
        out = Path(self._facts.record.request.out)
        return {name: read_written(out / table.file) for name, table in tables.items()}

    @cached_property
    def sides(self) -> list[tuple[str, WrittenFile]]:
        """The side tables of the run with their kind."""
        return [(kind, read_written(path)) for kind, path in written_tables(self._facts.run_files, _SIDES)]

    def runs(self) -> Iterator[StepRun]:
        """Yield all steps in the order they were performed in."""
        if self._facts.ledger.files:
            yield self._land()
        for step in self._facts.plan.steps if self._facts.plan else ():
            report = self._facts.ledger.reports.get(step.step_id)
            if report is not None and step.table is not None:
                yield self._planned(step, report, self._contract.table(step.table))
        if self._facts.summary is not None or self._facts.problem.startswith("verification failed"):
            yield self._verify()
        if self._facts.receipt is not None or self._facts.problem.startswith("publishing failed"):
            yield self._publish()
        if self.sides:
            yield self._report()

    def run_inputs(self) -> tuple[Json, ...]:
        """Return the input files of the whole run."""
        return tuple(self._file_json(group, named=False) for group in self.groups)

    def run_outputs(self) -> tuple[Json, ...]:
        """Return the published tables with their columns followed back to the files, and the side tables."""
        origins = Origins(tables=self.tables, files=self._files)
        names = {group.dataset.name: group.dataset for group in self.groups}
        published = []
        for name, written in self.written.items():
            whole = not origins.unresolved(name)
            lineage = (origins.table(name), names) if whole else None
            published.append(output_json(written, self._contract.table(name), lineage, self._sha256(name)))
        return (*published, *(output_json(written) for _, written in self.sides))

    def unresolved(self) -> tuple[str, ...]:
        """Return what of the contract's SQL could not be read, a line each."""
        return tuple(lineage.unresolved for lineage in self.tables.values() if lineage.unresolved)

    def _land(self) -> StepRun:
        intake, counts = self._facts.intake, self._facts.ledger.files
        outputs = []
        for variant in intake.inventory.variants if intake else ():
            relation = f"land.{variant.variant_id}"
            landed = [counts[file_id] for file_id in variant.file_ids if file_id in counts]
            if not landed:
                continue
            columns = {
                column: {(name, column): frozenset({Use.IDENTITY}) for name in self._files[relation]}
                for column in (*variant.columns, *ORIGIN)
            }
            names = {group.dataset.name: group.dataset for group in self.groups}
            types = (*((column, _TEXT) for column in variant.columns), *_ORIGIN_TYPES)
            facets = {"columnLineage": column_lineage(Relation(columns=columns), names)}
            outputs.append(self._relation(relation, types, sum(each.records for each in landed), facets))
        rejects = sum(each.rejects for each in counts.values())
        if rejects:
            outputs.append(self._relation("land.rejects", (), rejects))
        return StepRun(
            step_id="land",
            kind="land",
            inputs=tuple(self._file_json(group, named=True) for group in self.groups),
            outputs=tuple(outputs),
            event_ids=tuple(each for each in reversed(self._facts.times) if each.startswith("intake:land:")),
            detail=f"{sum(each.records for each in counts.values())} records of {len(counts)} files, {rejects} rejects",
        )

    def _planned(self, step: Step, report: StepReport, table: Table) -> StepRun:
        failed = report.status is StepStatus.FAILED
        inputs, outputs = _PARTS[step.kind](self, table) if step.kind in _PARTS else ([], [])
        if self._last_of(table) == step.step_id:
            outputs = [*outputs, self._live(table)]
        return StepRun(
            step_id=step.step_id,
            kind=step.kind.value,
            table=table.name,
            inputs=tuple(inputs),
            outputs=() if failed else tuple(outputs),
            job_facets=_sql_facets(table) if step.kind in (StepKind.DERIVE, StepKind.CONFORM) else {},
            run_facets=self._extraction(table) if step.kind in (StepKind.DERIVE, StepKind.CONFORM) else {},
            event_ids=(f"{step.step_id}#{report.attempt}",),
            seconds=report.seconds,
            detail=report.detail,
            attempt=report.attempt,
            error=report.error if failed else "",
        )

    def _last_of(self, table: Table) -> str:
        """Return the step after which the live rows of a table are settled; empty before."""
        done = {key for key, report in self._facts.ledger.reports.items() if report.status is StepStatus.DONE}
        steps = self._facts.plan.steps if self._facts.plan else ()
        own = [step.step_id for step in steps if step.table == table.name]
        return own[-1] if own and own[-1] in done and table.name in self.tables else ""

    def _decided(self, table: Table) -> tuple[list[Json], list[Json]]:
        looked_up = [self._bare(f"live.{each.to_table}") for each in table.relationships if self._is_live(each.to_table)]
        return self._landed_of(table) + looked_up, [self._bare(f"ops.decisions.{table.name}")]

    def _conform(self, table: Table) -> tuple[list[Json], list[Json]]:
        lineage = self.tables.get(table.name)
        refs = {ref for uses in lineage.staged.columns.values() for ref, _ in uses} if lineage else set()
        looked_up = [self._bare(ref) for ref in sorted(refs) if ref.startswith("live.")]
        inputs = [*self._landed_of(table), self._bare(f"ops.decisions.{table.name}"), *looked_up]
        return inputs, self._staged(table)

    def _derive(self, table: Table) -> tuple[list[Json], list[Json]]:
        return [self._bare(f"live.{name}") for name in table.transform_sources], self._staged(table)

    def _dedupe(self, table: Table) -> tuple[list[Json], list[Json]]:
        merged = self._facts.ledger.aside.get(("merged", table.name), 0)
        return [self._bare(f"stage.{table.name}")], [self._relation(f"ops.merged.{table.name}", (), merged)]

    def _quarantine(self, table: Table) -> tuple[list[Json], list[Json]]:
        rows = self._facts.ledger.aside.get(("quarantine", table.name), 0)
        near = [f"live.{each.to_table}" for each in table.relationships if self._is_live(each.to_table)]
        inputs = [f"stage.{table.name}", *dict.fromkeys(near)]
        return [self._bare(name) for name in inputs], [self._relation(f"ops.quarantine.{table.name}", (), rows)]

    def _verify(self) -> StepRun:
        summary = self._facts.summary
        inputs = []
        for table in self._contract.tables:
            checks = [check for check in self._facts.checks if check.table == table.name]
            if table.name in self.tables:
                facets = {"dataQualityAssertions": assertions_facet(checks)} if checks else {}
                inputs.append(dataset_json(self._name(f"live.{table.name}"), self._schema(table), inputFacets=facets))
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
        names = self.written or dict.fromkeys(self._facts.summary.deliverable if self._facts.summary else ())
        outputs = []
        for name, written in self.written.items():
            live = self._name(f"live.{name}")
            columns = {column: {(live.name, column): frozenset({Use.IDENTITY})} for column, _ in written.columns}
            lineage = (Relation(columns=columns), {live.name: live})
            outputs.append(output_json(written, self._contract.table(name), lineage, self._sha256(name)))
        return StepRun(
            step_id="publish",
            kind="publish",
            inputs=tuple(self._bare(f"live.{name}") for name in names),
            outputs=tuple(outputs),
            event_ids=("publish",),
            error="" if self._facts.receipt else self._facts.problem,
        )

    def _report(self) -> StepRun:
        inputs = []
        for kind, written in self.sides:
            name = written.path.stem
            inputs += [f"ops.{kind}.{name}"] if kind != "changes" else []
            inputs.append(f"stage.{name}")
        return StepRun(
            step_id="report",
            kind="report",
            inputs=tuple(self._bare(name) for name in dict.fromkeys(inputs)),
            outputs=tuple(output_json(written) for _, written in self.sides),
            event_ids=("report",),
        )

    def _file_json(self, group: FileGroup, *, named: bool) -> Json:
        """Return an input dataset of files; with `named` every file is told with its hash and counts."""
        counts = [self._facts.ledger.files[file.file_id] for file in group.files]
        records, size = sum(each.records for each in counts), sum(file.size for file in group.files)
        statistics = facet("inputStatistics", rowCount=records, size=size, fileCount=len(group.files))
        given: Json = {"inputStatistics": statistics}
        path = Path(group.dataset.name)
        facets: Json = {
            "schema": schema_facet((column, _TEXT) for column in group.columns),
            "datasetType": facet("datasetType", datasetType="FILE"),
            "dataSource": facet("dataSource", name=group.dataset.name, uri=path.as_uri()),
        }
        if group.grouped:
            locations = [Path(file_path(file)).as_uri() for file in group.files]
            condition = {"type": "location", "locations": locations}
            given["subset"] = facet("subset", inputCondition=condition)
        else:
            facets["version"] = facet("version", datasetVersion=group.files[0].sha256)
        if named:
            files = [
                {
                    "name": file.name,
                    "sha256": file.sha256,
                    "size": file.size,
                    "lines": count.lines,
                    "records": count.records,
                    "rejects": count.rejects,
                }
                for file, count in zip(group.files, counts, strict=True)
            ]
            given["millwright_files"] = facet("millwright_files", files=files)
        return dataset_json(group.dataset, facets, inputFacets=given)

    def _landed_of(self, table: Table) -> list[Json]:
        variants = self._facts.intake.variants_of(table.name) if self._facts.intake else ()
        return [self._bare(f"land.{variant_id}") for variant_id, _ in variants]

    def _staged(self, table: Table) -> list[Json]:
        lineage = self.tables.get(table.name)
        if lineage is None:
            return []
        report = next(
            (
                self._facts.ledger.reports[key]
                for key in (f"conform:{table.name}", f"derive:{table.name}")
                if key in self._facts.ledger.reports
            ),
            None,
        )
        notes = self._notes(table)
        facets = {"columnLineage": column_lineage(lineage.staged, self._names(lineage.staged), notes)}
        types = self._facts.ledger.staged[table.name]
        return [self._relation(f"stage.{table.name}", types, report.rows if report else 0, facets)]

    def _notes(self, table: Table) -> dict[str, str]:
        """Return in words how columns are read or made, for the contract's readers."""
        notes = {name: each.evidence for name, each in self._facts.ledger.formats.get(table.name, {}).items()}
        return notes | {column.name: column.transform_logic for column in table.columns if column.transform_logic}

    def _live(self, table: Table) -> Json:
        lineage = self.tables[table.name].live
        facets = {"columnLineage": column_lineage(lineage, self._names(lineage))}
        account = self._facts.accounts.get(table.name)
        types = self._facts.ledger.staged[table.name]
        return self._relation(f"live.{table.name}", types, account.rows_published if account else None, facets)

    def _is_live(self, table: str) -> bool:
        return table in self.tables

    def _extraction(self, table: Table) -> Json:
        lineage = self.tables.get(table.name)
        if lineage is None or not lineage.unresolved:
            return {}
        tasks = [text for text in (table.transform_logic, *(each.transform_logic for each in table.columns)) if text]
        problems = lineage.unresolved.split("; ")
        errors = [{"errorMessage": problem} for problem in problems]
        return {
            "extractionError": facet(
                "extractionError", totalTasks=len(tasks), failedTasks=len(problems), errors=errors
            )
        }

    def _schema(self, table: Table) -> Json:
        described = {column.name: column.description or "" for column in table.columns}
        return {"schema": schema_facet(self._facts.ledger.staged[table.name], described)}

    def _relation(
        self, relation: str, types: Iterable[tuple[str, str]], rows: int | None, facets: Json | None = None
    ) -> Json:
        types = tuple(types)
        told = {
            "datasetType": facet("datasetType", datasetType="TABLE"),
            "version": facet("version", datasetVersion=self._facts.record.run_id),
            **({"schema": schema_facet(types)} if types else {}),
            **(facets or {}),
        }
        statistics = {} if rows is None else {"outputStatistics": facet("outputStatistics", rowCount=rows)}
        return dataset_json(self._name(relation), told, outputFacets=statistics)

    def _bare(self, relation: str) -> Json:
        return dataset_json(self._name(relation), {})

    def _name(self, relation: str) -> Dataset:
        return workspace_dataset(self._job, relation)

    def _names(self, relation: Relation) -> dict[str, Dataset]:
        used = {ref for uses in (relation.rows, *relation.columns.values()) for ref, _ in uses}
        return {ref: self._name(ref) for ref in used}

    def _sha256(self, table: str) -> str | None:
        return self._facts.receipt.tables[table].sha256 if self._facts.receipt else None


def _sql_facets(table: Table) -> Json:
    """Return the `sql` facet of a table made by SQL; of derived columns the expressions, one a line."""
    if table.transform_logic:
        return {"sql": facet("sql", query=table.transform_logic.strip(), dialect="duckdb")}
    lines = [f"({each.transform_logic}) as {each.name}" for each in table.columns if each.transform_logic]
    return {"sql": facet("sql", query=",\n".join(lines), dialect="duckdb")} if lines else {}


_PARTS: dict[StepKind, Callable[[Steps, Table], tuple[list[Json], list[Json]]]] = {
    StepKind.MAP: Steps._decided,  # noqa: SLF001
    StepKind.FORMAT: Steps._decided,  # noqa: SLF001
    StepKind.RESOLVE: Steps._decided,  # noqa: SLF001
    StepKind.CONFORM: Steps._conform,  # noqa: SLF001
    StepKind.DERIVE: Steps._derive,  # noqa: SLF001
    StepKind.DEDUPE: Steps._dedupe,  # noqa: SLF001
    StepKind.QUARANTINE: Steps._quarantine,  # noqa: SLF001
}
