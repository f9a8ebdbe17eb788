"""What a task of the gate writes, and how it is read again: verdicts on tables, or how planted faults were found."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.gate.environment import GateEnvironment
from evals.gate.planted import PlantedFault, plant
from evals.gate.verdict import TableVerdict, judge
from evals.protocol import Score, Task
from state.contract import Contract
from state.errors import StepError
from tools.files import write_durably

PLANTED = "planted_faults"

_ANSWER = "gate.json"
_LONGEST = 5


def answer_tables(
    contract: Contract, document: Path, published: Path, gate: GateEnvironment, out: Path, only: Sequence[str] = ()
) -> None:
    """Judge the tables, or `only` some of them; StepError names what does not pass."""
    verdicts = [each for each in judge(contract, document, published, gate) if not only or each.table in only]
    _write(out, {verdict.table: verdict.model_dump(mode="json") for verdict in verdicts})
    _fail(out, [fault for verdict in verdicts for fault in verdict.faults])


def answer_planted(
    faults: Sequence[PlantedFault],
    contract: Contract,
    document: Path,
    published: Path,
    gate: GateEnvironment,
    out: Path,
) -> None:
    """Plant every fault and judge; StepError names those that are not found."""
    answer = {fault.name: _find(fault, contract, document, published, gate) for fault in faults}
    _write(out, answer)
    _fail(out, [f"{name} not found" for name, found in answer.items() if not found])


def read_answer(task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
    """Return the share of what passed, and for the reader every table, and every rule that nobody checked."""
    answer = json.loads((out / _ANSWER).read_text())
    if task.task_id == PLANTED:
        found = [f"{name}: {told}" for name, told in answer.items()]
        return (share("planted faults found", len(found), len(answer)),), {"found": found}
    verdicts = [TableVerdict.model_validate(verdict) for verdict in answer.values()]
    details = {
        "tables": [verdict.line() for verdict in verdicts],
        "violated, not blocking": [told for verdict in verdicts for told in verdict.not_blocking],
        "not checked by either": [told for verdict in verdicts for told in verdict.not_checked],
    }
    good = sum(not verdict.faults for verdict in verdicts)
    return (share("tables passed", good, len(verdicts)),), {key: told for key, told in details.items() if told}


def share(name: str, good: int, total: int) -> Score:
    """Return a share with its interval."""
    low, high = wilson(good, total)
    return Score(name=name, value=good / total if total else 0.0, low=low, high=high, n=total, interval="Wilson 95 %")


def _find(fault: PlantedFault, contract: Contract, document: Path, published: Path, gate: GateEnvironment) -> str:
    """Return what the gate says of the planted fault; empty when it does not find it."""
    with tempfile.TemporaryDirectory(prefix="millwright-planted-") as name:
        plant(fault, published, Path(name) / "tables")
        verdicts = judge(contract, document, Path(name) / "tables", gate)
    return next((told for verdict in verdicts for told in verdict.faults if fault.found_by in told), "")


def _write(out: Path, answer: dict[str, Any]) -> None:
    write_durably(out / _ANSWER, json.dumps(answer, indent=1, ensure_ascii=False).encode())


def _fail(out: Path, failed: Sequence[str]) -> None:
    if failed:
        more = f" and {len(failed) - _LONGEST} more" if len(failed) > _LONGEST else ""
        raise StepError(f"{'; '.join(failed[:_LONGEST])}{more}", where=str(out / _ANSWER))
