"""The lineage of whole runs: every event is valid by the standard, and every published column names its true sources.

The schemas are made from the classes of the standard's own client, which are generated from its JSON schemas; those of
our own facets stand in docs/lineage.
"""

import json
import sys
import types
import typing
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import attr
import duckdb
import jsonschema
import pytest
from jsonschema.validators import Draft202012Validator
from openlineage.client import event_v2, facet_v2
from referencing import Registry, Resource

from state.run import RunStatus

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "columnLineage": "ColumnLineageDatasetFacet",
    "dataQualityAssertions": "DataQualityAssertionsDatasetFacet",
    "dataQualityMetrics": "DataQualityMetricsDatasetFacet",
    "dataSource": "DatasourceDatasetFacet",
    "datasetType": "DatasetTypeDatasetFacet",
    "documentation": ("DocumentationDatasetFacet", "DocumentationJobFacet"),
    "errorMessage": "ErrorMessageRunFacet",
    "extractionError": "ExtractionErrorRunFacet",
    "inputStatistics": "InputStatisticsInputDatasetFacet",
    "jobType": "JobTypeJobFacet",
    "outputStatistics": "OutputStatisticsOutputDatasetFacet",
    "parent": "ParentRunFacet",
    "processing_engine": "ProcessingEngineRunFacet",
    "schema": "SchemaDatasetFacet",
    "sql": "SQLJobFacet",
    "storage": "StorageDatasetFacet",
    "subset": "InputSubsetInputDatasetFacet",
    "version": "DatasetVersionDatasetFacet",
}
"""The standard's keys of facets; the classes of the client do not name them."""

FORMATS = {"runId": "uuid", "eventTime": "date-time"}
URIS = {"producer", "schemaURL", "_producer", "_schemaURL", "uri"}
VOCABULARIES = {
    ("Transformation", "type"): ["DIRECT", "INDIRECT"],
    ("JobTypeJobFacet", "processingType"): ["BATCH", "STREAMING", "SERVICE"],
}
"""Words that the classes name in their documentation only."""


def facet_classes() -> dict[str, type]:
    modules = [getattr(facet_v2, name) for name in facet_v2.__all__]
    modules = [module for module in modules if isinstance(module, types.ModuleType)]
    found = [item for module in modules for item in vars(module).values() if isinstance(item, type)]
    return {item._get_schema(): item for item in found if issubclass(item, facet_v2.BaseFacet) and attr.has(item)}


CLASSES = facet_classes()


def schema_of(kind: Any, made: dict[str, Any], owner: str = "", name: str = "") -> dict[str, Any]:
    """A JSON schema of a type of the client; those of classes, closed to unknown fields, are kept in `made`."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema_of(item, made, owner, name) for item in inner if item is not type(None)]}
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0], made, owner, name)}
    if origin is dict:
        facets = isinstance(inner[1], type) and issubclass(inner[1], facet_v2.BaseFacet)  # checked on their own
        return {"type": "object", **({} if facets else {"additionalProperties": schema_of(inner[1], made)})}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [item.value for item in kind]}
    if isinstance(kind, type) and attr.has(kind):
        return {"$ref": f"#/$defs/{_define(kind, made)}"}
    plain = {str: "string", int: "integer", float: "number", bool: "boolean"}.get(kind)
    words = VOCABULARIES.get((owner, name))
    form = FORMATS.get(name) or ("uri" if name in URIS else None)
    return {
        **({"type": plain} if plain else {}),
        **({"enum": words} if words else {}),
        **({"format": form} if form else {}),
    }


def _define(kind: type, made: dict[str, Any]) -> str:
    name = f"{kind.__module__}.{kind.__name__}"
    if name not in made:
        made[name] = {}
        hints, fields = typing.get_type_hints(kind), attr.fields(kind)
        always = {"_producer", "_schemaURL", "producer", "schemaURL", "eventType"}
        made[name] = {
            "type": "object",
            "additionalProperties": False,
            "required": [field.name for field in fields if field.default is attr.NOTHING or field.name in always],
            "properties": {
                field.name: schema_of(hints[field.name], made, kind.__name__, field.name) for field in fields
            },
        }
    return name


def class_schema(kind: type) -> dict[str, Any]:
    made: dict[str, Any] = {}
    return {**schema_of(kind, made), "$defs": made}


FORMAT_CHECKER = jsonschema.FormatChecker(formats=())


@FORMAT_CHECKER.checks("uuid", raises=ValueError)
def _is_uuid(value: Any) -> bool:
    return str(UUID(value)) == value


@FORMAT_CHECKER.checks("date-time", raises=ValueError)
def _is_moment(value: Any) -> bool:
    return datetime.fromisoformat(value).tzinfo is not None and "T" in value


@FORMAT_CHECKER.checks("uri")
def _is_uri(value: Any) -> bool:
    scheme, colon, rest = value.partition(":")
    return bool(scheme.isalpha() and colon and rest and " " not in value)


def own_schemas() -> Registry[Any]:
    base = {"$defs": {name: {"type": "object", "required": ["_producer", "_schemaURL"]} for name in _BASES}}
    standard = Resource.from_contents({"$schema": "https://json-schema.org/draft/2020-12/schema", **base})
    registry = Registry().with_resource("https://openlineage.io/spec/2-0-2/OpenLineage.json", standard)
    for path in (ROOT / "docs" / "lineage").glob("*.json"):
        content = json.loads(path.read_text())
        registry = registry.with_resource(content["$id"], Resource.from_contents(content))
    return registry


_BASES = ("RunFacet", "JobFacet", "DatasetFacet", "InputDatasetFacet", "OutputDatasetFacet")
OWN = own_schemas()
EVENT = Draft202012Validator(class_schema(event_v2.RunEvent), format_checker=FORMAT_CHECKER)


def facets_of(event: Any) -> Iterator[tuple[str, Any, type]]:
    """Every facet with its key and the base class of the place where it stands."""
    places = [(event["run"]["facets"], facet_v2.RunFacet), (event["job"]["facets"], facet_v2.JobFacet)]
    for dataset in event["inputs"] + event["outputs"]:
        places.append((dataset["facets"], facet_v2.DatasetFacet))
        places.append((dataset.get("inputFacets", {}), facet_v2.InputDatasetFacet))
        places.append((dataset.get("outputFacets", {}), facet_v2.OutputDatasetFacet))
    for facets, base in places:
        for key, facet in facets.items():
            yield key, facet, base


def faults(event: Any) -> list[str]:
    found = [error.message for error in EVENT.iter_errors(event)]
    for key, facet, base in facets_of(event):
        url = facet["_schemaURL"]
        if key.startswith("millwright_"):
            schema: dict[str, Any] = {"$ref": url}
            assert base.__name__ in url, url
        else:
            kind = CLASSES[url]
            if not issubclass(kind, base) or kind.__name__ not in KEYS[key]:
                found.append(f"{key} is no place for {kind.__name__}")
            schema = class_schema(kind)
        validator = Draft202012Validator(schema, registry=OWN, format_checker=FORMAT_CHECKER)
        found += [f"{key}: {error.message}" for error in validator.iter_errors(facet)]
    return found


def read_events(played: Any) -> list[Any]:
    path = played.out / "_runs" / played.run_id / "lineage.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def check_whole(events: list[Any]) -> None:
    """One START for every run, at most one end, the run's own first and last, all in order, all valid."""
    assert [fault for event in events for fault in faults(event)] == []
    states = Counter((event["run"]["runId"], event["eventType"]) for event in events)
    assert set(states.values()) == {1}
    runs = {event["run"]["runId"] for event in events}
    assert {run for run, kind in states if kind == "START"} == runs
    ends = Counter(run for run, kind in states if kind in ("COMPLETE", "FAIL", "ABORT"))
    assert set(ends.values()) <= {1}
    own = events[0]["run"]["runId"]
    assert events[-1]["run"]["runId"] == own
    for event in events[1:-1]:
        assert event["run"]["facets"]["parent"]["run"]["runId"] == own
        assert event["job"]["name"].startswith(events[0]["job"]["name"] + ".")
    for before, after in zip(events[1:-1:2], events[2:-1:2], strict=True):
        assert (before["eventType"], before["run"]["runId"]) == ("START", after["run"]["runId"])
        assert before["eventTime"] <= after["eventTime"] <= events[-1]["eventTime"]


def event_of(events: list[Any], step: str) -> Any:
    """The end of a step, or of the run."""
    name = f"{events[0]['job']['name']}.{step}" if step else events[0]["job"]["name"]
    return next(event for event in reversed(events) if event["job"]["name"] == name)


def sources(events: list[Any], table: str) -> dict[str, dict[str, str]]:
    """By column of a published table: file and column of every direct source, with the way it is used."""
    facet = output_of(event_of(events, ""), f"{table}.parquet")["facets"]["columnLineage"]
    return {
        column: {
            f"{Path(field['name']).name}.{field['field']}": "/".join(
                way["subtype"] for way in field["transformations"] if way["type"] == "DIRECT"
            )
            for field in entry["inputFields"]
            if any(way["type"] == "DIRECT" for way in field["transformations"])
        }
        for column, entry in facet["fields"].items()
    }


def output_of(event: Any, name: str) -> Any:
    return next(each for each in event["outputs"] if Path(each["name"]).name == name and "/_runs/" not in each["name"])


def deciding(events: list[Any], table: str, column: str) -> set[str]:
    """File and column of everything that decides about a column or the rows of its table."""
    facet = output_of(event_of(events, ""), f"{table}.parquet")["facets"]["columnLineage"]
    fields = [*facet["fields"][column]["inputFields"], *facet.get("dataset", [])]
    return {f"{Path(field['name']).name}.{field['field']}" for field in fields}


@pytest.fixture(scope="module")
def jaffle(play_once: Any, examples: Path, shared_data: Path) -> list[Any]:
    seeds = shared_data / "jaffle_shop" / "seeds"
    return read_events(play_once(examples / "jaffle_shop" / "contract.odcs.yaml", seeds))


@pytest.fixture(scope="module")
def shop(play_once: Any, examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    import importlib.util  # noqa: PLC0415  the generator is a script

    folder, scripts = tmp_path_factory.mktemp("shop"), examples / "shop"
    sys.path.insert(0, str(scripts))
    try:
        spec = importlib.util.spec_from_file_location("shop_generate_lineage", scripts / "generate.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(scripts))
    module.write_shop(folder, 7)
    return play_once(scripts / "contract.odcs.yaml", folder / "input", out=folder / "out")


PAID = {"raw_payments.csv.amount": "AGGREGATION"}
JAFFLE = {
    "stg_customers": {
        "customer_id": {"raw_customers.csv.id": "TRANSFORMATION"},
        "first_name": {"raw_customers.csv.first_name": "IDENTITY"},
        "last_name": {"raw_customers.csv.last_name": "IDENTITY"},
    },
    "stg_orders": {
        "order_id": {"raw_orders.csv.id": "TRANSFORMATION"},
        "customer_id": {"raw_orders.csv.user_id": "TRANSFORMATION"},
        "order_date": {"raw_orders.csv.order_date": "TRANSFORMATION"},
        "status": {"raw_orders.csv.status": "IDENTITY"},
    },
    "raw_payments": {
        "id": {"raw_payments.csv.id": "TRANSFORMATION"},
        "order_id": {"raw_payments.csv.order_id": "TRANSFORMATION"},
        "payment_method": {"raw_payments.csv.payment_method": "IDENTITY"},
        "amount": {"raw_payments.csv.amount": "TRANSFORMATION"},
    },
    "stg_payments": {
        "payment_id": {"raw_payments.csv.id": "TRANSFORMATION"},
        "order_id": {"raw_payments.csv.order_id": "TRANSFORMATION"},
        "payment_method": {"raw_payments.csv.payment_method": "IDENTITY"},
        "amount": {"raw_payments.csv.amount": "TRANSFORMATION"},
    },
    "orders": {
        "order_id": {"raw_orders.csv.id": "TRANSFORMATION"},
        "customer_id": {"raw_orders.csv.user_id": "TRANSFORMATION"},
        "order_date": {"raw_orders.csv.order_date": "TRANSFORMATION"},
        "status": {"raw_orders.csv.status": "IDENTITY"},
        "credit_card_amount": PAID,
        "coupon_amount": PAID,
        "bank_transfer_amount": PAID,
        "gift_card_amount": PAID,
        "amount": PAID,
    },
    "customers": {
        "customer_id": {"raw_customers.csv.id": "TRANSFORMATION"},
        "first_name": {"raw_customers.csv.first_name": "IDENTITY"},
        "last_name": {"raw_customers.csv.last_name": "IDENTITY"},
        "first_order": {"raw_orders.csv.order_date": "AGGREGATION"},
        "most_recent_order": {"raw_orders.csv.order_date": "AGGREGATION"},
        "number_of_orders": {},
        "customer_lifetime_value": PAID,
    },
}


@pytest.mark.shared_data
@pytest.mark.parametrize("table", JAFFLE)
def test_every_column_of_the_marts_names_the_columns_of_the_seeds(jaffle: list[Any], table: str) -> None:
    assert sources(jaffle, table) == JAFFLE[table]


@pytest.mark.shared_data
def test_what_decides_about_a_mart_is_told_with_it(jaffle: list[Any]) -> None:
    of_coupons = output_of(event_of(jaffle, ""), "orders.parquet")["facets"]["columnLineage"]["fields"]["coupon_amount"]
    ways = {field["field"]: field["transformations"][0]["subtype"] for field in of_coupons["inputFields"]}
    assert ways == {"amount": "AGGREGATION", "payment_method": "FILTER"}
    counted = deciding(jaffle, "customers", "number_of_orders")
    assert {"raw_orders.csv.user_id", "raw_orders.csv.id", "raw_customers.csv.id"} <= counted


@pytest.mark.shared_data
def test_every_event_of_the_marts_is_valid(jaffle: list[Any]) -> None:
    check_whole(jaffle)
    assert jaffle[-1]["eventType"] == "COMPLETE"
    steps = Counter(event["run"]["facets"]["millwright_step"]["kind"] for event in jaffle[2:-1:2])
    assert steps == {
        "land": 1, "map": 3, "format": 3, "conform": 3, "quarantine": 3, "derive": 3,  # the rest is proved
        "verify": 1, "publish": 1,
    }  # fmt: skip


@pytest.mark.shared_data
def test_a_step_goes_from_dataset_to_dataset(jaffle: list[Any]) -> None:
    derived = event_of(jaffle, "derive.orders")
    assert [each["name"] for each in derived["inputs"]] == [
        "jaffle_shop.live.stg_orders",
        "jaffle_shop.live.stg_payments",
    ]
    assert derived["job"]["facets"]["sql"]["query"].startswith("with paid as (")
    (staged,) = derived["outputs"]
    fields = staged["facets"]["columnLineage"]["fields"]
    assert {(field["name"], field["field"]) for field in fields["status"]["inputFields"]} == {
        ("jaffle_shop.live.stg_orders", "status")
    }
    made = {each["name"]: event["job"]["name"] for event in jaffle for each in event["outputs"]}
    read = {each["name"] for event in jaffle for each in event["inputs"]}
    assert {name for name in read - made.keys() if not name.endswith(".csv")} == set()


def test_every_event_of_the_shop_is_valid(shop: Any) -> None:
    events = read_events(shop)
    check_whole(events)
    assert events[-1]["eventType"] == "COMPLETE"


def test_what_was_sold_goes_back_to_the_orders_of_every_system(shop: Any) -> None:
    found = sources(read_events(shop), "daily_sales")
    assert found["orders"] == {}
    files = {path.name for path in (shop.out.parent / "input").glob("orders*") if "empty" not in path.name}
    assert {name.rpartition(".")[0] for name in found["order_date"]} == files
    assert {name.rpartition(".")[0] for name in found["revenue"]} == files
    assert len(files) == 4
    assert set(found["revenue"].values()) == {"AGGREGATION"}
    kept = deciding(read_events(shop), "daily_sales", "orders")
    assert {name.partition(".")[0] for name in kept} >= {name.partition(".")[0] for name in files}


def test_the_shop_tells_rows_sizes_types_and_verdicts(shop: Any) -> None:
    events = read_events(shop)
    for table, told in shop.tables.items():
        output = output_of(event_of(events, ""), f"{table}.parquet")
        path = shop.out / f"{table}.parquet"
        statistics = output["outputFacets"]["outputStatistics"]
        assert (statistics["rowCount"], statistics["size"]) == (told["rows_published"], path.stat().st_size)
        with duckdb.connect() as connection:
            columns = connection.execute(f"select column_name, column_type from (describe from '{path}')").fetchall()
            nulls = connection.execute(
                f"select {', '.join(f'count(*) - count({name})' for name, _ in columns)} from '{path}'"
            ).fetchone()
        facets = output["facets"]
        assert [(field["name"], field["type"]) for field in facets["schema"]["fields"]] == columns
        counted = {name: entry["nullCount"] for name, entry in facets["dataQualityMetrics"]["columnMetrics"].items()}
        assert counted == dict(zip((name for name, _ in columns), nulls or (), strict=True))
    verified = {
        assertion["name"]: (assertion["success"], assertion.get("column"))
        for each in event_of(events, "verify")["inputs"]
        for assertion in each["inputFacets"]["dataQualityAssertions"]["assertions"]
    }
    assert verified == {check["rule"]: (check["result"] == "passed", check["column"]) for check in shop.told["checks"]}
    books = {entry["table"]: entry for entry in events[-1]["run"]["facets"]["millwright_rowAccounting"]["tables"]}
    for table, told in shop.tables.items():
        assert [books[table][key] for key in ("read", "published", "quarantined", "merged")] == [
            told[f"rows_{key}"] for key in ("read", "published", "quarantined", "merged")
        ]


def test_what_was_set_aside_names_its_sources_too(shop: Any) -> None:
    report = event_of(read_events(shop), "report")
    side = next(each for each in report["outputs"] if each["name"].endswith("/quarantine/orders.parquet"))
    fields = side["facets"]["columnLineage"]["fields"]
    assert {field["name"].rpartition(".")[0] for field in fields["amount"]["inputFields"]} == {"shop.land"}
    assert fields["_reason"]["inputFields"] == []
    assert fields["_file"]["inputFields"]


def _rows(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "t.csv").write_text(text)
    return folder


def test_a_contract_that_is_not_met_is_a_failure(play: Any, schema: Any, tmp_path: Path) -> None:
    table = schema.table("t", schema.column("a", "integer", required=True), settings={"maxQuarantine": 0})
    played = play(schema.contract(table), _rows(tmp_path / "in", "a\n1\nx\n"))
    events = read_events(played)
    check_whole(events)
    assert played.status == RunStatus.NOT_MET
    assert events[-1]["eventType"] == event_of(events, "verify")["eventType"] == "FAIL"
    assert events[-1]["run"]["facets"]["errorMessage"]["message"] == played.problem
    assert not [each for each in events[-1]["outputs"] if "/_runs/" not in each["name"]]


def test_a_step_that_fails_is_a_failure_of_step_and_run(play: Any, schema: Any, tmp_path: Path) -> None:
    fed = schema.table("t", schema.column("a"))
    made = schema.table(
        "d",
        schema.column("b", "integer"),
        settings={"transformSourceObjects": ["t"], "transformLogic": "select cast(a as integer) as b from t"},
    )
    played = play(schema.contract(fed, made), _rows(tmp_path / "in", "a\nx\n"))
    events = read_events(played)
    check_whole(events)
    failed = event_of(events, "derive.d")
    assert played.status == RunStatus.FAILED
    assert (events[-1]["eventType"], failed["eventType"], failed["outputs"]) == ("FAIL", "FAIL", [])
    assert "x" in failed["run"]["facets"]["errorMessage"]["message"]


def test_a_spent_budget_aborts_and_a_resumed_run_is_the_same_run(play: Any, schema: Any, tmp_path: Path) -> None:
    from graphs.session import resume  # noqa: PLC0415

    contract, folder = schema.contract(schema.table("t", schema.column("a"))), _rows(tmp_path / "in", "a\nx\n")
    played = play(contract, folder, context={"budget": {"steps": 4}})
    aborted = read_events(played)
    check_whole(aborted)
    assert (played.status, aborted[-1]["eventType"]) == (RunStatus.BUDGET_SPENT, "ABORT")
    while resume(played.home, played.run_id)["status"] is RunStatus.BUDGET_SPENT:
        pass
    events = read_events(played)
    check_whole(events)
    assert events[-1]["eventType"] == "COMPLETE"
    assert events[-1]["run"]["runId"] == aborted[-1]["run"]["runId"]
    assert events[: len(aborted) - 1] == aborted[:-1]
    before = (played.out / "_runs" / played.run_id / "lineage.jsonl").read_bytes()
    resume(played.home, played.run_id)
    assert (played.out / "_runs" / played.run_id / "lineage.jsonl").read_bytes() == before


def test_a_contract_that_cannot_be_used_fails_before_anything_is_read(play: Any, tmp_path: Path) -> None:
    played = play("id: broken\nkind: DataContract\n", _rows(tmp_path / "in", "a\n1\n"), fails=True)
    events = read_events(played)
    check_whole(events)
    assert [(event["eventType"], event["job"]["name"]) for event in events] == [("START", "broken"), ("FAIL", "broken")]
    assert events[-1]["run"]["facets"]["errorMessage"]["message"] == played.problem


def test_sql_that_cannot_be_resolved_is_told_and_nothing_is_invented(play: Any, schema: Any, tmp_path: Path) -> None:
    fed = schema.table("t", schema.column("a"))
    made = schema.table(
        "d",
        schema.column("a"),
        settings={"transformSourceObjects": ["t"], "transformLogic": "select columns('a.*') from t"},
    )
    played = play(schema.contract(fed, made), _rows(tmp_path / "in", "a\nx\n"))
    assert played.status == RunStatus.PUBLISHED
    events = read_events(played)
    check_whole(events)
    error = event_of(events, "derive.d")["run"]["facets"]["extractionError"]
    assert (error["totalTasks"], error["failedTasks"]) == (1, 1)
    assert "columnLineage" not in output_of(events[-1], "d.parquet")["facets"]
    assert "columnLineage" in output_of(events[-1], "t.parquet")["facets"]
    assert [warning for warning in played.told["warnings"] if warning.startswith("lineage: d.transformLogic")]


def test_derived_columns_name_sources_through_each_other(play: Any, schema: Any, tmp_path: Path) -> None:
    table = schema.table(
        "t",
        schema.column("a", "integer"),
        schema.column("b", "integer", transformLogic="a + 1"),
        schema.column("c", "integer", transformLogic="b * 2"),
        schema.column("f", transformLogic="_file"),
    )
    events = read_events(play(schema.contract(table), _rows(tmp_path / "in", "a\n1\n")))
    check_whole(events)
    assert sources(events, "t") == {
        "a": {"t.csv.a": "TRANSFORMATION"},
        "b": {"t.csv.a": "TRANSFORMATION"},
        "c": {"t.csv.a": "TRANSFORMATION"},
        "f": {"t.csv._file": "IDENTITY"},
    }


def test_many_files_are_one_dataset_a_header_and_all_are_named(play: Any, schema: Any, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(120):
        (folder / f"{number:03}.csv").write_text(f"a\n{number}\n" if number % 2 else f"A;b\n{number};x\n")
    table = schema.table("t", schema.column("a", "integer"), settings={"sources": ["*.csv"]})
    events = read_events(play(schema.contract(table), folder))
    check_whole(events)
    landed = event_of(events, "land")
    (group,) = landed["inputs"]
    assert group["name"] == str(folder)
    assert len(group["inputFacets"]["millwright_files"]["files"]) == 120
    (whole,) = events[-1]["inputs"]
    assert {Path(each).name for each in whole["inputFacets"]["subset"]["inputCondition"]["locations"]} == {
        f"{number:03}.csv" for number in range(120)
    }
    assert sources(events, "t") == {"a": {"in.A": "TRANSFORMATION", "in.a": "TRANSFORMATION"}}


PERTURBED = {
    ("customers.csv", "customer_id"): ["1", "2", "5", "4"],
    ("customers.csv", "name"): ["Zoe", "", "Kim", "Lee"],
    ("customers.csv", "country"): ["Germany", "Germany", "UK", "Nowhere"],
    ("orders_1.csv", "order_id"): ["20", "21", "22", "22"],
    ("orders_1.csv", "customer_id"): ["3", "3", "9", "1"],
    ("orders_1.csv", "order_date"): ["2024-05-01", "x", "14/03/2024", "2024-05-04"],
    ("orders_1.csv", "amount"): ["3", "9", "-4", "8"],
    ("orders_1.csv", "updated_at"): ["2025-01-01 10:00:00", "2025-01-03 10:00:00", "2025-01-01 10:00:00", "x"],
}


def test_what_changes_with_a_source_column_is_in_its_lineage(play: Any, job: Any) -> None:
    contract = job.contract.read_text().replace(
        "value: 0.5", "value: 1"
    )  # whatever is set aside, the rest is published
    first = play(contract, job.sources)
    events, before = read_events(first), _published(first)
    changed = Counter()
    for (name, column), cells in PERTURBED.items():
        path = job.sources / name
        original = path.read_text()
        path.write_text(_replaced(original, column, cells))
        again = _published(play(contract, job.sources, out=job.out.parent / f"{name}-{column}"))
        path.write_text(original)
        for table, columns in before.items():
            for each, values in columns.items():
                if again[table][each] != values:
                    changed[f"{name}.{column}"] += 1
                    assert f"{name}.{column}" in deciding(events, table, each), (table, each)
    assert len(changed) == len(PERTURBED), "a perturbation changed nothing and tests nothing"


def _replaced(text: str, column: str, cells: list[str]) -> str:
    head, *lines = text.splitlines()
    index, waiting = head.split(",").index(column), iter(cells)
    changed = []
    for line in lines:
        quoted = line.replace('"1,200.50"', "1200.50").replace('"Korea, South"', "South Korea")
        fields = quoted.split(",")
        if len(fields) == len(head.split(",")):
            fields[index] = next(waiting)
        changed.append(",".join(fields))
    return "\n".join([head, *changed]) + "\n"


def _published(played: Any) -> dict[str, dict[str, list[Any]]]:
    found = {}
    for path in played.out.glob("*.parquet"):
        with duckdb.connect() as connection:
            cursor = connection.execute(f"from '{path}'")
            names, rows = [column[0] for column in cursor.description or ()], cursor.fetchall()
        found[path.stem] = {name: sorted((row[at] for row in rows), key=repr) for at, name in enumerate(names)}
    return found
