"""What the lineage tells of the files a run wrote: types, sizes and empty values, read from the files' footers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from state.contract import Table
from state.lineage import Relation
from tools.lineage.datasets import Dataset, output_dataset
from tools.lineage.facets import Json, column_lineage, dataset_json, facet, schema_facet
from tools.outputs.parquet import parts
from tools.reading import reading
from tools.sql.quote import literal


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file, or a folder of numbered parts, as its footers describe it."""

    path: Path
    columns: tuple[tuple[str, str], ...]
    rows: int
    nulls: tuple[tuple[str, int], ...]  # of the columns the footers count them for
    size: int
    files: int

    @property
    def dataset(self) -> Dataset:
        """The name of the dataset."""
        return output_dataset(self.path)


def read_written(paths: Sequence[Path]) -> list[WrittenFile]:
    """Return what the footers of written tables tell. Raises duckdb.Error and OSError."""
    with reading() as connection:
        return [_read(connection, path) for path in paths]


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> WrittenFile:
    files = parts(path)
    source = f"[{', '.join(literal(str(file)) for file in files)}]"
    columns = connection.execute(
        f"select column_name, column_type from (describe from read_parquet({source}))"
    ).fetchall()
    rows = connection.execute(f"select sum(num_rows)::bigint from parquet_file_metadata({source})").fetchone()
    nulls = connection.execute(
        "select path_in_schema, sum(stats_null_count)::bigint, bool_and(stats_null_count is not null) "
        f"from parquet_metadata({source}) group by path_in_schema"
    ).fetchall()
    counted = {name: count for name, count, whole in nulls if whole}
    return WrittenFile(
        path=path,
        columns=tuple((name, kind) for name, kind in columns),
        rows=int(rows[0] or 0) if rows else 0,
        nulls=tuple((name, counted[name]) for name, _ in columns if name in counted),
        size=sum(file.stat().st_size for file in files),
        files=len(files),
    )


def output_json(
    written: WrittenFile,
    table: Table | None = None,
    lineage: tuple[Relation, dict[str, Dataset]] | None = None,
    sha256: str | None = None,
) -> Json:
    """Return an output dataset of an event; with `table` it is the published one, described as the contract does."""
    described = {column.name: column.description or "" for column in table.columns} if table else {}
    facets = {
        "schema": schema_facet(written.columns, described),
        "datasetType": facet("datasetType", datasetType="FILE"),
        "storage": facet("storage", storageLayer="file", fileFormat="parquet"),
        "dataSource": facet("dataSource", name=str(written.path), uri=written.path.as_uri()),
    }
    if table is not None:
        facets["dataQualityMetrics"] = _metrics(written)
        if table.description:
            facets["documentation"] = facet("documentation", description=table.description, contentType="text/plain")
    if sha256 is not None:
        facets["version"] = facet("version", datasetVersion=sha256)
    if lineage is not None:
        facets["columnLineage"] = column_lineage(*lineage)
    statistics = facet("outputStatistics", rowCount=written.rows, size=written.size, fileCount=written.files)
    return dataset_json(written.dataset, facets, outputFacets={"outputStatistics": statistics})


def written_tables(folder: Path, kinds: Sequence[str]) -> list[tuple[str, Path]]:
    """Return kind and path of the side tables in a run's folder, by kind and name."""
    return [(kind, path) for kind in kinds for path in sorted((folder / kind).glob("*.parquet"))]


def _metrics(written: WrittenFile) -> Json:
    columns = {name: {"nullCount": count, "count": written.rows} for name, count in written.nulls}
    return facet(
        "dataQualityMetrics",
        rowCount=written.rows,
        bytes=written.size,
        fileCount=written.files,
        columnMetrics=columns,
    )
