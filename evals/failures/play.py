"""Plays one failure: a run into which it is put, another attempt after the cause is gone, and what is found then."""

import hashlib
import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from evals.failures.injected import FAILURES, Failure
from evals.failures.job import Job, write_job
from graphs.session import resume, run
from state.budget import BudgetLimits
from state.errors import MillwrightError, SetupError
from state.run import Patterns, RunContext
from state.values import Value

RUN = "failure"
_LONGEST = 300  # seconds of a process of its own


class Ending(Value):
    """How a run with a failure ended."""

    failure: str
    mode: str  # patterns.replanning
    failed_as: str  # class of the failure in the trace; empty: outside of steps
    strategies: tuple[str, ...]  # that were ruled, in their order
    attempts: int  # of the step that failed
    end: str
    problem: str
    resumed: str = ""  # how it ended when it was resumed after the cause was gone
    lines: dict[str, int]  # data lines by table, counted in the files
    read: dict[str, int]  # rows by table, in the books
    ends: dict[str, int]  # published, withheld, quarantined or merged
    published: bool = False
    same: bool = False  # the published bytes are those of an undisturbed run
    traced: bool = False  # the trace names the failure, the rulings have reasons, and the run has its status

    @property
    def balanced(self) -> bool:
        """Whether every data line is a row that was read and ended somewhere; of what is published, of every table."""
        told = all(self.lines[name] == rows == self.ends[name] for name, rows in self.read.items())
        return told and (self.read.keys() == self.lines.keys() or not self.published)


def find_failure(name: str) -> Failure:
    """Return the failure called `name`; KeyError when there is none."""
    return {failure.name: failure for failure in FAILURES}[name]


def play(failure: Failure, folder: Path, mode: str) -> Ending:
    """Run the job with the failure in it, and once more without where the run stopped; return what is found."""
    job = write_job(folder)
    end, problem = _in_process(failure, folder, mode) if failure.killed else work(failure, job, patterns_of(mode))
    resumed = ""
    if end not in ("published", "not_met"):
        resumed, later = _resumed(job)
        problem = problem or later
    return _found(failure, job, mode, end, problem, resumed)


def patterns_of(mode: str) -> Patterns:
    """Return the switches of a mode: strategies for failures, and recoveries of tables that fail."""
    return Patterns(replanning=mode, quality_planning="on" if mode == "on" else "off")


def work(failure: Failure, job: Job, patterns: Patterns) -> tuple[str, str]:
    """Start the run with the failure in it; return how it ended and why."""
    context = RunContext(
        home=str(job.home),
        patterns=patterns,
        retry_wait=0.0,
        budget=BudgetLimits(steps=failure.steps),
    )
    try:
        with failure.inject(job) or nullcontext():
            output = run(job.contract, [str(job.sources)], job.out, run_id=RUN, context=context)
    except SetupError as error:
        return "setup", error.line()
    except MillwrightError as error:
        return "failed", error.line()
    return output["status"].value, output.get("problem", "")


def _resumed(job: Job) -> tuple[str, str]:
    try:
        output = resume(job.home, RUN)
    except MillwrightError as error:
        return "setup" if isinstance(error, SetupError) else "failed", error.line()
    return output["status"].value, output.get("problem", "")


def _in_process(failure: Failure, folder: Path, mode: str) -> tuple[str, str]:
    """Let a process of its own work on the run: it is killed."""
    command = [sys.executable, "-m", "evals.failures.play", failure.name, str(folder), mode]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False)  # noqa: S603  own code
    return ("killed", "") if ended.returncode < 0 else ("failed", ended.stderr[-300:])


def job_in(folder: Path) -> Job:
    """Return the job that lies in a folder."""
    return Job(folder / "contract.yaml", folder / "input", folder / "out", folder / "home")


def _found(failure: Failure, job: Job, mode: str, end: str, problem: str, resumed: str) -> Ending:
    told = _told(job)
    failed = [entry for entry in told.get("trace", ()) if entry["status"] == "failed"]
    rulings = [each for each in told.get("replanning", ()) if each["action"] != "take_back"]
    tables = {name: books for name, books in told.get("tables", {}).items() if not books["derived"]}
    ends = ("rows_published", "rows_withheld", "rows_quarantined", "rows_merged")
    published = "published" in (end, resumed)
    return Ending(
        failure=failure.name,
        mode=mode,
        failed_as=failed[0]["failure"]
        if failed
        else "quality"
        if any("quality" in r["trigger"] for r in rulings)
        else "",
        strategies=tuple(each["action"] for each in rulings),
        attempts=len(failed) + 1 if failed else 1,
        end=end,
        problem=problem,
        resumed=resumed,
        lines=job.lines(),
        read={name: books["rows_read"] for name, books in tables.items()},
        ends={name: sum(books[key] for key in ends) for name, books in tables.items()},
        published=published,
        same=published and _published(job) == _undisturbed(job),
        traced=all(each["reason"] and each["trigger"] for each in rulings) and (bool(told) or bool(problem)),
    )


def _told(job: Job) -> dict[str, Any]:
    path = job.out / "_runs" / RUN / "run.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _published(job: Job) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(job.out.glob("*.parquet"))}


def _undisturbed(job: Job) -> dict[str, str]:
    """Return what a run on the files as they are now publishes when nothing is put in."""
    other = job._replace(out=job.out.parent / "undisturbed", home=job.home.parent / "other")
    run(job.contract, [str(job.sources)], other.out, run_id="undisturbed", context=RunContext(home=str(other.home)))
    return _published(other)


if __name__ == "__main__":
    work(find_failure(sys.argv[1]), job_in(Path(sys.argv[2])), patterns_of(sys.argv[3]))
