"""The planner as a graph: its phases one by one, its state streamed, its plans on record, no failing plan twice."""

import asyncio
import json
from typing import Any

import pytest

import nodes.perform
from graphs.session import resume, run
from graphs.standalone import planner
from nodes.plan import plan_run
from nodes.plan_record import given_up, refused
from state.errors import StepError, TransientError
from state.plans import NoPlan, Plan, StepKind
from state.run import RunContext, RunRequest, RunStatus

PHASES = ["analysed", "decomposed", "optimised", "assessed", "planned"]


def go(job: Any, heard: list[Any] | None = None, **settings: Any) -> Any:
    context = RunContext(home=str(job.home), retry_wait=0.0, **settings)
    listener = heard.append if heard is not None else None
    return run(job.contract, [str(job.sources)], job.out, run_id="r", context=context, listener=listener)


def told(job: Any) -> Any:
    return json.loads((job.out / "_runs" / "r" / "run.json").read_text())


def states(heard: list[Any]) -> list[str]:
    return [event["state"] for event in heard if event["event"] == "planning"]


@pytest.fixture
def resolving_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    real = nodes.perform._CONNECTED[StepKind.RESOLVE]

    def broken(connection: Any, work: Any) -> Any:
        if work.table.name == "customers":
            raise StepError("no way to resolve")
        return real(connection, work)

    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.RESOLVE, broken)


def test_the_phases_are_streamed_and_the_state_can_be_read(job: Any) -> None:
    request = {"contract": str(job.contract), "sources": [str(job.sources)], "out": str(job.out), "run_id": "r"}

    async def drive() -> tuple[list[Any], Any]:
        heard, output = [], None
        stream = planner.astream(
            {"request": request},
            context=RunContext(home=str(job.home)),
            stream_mode=["custom", "values"],
            subgraphs=True,
        )
        async for space, mode, part in stream:
            heard += [part] if mode == "custom" else []
            output = part if mode == "values" and not space else output
        return heard, output

    heard, output = asyncio.run(drive())
    assert [event["event"] for event in heard if event["event"] in PHASES] == PHASES
    assert states(heard) == ["planning"]
    assert output["planning"] == "planning"
    assert output["analysis"].feasible
    assert output["plan"].contingencies == 3  # resolving customers, and the council on each table
    assert output["risks"].confidence == output["plan"].confidence > output["plan"].probability
    assert any("conform:orders" in line for line in output["overview"].schedule)
    assert output["overview"].network[0].endswith("deliver by group_by_group")
    assert "draft" not in output["revisions"]
    json.dumps({name: output[name].model_dump(mode="json") for name in ("analysis", "risks", "overview", "plan")})


def test_a_run_goes_from_initial_to_completed_and_has_one_plan(job: Any) -> None:
    heard: list[Any] = []
    output = go(job, heard)
    assert (output["status"], output["planning"]) == (RunStatus.PUBLISHED, "completed")
    assert states(heard) == ["planning", "executing", "completed"]
    (first,) = told(job)["plans"]
    assert (first["revision"], first["trigger"], first["kept"]) == (0, "first plan", 16)


def test_a_failed_step_is_met_by_what_was_prepared_and_the_plan_is_given_up(job: Any, resolving_fails: None) -> None:
    job.contract.write_text(job.contract.read_text().replace("maxQuarantine, value: 0.5", "maxQuarantine, value: 0.9"))
    heard: list[Any] = []
    output = go(job, heard)
    assert output.get("problem", "") == ""
    assert output["planning"] == "completed"
    assert states(heard) == ["planning", "executing", "replanning", "executing", "completed"]
    content = told(job)
    (ruling,) = content["replanning"]
    assert ruling["action"] == "fall_back"
    assert "as prepared" in ruling["reason"]
    first, second = content["plans"]
    planned = Plan.model_validate_json((job.home / "runs" / "r" / "plan-0.json").read_bytes())
    (prepared,) = [one for one in planned.contingencies if one.step_id == "resolve:customers"]
    assert second["plan_id"] == prepared.plan_id != first["plan_id"]
    assert (second["removed"], second["added"]) == (["resolve:customers"], [])
    assert second["trigger"].startswith("resolve:customers, data: no way to resolve")
    assert (job.home / "runs" / "r" / "plan-1.json").exists()
    left = {one["step_id"] for one in content["plan"]["contingencies"]}
    assert left == {"repair:customers", "repair:orders"}  # what else could be done otherwise is done
    assert "Plans of this run" in (job.out / "_runs" / "r" / "report.html").read_text()


def test_a_plan_that_was_given_up_is_refused_in_its_run_and_not_in_another(job: Any) -> None:
    go(job)
    context = RunContext(home=str(job.home))
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r")
    plan = plan_run(request, context)
    assert isinstance(plan, Plan)
    failed = given_up("r", plan, "map:orders: gone")
    answer = refused(plan, request, failed)
    assert isinstance(answer, NoPlan)
    assert "failed in this run before (map:orders: gone)" in answer.reason
    assert refused(plan, request.model_copy(update={"run_id": "other"}), failed) is None
    assert refused(plan, request, {}) is None


def test_a_first_plan_below_the_bar_is_said_so_and_carried_out(job: Any) -> None:
    heard: list[Any] = []
    assert go(job, heard, least_confidence=0.99)["status"] is RunStatus.PUBLISHED
    (planned,) = [event for event in heard if event["event"] == "planned"]
    assert "below the confidence of 0.99" in planned["note"]


def test_what_failed_goes_on_from_failed_to_completed(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = nodes.perform._CONNECTED[StepKind.MAP]

    def broken(_connection: Any, _work: Any) -> Any:
        raise TransientError("busy")

    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.MAP, broken)
    heard: list[Any] = []
    assert go(job, heard, attempts=1)["planning"] == "failed"
    assert states(heard)[-2:] == ["failed", "failed"]
    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.MAP, real)
    output = resume(str(job.home), "r", listener=heard.append)
    assert (output["status"], output["planning"]) == (RunStatus.PUBLISHED, "completed")


def test_a_goal_without_a_plan_ends_in_failed(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    none = NoPlan(goal="g", reason="nothing feeds it", tried=(), exhausted=True)
    monkeypatch.setattr("nodes.plan_phases.decomposed", lambda *_: none)
    output = go(job)
    assert (output["status"], output["planning"]) == (RunStatus.FAILED, "failed")
    assert told(job)["no_plan"]["reason"] == "nothing feeds it"
