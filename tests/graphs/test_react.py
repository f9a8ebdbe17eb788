"""The react graph: it ends with what was found, whatever model and calls do; nothing answered is asked again."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from evals.model_server import Call, ChatRequest, Fault, FaultKind, ModelServer, Say, Scripted, calls
from evals.react.chain import chain_task, next_act
from graphs.persistence import open_saver
from graphs.react import build, graph
from nodes import react_acting
from state.budget import BudgetLimits
from state.models import ModelSettings
from state.react import Ending, ReactOutcome
from state.reasoning import ReasoningStep, ReasoningTask
from state.run import Patterns, RunContext, RunRequest
from tools.cases import CaseLog, case_log

QUESTION = ReasoningTask(kind="question", goal="say what it is", subject="it", max_steps=10)
DIAGNOSE = ReasoningTask(kind="diagnose", goal="what is wrong", subject="orders")
FINAL = calls(("final_result", {"answer": "yes"}))


def settings(server: ModelServer) -> ModelSettings:
    return ModelSettings(name="sim", base_url=server.base_url, timeout=20, retries=1, retry_wait=0.01)


def request_of(out: Path, run_id: str = "none") -> RunRequest:
    return RunRequest(contract="c", sources=(), out=str(out), run_id=run_id)


def solve(
    home: Path,
    behaviour: Callable[[ChatRequest], Any] | None = None,
    task: ReasoningTask = QUESTION,
    run_id: str = "none",
    **context: Any,
) -> tuple[ReactOutcome, tuple[ReasoningStep, ...], ModelServer]:
    async def work(model: ModelSettings) -> Any:
        given = RunContext(home=str(home), model=model, **context)
        return await graph.ainvoke({"request": request_of(home / "out", run_id), "task": task}, context=given)

    with ModelServer(behaviour or Scripted(FINAL)) as server:
        output = asyncio.run(work(settings(server) if behaviour else ModelSettings()))
    (outcome,) = output["outcomes"].values()
    return outcome, CaseLog(Path(outcome.path)).steps(), server


def test_ten_steps_come_to_their_end(tmp_path: Path) -> None:
    outcome, steps, server = solve(tmp_path, next_act, chain_task())
    assert outcome.ended_by is Ending.FINAL_RESULT
    assert json.loads(outcome.answer)["answer"] == "10"
    assert (outcome.steps, outcome.calls, server.count) == (11, 11, 11)
    assert {step.decided_by for step in steps} == {"sim"}


def test_unknown_tools_and_malformed_arguments_are_answered_and_every_call_has_its_reply(tmp_path: Path) -> None:
    odd = Say(
        calls=(Call("no_such_tool"), Call("calculate", '{"expression": '), Call("calculate", '{"expression": "1"}'))
    )
    outcome, steps, server = solve(tmp_path, Scripted(odd, FINAL))
    assert outcome.ended_by is Ending.FINAL_RESULT
    first = steps[0]
    assert [call.call_id for call in first.actions] == [seen.call_id for seen in first.observations]
    assert Counter(seen.failed for seen in first.observations) == {True: 2, False: 1}
    told = server.requests[1].messages
    asked = [call["id"] for message in told for call in message.get("tool_calls") or ()]
    assert sorted(asked) == sorted(message["tool_call_id"] for message in told if message["role"] == "tool")
    assert len(asked) == 3


def test_the_same_id_twice_from_a_model_is_two_calls(tmp_path: Path) -> None:
    same = [Say(calls=(Call("calculate", f'{{"expression": "{at}"}}', call_id="x"),)) for at in range(3)]
    _, steps, _ = solve(tmp_path, Scripted(*same, FINAL))
    assert len({call.call_id for step in steps for call in step.actions}) == 4


def test_circles_are_met_in_steps_and_end_with_what_was_found(tmp_path: Path) -> None:
    events: list[Any] = []
    circle = calls(("calculate", {"expression": "1 + 1"}))
    known = calls(("reason", {"conclusion": "it is two", "confidence": 0.9}))

    async def work(server: ModelServer) -> Any:
        context = RunContext(home=str(tmp_path), model=settings(server))
        given: Any = {"request": request_of(tmp_path), "task": QUESTION.model_copy(update={"max_steps": 50})}
        async for mode, part in graph.astream(given, context=context, stream_mode=["custom", "values"]):
            if mode == "custom":
                events.append(part)
        return part

    with ModelServer(Scripted(known, circle)) as server:
        (outcome,) = asyncio.run(work(server))["outcomes"].values()
        offered = [set(request.tools) for request in server.requests]
        advised = [str(request.messages[-1]["content"]) for request in server.requests]
    assert outcome.ended_by is Ending.META_REASONER
    assert json.loads(outcome.answer)["conclusions"] == ["it is two"]
    taken = [event["intervention"] for event in events if event["event"] == "meta"]
    assert list(dict.fromkeys(taken)) == ["hint", "other_strategy", "arbitration", "stop"]
    assert any("calculate" not in names for names in offered)
    assert any(text.startswith("Advice: ") for text in advised)
    assert {"case", "thought", "observation", "meta", "concluded"} == {event["event"] for event in events}


def test_without_the_meta_reasoner_only_the_steps_end_a_circle(tmp_path: Path) -> None:
    circle = Scripted(calls(("calculate", {"expression": "1 + 1"})))
    outcome, steps, _ = solve(tmp_path, circle, patterns=Patterns(meta_reasoning="off"))
    assert (outcome.ended_by, len(steps)) == (Ending.MAX_STEPS, QUESTION.max_steps)


def test_a_budget_ends_a_case(tmp_path: Path) -> None:
    outcome, _, _ = solve(tmp_path, next_act, chain_task(), budget=BudgetLimits(steps=3))
    assert (outcome.ended_by, outcome.steps) == (Ending.BUDGET, 3)


def test_a_question_without_a_model_or_with_one_that_fails_says_that_nobody_can_think(tmp_path: Path) -> None:
    assert solve(tmp_path)[0].ended_by is Ending.NOBODY
    outcome, _, _ = solve(tmp_path, Scripted(Fault(FaultKind.SERVER_ERROR)))
    assert outcome.ended_by is Ending.NOBODY


def test_the_expert_goes_on_where_the_model_fails(finished: Any, tmp_path: Path) -> None:
    outcome, steps, _ = solve(finished.home, Scripted(Fault(FaultKind.SERVER_ERROR)), DIAGNOSE, "r1")
    alone, expert, _ = solve(finished.home, None, DIAGNOSE, "r1")
    assert json.loads(outcome.answer) == json.loads(alone.answer)
    assert {step.decided_by for step in steps} == {"expert"}
    assert all("500" in step.metadata["fallback"] or "fail" in step.metadata["fallback"] for step in steps)
    assert any(len(step.actions) > 1 for step in expert)


def test_a_model_names_no_cause_that_its_tests_do_not_bear_out(finished: Any) -> None:
    guess = calls(("final_result", {"cause": "sentinel", "confidence": 1.0, "reason": "I feel it"}))
    look = calls(("analyse_schema", {"table": "orders"}), ("validate_data", {"table": "orders", "cause": "sentinel"}))
    outcome, steps, _ = solve(finished.home, Scripted(guess, look, guess), DIAGNOSE, "r1")
    errors = [seen.error for step in steps for seen in step.observations if seen.failed]
    assert "sentinel is not settled yet (call analyse_schema first)" in errors[0]
    assert "sentinel scores 0.00" in errors[1] or "not settled yet (call validate_data" in errors[1]
    alone, _, _ = solve(finished.home, None, DIAGNOSE, "r1")
    assert json.loads(outcome.answer)["cause"] == json.loads(alone.answer)["cause"]


def test_the_last_steps_are_the_experts(finished: Any) -> None:
    task = DIAGNOSE.model_copy(update={"max_steps": 6, "goal": "what is wrong, soon"})
    elsewhere = Scripted(*(calls(("calculate", {"expression": f"{at} + 1"})) for at in range(20)))
    outcome, steps, server = solve(finished.home, elsewhere, task, "r1")
    assert outcome.ended_by is Ending.FINAL_RESULT
    assert [step.decided_by for step in steps[:4]] == ["sim", "sim", "sim", "expert"]
    assert server.count == 3
    assert "the last 3 steps" in steps[3].metadata["fallback"]


def test_a_diagnosis_in_circles_is_ended_by_the_expert(finished: Any) -> None:
    task = DIAGNOSE.model_copy(update={"max_steps": 60, "goal": "what is wrong, at length"})
    circle = Scripted(calls(("calculate", {"expression": "1 + 1"})))
    outcome, steps, _ = solve(finished.home, circle, task, "r1")
    assert outcome.ended_by is Ending.FINAL_RESULT
    assert steps[-1].decided_by == "expert"
    assert len(steps) < 30


def saved(home: Path) -> AbstractAsyncContextManager[Any]:
    home.mkdir(exist_ok=True)
    return open_saver(home)


def test_after_a_kill_no_answered_call_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[str] = Counter()
    real, add_step = react_acting.perform, CaseLog.add_step

    def counted(call: Any, *more: Any) -> Any:
        made[call.call_id] += 1
        return real(call, *more)

    def killed(self: CaseLog, step: ReasoningStep) -> None:
        if step.number == 2 and made["2.1"] == 1 and made["killed"] == 0:
            made["killed"] += 1
            raise RuntimeError("killed")
        add_step(self, step)

    monkeypatch.setattr(react_acting, "perform", counted)
    monkeypatch.setattr(CaseLog, "add_step", killed)
    config: Any = {"configurable": {"thread_id": "t"}}

    async def work(server: ModelServer) -> Any:
        context = RunContext(home=str(tmp_path), model=settings(server))
        async with saved(tmp_path) as saver:
            compiled = build().compile(checkpointer=saver)
            given: Any = {"request": request_of(tmp_path), "task": chain_task(4)}
            with pytest.raises(RuntimeError, match="killed"):
                await compiled.ainvoke(given, config, context=context, durability="sync")
            case_log.cache_clear()
            return await compiled.ainvoke(None, config, context=context, durability="sync")

    with ModelServer(next_act) as server:
        (outcome,) = asyncio.run(work(server))["outcomes"].values()
        assert server.count == 5
    assert outcome.ended_by is Ending.FINAL_RESULT
    assert made == {f"{at}.1": 1 for at in range(1, 6)} | {"killed": 1}


def test_checkpoints_grow_with_the_number_of_steps_and_no_faster(tmp_path: Path) -> None:
    def bytes_of(steps: int) -> int:
        home = tmp_path / str(steps)

        async def work(server: ModelServer) -> None:
            async with saved(home) as saver:
                compiled = build().compile(checkpointer=saver)
                given: Any = {"request": request_of(tmp_path), "task": chain_task(steps)}
                context = RunContext(home=str(home), model=settings(server))
                await compiled.ainvoke(given, {"configurable": {"thread_id": "t"}}, context=context, durability="sync")

        with ModelServer(next_act) as server:
            asyncio.run(work(server))
        with sqlite3.connect(home / "checkpoints.sqlite") as connection:
            ((total, largest),) = connection.execute(
                "select sum(length(checkpoint)), max(length(checkpoint)) from checkpoints"
            )
        connection.close()
        assert largest < 8_000
        return int(total)

    short, long = bytes_of(10), bytes_of(40)
    assert long < 4.2 * short


def test_a_final_result_is_judged_after_the_other_calls_of_its_step(finished: Any) -> None:
    task = DIAGNOSE.model_copy(update={"goal": "what is wrong, at once"})
    end = ("final_result", {"cause": "nothing_wrong", "confidence": 0.9})
    look = ("analyse_schema", {"table": "orders"})
    outcome, steps, _ = solve(finished.home, Scripted(calls(end, look), calls(end)), task, "r1")
    first = steps[0]
    assert [call.name for call in first.actions] == ["final_result", "analyse_schema"]
    assert [seen.call_id for seen in first.observations] == [call.call_id for call in first.actions]
    assert "analyse_schema" not in first.observations[0].error  # it has been looked at in this very step
    assert outcome.ended_by is Ending.FINAL_RESULT
