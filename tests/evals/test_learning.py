"""The learning study: its sequences, its placebo, its figures, and noise that teaches nothing."""

import random
from pathlib import Path

from evals.learning.gains import gains, not_again, published, same_bytes
from evals.learning.noise import candidates_and_lessons
from evals.learning.placebo import Shuffling, shuffled
from evals.learning.playing import PLACEBO, WITH, WITHOUT, Figures
from evals.learning.scenes import KINDS, RUNS, deliver, scene_of
from evals.suites import find_suite, set_seeds
from state.diagnosis import RemedyKind
from state.lessons import Ground, KnownFormat, KnownRecovery, Lesson, LessonStatus, LessonValue


def figures(run: int, *, replans: int = 0, steps: int = 11, questions: int = 0, digest: str = "x") -> Figures:
    return Figures(
        run=run, status="published", steps=steps, replans=replans, seconds=1.0, questions=questions, changes=0,
        lessons=0, held=0, published=digest,
    )  # fmt: skip


def test_a_seed_gives_the_same_deliveries_of_every_kind(tmp_path: Path) -> None:
    scenes = [scene_of(seed) for seed in range(len(KINDS))]
    assert [scene.kind for scene in scenes] == list(KINDS)
    assert all(len(scene.specs) == RUNS for scene in scenes)
    assert scene_of(3) == scenes[3]
    truths = deliver(scenes[0].model_copy(update={"specs": scenes[0].specs[:2]}), tmp_path)
    assert [len(list(Path(truth.sources).iterdir())) > 0 for truth in truths] == [True, True]
    assert Path(truths[0].contract).read_bytes() == Path(truths[1].contract).read_bytes()


def lesson(value: LessonValue) -> Lesson:
    return Lesson(
        lesson_id="l", kind=value.kind, subject="s", value=value, ground=Ground.VERIFIED, runs=("r1",), trials=1,
        successes=1, bound=0.5, status=LessonStatus.IN_FORCE,
    )  # fmt: skip


def test_the_placebo_keeps_the_lessons_and_exchanges_what_they_are_about() -> None:
    real = [
        lesson(KnownRecovery(table="a", amendment=RemedyKind.REREAD, parameters={"delimiter": "#"})),
        lesson(KnownRecovery(table="a", amendment=RemedyKind.REFORMAT, columns=("x",), parameters={"power": "-3"})),
        lesson(KnownFormat(table="a", column="x", source="X", readings={"date order": "day_first"})),
    ]
    how = Shuffling(random.Random(1), {"a": ("x", "y"), "b": ("z",)})  # noqa: S311  an experiment
    made = shuffled(real, how)
    assert [each.kind for each in made] == [each.kind for each in real]
    assert all(one.value != other.value for one, other in zip(made, real, strict=True))


def test_gains_are_paired_and_leave_out_the_first_run() -> None:
    plain = [figures(1, replans=1, steps=20), figures(2, replans=1, steps=20, questions=2)]
    taught = [figures(1, replans=1, steps=20), figures(2, steps=11)]
    sequences = [{WITH: taught, WITHOUT: plain, PLACEBO: plain}] * 3
    found = {score.name.partition(": ")[2].split()[0]: score for score in gains(sequences, WITH, WITHOUT, "with")}
    assert (found["steps"].value, found["replans"].value, found["questions"].value) == (9.0, 1.0, 2.0)
    assert all(score.value == 0.0 for score in gains(sequences, PLACEBO, WITHOUT, "placebo"))
    assert (not_again(sequences, WITH).value, not_again(sequences, WITHOUT).value) == (1.0, 0.0)
    assert (published(sequences, WITH).value, same_bytes(sequences, WITH, WITHOUT).value) == (1.0, 1.0)


def test_of_noise_hardly_anything_becomes_a_lesson() -> None:
    counts = [candidates_and_lessons(seed) for seed in range(10)]
    tested, held = sum(one for one, _ in counts), sum(other for _, other in counts)
    assert tested > 500
    assert held < 0.05 * tested


def test_the_suite_has_a_task_for_each_sequence_and_two_more() -> None:
    suite = find_suite("learning")
    set_seeds(suite, 2)
    names = [task.task_id for task in suite.tasks(None, None)]
    assert names == ["sequence-000", "sequence-001", "noise", "outdated"]
