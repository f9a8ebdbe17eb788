"""The supervisor on a small real job: what is published, what is not, and what is told."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from graphs.persistence import open_saver
from graphs.session import proceed, resume, run
from graphs.supervisor import graph
from state.errors import ContractError, RunError, SourceError, StateVersionError
from state.run import SCHEMA_VERSION, BudgetLimits, RunContext, RunRequest, RunStatus
from tools.admission import admit
from tools.records import read_record, run_lock


def go(job: Any, **options: Any) -> Any:
    context = options.pop("context", RunContext(home=str(job.home)))
    return run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context, **options)


def rows(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"select * from '{path}' order by all").fetchall()


def told(job: Any) -> Any:
    return json.loads((job.out / "_runs" / "r1" / "run.json").read_text())


def test_the_tables_are_published_and_every_row_is_accounted_for(job: Any) -> None:
    assert go(job)["status"] is RunStatus.PUBLISHED
    assert [row[:3] for row in rows(job.out / "customers.parquet")] == [
        (1, "Ann", "Germany"),
        (2, "Bob", "United Kingdom"),
        (3, "Eve", "South Korea"),
    ]
    orders = rows(job.out / "orders.parquet")
    assert [(row[0], str(row[2]), str(row[3])) for row in orders] == [
        (10, "2024-03-01", "1200.50"),
        (11, "2024-03-13", "7.00"),
        (13, "2024-03-04", "8.25"),
    ]
    assert {row[0]: (row[1], str(row[2])) for row in rows(job.out / "totals.parquet")} == {
        "Germany": (1, "1200.50"),
        "United Kingdom": (1, "7.00"),
        "South Korea": (1, "8.25"),
    }
    tables = told(job)["tables"]
    assert tables["orders"] | {"cells_changed": 0} == {
        "rows_read": 7,
        "rows_published": 3,
        "rows_withheld": 0,
        "rows_quarantined": 3,
        "rows_merged": 1,
        "cells_changed": 0,
        "rejects": 1,
        "derived": False,
        "rows_in": {},
    }
    assert tables["totals"]["rows_in"] == {"orders": 3, "customers": 3}


def test_quarantine_says_where_and_why(job: Any) -> None:
    go(job)
    with duckdb.connect() as connection:
        found = connection.execute(
            "select _file, _line, _rule, _raw, order_id from "
            f"'{job.out}/_runs/r1/quarantine/orders.parquet' order by 1, 2"
        ).fetchall()
    assert [(file, line) for file, line, *_ in found] == [("orders_1.csv", 5), ("orders_1.csv", 6), ("orders_2.csv", 3)]
    assert "relationships" in found[0][2]
    assert found[1][3] == "broken line"
    assert "minimum" in found[2][2]
    assert found[2][4] == "14"


def test_changes_name_operator_and_votes(job: Any) -> None:
    go(job)
    with duckdb.connect() as connection:
        changed = connection.execute(
            'select file, line, "column", before, after, operator, votes from '
            f"'{job.out}/_runs/r1/changes/customers.parquet'"
        ).fetchall()
    by_place = {(line, column): entry for _, line, column, *entry in changed}
    assert by_place[2, "name"][:3] == ["Ann", "Ann", "trim"] or by_place[2, "name"][1:3] == ["Ann", "trim"]
    assert by_place[3, "country"][:2] == ["UK", "United Kingdom"]
    assert by_place[3, "country"][2].startswith("resolve:")
    assert json.loads(by_place[3, "country"][3])


def test_drift_is_reported_and_not_published(job: Any) -> None:
    go(job)
    drift = [check for check in told(job)["checks"] if check["rule"] == "orders.drift"]
    assert drift[0]["result"] == "warning"
    assert "Channel" in drift[0]["detail"]


def test_too_much_quarantine_publishes_nothing_and_keeps_what_was_there(job: Any) -> None:
    go(job)
    before = (job.out / "orders.parquet").read_bytes()
    strict = job.contract.read_text().replace("value: 0.5", "value: 0.05")
    job.contract.write_text(strict)
    output = run(job.contract, [str(job.sources)], job.out, run_id="r2", context=RunContext(home=str(job.home)))
    assert output["status"] is RunStatus.NOT_MET
    assert "maxQuarantine" in output["problem"]
    assert (job.out / "orders.parquet").read_bytes() == before
    assert not (job.out / "_runs" / "r2" / "receipt.json").exists()


def test_partial_publishes_only_tables_whose_dependencies_pass(job: Any) -> None:
    loose = job.contract.read_text()
    at = loose.index("- name: orders")
    job.contract.write_text(loose[:at] + loose[at:].replace("value: 0.5", "value: 0.01"))
    output = go(job, partial=True)
    assert output["status"] is RunStatus.NOT_MET
    assert sorted(path.name for path in job.out.glob("*.parquet")) == ["customers.parquet"]


def test_the_same_inputs_give_the_same_bytes(job: Any, tmp_path: Path) -> None:
    go(job)
    other = tmp_path / "again"
    run(job.contract, [str(job.sources)], other, run_id="r9", context=RunContext(home=str(tmp_path / "home2")))
    for name in ("customers", "orders", "totals"):
        assert (other / f"{name}.parquet").read_bytes() == (job.out / f"{name}.parquet").read_bytes()


def test_a_run_id_is_used_once(job: Any) -> None:
    go(job)
    with pytest.raises(RunError, match="resume r1"):
        go(job)


def test_resuming_a_finished_run_changes_nothing(job: Any) -> None:
    go(job)
    before = {path: path.stat().st_mtime_ns for path in job.out.rglob("*.parquet")}
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    assert {path: path.stat().st_mtime_ns for path in job.out.rglob("*.parquet")} == before


def test_a_run_that_never_started_can_be_resumed(job: Any) -> None:
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1")
    admit(request, RunContext(home=str(job.home)))
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED


def test_a_spent_budget_stops_and_resume_goes_on(job: Any) -> None:
    tight = RunContext(home=str(job.home), budget=BudgetLimits(steps=6))
    assert go(job, context=tight)["status"] is RunStatus.BUDGET_SPENT
    status = RunStatus.BUDGET_SPENT
    for _ in range(5):
        status = resume(job.home, "r1")["status"]
        if status is not RunStatus.BUDGET_SPENT:
            break
    assert status is RunStatus.PUBLISHED


def test_sql_of_the_contract_that_cannot_be_right_stops_the_run_before_data_is_read(job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("sum(o.amount)", "sum(o.no_such_column)"))
    output = go(job)
    assert output["status"] is RunStatus.FAILED
    assert "no_such_column" in output["problem"]
    assert not list(job.out.glob("*.parquet"))
    assert told(job)["step_reports"] == []


def test_sql_of_the_contract_that_fails_on_the_data_stops_the_run_with_the_reason(job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("sum(o.amount)", "sum(cast(c.country as integer))"))
    output = go(job)
    assert output["status"] is RunStatus.FAILED
    assert "Germany" in output["problem"]
    assert not list(job.out.glob("*.parquet"))
    (ruling,) = told(job)["replanning"]
    assert (ruling["step_id"], ruling["action"]) == ("derive:totals", "stop")


def test_a_missing_source_is_a_setup_error_and_can_be_mended(job: Any) -> None:
    moved = job.sources / "orders_1.csv"
    text = moved.read_text()
    for name in ("orders_1.csv", "orders_2.csv"):
        (job.sources / name).unlink()
    with pytest.raises(SourceError, match="orders"):
        go(job)
    moved.write_text(text)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED


def test_an_invalid_contract_names_the_place(job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("logicalType: date", "logicalType: datum"))
    with pytest.raises(ContractError, match="schema/1/properties/2/logicalType"):
        go(job)


def test_a_state_of_another_schema_version_is_refused(job: Any) -> None:
    go(job)
    path = job.home / "runs" / "r1" / "record.json"
    path.write_text(path.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 0'))
    with pytest.raises(StateVersionError, match="schema 0"):
        resume(job.home, "r1")


def test_a_run_is_worked_on_by_one_process_at_a_time(job: Any) -> None:
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1")
    record = admit(request, RunContext(home=str(job.home)))
    with run_lock(job.home, "r1"), pytest.raises(RunError, match="another process"):
        proceed(record)


def test_events_are_written_once_and_in_order(job: Any) -> None:
    go(job)
    events = [json.loads(line) for line in (job.out / "_runs" / "r1" / "events.jsonl").read_text().splitlines()]
    ids = [event["event_id"] for event in events]
    assert len(ids) == len(set(ids))
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "reported"
    assert kinds.index("planned") < kinds.index("step") < kinds.index("verified") < kinds.index("published")


def test_checkpoints_are_small_and_hold_no_data(job: Any) -> None:
    go(job)
    connection = sqlite3.connect(job.home / "checkpoints.sqlite")
    sizes = [size for (size,) in connection.execute("select length(checkpoint) + length(metadata) from checkpoints")]
    blob = b"".join(row[0] for row in connection.execute("select checkpoint from checkpoints"))
    connection.close()
    assert len(sizes) > 10
    assert max(sizes) < 64 * 1024
    assert b"Atlantis" not in blob


def test_state_is_revived_as_the_types_that_were_saved(job: Any) -> None:
    go(job)
    record = read_record(job.home, "r1")

    async def saved() -> Any:
        async with open_saver(job.home) as saver:
            return await saver.aget_tuple({"configurable": {"thread_id": record.run_id, "checkpoint_ns": ""}})

    values = asyncio.run(saved()).checkpoint["channel_values"]
    assert values["status"] is RunStatus.PUBLISHED
    assert type(values["plan"]).__name__ == "PlanRef"
    assert type(values["accounts"]["orders"]).__name__ == "TableAccount"
    assert type(values["progress"]).__name__ == "Progress"


def test_the_exported_graph_runs_without_a_session(job: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    request = {"contract": str(job.contract), "sources": [str(job.sources)], "out": str(job.out)}
    output = graph.invoke({"request": request})  # as a server hands it over: plain JSON, no context
    assert output["status"] is RunStatus.PUBLISHED
    assert (job.out / "orders.parquet").exists()
