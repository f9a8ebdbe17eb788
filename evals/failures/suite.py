"""Suite `run-failures`: every failure with all strategies, with retries only, and with none.

A failure is met when the run ends as its strategy says, no row is lost by a count that reads the files itself, what is
published is what an undisturbed run publishes, and the trace names cause, ruling and reason.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.failures.injected import FAILURES
from evals.failures.play import Ending, find_failure, play
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError

MODES = ("on", "retry", "off")
_ANSWER = "endings.json"


class RunFailures:
    """The suite."""

    name = "run-failures"
    description = "failures put into whole runs: how each is met, and what the strategies are worth"
    about = About(
        tasks="all strategies, retries only, none: eighteen failures each",
        data="none",
        scorers="shares of runs that end as they must, balanced books, same bytes (Wilson)",
        time="3 min",
    )

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return one task for each mode; the suite makes its own data and contract."""
        if data is not None or contract is not None:
            raise SetupError("the suite makes its own data", where="--data, --contract", hint="leave them out")
        return tuple(Task(task_id=mode, inputs={}) for mode in MODES)

    def solve(self, task: Task, out: Path) -> None:
        """Play every failure and write how each ended."""
        endings = [
            play(failure, _fresh(out, number), task.task_id).model_dump(mode="json")
            for number, failure in enumerate(FAILURES)
        ]
        (out / _ANSWER).write_text(json.dumps(endings, indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the shares of failures, and a table of them."""
        endings = [Ending.model_validate(each) for each in json.loads((out / _ANSWER).read_text())]
        told = {
            "published without a person": [each.end == "published" for each in endings],
            "every row accounted for": [each.balanced for each in endings],
        }
        if task.task_id == MODES[0]:
            told |= {
                "ended as its strategy says": [not fault_of(each) for each in endings],
                "published the right bytes": [each.same for each in endings if each.published and _same(each)],
            }
        scores = tuple(_share(f"{name}, replanning {task.task_id}", each) for name, each in told.items())
        return scores, {"failure | class | strategies | attempts | end | rows": [_row(each) for each in endings]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of all modes."""
        return tuple(score for result in results for score in result.scores)


def fault_of(ending: Ending) -> str:
    """Return what is wrong with how a run with all strategies ended; empty when nothing is."""
    failure = find_failure(ending.failure)
    last = ending.strategies[-1] if ending.strategies else ""
    faults = (
        (ending.end != failure.ends, f"ended {ending.end}, not {failure.ends}: {ending.problem}"),
        (last != failure.strategy, f"the last strategy was {last!r}, not {failure.strategy!r}"),
        (
            failure.expected not in ("", ending.failed_as),
            f"the class was {ending.failed_as!r}, not {failure.expected!r}",
        ),
        (failure.resumes and ending.resumed != "published", f"resumed it ended {ending.resumed}"),
        (not ending.balanced, f"{ending.lines} lines, {ending.read} rows read, {ending.ends} ended"),
        (ending.published and failure.same and not ending.same, "other bytes were published than without the failure"),
        (not ending.traced, "the trace is not complete"),
    )
    return next((why for wrong, why in faults if wrong), "")


def _same(ending: Ending) -> bool:
    return find_failure(ending.failure).same


def _fresh(out: Path, number: int) -> Path:
    """Return a folder that does not exist yet: a suite may be run into the same place again."""
    place = out / f"{number:02d}"
    tries = 0
    while place.exists():
        tries += 1
        place = out / f"{number:02d}-{tries}"
    return place


def _share(name: str, held: Sequence[bool]) -> Score:
    interval = wilson(sum(held), len(held))
    return Score(
        name=name,
        value=sum(held) / max(1, len(held)),
        low=interval[0],
        high=interval[1],
        n=len(held),
        interval="Wilson 95 %",
    )


def _row(ending: Ending) -> str:
    rows = f"{sum(ending.read.values())} of {sum(ending.lines.values())} lines" if ending.read else "none read"
    end = ending.end + (f", resumed: {ending.resumed}" if ending.resumed else "")
    books = "balanced" if ending.balanced else "NOT BALANCED"
    traced = "traced" if ending.traced else "NOT TRACED"
    ways = ", ".join(ending.strategies) or "-"
    told = (
        f"{ending.failure} | {ending.failed_as or '-'} | {ways} | {ending.attempts} | {end} | {rows}, {books}, {traced}"
    )
    fault = fault_of(ending) if ending.mode == MODES[0] else ""
    return f"{told} | {fault}" if fault else told
