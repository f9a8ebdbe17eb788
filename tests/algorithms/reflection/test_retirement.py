"""Lessons end when they stop holding: a false one within three runs, a true one seldom."""

import random
import sys
from pathlib import Path

import pytest

from algorithms.reflection import retirement
from algorithms.reflection.retirement import RENEWAL, WITHIN_RUNS, due_for_renewal, ends_at, hides_its_refutation
from state.lessons import Ground, Lesson, MethodProbability, Threshold
from state.reports import FailureKind

sys.path.insert(0, str(Path(__file__).parent))


def lesson(successes: int, trials: int, ground: Ground = Ground.STATISTICAL, probability: float = 0.9) -> Lesson:
    value = MethodProbability(action="a", table="t", probability=probability)
    shown = {"successes": successes, "trials": trials, "bound": 0.5, "ground": ground}
    return Lesson(lesson_id="x", kind=value.kind, subject="", value=value, runs=(), **shown)


@pytest.mark.parametrize(("successes", "trials"), [(9, 9), (19, 20), (18, 20), (16, 20), (13, 20), (600, 1000)])
def test_a_lesson_that_turned_false_ends_within_three_runs_that_show_it(successes: int, trials: int) -> None:
    ended = ends_at(lesson(successes, trials), [True] * 50 + [False] * WITHIN_RUNS)
    assert ended is not None
    assert 50 < ended < 50 + WITHIN_RUNS


@pytest.mark.parametrize(("chance", "within", "lives"), [(0.6, 20, 10), (0.72, 40, 25), (0.8, 70, 45)])
def test_what_failed_in_part_and_fails_no_more_ends(chance: float, within: int, lives: int) -> None:
    partly = lesson(round(100 * chance), 100, probability=chance)
    assert ends_at(partly, [True] * within) is not None
    ended = []
    for seed in range(200):
        draw = random.Random(seed)  # noqa: S311  simulation
        found = ends_at(partly, [draw.random() < chance for _ in range(400)])
        ended.append(400 if found is None else found)
    assert sorted(ended)[100] > lives  # one that still fails as often is not ended by luck at once


def test_what_hardly_ever_failed_is_not_ended_by_success() -> None:
    assert ends_at(lesson(97, 100, probability=0.97), [True] * 1000) is None


def test_runs_that_say_nothing_do_not_count() -> None:
    assert ends_at(lesson(19, 20), [False, None, None, None, False]) == 4
    assert ends_at(lesson(19, 20), [None] * 100) is None


@pytest.mark.parametrize(("successes", "trials", "share", "least"), [(19, 20, 0.95, 100), (39, 40, 0.975, 250)])
def test_a_lesson_that_still_holds_lives_long(successes: int, trials: int, share: float, least: int) -> None:
    lives = []
    for seed in range(200):
        draw = random.Random(seed)  # noqa: S311  simulation
        ended = ends_at(lesson(successes, trials), [draw.random() < share for _ in range(1500)])
        lives.append(1500 if ended is None else ended)
    assert sorted(lives)[100] > least


def test_a_bar_that_is_too_high_keeps_false_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retirement, "WITHIN_RUNS", 30)
    monkeypatch.setattr(retirement, "_BAR", 30.0)
    assert ends_at(lesson(19, 20), [False] * WITHIN_RUNS) is None


def test_what_one_run_proved_ends_with_one_contradiction() -> None:
    proved = lesson(5, 5, Ground.VERIFIED)
    assert ends_at(proved, [True, None, True, False]) == 3
    assert ends_at(proved, [True, None, True]) is None


def test_what_hides_its_refutation_is_tried_anew_after_a_while() -> None:
    shy = lesson(9, 10, probability=0.1)
    assert hides_its_refutation(shy)
    assert not hides_its_refutation(lesson(9, 10))
    assert due_for_renewal(shy, [True] * RENEWAL)
    assert not due_for_renewal(shy, [True] * (RENEWAL - 1) + [False] * 50)
    value = Threshold(action="conform", table="t", limit="threads", value=1, failure=FailureKind.MEMORY)
    assert hides_its_refutation(shy.model_copy(update={"kind": value.kind, "value": value}))
