"""Suite `gate`: the tables of all examples, judged by datacontract-cli and pyarrow instead of the product's own checks.

A task publishes one example and passes when every table does; the last plants faults in the shop's tables and passes
when the gate finds every one. Score: tables that pass, and planted faults that are found.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.gate.answers import PLANTED, answer_planted, answer_tables, read_answer, share
from evals.gate.environment import GateEnvironment
from evals.gate.planted import FAULTS
from evals.protocol import About, Score, Task, TaskResult
from graphs.session import run
from state.errors import SetupError, StepError
from state.run import RunContext, RunStatus
from tools.contract.read import require_contract

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_ENVIRONMENT = Path(".millwright") / "gate-venv"
_DATA = Path("..") / "shared" / "data"
_INPUTS = {"jaffle_shop": Path("jaffle_shop") / "seeds", "covid19": Path("covid19")}
"""Examples that need data of others, and where it lies in the folder of data."""


class Gate:
    """The suite; `environment` is the folder of the checkers' own Python environment."""

    name = "gate"
    description = "published tables of all examples under datacontract-cli and pyarrow"
    about = About(
        tasks="one an example, and planted faults; with `--of` one a folder of published tables",
        data="examples; with `--of` what another suite published",
        scorers="tables passed, planted faults found, by datacontract-cli and pyarrow (Wilson)",
        time="1 min, and some to install",
    )

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
        return (*found, Task(task_id=PLANTED, inputs=_contract("shop")))

    def solve(self, task: Task, out: Path) -> None:
        """Publish the example and judge its tables; StepError names what does not pass."""
        published, document = _publish(task, out), Path(task.inputs["contract"])
        contract, _ = require_contract(document)
        if task.task_id == PLANTED:
            answer_planted(FAULTS, contract, document, published, self._gate, out)
        else:
            answer_tables(contract, document, published, self._gate, out)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of what passed, and for the reader every table, and every rule that nobody checked."""
        scores, details = read_answer(task, out)
        return scores, details | (
            {"examples without data": self._missing} if task.task_id == "shop" and self._missing else {}
        )

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the share of tasks that passed."""
        return (share("tasks passed", sum(result.solved for result in results), len(results)),)


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
