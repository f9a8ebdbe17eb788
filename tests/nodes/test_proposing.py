"""A model may propose how a table is prepared where no method does: checked, marked, and nothing without it."""

import json
import re
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

import nodes.perform
from evals.model_server import ChatRequest, Fault, FaultKind, ModelServer, Say, Scripted, structured
from graphs.session import run
from nodes.decisions import decomposition
from nodes.decisions.decomposition import UncoveredTask
from state.doubts import Choice
from state.models import ModelSettings
from state.plans import DeliveryFacts, StepKind
from state.run import Patterns, RunContext, RunStatus
from tests.algorithms.test_delivery import source

Behaviour = Callable[[ChatRequest], Say]
LIST = "conform_run_by_run"


def choosing(wanted: str) -> Behaviour:
    def behave(request: ChatRequest) -> Say:
        shown = re.findall(r"^([0-9a-f]{8}): (.*) \[.*\]$", request.text, re.MULTILINE)
        key = next((key for key, text in shown if wanted in text), "none")
        return structured(request, {"option": key, "reason": "it holds fewer rows at once"})

    return behave


@pytest.fixture
def short_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders never be conformed at once; run by run works."""
    real = nodes.perform._ALONE[StepKind.CONFORM]

    def broken(work: Any) -> Any:
        if work.table.name == "orders" and work.step.how == "at_once":
            raise duckdb.OutOfMemoryException("no memory")
        return real(work)

    monkeypatch.setitem(nodes.perform._ALONE, StepKind.CONFORM, broken)


def go(job: Any, server: ModelServer | None, **more: Any) -> tuple[Any, Any]:
    quick = {"timeout": 0.5, "retries": 0, "retry_wait": 0.001, "reasks": 0}
    model = ModelSettings(name="sim", base_url=server.base_url, **quick) if server else ModelSettings()
    context = RunContext(home=str(job.home), retry_wait=0.0, model=model, **more)
    output = run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context)
    return output, json.loads((job.out / "_runs" / "r1" / "run.json").read_text())


def proposals(content: Any) -> list[Any]:
    return [one for one in content["decisions"] if one["kind"] == "decomposition"]


def test_a_proposal_that_the_planner_accepts_is_carried_out_and_marked(job: Any, short_of_memory: None) -> None:
    with ModelServer(choosing(LIST)) as server:
        output, content = go(job, server)
    assert output["status"] is RunStatus.PUBLISHED, output["problem"]
    assert [entry["action"] for entry in content["replanning"]] == ["scale_down", "fall_back"]
    ruling = content["replanning"][-1]
    assert "prepare(orders) by proposed by model sim" in ruling["reason"]
    (choice,) = [one for one in content["plan"]["choices"] if one["method"].startswith("proposed by model sim")]
    assert choice["task"] == "prepare(orders)"
    (step,) = [one for one in content["plan"]["steps"] if one["step_id"] == "conform:orders"]
    assert step["how"] == "run_by_run"
    (decision,) = proposals(content)
    assert (decision["decided_by"], decision["subject"]) == ("model", "prepare(orders) without conform:orders")
    assert LIST in decision["answer"]
    assert "the planner finds a plan with it" in decision["reason"]


def test_a_proposal_that_fails_too_is_given_up_and_not_asked_about_again(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = nodes.perform._ALONE[StepKind.CONFORM]

    def broken(work: Any) -> Any:
        if work.table.name == "orders":
            raise duckdb.OutOfMemoryException("no memory")
        return real(work)

    monkeypatch.setitem(nodes.perform._ALONE, StepKind.CONFORM, broken)
    with ModelServer(choosing(LIST)) as server:
        output, content = go(job, server, parallel_steps=1)
    assert output["status"] is RunStatus.FAILED
    assert [entry["action"] for entry in content["replanning"]] == ["scale_down", "fall_back", "stop"]
    assert len(proposals(content)) == 1


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (choosing("drop everything"), "option"),
        (lambda _: Say("no list at all"), "JSON"),
        (Scripted(then=Fault(FaultKind.SERVER_ERROR)), "sim: "),
        (choosing("none of them"), ""),
    ],
    ids=["unknown", "nonsense", "down", "declined"],
)
def test_without_a_usable_proposal_the_run_stops_with_its_reason(
    job: Any, short_of_memory: None, behaviour: Any, why: str
) -> None:
    with ModelServer(behaviour) as server:
        output, content = go(job, server)
        assert server.count
    assert output["status"] is RunStatus.FAILED
    assert content["replanning"][-1]["action"] == "stop"
    assert "there is no other way to prepare the table" in content["replanning"][-1]["reason"]
    (decision,) = proposals(content)
    assert (decision["decided_by"], decision["answer"]) == ("expert", "no method covers it")
    assert why in str(decision["fallback"])


@pytest.mark.parametrize("replanning", ["off", "retry"])
def test_where_replanning_may_do_nothing_else_no_model_is_asked(
    job: Any, short_of_memory: None, replanning: Any
) -> None:
    with ModelServer(choosing(LIST)) as server:
        output, content = go(job, server, patterns=Patterns(replanning=replanning, react="off"))
        assert server.count == 0
    assert (output["status"], proposals(content)) == (RunStatus.FAILED, [])


def test_without_a_model_the_run_stops(job: Any, short_of_memory: None) -> None:
    output, content = go(job, None)
    assert (output["status"], proposals(content)) == (RunStatus.FAILED, [])


ACTIONS = ("map_by_values", "format_counting_all", "resolve_by_votes", "conform_at_once", "dedupe")
TASK = UncoveredTask(
    step_id="conform:t",
    error="no memory",
    table="t",
    actions=ACTIONS,
    failed="conform_at_once",
    facts=DeliveryFacts(tables=(source("t"), source("u", "t"))),
    prefer={},
)
RIGHT = tuple("conform_run_by_run" if action == "conform_at_once" else action for action in ACTIONS)


@pytest.mark.parametrize(
    ("actions", "fault"),
    [
        (RIGHT, None),
        (("fly", *RIGHT), "'fly' is no step that prepares"),
        (ACTIONS, "conform_at_once failed"),
        (RIGHT[1:], "no plan: "),  # nothing is mapped
        (RIGHT[:3], "no plan: "),  # nothing is conformed
        (RIGHT[::-1], "no plan: "),
        (RIGHT[:-1], "no plan: "),  # keys would stay double
        (tuple(action for action in RIGHT if action != "resolve_by_votes"), "no plan: "),
        (("verify", *RIGHT), "'verify' is no step that prepares"),
    ],
)
def test_every_proposal_is_checked_by_the_planner(actions: tuple[str, ...], fault: str | None) -> None:
    choice = Choice(subject="conform:t", option=", ".join(actions), by="sim")
    answer = decomposition.settle(TASK, decomposition.none_known(TASK), {"conform:t": choice})
    found = decomposition.check(TASK, answer)
    assert found is None if fault is None else fault in str(found)


def test_only_lists_with_which_there_is_a_plan_are_put_to_a_model() -> None:
    (doubt,) = decomposition.doubts(TASK, decomposition.none_known(TASK))
    assert [option.name for option in doubt.options] == [", ".join(RIGHT), ""]
    nothing = TASK.model_copy(update={"failed": "dedupe", "step_id": "dedupe:t"})
    assert decomposition.doubts(nothing, decomposition.none_known(nothing)) == ()
