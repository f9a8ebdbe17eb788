"""Suite `learning`: sequences of five runs with lessons, without, and with lessons that teach nothing.

Besides: how many patterns of pure noise become lessons, and how long one is believed that turned false.
"""

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from evals.learning.gains import course, gains, not_again, published, same_bytes, share
from evals.learning.noise import candidates_and_lessons
from evals.learning.outdated import AFTER, outdated
from evals.learning.placebo import Shuffling, shuffled
from evals.learning.playing import ARMS, PLACEBO, WITH, WITHOUT, Figures, play
from evals.learning.scenes import Scene, deliver, scene_of
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError
from state.lessons import Lesson
from tools.lessons import drop_lessons, read_lessons, write_lessons
from tools.store import opened_store

_ANSWER: Final = "runs.json"
_NOISE, _OUTDATED = "noise", "outdated"
_NOISE_SEEDS: Final = 30
_OUTDATED_SEEDS: Final = (0, 1, 6, 7)  # sequences with something to recover from, where nobody is asked


class Learning:
    """The suite."""

    name = "learning"
    description = "sequences of runs on drifting sources: what lessons save, against none and against shuffled ones"
    about = About(
        tasks="30 sequences of five runs by three arms, noise, and lessons that turn false",
        data="generated; `--seeds` sequences",
        scorers="paired steps, replans, CPU seconds and questions (bootstrap); noise kept; runs until a false one ends",
        time="about an hour",
    )

    def __init__(self) -> None:
        self.seeds = 30

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return one task for each sequence, one for noise and one for lessons that turn false."""
        if data is not None or contract is not None:
            raise SetupError("the suite makes its own data", where="--data, --contract", hint="leave them out")
        names = [f"sequence-{seed:03d}" for seed in range(self.seeds)]
        return tuple(Task(task_id=name, inputs={}) for name in (*names, _NOISE, _OUTDATED))

    def solve(self, task: Task, out: Path) -> None:
        """Play the runs of a task and write their figures."""
        if task.task_id == _NOISE:
            told: Any = [candidates_and_lessons(seed) for seed in range(_NOISE_SEEDS)]
        elif task.task_id == _OUTDATED:
            told = [_ended(seed, out) for seed in _OUTDATED_SEEDS]
        else:
            scene = scene_of(int(task.task_id.rpartition("-")[2]))
            told = {arm: [run.model_dump() for run in runs] for arm, runs in _sequence(scene, out).items()}
        (out / _ANSWER).write_text(json.dumps(told, indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return what the task shows; the runs of a sequence are scored with those of all others."""
        told = json.loads((out / _ANSWER).read_text())
        if task.task_id == _NOISE:
            tested, held = sum(each[0] for each in told), sum(each[1] for each in told)
            return (share("patterns of pure noise that become lessons", held, tested),), {}
        if task.task_id == _OUTDATED:
            ended = [each for each in told if each is not None]
            name = f"lessons that turned false and ended within {AFTER} runs"
            return (share(name, len(ended), len(told)),), {"ended after runs": told}
        return (), {"runs": told}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the gains over all sequences, and the scores of the other tasks."""
        sequences = [
            {arm: [Figures.model_validate(run) for run in runs] for arm, runs in result.details["runs"].items()}
            for result in results
            if "runs" in result.details
        ]
        others = tuple(score for result in results for score in result.scores)
        return (
            *gains(sequences, WITH, WITHOUT, "with lessons"),
            *gains(sequences, PLACEBO, WITHOUT, "placebo"),
            not_again(sequences, WITH),
            not_again(sequences, WITHOUT),
            not_again(sequences, PLACEBO),
            *(published(sequences, arm) for arm in ARMS),
            same_bytes(sequences, WITH, WITHOUT),
            same_bytes(sequences, PLACEBO, WITHOUT),
            *others,
        )


def _sequence(scene: Scene, out: Path) -> dict[str, list[Figures]]:
    """Play a sequence in all arms; the placebo is taught what the first arm knew, with other subjects."""
    truths = deliver(scene, out / "input")
    columns = _columns(Path(truths[0].contract))
    learned: list[tuple[Lesson, ...]] = []
    taught = iter(learned)
    chance = random.Random(f"placebo {scene.name}")  # noqa: S311  an experiment
    found = {WITH: play(scene, truths, out / WITH, WITH, lambda home: learned.append(_lessons(home)))}
    found[WITHOUT] = play(scene, truths, out / WITHOUT, WITHOUT)
    how = Shuffling(chance, columns)
    found[PLACEBO] = play(scene, truths, out / PLACEBO, PLACEBO, lambda home: _teach(home, shuffled(next(taught), how)))
    for arm in ARMS:  # what is scored is in the figures
        shutil.rmtree(out / arm)
    shutil.rmtree(out / "input")
    return found


def _lessons(home: Path) -> tuple[Lesson, ...]:
    with opened_store(home) as store:
        return tuple(lesson for lesson in read_lessons(store) if lesson.in_force)


def _teach(home: Path, lessons: Sequence[Lesson]) -> None:
    with opened_store(home) as store:
        drop_lessons(store, [lesson.lesson_id for lesson in read_lessons(store)])
        write_lessons(store, lessons)


def _columns(contract: Path) -> dict[str, list[str]]:
    document = yaml.safe_load(contract.read_text(encoding="utf-8"))
    return {table["name"]: [each["name"] for each in table["properties"]] for table in document["schema"]}


def _ended(seed: int, out: Path) -> int | None:
    scene = scene_of(seed)
    folder = out / scene.name
    _, ended = outdated(scene, folder)
    shutil.rmtree(folder)
    return ended


def table_of(results: Sequence[TaskResult]) -> list[list[str]]:
    """Return rows of a table: by arm and run the means of steps, replans, seconds, questions and changes."""
    sequences = [
        {arm: [Figures.model_validate(run) for run in runs] for arm, runs in result.details["runs"].items()}
        for result in results
        if "runs" in result.details
    ]
    return course(sequences, ARMS)
