"""A source that changes its ways: what was learned of it turns false, and must not be believed for long."""

from pathlib import Path
from typing import Final

from evals.folders.make import make_folder
from evals.learning.playing import WITH, Figures, play
from evals.learning.scenes import Scene
from state.lessons import KnownRecovery, LessonStatus
from tools.lessons import read_lessons
from tools.store import opened_store

LEARNING: Final = 2
"""Runs in which the lesson is true."""
AFTER: Final = 3
"""Runs after the source changed."""


def outdated(scene: Scene, folder: Path) -> tuple[list[Figures], int | None]:
    """Return the runs of a scene whose files are sound from the third delivery on, and when its lesson ended.

    The second figure says after how many runs of sound files no recovery is believed any more: None where it never
    was, or still is after three.
    """
    specs = [
        spec if number < LEARNING else spec.model_copy(update={"fault": "clean", "variant": ""})
        for number, spec in enumerate(scene.specs[: LEARNING + AFTER])
    ]
    changed = scene.model_copy(update={"specs": tuple(specs)})
    truths = [make_folder(spec, folder / spec.name) for spec in specs]
    believed: list[bool] = []
    figures = play(changed, truths, folder, WITH, lambda home: believed.append(_believes(home)))
    believed.append(_believes(folder / "home"))
    if not believed[LEARNING - 1]:
        return figures, None
    return figures, next((at for at in range(1, AFTER + 1) if not believed[LEARNING - 1 + at]), None)


def _believes(home: Path) -> bool:
    with opened_store(home) as store:
        lessons = read_lessons(store)
    return any(isinstance(each.value, KnownRecovery) and each.status is LessonStatus.IN_FORCE for each in lessons)
