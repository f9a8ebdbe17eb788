"""Suite `reasoning`: faults of known cause in generated files, taken in by the product and diagnosed by the expert.

One task a kind of fault. Every variant of a kind is put into a domain that was looked at while the rules were built and
into one that was not, once for each seed. What is held out, by domain, variant or kind, is counted apart.
"""

import json
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from evals.protocol import About, Better, Score, Task, TaskResult
from evals.reasoning.cases import KINDS, CaseSpec, Truth, bring_in, make_case, task_for
from evals.reasoning.figures import share
from evals.reasoning.solving import solve
from evals.reasoning.specs import specs
from state.diagnosis import Cause, Diagnosis
from state.errors import SetupError
from tools.intake import read_contract, read_intake

_ENOUGH = 0.9  # of the rows
_MOST_TOLD = 12


class Reasoning:
    """The suite; `seeds` cases of every variant in each of two domains."""

    name = "reasoning"
    description = "faults of known cause in generated files, diagnosed from what the product leaves of them"
    about = About(
        tasks="one a kind of fault, in files of several domains",
        data="none; `--seeds`",
        scorers="right causes, right rows, false alarms (Wilson)",
        time="10 min a seed",
    )

    def __init__(self) -> None:
        self.seeds = 1
        self._answers: list[dict[str, Any]] = []

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return one task a kind of fault."""
        return kinds_of(data, contract)

    def solve(self, task: Task, out: Path) -> None:
        """Write what came of every case as answers.json."""
        answers = [_case(spec, out / "work") for spec in specs(task.task_id, self.seeds)]
        (out / "answers.json").write_text(json.dumps([each for each in answers if each is not None], indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of right causes and rows of the kind, and the cases that went wrong."""
        answers = json.loads((out / "answers.json").read_text())
        self._answers += answers
        kind = KINDS[task.task_id][0]
        scores = [share(f"{kind.name}: right cause", [each["right"] for each in answers])]
        if kind.cause not in (Cause.UNKNOWN, Cause.NOTHING_WRONG):
            scores += [
                share(f"{kind.name}: {what} at least {_ENOUGH}", [each[what] >= _ENOUGH for each in answers])
                for what in ("precision", "recall")
            ]
        wrong = [f"{each['case']}: {each['cause']}, {each['reason'][:160]}" for each in answers if not each["right"]]
        effort = (
            f"{_mean(each['steps'] for each in answers):.1f} steps, {_mean(e['queries'] for e in answers):.1f} queries"
        )
        return tuple(scores), {"effort": [f"{len(answers)} cases, {effort} each"], "wrong": wrong[:_MOST_TOLD]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores over all kinds, those that were looked at and those held out apart, then by kind."""
        return (*_overall(self._answers), *(score for result in results for score in result.scores))


def kinds_of(data: Path | None, contract: Path | None) -> tuple[Task, ...]:
    """Return one task a kind of fault; SetupError where data are given, for the suites make their own."""
    if data is not None or contract is not None:
        raise SetupError("the suite makes its files and contracts itself", hint="leave out --data and --contract")
    return tuple(Task(task_id=name, inputs={}) for name in KINDS)


def _case(spec: CaseSpec, folder: Path) -> dict[str, Any] | None:
    """Return what came of one case; None where the fault could not happen in these files."""
    shutil.rmtree(folder, ignore_errors=True)
    truth = make_case(spec, folder)
    if truth is None:
        return None
    run = bring_in(folder)
    task = task_for(run, read_contract(run).tables[0].name)
    started = time.monotonic()
    solved = solve(task, str(folder / "home"), run.name)
    seconds, diagnosis = time.monotonic() - started, solved.diagnosis
    precision, recall = rows_found(diagnosis, truth, [file.name for file in read_intake(run).inventory.files])
    shutil.rmtree(folder, ignore_errors=True)
    return {
        "case": spec.name,
        "held_out": spec.held_out,
        "truth": truth.cause.value,
        "cause": diagnosis.cause.value,
        "right": diagnosis.cause is truth.cause,
        "confidence": diagnosis.confidence,
        "precision": precision,
        "recall": recall,
        "steps": solved.steps,
        "queries": solved.queries,
        "seconds": round(seconds, 3),
        "reason": diagnosis.reason,
    }


def rows_found(diagnosis: Diagnosis, truth: Truth, names: Sequence[str]) -> tuple[float, float]:
    """Return precision and recall of the affected rows.

    A diagnosis names at most a hundred rows; of more, what is found is counted on as its sample has it.
    """
    wanted = {(name, line) for name, lines in truth.lines.items() for line in lines}
    sample = {(names[row >> 36], row & ((1 << 36) - 1)) for row in diagnosis.rows.sample}
    if not wanted or not sample:
        return (1.0, 1.0) if not wanted and not sample else (0.0, 0.0)
    precision = len(sample & wanted) / len(sample)
    return precision, min(1.0, precision * diagnosis.rows.count / len(wanted))


def _overall(answers: Sequence[dict[str, Any]]) -> tuple[Score, ...]:
    scores = []
    for words, held in (("", None), (", looked at", False), (", held out", True)):
        mine = [each for each in answers if held is None or each["held_out"] is held]
        ruled = [each for each in mine if each["truth"] not in (Cause.UNKNOWN, Cause.NOTHING_WRONG)]
        clean = [each for each in mine if each["truth"] == Cause.NOTHING_WRONG]
        unknown = [each for each in mine if each["truth"] == Cause.UNKNOWN]
        scores += [
            share(f"right causes of the fourteen{words}", [each["right"] for each in ruled]),
            share(f"rows found (recall at least {_ENOUGH}){words}", [each["recall"] >= _ENOUGH for each in ruled]),
            share(f"rows right (precision at least {_ENOUGH}){words}", [e["precision"] >= _ENOUGH for e in ruled]),
            share(f"false alarms on clean data{words}", [not each["right"] for each in clean], Better.LOWER),
            share(f"kinds without a rule end as unknown{words}", [each["right"] for each in unknown]),
        ]
    return tuple(scores)


def _mean(figures: Iterable[float]) -> float:
    found = list(figures)
    return sum(found) / len(found) if found else 0.0
