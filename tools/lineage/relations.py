"""Datasets of an event as JSON: the files a run read and the relations of its workspace, with their facets."""

from collections.abc import Iterable
from pathlib import Path

from state.contract import Table
from state.lineage import Relation, Use
from tools.lineage.columns import ORIGIN, TableLineage, lineage_of_tables
from tools.lineage.datasets import Dataset, FileGroup, file_path, input_groups, landed_files, workspace_dataset
from tools.lineage.facets import Json, column_lineage, dataset_json, facet, schema_facet
from tools.lineage.facts import Columns, Facts

_TEXT = "VARCHAR"
_ORIGIN_TYPES = ((ORIGIN[0], _TEXT), (ORIGIN[1], "BIGINT"))


class Relations:
    """Files and relations of one run."""

    def __init__(self, facts: Facts, job: str) -> None:
        self._facts, self._job = facts, job
        intake = facts.intake
        self.groups: tuple[FileGroup, ...] = input_groups(intake, facts.ledger.files) if intake else ()
        self.tables: dict[str, TableLineage] = lineage_of_tables(facts)
        self.files: dict[str, tuple[str, ...]] = landed_files(intake, self.groups) if intake else {}
        self.file_names: dict[str, Dataset] = {group.dataset.name: group.dataset for group in self.groups}

    def name(self, relation: str) -> Dataset:
        """Return the name of a relation."""
        return workspace_dataset(self._job, relation)

    def names(self, lineage: Relation) -> dict[str, Dataset]:
        """Return the names of all relations that a lineage refers to."""
        used = {relation for uses in (lineage.rows, *lineage.columns.values()) for relation, _ in uses}
        return {relation: self.name(relation) for relation in used}

    def bare(self, relations: Iterable[str]) -> list[Json]:
        """Return relations by name alone: they are told where they are written."""
        return [dataset_json(self.name(relation), {}) for relation in dict.fromkeys(relations)]

    def landed_of(self, table: str) -> list[str]:
        """Return the landed relations that feed a table."""
        variants = self._facts.intake.variants_of(table) if self._facts.intake else ()
        return [f"land.{variant_id}" for variant_id, _ in variants]

    def landed(self) -> list[Json]:
        """Return the landed relations, and that of the lines that are no records."""
        counts, told = self._facts.ledger.files, []
        for variant in self._facts.intake.inventory.variants if self._facts.intake else ():
            relation = f"land.{variant.variant_id}"
            records = [counts[file_id].records for file_id in variant.file_ids if file_id in counts]
            if records:
                types = (*((column, _TEXT) for column in variant.columns), *_ORIGIN_TYPES)
                same = frozenset({Use.IDENTITY})
                columns = {name: {(file, name): same for file in self.files[relation]} for name, _ in types}
                lineage = column_lineage(Relation(columns=columns), self.file_names)
                told.append(self._written(relation, types, sum(records), columnLineage=lineage))
        rejects = sum(each.rejects for each in counts.values())
        return [*told, *([self._written("land.rejects", (), rejects)] if rejects else [])]

    def staged(self, table: Table) -> list[Json]:
        """Return the staged relation of a table; nothing where it was not staged."""
        if table.name not in self.tables:
            return []
        kind = "derive" if table.derived else "conform"
        report = self._facts.ledger.reports.get(f"{kind}:{table.name}")
        notes = {name: each.evidence for name, each in self._facts.ledger.formats.get(table.name, {}).items()}
        notes |= {column.name: column.transform_logic for column in table.columns if column.transform_logic}
        staged = self.tables[table.name].staged
        lineage = column_lineage(staged, self.names(staged), notes)
        rows = report.rows if report else None
        return [self._written(f"stage.{table.name}", self.types(table), rows, columnLineage=lineage)]

    def live(self, table: Table) -> list[Json]:
        """Return the live rows of a table: the staged ones without those set aside and merged."""
        live, account = self.tables[table.name].live, self._facts.accounts.get(table.name)
        lineage = column_lineage(live, self.names(live))
        rows = account.rows_published if account else None
        return [self._written(f"live.{table.name}", self.types(table), rows, columnLineage=lineage)]

    def aside(self, side: str, table: Table) -> list[Json]:
        """Return the relation that names the rows of a table that were merged or set aside."""
        return [self._written(f"ops.{side}.{table.name}", (), self._facts.ledger.aside.get((side, table.name), 0))]

    def judged(self, table: Table, given: Json) -> Json:
        """Return the live rows of a table as the input of their verification."""
        described = {column.name: column.description or "" for column in table.columns}
        facets = {"schema": schema_facet(self.types(table), described)}
        return dataset_json(self.name(f"live.{table.name}"), facets, inputFacets=given)

    def types(self, table: Table) -> Columns:
        """Return the columns of a staged table."""
        return self._facts.ledger.staged[table.name]

    def inputs(self, *, named: bool) -> tuple[Json, ...]:
        """Return the files of a run; with `named` each with its hash and the counts of its lines."""
        return tuple(self._file(group, named=named) for group in self.groups)

    def _file(self, group: FileGroup, *, named: bool) -> Json:
        counts = [self._facts.ledger.files[file.file_id] for file in group.files]
        records, size = sum(each.records for each in counts), sum(file.size for file in group.files)
        given = {"inputStatistics": facet("inputStatistics", rowCount=records, size=size, fileCount=len(group.files))}
        facets: Json = {
            "schema": schema_facet((column, _TEXT) for column in group.columns),
            "datasetType": facet("datasetType", datasetType="FILE"),
            "dataSource": facet("dataSource", name=group.dataset.name, uri=Path(group.dataset.name).as_uri()),
        }
        if group.grouped:
            locations = [Path(file_path(file)).as_uri() for file in group.files]
            given["subset"] = facet("subset", inputCondition={"type": "location", "locations": locations})
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

    def _written(self, relation: str, types: Columns, rows: int | None, **facets: Json) -> Json:
        told = {
            "datasetType": facet("datasetType", datasetType="TABLE"),
            "version": facet("version", datasetVersion=self._facts.record.run_id),
            **({"schema": schema_facet(types)} if types else {}),
            **facets,
        }
        statistics = {} if rows is None else {"outputStatistics": facet("outputStatistics", rowCount=rows)}
        return dataset_json(self.name(relation), told, outputFacets=statistics)
