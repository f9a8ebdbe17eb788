"""Suite `ablation`: every job with the whole crew and with each pattern off or simpler, compared job by job.

One task is one job with one setting: it depends on nothing but its inputs, so tasks may be played side by
side in several processes. The figures are the gain of the whole crew, paired over the same jobs.
"""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.ablation.jobs import Job, jobs
from evals.ablation.settings import WHOLE, Setting, settings
from evals.ablation.worth import AblationTable, table_of
from evals.crew.judging import Verdict
from evals.crew.playing import HOME
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError

VERDICTS = "verdicts"


class Ablation:
    """The suite; fewer jobs or settings may be given."""

    name = "ablation"
    description = "each coordination pattern on and off over the same jobs: what it betters, and what it costs"
    about = About(
        tasks="14 jobs with every setting of `patterns.*`",
        data="generated",
        scorers="those of `crew`, as paired gains of the whole crew",
        time="8 min",
    )

    def __init__(self, some: Sequence[Job] | None = None, compared: Sequence[Setting] | None = None) -> None:
        self._jobs = {job.name: job for job in (jobs() if some is None else some)}
        self._settings = {each.name: each for each in (settings() if compared is None else compared)}

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return a task for each job and setting; SetupError for data of the caller's."""
        if data is not None or contract is not None:
            raise SetupError("the suite makes its own data", where="--data, --contract", hint="leave them out")
        return [
            Task(task_id=f"{job}-{_plain(name)}", inputs={"job": job, "setting": name})
            for job in self._jobs
            for name in self._settings
        ]

    def solve(self, task: Task, out: Path) -> None:
        """Do the job with the setting."""
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        self._jobs[task.inputs["job"]].play(out, self._settings[task.inputs["setting"]].patterns)
        shutil.rmtree(out / HOME, ignore_errors=True)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return no score of its own, and the verdicts on the job's runs, from which the table is made."""
        verdicts = [each.model_dump(mode="json") for each in self._jobs[task.inputs["job"]].judge(out)]
        return (), {**task.inputs, VERDICTS: verdicts}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return every gain by setting and measure; nothing where the whole crew did no job."""
        table = table_from(results)
        if table is None:
            return ()
        return tuple(
            score.model_copy(update={"name": f"{worth.setting} ({worth.finding.value}): {score.name} gained"})
            for worth in (table.noise, *table.worths)
            for score in worth.gains
        )


def table_from(results: Sequence[TaskResult]) -> AblationTable | None:
    """Return the table of the results of the suite; None where the whole crew did no job."""
    played: dict[str, dict[str, list[Verdict]]] = defaultdict(dict)
    for result in results:
        if VERDICTS in result.details:
            verdicts = [Verdict.model_validate(each) for each in result.details[VERDICTS]]
            played[result.details["setting"]][result.details["job"]] = verdicts
    return table_of(played) if WHOLE in played else None


def _plain(name: str) -> str:
    return name.replace(", ", "-").replace("=", "-")
