"""Auctions in a run: the bytes never hang on an award, who fails loses its name, and nobody bids is said."""

import json
from pathlib import Path
from typing import Any

import pytest

import nodes.awarding
import nodes.steps.conforming
from graphs.session import run
from state.auctions import Ended, Engine, Fulfilment
from state.budget import BudgetLimits
from state.errors import StepError
from state.run import Patterns, RunContext
from tools.auction_history import add, recent
from tools.conform.beside import FOLDER
from tools.outputs.parquet import table_sha256


def known(engine: Engine, seconds: float, number: int) -> Fulfilment:
    return Fulfilment(
        run_id="before", task_id=f"{engine.value}-{number}", attempt=1, skill="derive", agent_id="worker-1",
        engine=engine.value, rows=10, size=400, estimate=0.1, predicted=0.1, deadline=9.0, price=0.1, seconds=seconds,
        ended=Ended.KEPT, mechanism="vickrey",
    )  # fmt: skip


def lets_processes_win(home: Path) -> None:
    """Write a history in which a process of its own makes derived tables in no time."""
    for number in range(12):
        add(home, [known(Engine.IN_PROCESS, 30.0, number), known(Engine.OWN_PROCESS, 0.01, number)])


@pytest.fixture(autouse=True)
def _asked_of_short_steps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes.awarding, "LEAST_SECONDS", 0.0)


def ran(job: Any, name: str, **context: Any) -> tuple[dict[str, Any], dict[str, str]]:
    out = job.out / name
    given = RunContext(home=str(job.home), **context)
    assert run(job.contract, [str(job.sources)], out, run_id=name, context=given)["status"] == "published"
    told = json.loads((out / "_runs" / name / "run.json").read_text())
    return told, {path.name: table_sha256(path) for path in sorted(out.glob("*.parquet"))}


def award_of(told: dict[str, Any], step_id: str) -> dict[str, Any]:
    (found,) = [entry["award"] for entry in told["trace"] if entry["step_id"] == step_id]
    return dict(found)


def test_a_derived_table_made_beside_the_others_has_the_same_bytes_as_without_auctions(job: Any) -> None:
    off, expected = ran(job, "off", patterns=Patterns(auction="off"))
    assert all(entry["award"] is None for entry in off["trace"])
    assert recent(job.home) == ()
    lets_processes_win(job.home)
    told, found = ran(job, "on")
    award = award_of(told, "derive:totals")
    assert (award["engine"], award["agent_id"]) == (Engine.OWN_PROCESS, "process-1")
    assert [each["agent_id"] for each in award["bids"]] == ["process-1", "worker-1"]
    assert found == expected
    done = sum(entry["status"] == "done" for entry in told["trace"])
    assert told["auctions"]["contracts"] == done  # a step that waits for the council has fulfilled nothing yet
    assert not list((job.home / "runs" / "on" / FOLDER).glob("*"))
    assert "Who did what" in (job.out / "on" / "_runs" / "on" / "report.html").read_text()
    assert len([each for each in recent(job.home) if each.run_id == "on"]) == done


def test_tables_that_are_fused_are_made_once_by_one_process(job: Any) -> None:
    text = job.contract.read_text()
    block = text[text.index("  - name: totals") :]
    job.contract.write_text(text + "".join(block.replace("name: totals", f"name: totals_{one}") for one in "ab"))
    _, expected = ran(job, "off", patterns=Patterns(auction="off"))
    lets_processes_win(job.home)
    told, found = ran(job, "on")
    awards = [entry["award"] for entry in told["trace"] if entry["step_id"].startswith("derive:")]
    assert [award["engine"] for award in awards] == [Engine.OWN_PROCESS] * 3
    assert found == expected
    events = map(json.loads, (job.out / "on" / "_runs" / "on" / "events.jsonl").read_text().splitlines())
    begun = [event["step"] for event in events if event["event"] == "begun" and event["step"].startswith("derive:")]
    assert sorted(begun) == ["derive:totals", "derive:totals_a", "derive:totals_b"]


def test_a_process_that_fails_leaves_nothing_and_its_step_is_done_directly(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StepError("the copy is gone", where="here")

    monkeypatch.setattr(nodes.steps.conforming, "take_over", fail)
    lets_processes_win(job.home)
    told, _ = ran(job, "failing")
    award = award_of(told, "derive:totals")
    assert (award["engine"], award["instead_of"]) == (Engine.IN_PROCESS, "process-1")
    assert not list((job.home / "runs" / "failing" / FOLDER).glob("*"))
    ended = {each.agent_id: each.ended for each in recent(job.home) if each.task_id == "derive:totals"}
    assert ended["process-1"] is Ended.FAILED
    assert told["auctions"]["agents"][0]["failed"] == 1


def test_where_the_budget_leaves_too_little_nobody_bids_and_steps_are_done_directly(job: Any) -> None:
    for number in range(12):
        slow = known(Engine.IN_PROCESS, 50.0, number)
        add(
            job.home,
            [slow.model_copy(update={"skill": kind, "task_id": f"{kind}-{number}"}) for kind in ("map", "format")],
        )
    told, _ = ran(job, "poor", budget=BudgetLimits(seconds=40.0))
    award = award_of(told, "map:orders")
    assert award["mechanism"] == "direct"
    assert "above the reserve" in award["why"]


@pytest.mark.parametrize("mechanism", ["english", "sealed"])
def test_every_mechanism_delivers(job: Any, mechanism: str) -> None:
    told, _ = ran(job, mechanism, patterns=Patterns(auction=mechanism))
    assert {entry["award"]["mechanism"] for entry in told["trace"]} == {mechanism}
