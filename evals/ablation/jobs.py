"""The jobs that every setting does: folders, deliveries that drift, failures, many files, models that err.

Each is here because some pattern is made for it; none was chosen by what came out. What a job is for stands beside it.
"""

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from evals.crew import playing
from evals.crew.answer import CONTRACT, INPUT, fresh, write_answer
from evals.crew.judging import Verdict, judge
from evals.crew.tasks import PROFILES
from evals.failures.job import write_job
from evals.failures.play import RUN, find_failure, job_in, work
from evals.folders.make import make_folder, sequence, truth_of
from evals.folders.spec import FolderSpec, FolderTruth, Mess
from evals.model_server import Act, ChatRequest, ModelServer, Say, calls
from evals.reasoning.minds import Mind, name_of
from state.models import ModelSettings
from state.run import Patterns, RunContext
from tools.contract.read import require_contract


class Job(Protocol):
    """One job: how it is done with a setting, below a folder, and what judges each of its runs. Jobs are data."""

    @property
    def name(self) -> str:
        """The job's name, fit for a folder."""

    @property
    def purpose(self) -> str:
        """What it is for."""

    def play(self, out: Path, patterns: Patterns) -> None:
        """Do the job."""

    def judge(self, out: Path) -> list[Verdict]:
        """Return the verdict on each run."""


class FolderJob(NamedTuple):
    """Delivers one folder, with a simulated model where one is named."""

    spec: FolderSpec
    purpose: str
    model: str = ""  # one of `_MODELS`

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.spec.name

    def play(self, out: Path, patterns: Patterns) -> None:
        """Make and deliver the folder."""
        truth = make_folder(self.spec, out)
        context = RunContext(home=str(out / playing.HOME), patterns=patterns)
        if not self.model:
            playing.deliver(out / CONTRACT, out / INPUT, out, context)
            return
        served = _MODELS[self.model](truth)
        with ModelServer(served.behaviour, keep_requests=False) as server:
            settings = ModelSettings(name=served.name, base_url=server.base_url, retries=1, retry_wait=0.01, reasks=0)
            playing.deliver(out / CONTRACT, out / INPUT, out, context.model_copy(update={"model": settings}))

    def judge(self, out: Path) -> list[Verdict]:
        """Judge the one run."""
        return [judge(truth_of(self.spec, out), out)[0]]


class SequenceJob(NamedTuple):
    """Delivers what the same sources send one after the other, with one home folder for all runs."""

    spec: FolderSpec
    purpose: str
    runs: int

    @property
    def name(self) -> str:
        """The name of the sources."""
        return self.spec.name

    def play(self, out: Path, patterns: Patterns) -> None:
        """Make and deliver one folder after the other."""
        context = RunContext(home=str(out / playing.HOME), patterns=patterns)
        for each in sequence(self.spec, self.runs):
            place = out / each.name
            make_folder(each, place)
            playing.deliver(place / CONTRACT, place / INPUT, place, context, run_id=each.name)

    def judge(self, out: Path) -> list[Verdict]:
        """Judge every delivery."""
        return [judge(truth_of(each, out / each.name), out / each.name)[0] for each in sequence(self.spec, self.runs)]


class FailureJob(NamedTuple):
    """Has a failure put into it while it runs."""

    failure: str
    purpose: str

    @property
    def name(self) -> str:
        """The failure, fit for a folder."""
        return f"failure-{self.failure.replace(' ', '-')}"

    def play(self, out: Path, patterns: Patterns) -> None:
        """Run the job of failures with this one in it."""
        with fresh(out) as clock:
            job = write_job(out / "job")
            _, problem = work(find_failure(self.failure), job, patterns)
            shutil.copyfile(job.contract, out / CONTRACT)
            write_answer(playing.account(playing.read_run(job.out, RUN), "crew", problem), clock, out)
        playing.take(job.out, RUN, out)

    def judge(self, out: Path) -> list[Verdict]:
        """Judge what was published; of the rows only their number is known."""
        contract, _ = require_contract(out / CONTRACT)
        truth = FolderTruth(
            spec=None,
            contract=str(out / CONTRACT),
            sources=str(out / "job" / INPUT),
            keys={table.name: table.key for table in contract.tables},
            lines=job_in(out / "job").lines(),
            rows=(),
            mapping={},
        )
        return [judge(truth, out)[0]]


class Served(NamedTuple):
    """A simulated model and the name it is asked by."""

    name: str
    behaviour: Callable[[ChatRequest], Act]


def _erring(truth: FolderTruth) -> Served:
    """Return a model that knows what is wrong, and errs at four requests in ten."""
    mind = Mind()
    mind.turn_to(truth.faults[0].cause, (_RATE,), 1)
    return Served(name_of(_RATE), lambda request: mind(request) if request.tools else Say("I cannot tell."))


def _circling(truth: FolderTruth) -> Served:
    """Return a model that looks at the table again and again, in other words each time, and never ends."""
    words = random.Random(5)  # noqa: S311  made-up words
    table = truth.faults[0].table

    def look(request: ChatRequest) -> Act:
        if not request.tools:
            return Say("I cannot tell.")
        said = calls(("analyse_schema", {"table": table}))
        return Say(text=f"Next: look at it once more, {words.choice('abcdefgh')}", calls=said.calls)

    return Served("sim-circling", look)


_MODELS: Mapping[str, Callable[[FolderTruth], Served]] = {"erring": _erring, "circling": _circling}


def _spec(name: str, domain: str, mess: Mapping[Mess, float], **more: object) -> FolderSpec:
    given = {"rows": 240, "files": 4, "seed": 11, **more}
    return FolderSpec.model_validate({"name": name, "domain": domain, "mess": mess, **given})


_RATE = 0.4
_CLASH = {Mess.IMPOSSIBLE: 0.08, Mess.INVALID: 0.03}
_DOUBT = {Mess.DATES: 0.7, Mess.NUMBERS: 0.6}
_MANY = {Mess.HEADERS: 0.8, Mess.COLUMNS: 0.5, Mess.DIALECT: 0.3}


def jobs() -> list[Job]:
    """Return every job."""
    return [
        FolderJob(_spec("clashing-aims", "stores", _CLASH), "more bad values than may be set aside"),
        FailureJob("a read fails once", "what passes by itself"),
        FolderJob(_spec("bad-rows", "shipments", PROFILES["rows"]), "misspelt, repeated, broken, invalid"),
        FolderJob(_spec("doubtful-formats", "orders", _DOUBT, rows=160, files=8), "dates that read both ways"),
        FolderJob(_spec("fault-unit", "stores", {}, fault="unit"), "a fault whose remedy is in its diagnosis"),
        FolderJob(_spec("model-circles", "visits", {}, fault="key_restarted"), "a model in circles", "circling"),
        SequenceJob(_spec("drift-names", "orders", {Mess.ALIASES: 1.0}, change=0.1), "names that come again", 3),
        FolderJob(_spec("many-files", "orders", _MANY, rows=4_000, files=400), "400 files in many kinds"),
        FailureJob("the engine is out of memory", "what needs another way to do a step"),
        FailureJob("one file is of lower quality", "what shows when the tables are verified"),
        FolderJob(_spec("names", "visits", {Mess.HEADERS: 0.8, Mess.ALIASES: 0.6}), "names unlike the contract's"),
        FolderJob(_spec("everything", "payroll", PROFILES["everything"]), "a little of all"),
        FolderJob(_spec("model-errs", "visits", {}, fault="key_restarted"), "a model that errs", "erring"),
        FailureJob("a table is lost from the workspace", "what needs steps taken again"),
    ]
