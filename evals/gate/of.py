"""The gate on what another suite, or a run, published: every table found below a folder, and faults planted in some.

One task a folder of tables; tables that are the same byte for byte are judged once. The last task plants faults in the
first tables found and passes when the gate finds every one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.gate.answers import PLANTED, answer_planted, answer_tables, read_answer, share
from evals.gate.environment import GateEnvironment
from evals.gate.found import Published, find_published
from evals.gate.planted import faults_for
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError, StepError
from tools.contract.read import require_contract


class GateOf:
    """The suite `gate` on the tables below the folder `of`."""

    name = "gate"
    description = "published tables of a suite or a run under datacontract-cli and pyarrow"
    about = About(
        tasks="one a folder of published tables, and planted faults",
        data="`--of`: what a suite or a run published",
        scorers="share of folders whose tables all pass; share of planted faults found",
        time="seconds a folder",
    )

    def __init__(self, environment: Path, of: Path) -> None:
        self._gate = GateEnvironment(environment.absolute())
        self._of = of.absolute()

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for every folder of tables, and one that plants faults; makes the environment."""
        if data is not None or contract is not None:
            raise SetupError("the tables bring their contracts", where="--data, --contract", hint="leave them out")
        found = find_published(self._of)
        self._gate.prepare()
        whole = next((each for each in found if each.contract), None)
        planted = [_task(whole).model_copy(update={"task_id": PLANTED})] if whole else []
        return (*map(_task, found), *planted)

    def solve(self, task: Task, out: Path) -> None:
        """Judge the tables of one folder; StepError names what does not pass."""
        if not task.inputs["contract"]:
            what = "the contract these tables were published under is not there any more"
            raise StepError(what, where=task.inputs["published"])
        document, published = Path(task.inputs["contract"]), Path(task.inputs["published"])
        contract, _ = require_contract(document)
        tables = task.inputs["tables"].split(",")
        if task.task_id == PLANTED:
            answer_planted(faults_for(contract, tables), contract, document, published, self._gate, out)
        else:
            answer_tables(contract, document, published, self._gate, out, only=tables)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of what passed, every table with its contract, and in how many folders it lies."""
        scores, details = read_answer(task, out)
        told = {"contract": task.inputs["contract"], "folders with the same tables": task.inputs["alike"]}
        return scores, (details if task.task_id == PLANTED else told | details)

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the share of folders that passed."""
        judged = [result for result in results if result.task_id != PLANTED]
        folders = share("folders whose tables all passed", sum(result.solved for result in judged), len(judged))
        return (folders, *(score for result in results if result.task_id == PLANTED for score in result.scores))


def _task(published: Published) -> Task:
    inputs = {
        "published": published.folder,
        "contract": published.contract,
        "tables": ",".join(published.tables),
        "alike": str(published.alike),
    }
    return Task(task_id=published.name, inputs=inputs)
