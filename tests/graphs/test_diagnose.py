"""A run whose contract is not met says what is wrong, with which rows, and what can be done; others pay nothing."""

import json
from typing import Any

from evals.model_server import Fault, FaultKind, ModelServer, Scripted
from graphs.session import run
from state.models import ModelSettings
from state.run import Patterns, RunContext, RunStatus


def go(job: Any, model: ModelSettings | None = None, **patterns: str) -> tuple[Any, Any, str]:
    strict = job.contract.read_text().replace("maxQuarantine, value: 0.5", "maxQuarantine, value: 0.01")
    job.contract.write_text(strict)
    context = RunContext(home=str(job.home), patterns=Patterns(**patterns), model=model or ModelSettings())
    output = run(job.contract, [str(job.sources)], job.out, run_id="d", context=context)
    told = job.out / "_runs" / "d"
    return output, json.loads((told / "run.json").read_text()), (told / "report.html").read_text()


def test_failing_tables_are_diagnosed_and_the_report_tells_it(job: Any) -> None:
    output, told, page = go(job)
    assert output["status"] is RunStatus.NOT_MET
    tables = {diagnosis["table"] for diagnosis in told["diagnoses"]}
    assert tables == {"customers", "orders"}
    decisions = [decision for decision in told["decisions"] if decision["kind"] == "diagnosis"]
    assert {decision["subject"] for decision in decisions} == tables
    assert all(decision["decided_by"] == "expert" and decision["evidence"] for decision in decisions)
    assert "orders: cause" in page
    events = [json.loads(line)["event"] for line in (job.out / "_runs" / "d" / "events.jsonl").read_text().splitlines()]
    assert events.count("concluded") == events.count("diagnosis") == 2


def test_cause_rows_and_remedy_are_named(job: Any) -> None:
    lines = "".join(f"{order},77,2024-03-05,{order}.5,2024-03-05 10:00:00\n" for order in range(100, 130))
    with (job.sources / "orders_1.csv").open("a") as stream:
        stream.write(lines)
    _, told, page = go(job)
    (orders,) = [diagnosis for diagnosis in told["diagnoses"] if diagnosis["table"] == "orders"]
    assert orders["cause"] == "broken_key"
    assert orders["rows"]["count"] >= 30
    assert orders["remedy"]["kind"] != "none"
    assert "broken key" in page
    assert "orders: remedy" in page


def test_the_switch_turns_it_off(job: Any) -> None:
    _, told, page = go(job, react="off")
    assert told["diagnoses"] == []
    assert "orders: cause" not in page
    assert not (job.home / "runs" / "d" / "cases").exists()


def test_a_run_that_meets_its_contract_has_no_case(finished: Any) -> None:
    told = json.loads((finished.out / "_runs" / "r1" / "run.json").read_text())
    assert told["status"] == "published"
    assert told["diagnoses"] == []


def test_where_the_model_fails_the_expert_diagnoses_and_the_record_says_why(job: Any) -> None:
    with ModelServer(Scripted(Fault(FaultKind.SERVER_ERROR))) as server:
        model = ModelSettings(name="sim", base_url=server.base_url, retries=0, retry_wait=0.01)
        output, told, _ = go(job, model)
    assert output["status"] is RunStatus.NOT_MET
    decisions = [decision for decision in told["decisions"] if decision["kind"] == "diagnosis"]
    assert {decision["decided_by"] for decision in decisions} == {"expert"}
    assert all(decision["fallback"] for decision in decisions)
