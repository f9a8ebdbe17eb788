"""A worker that hangs before it begins: its order goes to another, its own work is fenced off, nothing is lost."""

import hashlib
import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from algorithms.hub.signing import signed
from graphs.session import run
from nodes.order_fence import Fence
from nodes.step_orders import StepWorker
from state.agents import AgentCard, Role
from state.budget import Spent
from state.errors import StepError
from state.messages import Message, MessageKind
from state.orders import StepOrder
from state.run import Patterns, RunContext, RunStatus
from tools.hub.bounded import ALLOWANCE, BoundedHub
from tools.hub.local import LocalHub
from tools.signing import key_ring

ORDER = StepOrder(order_id="o", steps=("s",), worker="worker-1", attempt=1, threads=1, worked=Spent())


def test_an_order_is_begun_or_revoked_never_both() -> None:
    fence = Fence()
    fence.place(ORDER)
    assert fence.waits(ORDER) >= 0
    assert fence.revoke(ORDER)
    with pytest.raises(StepError, match="revoked"):
        fence.begin(ORDER)
    fence.place(ORDER)
    fence.begin(ORDER)
    assert not fence.revoke(ORDER)
    assert fence.waits(ORDER) == 0.0


def tables(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.parquet"))}


@pytest.mark.parametrize("places", [1, 2])
def test_a_run_passes_a_hanging_worker_over(job: Any, tmp_path: Path, places: int) -> None:
    plain = RunContext(home=str(job.home), parallel_steps=places)
    run(job.contract, [str(job.sources)], job.out, context=plain, run_id="plain")
    held, first, real, late = threading.Event(), threading.Lock(), StepWorker.handle, list[str]()

    def handle(worker: StepWorker, message: Message) -> Message:
        if first.acquire(blocking=False):
            held.wait(60)
            try:
                return real(worker, message)
            except StepError as error:
                late.append(str(error))
                raise
        return real(worker, message)

    context = plain.model_copy(update={"begin_seconds": 0.2})
    with patch.object(StepWorker, "handle", handle):
        ended = run(job.contract, [str(job.sources)], tmp_path / "again", context=context, run_id="hangs")
        held.set()
    assert ended["status"] is RunStatus.PUBLISHED
    assert tables(tmp_path / "again") == tables(job.out)
    assert '"event": "hangs"' in (tmp_path / "again" / "_runs" / "hangs" / "events.jsonl").read_text()


def test_whoever_floods_is_refused_and_others_are_not() -> None:
    signers, verifier = key_ring(("chief", "noisy"))
    hub = BoundedHub(LocalHub(verifier), frozenset({"chief"}))
    hub.register(AgentCard(id="chief", version="1", role=Role.COORDINATOR, skills=()))
    hub.register(AgentCard(id="noisy", version="1", role=Role.WORKER, skills=("w",)))

    def message(sender: str, recipient: str, number: int) -> Message:
        kind = MessageKind.STATUS if sender == "noisy" else MessageKind.DELEGATION
        plain = Message(message_id=f"{sender}{number}", kind=kind, sender=sender, recipient=recipient, subject="w")
        return signed(plain, signers[sender])

    kept = sum(hub.send(message("noisy", "chief", number)).kept for number in range(200))
    assert kept == ALLOWANCE
    assert hub.send(message("chief", "noisy", 0)).kept
    assert hub.sent("noisy") == hub.beyond("noisy") == 200
    hub.receive("noisy")
    assert hub.send(message("noisy", "chief", 999)).kept


def test_direct_orders_pass_it_over_too(job: Any) -> None:
    context = RunContext(home=str(job.home), patterns=Patterns(hub="off"), begin_seconds=0.2)
    assert run(job.contract, [str(job.sources)], job.out, context=context)["status"] is RunStatus.PUBLISHED
