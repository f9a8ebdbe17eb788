"""Real runs with a fault put into them while they go on, held against an undisturbed one: nothing may be lost.

Faults are put in at the boundary of an agent (its mailbox), into its process, or into a service, which is stopped.
"""

import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nodes.decisions.value_format as formats
from algorithms.hub.signing import signed
from evals.failures.job import Job, write_job
from evals.hub.server import redis_server
from evals.model_faults.places import Places
from evals.model_server import Act, ChatRequest, Fault, FaultKind, ModelServer, structured
from evals.operation_faults.visibility import Shown, shown
from evals.postgres_server import postgres_server
from graphs.health_rounds import CheckHealth
from graphs.session import resume, run
from nodes.services import DATABASE, DISK, REDIS
from nodes.step_orders import StepWorker
from state.agents import AgentCard, Role
from state.errors import MillwrightError
from state.formats import DateOrder, FormatEvidence, ValueFormat
from state.health import HealthLimits, HealthOutput
from state.messages import Message, MessageKind
from state.models import ModelSettings
from state.operation_agents import AgentKind, Deployment
from state.roster import MODEL
from state.run import RunContext
from state.values import Value
from tools.agents.faults import faults, recoveries
from tools.agents.registry import Fleet, deploy
from tools.database.address import database_url
from tools.database.open import open_database
from tools.hub.serving import serve
from tools.settings.secrets import VARIABLES

RUN = "disturbed"
_BEGIN_SECONDS = 0.4
_INTERVAL = 30.0
_ORDERS = 2
_SYNCS = 60  # before the disk is full


class Disturbed(Value):
    """How a run with a fault in it ended."""

    fault: str
    end: str
    same: bool  # the published bytes are those of an undisturbed run
    told: tuple[str, ...]  # what run, events or registry say of the fault
    detected: float | None = None  # seconds, or intervals of checks where checks see it
    shown: Shown | None = None  # a service's fault: by the check that saw it
    resumed: bool = False


Inject = Callable[[Job, ExitStack], None]
"""Puts a fault in for as long as the stack is open."""


def undisturbed(folder: Path) -> dict[str, str]:
    """Run the job without a fault and return the digests of what it publishes."""
    job = write_job(folder)
    _run(job, RunContext(home=str(job.home)))
    return published(job)


def published(job: Job) -> dict[str, str]:
    """Return the digest of each published file."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(job.out.glob("*.parquet"))}


def disturb(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Run the job with a fault in it; where it stops, resume it once the fault is over."""
    return _PLAYED[fault](fault, folder, expected)


def _run(job: Job, context: RunContext) -> str:
    try:
        return str(run(job.contract, [str(job.sources)], job.out, run_id=RUN, context=context)["status"].value)
    except MillwrightError as error:
        return f"stopped: {error.line()}"


def _ended(fault: str, job: Job, end: str, expected: dict[str, str], told: tuple[str, ...], **more: Any) -> Disturbed:  # noqa: ANN401
    return Disturbed(fault=fault, end=end, same=published(job) == expected, told=told, **more)


def _events(job: Job, *names: str) -> tuple[str, ...]:
    text = (job.out / "_runs" / RUN / "events.jsonl").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if any(f'"event": "{name}"' in line for name in names))


def _warnings(job: Job) -> tuple[str, ...]:
    told = json.loads((job.out / "_runs" / RUN / "run.json").read_text(encoding="utf-8"))
    fallbacks = {each["fallback"] for each in told["decisions"] if each.get("fallback")}
    return tuple(each[:200] for each in (*told["warnings"], *sorted(fallbacks)))


def _hangs(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Let the first worker that gets an order never begin it."""
    job, held, first = write_job(folder), threading.Event(), threading.Lock()
    real, began = StepWorker.handle, list[datetime]()

    def handle(worker: StepWorker, message: Message) -> Message:
        if first.acquire(blocking=False):
            began.append(datetime.now(UTC))
            held.wait(120.0)
        return real(worker, message)

    with patch.object(StepWorker, "handle", handle):
        end = _run(job, RunContext(home=str(job.home), begin_seconds=_BEGIN_SECONDS))
    held.set()
    told = _events(job, "hangs", "reordered")
    seen = [datetime.fromisoformat(json.loads(each)["at"]) for each in told[:1]]
    took = (seen[0] - began[0]).total_seconds() if seen and began else None
    return _ended(fault, job, end, expected, told, detected=took)


def _slow(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    job, real = write_job(folder), StepWorker.handle

    def handle(worker: StepWorker, message: Message) -> Message:
        if worker.card.id == "worker-1":
            time.sleep(0.3)
        return real(worker, message)

    with patch.object(StepWorker, "handle", handle):
        end = _run(job, RunContext(home=str(job.home)))
    return _ended(fault, job, end, expected, ())


def _floods(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Let workers send a thousand messages beside each reply; the hub takes their quota."""
    job, refused = write_job(folder), [0]

    def flood(hub: Any, agent: Any, signer: Any, most: int = 1) -> Any:  # noqa: ANN401
        for number in range(1_000):
            message = Message(
                message_id=f"{agent.card.id}-{time.monotonic_ns()}-{number}",
                kind=MessageKind.STATUS,
                sender=agent.card.id,
                recipient="executor",
                subject="noise",
            )
            refused[0] += not hub.send(signed(message, signer)).kept
        return serve(hub, agent, signer, most)

    with patch("nodes.step_orders.serve", flood):
        end = _run(job, RunContext(home=str(job.home)))
    return _ended(fault, job, end, expected, (f"{refused[0]} messages refused",) if refused[0] else ())


def _eats(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Let a worker hold on to 200 MB with each of its first orders."""
    job, real, held = write_job(folder), StepWorker.handle, list[bytearray]()

    def handle(worker: StepWorker, message: Message) -> Message:
        if worker.card.id == "worker-1" and len(held) < _ORDERS:
            held.append(bytearray(os.urandom(1)) * (200 * 2**20))
        return real(worker, message)

    with patch.object(StepWorker, "handle", handle):
        end = _run(job, RunContext(home=str(job.home)))
    return _ended(fault, job, end, expected, ())


def month_first(evidence: FormatEvidence) -> ValueFormat:
    """Read every date with the month first: a worse version of the expert."""
    answer = formats.VALUE_FORMAT.expert(evidence)
    groups = tuple(each.model_copy(update={"date_order": DateOrder.MONTH_FIRST}) for each in answer.groups)
    return answer.model_copy(update={"groups": groups})


def _wrong(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Let a worse version of an expert decide; its check refuses it, and the version before decides."""
    job, now = write_job(folder), datetime.now(UTC)
    card = AgentCard(id="expert:value_format", version="worse", role=Role.SPECIALIST, skills=("value_format",))
    entry = f"{__name__}:month_first"
    with open_database(job.home, database_url()) as database:
        deployment = Deployment(card=card, kind=AgentKind.EXPERT, entry=entry)
        deploy(database, deployment, now, probe=lambda _: "", fleet=Fleet(), by="suite")
    end = _run(job, RunContext(home=str(job.home)))
    return _ended(fault, job, end, expected, tuple(each for each in _warnings(job) if "worse" in each))


def _model(fault: str, folder: Path, _expected: dict[str, str]) -> Disturbed:
    """Let the model be down when it is asked: the expert's answers stand, and checks take it out."""
    job, plain = _places(folder / "job"), _places(folder / "plain")
    _run(plain, RunContext(home=str(plain.home)))
    down = threading.Event()

    def behave(request: ChatRequest) -> Act:
        return Fault(FaultKind.SERVER_ERROR) if down.is_set() else structured(request, {"word": "ready"})

    with ModelServer(behave) as server:
        settings = ModelSettings(
            name="sim",
            base_url=server.base_url,
            retries=2,
            retry_wait=0.01,
            timeout=2.0,
            breaker_failures=3,
            breaker_seconds=0.2,
        )
        context = RunContext(home=str(job.home), model=settings)
        checks = _Checks(context)
        down.set()
        end = _run(job, context)
        found = checks.until_ill(MODEL)
        down.clear()
        time.sleep(settings.breaker_seconds)  # the breaker lets a probe through
        checks.once()
        checks.once()
        told = (*_warnings(job), *_on_record(job))
    return _ended(fault, job, end, published(plain), told, detected=found, shown=checks.shown)


def _places(folder: Path) -> Job:
    job = Job(folder / "contract.yaml", folder / "input", folder / "out", folder / "home")
    job.sources.mkdir(parents=True)
    Places.drawn(0).write(folder, job.sources)
    return job


def _redis(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Redis is gone when the first step has been done; the run goes on within the process and says so."""
    job, stack, stopped, serving = write_job(folder), ExitStack(), threading.Lock(), StepWorker.handle
    url = stack.enter_context(redis_server())

    def handle(worker: StepWorker, message: Message) -> Message:
        if stopped.acquire(blocking=False):
            stack.close()
        return serving(worker, message)

    with patch.dict(os.environ, {"REDIS_URL": url}), patch.object(StepWorker, "handle", handle):
        checks = _Checks(RunContext(home=str(job.home)))
        end = _run(job, RunContext(home=str(job.home)))
        found = checks.until_ill(REDIS)
    told = (*_warnings(job), *_on_record(job))
    return _ended(fault, job, end, expected, told, detected=found, shown=checks.shown)


def _postgres(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """PostgreSQL, which has checkpoints and registry, restarts in the middle of a run."""
    job, restarted = write_job(folder), threading.Lock()
    with postgres_server() as server, patch.dict(os.environ, {VARIABLES["database_url"]: server.url}):
        real = StepWorker.handle

        def handle(worker: StepWorker, message: Message) -> Message:
            if restarted.acquire(blocking=False):
                server.restart(away=0.5)
            return real(worker, message)

        with patch.object(StepWorker, "handle", handle):
            end = _run(job, RunContext(home=str(job.home)))
        again = end != "published"
        if again:
            end = str(resume(job.home, RUN)["status"].value)
        server.stop()
        context = RunContext(home=str(job.home))
        heard: list[HealthOutput] = []
        duty = CheckHealth(context, interval=_INTERVAL, heard=heard.append)
        now = datetime.now(UTC)
        found = None
        with patch("graphs.health_rounds._PATIENCE", 0.2):
            try:
                duty.perform(now)
            except MillwrightError:
                found = 1.0
        server.start()
        later = now + timedelta(seconds=_INTERVAL)
        duty.perform(later)
        with open_database(job.home, database_url()) as database:
            visible = shown(database, DATABASE, later)
        told = _on_record(job)
    return _ended(fault, job, end, expected, told, detected=found, shown=visible, resumed=again)


def _disk(fault: str, folder: Path, expected: dict[str, str]) -> Disturbed:
    """Let the disk be full while tables are published; room is made, and the run resumed."""
    job = write_job(folder)
    checks = _Checks(RunContext(home=str(job.home)))
    with _full():
        end = _run(job, RunContext(home=str(job.home)))
        found = checks.until_ill(DISK)
    checks.once()  # there is room again: it is back
    checks.once()
    told = (end, *_on_record(job))
    again = not end.startswith("published")
    if again:
        end = str(resume(job.home, RUN)["status"].value)
    return _ended(fault, job, end, expected, told, detected=found, shown=checks.shown, resumed=again)


@contextmanager
def _full() -> Iterator[None]:
    """Let every sync of a file fail as on a full disk once tables are being written, and the probe of the disk."""
    real = os.fsync
    calls = [0]

    def fsync(handle: int) -> None:
        calls[0] += 1
        if calls[0] > _SYNCS:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with patch.object(os, "fsync", fsync):
        yield


class _Checks:
    """Checks of the registry of a job's home: one before the fault, which enrols everybody, and some after it."""

    def __init__(self, context: RunContext) -> None:
        self.shown: Shown | None = None
        self._home, self._heard = Path(context.home), list[HealthOutput]()
        self._duty = CheckHealth(context, interval=_INTERVAL, limits=HealthLimits(), heard=self._heard.append)
        self._now, self._number = datetime.now(UTC), 0
        self._duty.perform(self._now)

    def until_ill(self, agent_id: str, most: int = 2) -> float | None:
        """Check at most so often; return after how many intervals the agent was found unfit."""
        for number in range(1, most + 1):
            self.once()
            if any(each.agent_id == agent_id for each in self._heard[-1]["ill"]):
                with open_database(self._home, database_url()) as database:
                    self.shown = shown(database, agent_id, self._moment)
                return float(number)
        return None

    def once(self) -> None:
        """Check an interval later."""
        self._number += 1
        self._duty.perform(self._moment)

    @property
    def _moment(self) -> datetime:
        return self._now + timedelta(seconds=_INTERVAL * self._number)


def _on_record(job: Job) -> tuple[str, ...]:
    with open_database(job.home, database_url()) as database:
        seen = [f"{each.agent_id}: {each.kind.value}: {each.evidence}"[:200] for each in faults(database)]
        done = [f"{each.agent_id}: {each.action.value}" for each in recoveries(database)]
    return tuple(seen + done)


_PLAYED: dict[str, Callable[[str, Path, dict[str, str]], Disturbed]] = {
    "hangs": _hangs,
    "answers slowly": _slow,
    "answers wrongly": _wrong,
    "eats memory": _eats,
    "floods the hub": _floods,
    "model down": _model,
    "Redis down": _redis,
    "PostgreSQL restarted": _postgres,
    "disk full": _disk,
}
FAULTS = tuple(_PLAYED)
