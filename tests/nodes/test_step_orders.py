"""Orders of a run through the hub: a lost one is noticed at the join and placed again; the bytes stay the same."""

import hashlib
import json
from typing import Any

import pytest

import nodes.step_orders
from evals.hub.server import redis_server
from graphs.session import run
from state.errors import SetupError
from state.hub import HubFaults
from state.messages import Message
from state.run import Patterns, RunContext, RunStatus
from tools.conversation import read_conversation


def go(job: Any, name: str, *, hub: str = "on", **settings: Any) -> Any:
    given = {"home": str(job.home), "retry_wait": 0.0, "patterns": Patterns(decision_log="off", hub=hub), **settings}
    return run(job.contract, [str(job.sources)], job.out.with_name(name), run_id=name, context=RunContext(**given))


def told(job: Any, name: str) -> Any:
    return json.loads((job.out.with_name(name) / "_runs" / name / "run.json").read_text())


def published(job: Any, name: str) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(job.out.with_name(name).glob("*.parquet"))
    }


class Handled:
    """Counts the orders that workers get."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orders: list[str] = []
        real = nodes.step_orders.StepWorker.handle

        def handle(worker: Any, message: Message) -> Message:
            self.orders.append(message.message_id)
            return real(worker, message)

        monkeypatch.setattr(nodes.step_orders.StepWorker, "handle", handle)


def test_an_order_that_is_lost_is_placed_again_and_the_bytes_are_the_same(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert go(job, "direct", hub="off")["status"] is RunStatus.PUBLISHED
    assert told(job, "direct")["messages"] is None
    handled = Handled(monkeypatch)
    faults = HubFaults(lost=("/conform:orders#1~1",))
    assert go(job, "lost", hub_faults=faults)["status"] is RunStatus.PUBLISHED
    assert [each for each in handled.orders if "conform:orders" in each] == ["lost/conform:orders#1~2"]
    assert published(job, "lost") == published(job, "direct")
    counts = told(job, "lost")["messages"]
    assert (counts["reordered"], counts["sent"] - counts["delivered"], counts["refused"]) == (1, 1, 0)
    heard = read_conversation(job.out.with_name("lost") / "_runs" / "lost")
    assert len(heard) == counts["sent"]
    assert max(len(each.message.model_dump_json()) for each in heard) < 4_096
    events = (job.out.with_name("lost") / "_runs" / "lost" / "events.jsonl").read_text()
    assert '"reordered"' in events
    assert "conform:orders#1~1" in events


def test_an_order_that_is_lost_every_time_is_a_failure_that_may_pass(job: Any) -> None:
    lost = tuple(f"/map:orders#{attempt}~{placed}" for attempt in (1, 2, 3) for placed in range(1, 30))
    output = go(job, "never", hub_faults=HubFaults(lost=lost))
    assert output["status"] is RunStatus.FAILED
    assert "no worker got the order" in output["problem"]
    assert not published(job, "never")


def test_without_the_redis_that_is_asked_for_the_run_goes_on_and_says_so(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    assert go(job, "without")["status"] is RunStatus.PUBLISHED
    content = (job.out.with_name("without") / "_runs" / "without" / "run.json").read_text()
    assert "within the process: hub: Redis does not answer" in content
    assert any("Redis does not answer" in warning for warning in json.loads(content)["warnings"])
    assert "secret" not in content


def test_a_run_on_redis_publishes_the_same_and_leaves_nothing_there(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.hub.redis_streams import connect  # noqa: PLC0415  the extra may be missing

    assert go(job, "plain")["status"] is RunStatus.PUBLISHED
    try:
        with redis_server() as url:
            monkeypatch.setenv("REDIS_URL", url)
            assert go(job, "redis")["status"] is RunStatus.PUBLISHED
            with connect(url) as client:
                assert client.dbsize() == 0
    except SetupError as error:
        pytest.skip(error.line())
    assert told(job, "redis")["messages"]["kept_by"] == "on Redis"
    assert published(job, "redis") == published(job, "plain")
