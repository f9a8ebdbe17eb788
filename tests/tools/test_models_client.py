"""Asking a model that fails in every way: an answer, or one typed error; every request counted."""

import asyncio
import gc
import threading
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

import tools.models.client as client_module
from evals.model_server import ChatRequest, Fault, FaultKind, ModelServer, Noisy, Say, Scripted, calls, structured
from state.budget import BudgetLimits, Spent
from state.errors import BudgetExhausted, CircuitOpen, ModelAnswerUnusable, ModelError, ModelRejected, ModelUnavailable
from state.models import ModelSettings
from state.values import Value
from tools.models.background import wait_for
from tools.models.client import ModelClient, client_of
from tools.models.keys import NO_KEY, key_for
from tools.models.meter import Meter
from tools.models.structured import tool_schemas

ASK = [HumanMessage("How many?")]
OF_CONTENT = {FaultKind.MALFORMED_ARGUMENTS, FaultKind.UNKNOWN_TOOL, FaultKind.REFUSAL, FaultKind.CUT_OFF}
OF_TRANSPORT = sorted(set(FaultKind) - OF_CONTENT - {FaultKind.UNAUTHORISED})


class Count(Value):
    """How many there are."""

    number: int
    why: str = ""


def right(request: ChatRequest) -> Say:
    return structured(request, {"number": 3, "why": "counted"})


HELD = {FaultKind.TIMEOUT, FaultKind.HELD_OPEN}
"""Faults that only a limit of time ends. Where nothing is held, no limit is short: a slow machine is no failure."""


def client(server: ModelServer, **more: Any) -> ModelClient:
    quick = {"timeout": 60.0, "retries": 2, "retry_wait": 0.001, "deadline": 120.0}
    return client_of(ModelSettings(name="sim", base_url=server.base_url, **(quick | more)))


def limit_for(kind: FaultKind) -> float:
    return 1.0 if kind in HELD else 60.0


@pytest.mark.parametrize("kind", OF_TRANSPORT)
def test_a_failure_that_passes_is_met_by_another_attempt(kind: FaultKind) -> None:
    meter = Meter()
    with ModelServer(Scripted(Fault(kind, seconds=9.0, retry_after=0.01), then=right)) as server:
        answered = client(server, timeout=limit_for(kind)).answer_now(ASK, Count, meter=meter)
        assert answered.answer == Count(number=3, why="counted")
        assert answered.use.requests == meter.used.requests == server.count == 2
        assert answered.use.version == "fp_sim"
        assert meter.used.prompt_tokens == server.prompt_tokens > 0


@pytest.mark.parametrize("kind", OF_TRANSPORT)
def test_a_failure_that_stays_ends_as_unavailable(kind: FaultKind) -> None:
    meter = Meter()
    with ModelServer(Scripted(Fault(kind, seconds=9.0, retry_after=0.01))) as server:
        with pytest.raises(ModelUnavailable, match="sim"):
            client(server, retries=1, timeout=0.2 if kind in HELD else 60.0).answer_now(ASK, Count, meter=meter)
        assert meter.used.requests == server.count == 2


@pytest.mark.parametrize("by", ["json_schema", "function_calling"])
@pytest.mark.parametrize("kind", sorted(OF_CONTENT))
def test_an_answer_that_cannot_be_used_is_not_asked_for_again_by_itself(kind: FaultKind, by: str) -> None:
    with ModelServer(lambda request: Fault(kind, of=right(request))) as server:
        with pytest.raises(ModelAnswerUnusable):
            client(server, structured=by).answer_now(ASK, Count)
        assert server.count == 1


def test_a_wait_that_the_endpoint_asks_for_and_nobody_has_time_for_ends_at_once() -> None:
    with ModelServer(Scripted(Fault(FaultKind.RATE_LIMIT, retry_after=3_600.0))) as server:
        with pytest.raises(ModelUnavailable) as caught:
            client(server).answer_now(ASK, Count)
        assert caught.value.retry_after == 3_600.0
        assert server.count == 1


def test_a_refused_key_is_told_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(Scripted(Fault(FaultKind.UNAUTHORISED))) as server:
        monkeypatch.setenv("MILLWRIGHT_MODEL__BASE_URL", server.base_url)
        monkeypatch.setenv("MILLWRIGHT_MODEL__API_KEY", "not valid")  # the server's message holds these words
        asked = client(server)
        with pytest.raises(ModelRejected) as caught:
            asked.answer_now(ASK, Count)
        assert "***" in str(caught.value)
        assert "not valid" not in str(caught.value)
        with pytest.raises(CircuitOpen):
            asked.answer_now(ASK, Count)
        assert server.count == 1


def test_a_key_goes_to_its_own_address_alone() -> None:
    ours = {"MILLWRIGHT_MODEL__API_KEY": "a", "MILLWRIGHT_MODEL__BASE_URL": "http://ours/v1", "OPENAI_API_KEY": "b"}
    assert key_for("http://ours/v1", ours).get_secret_value() == "a"
    assert key_for(None, ours).get_secret_value() == "b"
    assert key_for("http://elsewhere/v1", ours) is NO_KEY
    assert key_for("http://x/v1", {"OPENAI_API_KEY": "b", "OPENAI_BASE_URL": "http://x/v1/"}).get_secret_value() == "b"


def test_a_model_that_keeps_failing_is_left_alone() -> None:
    with ModelServer(Scripted(Fault(FaultKind.SERVER_ERROR))) as server:
        asked = client(server, breaker_failures=3, retries=9)
        for _ in range(3):
            with pytest.raises(CircuitOpen):
                asked.answer_now(ASK, Count)
        assert server.count == 3


def test_the_next_model_of_the_list_is_asked() -> None:
    def only_the_second(request: ChatRequest) -> Say | Fault:
        return right(request) if request.body["model"] == "second" else Fault(FaultKind.SERVER_ERROR)

    with ModelServer(only_the_second) as server:
        answered = client(server, fallback=("second",), retries=0).answer_now(ASK, Count)
        assert answered.use.model == "second"


@pytest.mark.parametrize(
    ("limits", "before"),
    [
        (BudgetLimits(model_requests=2), Spent(model_requests=1)),
        (BudgetLimits(tokens=10), Spent(prompt_tokens=9)),
    ],
)
def test_no_request_goes_out_over_the_budget(limits: BudgetLimits, before: Spent) -> None:
    meter = Meter(limits, before)
    with ModelServer(right) as server:
        client(server).answer_now(ASK, Count, meter=meter.part())
        with pytest.raises(BudgetExhausted, match="is spent"):
            client(server).answer_now(ASK, Count, meter=meter.part())
        assert server.count == meter.used.requests == 1


def test_a_question_that_is_too_long_is_not_sent() -> None:
    with ModelServer(right) as server:
        with pytest.raises(ModelRejected, match="at most 1000"):
            client(server, max_prompt_characters=1_000).answer_now([HumanMessage("x" * 1_001)], Count)
        assert server.count == 0


def test_calls_of_tools_come_back_the_malformed_ones_too() -> None:
    @tool
    def look(table: str) -> str:
        """Look at a table."""
        return table

    act = calls(("look", {"table": "orders"}))
    with ModelServer(Scripted(act, Fault(FaultKind.MALFORMED_ARGUMENTS, of=act))) as server:
        asked, tools = client(server), tool_schemas([look])
        assert asyncio.run(asked.chat(ASK, tools=tools)).message.tool_calls[0]["args"] == {"table": "orders"}
        broken = asyncio.run(asked.chat(ASK, tools=tools)).message
        assert not broken.tool_calls
        assert broken.invalid_tool_calls[0]["name"] == "look"
        assert server.requests[0].tools == ("look",)


def test_async_callers_on_several_loops_share_one_client() -> None:
    with ModelServer(right) as server:
        asked = client(server)

        async def many() -> list[int]:
            return [one.answer.number for one in await asyncio.gather(*(asked.answer(ASK, Count) for _ in range(20)))]

        assert asyncio.run(many()) == asyncio.run(many()) == [3] * 20
        assert server.count == 40


@pytest.mark.parametrize("seed", range(3))
def test_a_fan_out_with_faults_loses_no_answer(seed: int) -> None:
    faults = {FaultKind.SERVER_ERROR: 0.05, FaultKind.TRUNCATED: 0.05, FaultKind.RATE_LIMIT: 0.05}
    with ModelServer(Noisy(right, seed=seed, faults=faults)) as server:
        asked = client(server, retries=5)

        async def many() -> list[object]:
            questions = [[HumanMessage(f"question {number}")] for number in range(20)]
            return await asyncio.gather(*(asked.answer(question, Count) for question in questions))

        assert len(asyncio.run(many())) == server.acts["answer"] == 20


def test_an_error_is_one_of_ours_even_where_nobody_listens() -> None:
    with ModelServer(right) as server:
        address = server.base_url
    with pytest.raises(ModelError, match="the connection failed"):
        client_of(ModelSettings(name="sim", base_url=address, retries=0)).answer_now(ASK, Count)


def test_a_client_that_nobody_has_any_more_closes_its_connections() -> None:
    with ModelServer(right) as server:
        asked = client(server)
        assert asked.answer_now(ASK, Count).answer.number == 3
        (chat,) = [wait_for(endpoint._chats.get()) for endpoint in asked._endpoints]
        pools = chat.http_async_client._transport
        closed = threading.Event()
        real = pools.aclose

        async def aclose() -> None:
            await real()
            closed.set()

        pools.aclose = aclose
        client_module._shared.cache_clear()
        del asked, chat
        gc.collect()
        assert closed.wait(30)
