"""Suite `cleaning`: dirty tables are repaired by the council, and scored where the right table lies beside them.

Without `--data` the tables are generated: eleven domains with errors of all kinds at rates from nothing to a fifth of
the cells. With it, it is a folder with `dirty.csv`, or a folder of such folders. Written are `repaired.csv`,
`detected.csv` and, under `ways/`, what other ways of deciding would have made of the same opinions.
"""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from algorithms.intervals import bootstrap_mean, wilson
from algorithms.repair.council import find_repairs, hear
from algorithms.repair.settings import CouncilSettings
from evals.cleaning.ablation import ALONE, WEIGHTED, other_ways
from evals.cleaning.generated_errors import ALL_KINDS, generated
from evals.cleaning.generated_tables import DOMAINS
from evals.cleaning.scoring import Marks, f1_of, mark, plain, score_kinds, score_marks
from evals.cleaning.tables import Grid, changed, from_columns, read_cells, read_grid, write_cells, write_grid
from evals.protocol import About, Score, Task, TaskResult
from state.contract import Table
from state.errors import SetupError
from state.repair import CellFinding, DirtyTable, RepairVerdict
from tools.contract.read import require_contract

_ROWS: Final = 1_000
_RATES: Final = (0.0, 0.002, 0.01, 0.05, 0.2)
_FITS: Final = 0.8  # share of a table's columns that a contract must know to be its contract
_INTERVAL: Final = "bootstrap over tables 95 %"


class Cleaning:
    """The suite."""

    name = "cleaning"
    description = "wrong cells of tables found and repaired without any truth: precision, recall, F1, and an ablation"
    about = About(
        tasks="one a table; generated ones where no data is given",
        data="folders with `dirty.csv` and `clean.csv`, or none",
        scorers="precision, recall and F1 of cells, over tables by bootstrap",
        time="half a minute a seed",
    )

    def __init__(self) -> None:
        self.seeds = 1

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for each table; SetupError when the folder holds none."""
        if data is None:
            return [
                Task(task_id=f"{domain}-{rate:g}-{seed}", inputs={"generated": f"{domain} {rate} {seed}"})
                for domain in DOMAINS
                for rate in _RATES
                for seed in range(self.seeds)
            ]
        folders = [data] if (data / "dirty.csv").is_file() else sorted(path.parent for path in data.glob("*/dirty.csv"))
        if not folders:
            raise SetupError(
                "no dirty.csv is there", where=str(data), hint="give a table's folder, or one of such folders"
            )
        told = {"contract": str(contract.absolute())} if contract else {}
        return [
            Task(task_id=folder.absolute().name, inputs={"folder": str(folder.absolute()), **told})
            for folder in folders
        ]

    def solve(self, task: Task, out: Path) -> None:
        """Write repaired.csv, detected.csv, and one table for each other way of deciding; no truth is read."""
        if "generated" in task.inputs:
            _generate(task.inputs["generated"], out)
        dirty = read_grid(_folder(task, out) / "dirty.csv")
        contract = _contract_of(task.inputs.get("contract"), dirty)
        table = DirtyTable(dirty.columns(), contract, contract.key if contract else ())
        settings = CouncilSettings()
        found = find_repairs(table, settings).cells
        cells = {(one.row, one.column): one.after or "" for one in found if one.verdict is RepairVerdict.REPAIR}
        write_grid(changed(dirty, cells), out / "repaired.csv")
        write_cells([(one.row, one.column) for one in found if _tells(one)], out / "detected.csv")
        (out / "findings.jsonl").write_text("".join(map(_line, found)), encoding="utf-8")
        (out / "ways").mkdir(exist_ok=True)
        for name, other in other_ways(hear(table, settings), table.keys).items():
            write_grid(changed(dirty, other), out / "ways" / f"{name.replace(': ', '-').replace(' ', '_')}.csv")

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the scores and, line by line, the kinds of errors and the other ways; nothing without clean.csv."""
        folder = _folder(task, out)
        if not (folder / "clean.csv").is_file():
            return (), {"no clean.csv": ["the table is repaired, not scored"]}
        dirty, clean = read_grid(folder / "dirty.csv"), read_grid(folder / "clean.csv")
        marks = mark(dirty, read_grid(out / "repaired.csv"), clean, read_cells(out / "detected.csv"))
        details: dict[str, Any] = {"cells": _counts(marks)}
        if (folder / "error_types.csv").is_file():
            details |= score_kinds(marks, read_grid(folder / "error_types.csv"))
        ways = {WEIGHTED: _f1(marks)}
        for path in sorted((out / "ways").glob("*.csv")):
            name = path.stem.replace("alone-", ALONE).replace("_", " ")
            ways[name] = _f1(mark(dirty, read_grid(path), clean, ()))
        details["repair F1 of each way to decide"] = [f"{name}: {value:.4f}" for name, value in ways.items()]
        return score_marks(marks), details

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the means over the tables, for each way to decide, and how often nothing wrong was done."""
        scored = [result for result in results if result.scores]
        if not scored:
            return ()
        means = [
            _mean(f"{name}, mean over tables", [_value(result, name) for result in scored])
            for name in ("detection F1", "repair precision", "repair recall", "repair F1")
        ]
        return (*means, *_compared(scored), *_quiet(scored))


def _compared(scored: Sequence[TaskResult]) -> list[Score]:
    """Return the mean F1 of every way to decide over the tables that have errors."""
    ways: dict[str, list[float]] = {}
    telling = [result for result in scored if _errors(result)]
    for result in telling:
        told = dict(line.rsplit(": ", 1) for line in result.details["repair F1 of each way to decide"])
        for name, value in told.items():
            ways.setdefault(name, []).append(float(value))
    whole = {name: values + [0.0] * (len(telling) - len(values)) for name, values in ways.items()}
    alone = {name: values for name, values in whole.items() if name.startswith(ALONE)}
    best = max(alone, key=lambda name: (fmean(alone[name]), name), default="")
    shown = {name: values for name, values in whole.items() if name not in alone}
    if best:
        shown[f"best single specialist ({best.removeprefix(ALONE)})"] = alone[best]
    return [_mean(f"repair F1 by {name}", values) for name, values in shown.items()]


def _quiet(scored: Sequence[TaskResult]) -> list[Score]:
    """Return how often a cell was changed wrongly in tables with few errors."""
    few = [result for result in scored if _errors(result) <= 0.01 * _cells(result)]
    if not few:
        return []
    counts = [[int(word) for word in result.details["cells"][0].split() if word.isdigit()] for result in few]
    changes, right = sum(one[3] for one in counts), sum(one[4] for one in counts)
    value = right / changes if changes else 1.0
    low, high = wilson(right, changes)
    name = "repair precision in tables with at most 1 % errors, all changes together"
    return [Score(name=name, value=value, low=low, high=high, n=changes, interval="Wilson 95 %")]


def _mean(name: str, values: Sequence[float]) -> Score:
    low, high = bootstrap_mean([[value] for value in values])
    return Score(name=name, value=fmean(values), low=low, high=high, n=len(values), interval=_INTERVAL)


def _value(result: TaskResult, name: str) -> float:
    return next(score.value for score in result.scores if score.name == name)


def _counts(marks: Marks) -> list[str]:
    numbers = (marks.wrong.size, marks.wrong.sum(), marks.flagged.sum(), marks.altered.sum(), marks.right.sum())
    return ["{} in all , {} wrong , {} flagged , {} changed , {} of them rightly".format(*map(int, numbers))]


def _cells(result: TaskResult) -> int:
    return int(result.details["cells"][0].split()[0])


def _errors(result: TaskResult) -> int:
    return next(score.n for score in result.scores if score.name == "repair recall")


def _f1(marks: Marks) -> float:
    return f1_of(int(marks.right.sum()), int(marks.altered.sum()), int(marks.wrong.sum()))


def _tells(finding: CellFinding) -> bool:
    """Whether the finding is more than one of blanks, which do not count in a score."""
    return finding.after is None or plain(finding.after) != plain(finding.before or "")


def _folder(task: Task, out: Path) -> Path:
    return Path(task.inputs["folder"]) if "folder" in task.inputs else out


def _generate(told: str, out: Path) -> None:
    domain, rate, seed = told.split()
    number = 1_000 * sorted(DOMAINS).index(domain) + round(10_000 * float(rate)) + int(seed)
    made = generated(domain, _ROWS, float(rate), ALL_KINDS, number)
    write_grid(from_columns(made.dirty), out / "dirty.csv")
    write_grid(from_columns(made.clean), out / "clean.csv")
    kinds = {name: [made.kinds.get((row, name), "CLN") for row in range(_ROWS)] for name in made.clean}
    write_grid(from_columns(kinds), out / "error_types.csv")


def _contract_of(path: str | None, dirty: Grid) -> Table | None:
    """Return the table of the contract that has the dirty table's columns; None where none has most of them."""
    if path is None:
        return None
    contract, _ = require_contract(Path(path))
    shares = {
        table.name: sum(name in {column.name for column in table.columns} for name in dirty.header)
        for table in contract.tables
    }
    best = max(shares, key=lambda name: (shares[name], name))
    return contract.table(best) if shares[best] >= _FITS * len(dirty.header) else None


def _line(finding: CellFinding) -> str:
    told = dataclasses.asdict(finding) | {"votes": [vote.model_dump() for vote in finding.votes]}
    return json.dumps(told, ensure_ascii=False) + "\n"
