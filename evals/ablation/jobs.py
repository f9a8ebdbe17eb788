"""The jobs that every setting does: folders, deliveries that drift, failures, many files, models that err.

Each is here because some pattern is made for it; none was chosen by what came out. What a job is for stands beside it.
"""

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from evals.crew import playing
from evals.crew.answer import CONTRACT, INPUT, PUBLISHED, fresh, write_answer
from evals.crew.judging import Verdict, judge
from evals.crew.tasks import PROFILES
from evals.failures.job import Job as FailureJob
from evals.failures.job import write_job
from evals.failures.play import RUN, find_failure, work
from evals.folders.make import make_folder, sequence, truth_of
from evals.folders.spec import FolderSpec, FolderTruth, Mess
from evals.model_server import Act, ChatRequest, ModelServer, Say, calls
from evals.reasoning.minds import Mind, name_of
from state.models import ModelSettings
from state.run import Patterns, RunContext
from tools.contract.read import require_contract

Play = Callable[[Path, Patterns], None]
"""Does a job with a setting, below a folder."""


class Job(NamedTuple):
    """One job: what plays it, and what judges each of its runs."""

    name: str
    purpose: str
    play: Play
    judge: Callable[[Path], list[Verdict]]


def folder_job(spec: FolderSpec, purpose: str, model: Callable[[FolderTruth], "Served"] | None = None) -> Job:
    """Return the job to deliver one folder, with a simulated model where one is given."""

    def play(out: Path, patterns: Patterns) -> None:
        truth = make_folder(spec, out)
        context = RunContext(home=str(out / playing.HOME), patterns=patterns)
        if model is None:
            playing.deliver(out / CONTRACT, out / INPUT, out, context)
            return
        served = model(truth)
        with ModelServer(served.behaviour, keep_requests=False) as server:
            settings = ModelSettings(name=served.name, base_url=server.base_url, retries=1, retry_wait=0.01, reasks=0)
            playing.deliver(out / CONTRACT, out / INPUT, out, context.model_copy(update={"model": settings}))

    return Job(spec.name, purpose, play, lambda out: [judge(truth_of(spec, out), out)[0]])


def sequence_job(spec: FolderSpec, purpose: str, runs: int) -> Job:
    """Return the job to deliver what the same sources send one after the other, with one home folder for all runs."""
    deliveries = sequence(spec, runs)

    def play(out: Path, patterns: Patterns) -> None:
        context = RunContext(home=str(out / playing.HOME), patterns=patterns)
        for each in deliveries:
            place = out / each.name
            make_folder(each, place)
            playing.deliver(place / CONTRACT, place / INPUT, place, context, run_id=each.name)

    return Job(
        spec.name,
        purpose,
        play,
        lambda out: [judge(truth_of(each, out / each.name), out / each.name)[0] for each in deliveries],
    )


def failure_job(failure: str, purpose: str) -> Job:
    """Return the job into which a failure is put while it runs."""

    def play(out: Path, patterns: Patterns) -> None:
        with fresh(out) as clock:
            job = write_job(out / "job")
            _, problem = work(find_failure(failure), job, patterns)
            shutil.copyfile(job.contract, out / CONTRACT)
            answer = playing.account(playing.read_run(job.out, RUN), "crew", problem)
            write_answer(answer, clock, out)
        playing.take(job.out, RUN, out)

    return Job(f"failure-{failure.replace(' ', '-')}", purpose, play, lambda out: [judge(_failed_truth(out), out)[0]])


def _failed_truth(out: Path) -> FolderTruth:
    """Return what is true of the job of failures: how many lines there are, and no more."""
    contract, _ = require_contract(out / CONTRACT)
    job = FailureJob(out / CONTRACT, out / "job" / INPUT, out / PUBLISHED, out / playing.HOME)
    return FolderTruth(
        spec=None,
        contract=str(out / CONTRACT),
        sources=str(job.sources),
        keys={table.name: table.key for table in contract.tables},
        lines=job.lines(),
        rows=(),
        mapping={},
    )


class Served(NamedTuple):
    """A simulated model and the name it is asked by."""

    name: str
    behaviour: Callable[[ChatRequest], Act]


def erring(rate: float) -> Callable[[FolderTruth], Served]:
    """Return a model that knows what is wrong, and errs with a probability at every request."""

    def served(truth: FolderTruth) -> Served:
        mind = Mind()
        mind.turn_to(truth.faults[0].cause, (rate,), 1)
        return Served(name_of(rate), lambda request: mind(request) if request.tools else Say("I cannot tell."))

    return served


def circling(truth: FolderTruth) -> Served:
    """Return a model that looks at the table again and again, in other words each time, and never ends."""
    words = random.Random(5)  # noqa: S311  made-up words
    table = truth.faults[0].table

    def look(request: ChatRequest) -> Act:
        if not request.tools:
            return Say("I cannot tell.")
        said = calls(("analyse_schema", {"table": table}))
        return Say(text=f"Next: look at it once more, {words.choice('abcdefgh')}", calls=said.calls)

    return Served("sim-circling", look)


def _spec(name: str, domain: str, mess: Mapping[Mess, float], **more: object) -> FolderSpec:
    given = {"rows": 240, "files": 4, "seed": 11, **more}
    return FolderSpec.model_validate({"name": name, "domain": domain, "mess": mess, **given})


_CLASH = {Mess.IMPOSSIBLE: 0.08, Mess.INVALID: 0.03}
_DOUBT = {Mess.DATES: 0.7, Mess.NUMBERS: 0.6}
_MANY = {Mess.HEADERS: 0.8, Mess.COLUMNS: 0.5, Mess.DIALECT: 0.3}


def jobs() -> list[Job]:
    """Return every job."""
    return [
        folder_job(_spec("names", "visits", {Mess.HEADERS: 0.8, Mess.ALIASES: 0.6}), "names unlike the contract's"),
        folder_job(_spec("names-2", "orders", {Mess.HEADERS: 0.8, Mess.ALIASES: 0.6}, seed=12), "the same, elsewhere"),
        folder_job(_spec("doubtful-formats", "orders", _DOUBT, rows=160, files=8), "dates that read both ways"),
        folder_job(_spec("doubtful-formats-2", "stores", _DOUBT, seed=13), "the same, elsewhere"),
        folder_job(_spec("bad-rows", "shipments", PROFILES["rows"]), "misspelt, repeated, broken, invalid"),
        folder_job(_spec("clashing-aims", "stores", _CLASH), "more bad values than may be set aside"),
        folder_job(_spec("clashing-aims-2", "visits", _CLASH, seed=14), "the same, elsewhere"),
        folder_job(_spec("everything", "payroll", PROFILES["everything"]), "a little of all"),
        sequence_job(_spec("drift", "sensors", PROFILES["everything"], change=0.2), "three deliveries that drift", 3),
        sequence_job(_spec("drift-names", "visits", {Mess.ALIASES: 1.0}, change=0.1), "names that come again", 3),
        folder_job(_spec("many-files", "orders", _MANY, rows=4_000, files=400), "400 files in many kinds"),
        failure_job("a read fails once", "what passes by itself"),
        failure_job("the engine is out of memory", "what needs another way to do a step"),
        failure_job("a table is lost from the workspace", "what needs steps taken again"),
        failure_job("one file is of lower quality", "what shows when the tables are verified"),
        folder_job(_spec("fault-unit", "stores", {}, fault="unit"), "a fault whose remedy is in its diagnosis"),
        folder_job(_spec("fault-key", "visits", {}, fault="key_restarted"), "a fault that no run can mend"),
        folder_job(
            _spec("model-errs", "visits", {}, fault="key_restarted"), "a diagnosis by a model that errs", erring(0.4)
        ),
        folder_job(
            _spec("model-circles", "visits", {}, fault="key_restarted"), "a diagnosis by a model in circles", circling
        ),
    ]  # fmt: skip
