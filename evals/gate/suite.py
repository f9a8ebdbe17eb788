"""Suite `gate`: the tables of all examples, judged by datacontract-cli and pyarrow instead of the product's own checks.

A task publishes one example and passes when every table does; the last plants faults in the shop's tables and passes
when the gate finds every one. Score: tables that pass, and planted faults that are found.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.gate.environment import GateEnvironment
from evals.gate.planted import FAULTS, PlantedFault, plant
from evals.gate.verdict import TableVerdict, judge
from evals.protocol import Score, Task, TaskResult
from graphs.session import run
from state.contract import Contract
from state.errors import SetupError, StepError
from state.run import RunContext, RunStatus
from tools.contract.read import require_contract
from tools.files import write_durably

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_ENVIRONMENT = Path(".millwright") / "gate-venv"
_DATA = Path("..") / "shared" / "data"
_INPUTS = {"jaffle_shop": Path("jaffle_shop") / "seeds", "covid19": Path("covid19")}
"""Examples that need data of others, and where it lies in the folder of data."""

_PLANTED = "planted_faults"
_ANSWER = "gate.json"
_LONGEST = 5


class Gate:
    """The suite; `environment` is the folder of the checkers' own Python environment."""

    name = "gate"
    description = "published tables of all examples under datacontract-cli and pyarrow"

    def __init__(self, environment: Path = _ENVIRONMENT) -> None:
        self._gate = GateEnvironment(environment.absolute())
        self._missing: list[str] = []

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for every example whose data is there, and one that plants faults; makes the environment."""
        if contract is not None:
            raise SetupError("the suite brings its contracts", where="--contract", hint="leave it out")
        self._gate.prepare()
        folder = (data or _DATA).absolute()
        inputs = {name: folder / place for name, place in _INPUTS.items()}
        self._missing = [f"{name}: no data in {place}" for name, place in inputs.items() if not place.is_dir()]
        found = [Task(task_id="shop", inputs=_contract("shop"))]
        found += [
            Task(task_id=name, inputs={**_contract(name), "sources": str(place)})
            for name, place in inputs.items()
            if place.is_dir()
        ]
        return (*found, Task(task_id=_PLANTED, inputs=_contract("shop")))

    def solve(self, task: Task, out: Path) -> None:
        """Publish the example and judge its tables; StepError names what does not pass."""
        published, document = _publish(task, out), Path(task.inputs["contract"])
        contract, _ = require_contract(document)
        if task.task_id == _PLANTED:
            answer: dict[str, Any] = {fault.name: self._find(fault, contract, document, published) for fault in FAULTS}
            failed = [f"{name} not found" for name, found in answer.items() if not found]
        else:
            verdicts = judge(contract, document, published, self._gate)
            answer = {verdict.table: verdict.model_dump(mode="json") for verdict in verdicts}
            failed = [fault for verdict in verdicts for fault in verdict.faults]
        write_durably(out / _ANSWER, json.dumps(answer, indent=1, ensure_ascii=False).encode())
        if failed:
            more = f" and {len(failed) - _LONGEST} more" if len(failed) > _LONGEST else ""
            raise StepError(f"{'; '.join(failed[:_LONGEST])}{more}", where=str(out / _ANSWER))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of what passed, and for the reader every table, and every rule that nobody checked."""
        answer = json.loads((out / _ANSWER).read_text())
        if task.task_id == _PLANTED:
            found = [f"{name}: {told}" for name, told in answer.items()]
            return (_share("planted faults found", len(found), len(FAULTS)),), {"found": found}
        verdicts = [TableVerdict.model_validate(verdict) for verdict in answer.values()]
        details = {
            "tables": [verdict.line() for verdict in verdicts],
            "violated, not blocking": [told for verdict in verdicts for told in verdict.not_blocking],
            "not checked by either": [told for verdict in verdicts for told in verdict.not_checked],
        }
        if task.task_id == "shop":
            details["examples without data"] = self._missing
        good = sum(not verdict.faults for verdict in verdicts)
        return (_share("tables passed", good, len(verdicts)),), {key: told for key, told in details.items() if told}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the share of tasks that passed."""
        return (_share("tasks passed", sum(result.solved for result in results), len(results)),)

    def _find(self, fault: PlantedFault, contract: Contract, document: Path, published: Path) -> str:
        """Return what the gate says of the planted fault; empty when it does not find it."""
        with tempfile.TemporaryDirectory(prefix="millwright-planted-") as name:
            plant(fault, published, Path(name) / "tables")
            verdicts = judge(contract, document, Path(name) / "tables", self._gate)
        return next((told for verdict in verdicts for told in verdict.faults if fault.found_by in told), "")


def _contract(example: str) -> dict[str, str]:
    return {"contract": str(_EXAMPLES / example / "contract.odcs.yaml")}


def _publish(task: Task, out: Path) -> Path:
    """Publish the example and return the folder of its tables; StepError when it is not published."""
    sources = task.inputs.get("sources") or _generate_shop(out)
    home, published = out / ".millwright", out / "published"
    number = len(list((home / "runs").glob("*"))) + 1
    context = RunContext(home=str(home))
    output = run(task.inputs["contract"], [sources], published, run_id=f"gate-{number}", context=context)
    if output["status"] is not RunStatus.PUBLISHED:
        raise StepError(f"the run ended {output['status'].value}: {output.get('problem', '')}", where=str(published))
    return published


def _generate_shop(out: Path) -> str:
    subprocess.run(  # noqa: S603  our own script
        [sys.executable, str(_EXAMPLES / "shop" / "generate.py"), str(out / "made")], check=True, capture_output=True
    )
    return str(out / "made" / "input")


def _share(name: str, good: int, total: int) -> Score:
    low, high = wilson(good, total)
    return Score(name=name, value=good / total if total else 0.0, low=low, high=high, n=total, interval="Wilson 95 %")
