"""Playing a sequence in one arm: run after run in the same home, each with its figures."""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from evals.folders.spec import FolderTruth
from evals.learning.person import NAME, answer_of
from evals.learning.scenes import Scene
from graphs.session import SessionOutput, resume, run
from state.errors import AnswerError
from state.run import Patterns, RunContext, RunStatus
from state.values import Value

WITH, WITHOUT, PLACEBO = "with", "without", "placebo"
ARMS: Final = (WITH, WITHOUT, PLACEBO)
_MOST_ANSWERS = 12


class Figures(Value):
    """What one run took."""

    run: int  # from 1
    status: str
    steps: int
    replans: int
    seconds: float  # of processor time, its processes included
    questions: int
    changes: int  # that a person was asked about
    lessons: int  # that it used
    held: int  # of the uses, those that the data confirmed
    published: str  # digest of the published bytes; empty for none
    retired: tuple[str, ...] = ()  # lessons, after it


Between = Callable[[Path], None]
"""What is done to a home between two runs."""


def play(
    scene: Scene, truths: list[FolderTruth], folder: Path, arm: str, between: Between | None = None
) -> list[Figures]:
    """Play all runs of a sequence in a home of its own."""
    home = folder / "home"
    patterns = Patterns(reflection="off" if arm == WITHOUT else "on")
    context = RunContext(home=str(home), patterns=patterns)
    found = []
    for number, truth in enumerate(truths, 1):
        if number > 1 and between is not None:
            between(home)
        found.append(_figures(scene, truth, folder, context, number))
    return found


def _figures(scene: Scene, truth: FolderTruth, folder: Path, context: RunContext, number: int) -> Figures:
    run_id, out, began = f"run-{number}", folder / f"out-{number}", _processor()
    output = run(truth.contract, [truth.sources], out, run_id=run_id, approve=scene.approve, context=context)
    questions = changes = 0
    while output["status"] is RunStatus.WAITING and questions < _MOST_ANSWERS:
        asked = output["asked"][0]
        questions, changes = questions + 1, changes + int(asked.get("total", 0))
        output = _answered(context, run_id, asked, truth)
    seconds = _processor() - began
    told = json.loads((out / "_runs" / run_id / "run.json").read_text())
    uses = told["lessons"]["used"]
    return Figures(
        run=number,
        status=output["status"].value,
        steps=told["steps"],
        replans=told["replans"],
        seconds=round(seconds, 3),
        questions=questions,
        changes=changes,
        lessons=len({use["lesson_id"] for use in uses}),
        held=sum(use["held"] is True for use in uses),
        published=_digest(out),
    )


def _answered(context: RunContext, run_id: str, asked: Mapping[str, Any], truth: FolderTruth) -> SessionOutput:
    answer = answer_of(asked, truth, context.run_folder(run_id))
    try:
        return resume(context.home, run_id, answer=answer, by=NAME)
    except AnswerError:  # what is right cannot stand there: two columns claim it
        return resume(context.home, run_id, answer={"rest": "accept", "by": NAME}, by=NAME)


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _digest(out: Path) -> str:
    whole = hashlib.sha256()
    tables = sorted(out.glob("*.parquet"))
    for path in tables:
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:16] if tables else ""
