"""Facets of OpenLineage as plain JSON: the standard's own at the versions named here, and those of Millwright.

The events are plain data on purpose: the client library of the standard takes a quarter of a second to import. The
tests hold every event against that library's classes, which are generated from the standard's schemas.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from state.lineage import Relation, Use, Uses
from tools.lineage.datasets import Dataset

Json = dict[str, Any]

RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_STANDARD = "https://openlineage.io/spec/facets"
OWN = "urn:millwright:docs:lineage"
"""Prefix of the schemas in `docs/lineage/`, by file name: the project has no public address yet."""

_STANDARD_FACETS = {
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "dataQualityMetrics": ("1-0-1", "DataQualityMetricsDatasetFacet"),
    "datasetType": ("1-0-1", "DatasetTypeDatasetFacet"),
    "dataSource": ("1-0-1", "DatasourceDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationDatasetFacet"),
    "documentation_job": ("1-1-0", "DocumentationJobFacet"),
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "extractionError": ("1-1-2", "ExtractionErrorRunFacet"),
    "inputStatistics": ("1-0-0", "InputStatisticsInputDatasetFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "parent": ("1-2-0", "ParentRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "sql": ("1-1-0", "SQLJobFacet"),
    "storage": ("1-0-1", "StorageDatasetFacet"),
    "subset": ("1-0-0", "InputSubsetInputDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
}
_FILES = {"subset": "BaseSubsetDatasetFacet"}
"""Facets whose schema stands in a file of another name."""

_OWN_FACETS = {
    "millwright_rowAccounting": "MillwrightRowAccountingRunFacet",
    "millwright_decisions": "MillwrightDecisionsRunFacet",
    "millwright_step": "MillwrightStepRunFacet",
    "millwright_files": "MillwrightFilesInputDatasetFacet",
}
_OWN_VERSION = "1-0-0"


@cache
def producer() -> str:
    """Return the URI that names this program and its version."""
    return f"urn:millwright:{version('millwright')}"


def facet(key: str, **content: Any) -> Json:  # noqa: ANN401  any JSON data
    """Return a facet under the standard's or our own key; what is None is left out."""
    return {
        "_producer": producer(),
        "_schemaURL": schema_url(key),
        **{name: value for name, value in content.items() if value is not None},
    }


def schema_url(key: str) -> str:
    """Return the URL of the schema of a facet."""
    if key in _OWN_FACETS:
        return f"{OWN}:{_OWN_VERSION}:{_OWN_FACETS[key]}.json#/$defs/{_OWN_FACETS[key]}"
    number, name = _STANDARD_FACETS[key]
    return f"{_STANDARD}/{number}/{_FILES.get(key, name)}.json#/$defs/{name}"


def schema_facet(columns: Iterable[tuple[str, str]], described: Mapping[str, str] | None = None) -> Json:
    """Return the `schema` facet of columns with their types, in order."""
    fields = [
        {"name": name, "type": kind, "ordinal_position": position, **_description(described, name)}
        for position, (name, kind) in enumerate(columns, 1)
    ]
    return facet("schema", fields=fields)


def column_lineage(relation: Relation, name_of: Mapping[str, Dataset], notes: Mapping[str, str] | None = None) -> Json:
    """Return the `columnLineage` facet of a dataset; `notes` say in words how a column is made of its direct sources.

    Columns made of nothing (a constant, a count of rows) are there without input fields.
    """
    fields = {
        column: {"inputFields": _input_fields(uses, name_of, (notes or {}).get(column, ""))}
        for column, uses in relation.columns.items()
    }
    rows = _input_fields(relation.rows, name_of, "")
    return facet("columnLineage", fields=fields, dataset=rows or None)


def parent_facet(run_id: str, namespace: str, name: str) -> Json:
    """Return the `parent` facet of a child run; our run is also the root of all its steps."""
    run, job = {"runId": run_id}, {"namespace": namespace, "name": name}
    return facet("parent", run=run, job=job, root={"run": run, "job": job})


def engine_facet() -> Json:
    """Return the `processing_engine` facet with the versions of what a run works with."""
    engines = ", ".join(f"{name} {_version(name)}" for name in ("duckdb", "langgraph"))
    return facet(
        "processing_engine",
        name=f"millwright ({engines})",
        version=_version("millwright"),
        openlineageAdapterVersion=_version("millwright"),
    )


@cache
def _version(package: str) -> str:
    """Return a package's version; it is asked for in every event and stands in a file that has to be parsed."""
    return version(package)


def error_facet(message: str) -> Json:
    """Return the `errorMessage` facet."""
    return facet("errorMessage", message=message, programmingLanguage="PYTHON")


def dataset_json(dataset: Dataset, facets: Json, **more: Json) -> Json:
    """Return a dataset of an event."""
    return {"namespace": dataset.namespace, "name": dataset.name, "facets": facets, **more}


def _description(described: Mapping[str, str] | None, name: str) -> Json:
    return {"description": described[name]} if described and described.get(name) else {}


def _input_fields(uses: Uses, name_of: Mapping[str, Dataset], note: str) -> list[Json]:
    found = []
    for (relation, column), ways in sorted(uses.items()):
        dataset = name_of[relation]
        transformations = [_transformation(use, note) for use in Use if use in ways]
        found.append(
            {
                "namespace": dataset.namespace,
                "name": dataset.name,
                "field": column,
                "transformations": transformations,
            }
        )
    return found


def _transformation(use: Use, note: str) -> Json:
    described = {"description": note} if note and use.direct else {}
    kind, masking = "DIRECT" if use.direct else "INDIRECT", use is Use.MASKING
    subtype = Use.TRANSFORMATION if masking else use
    return {"type": kind, "subtype": subtype.value, **described, "masking": masking}
