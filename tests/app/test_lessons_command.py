"""`millwright lessons`: listed, explained, pinned, forgotten, and what is refused."""

import json
from typing import Any

import pytest

from algorithms.reflection.statistics import lower_bound
from state.experience import SourceFamily
from state.lessons import Ground, Holdout, Lesson, LessonStatus, Limit, MethodProbability, Scope, Threshold
from state.reports import FailureKind
from tools.lessons import write_lessons
from tools.store import opened_store


def made(lesson_id: str, value: MethodProbability | Threshold, **more: Any) -> Lesson:
    given = {"kind": value.kind, "subject": "a step", "value": value, "runs": ("r1", "r2"), "trials": 2, "successes": 2}
    scope = Scope(contract="shop", family=SourceFamily(names=("orders_#.csv",)))
    status, bound = LessonStatus.IN_FORCE, lower_bound(2, 2)
    defaults = {"scope": scope, "status": status, "bound": bound, "ground": Ground.VERIFIED}
    return Lesson.model_validate({"lesson_id": lesson_id, **given, **defaults, **more})


@pytest.fixture
def home(job: Any) -> Any:
    threads = Threshold(action="conform", table="orders", limit=Limit.THREADS, value=1, failure=FailureKind.MEMORY)
    chance = MethodProbability(action="dedupe", table="orders", probability=0.4)
    holdout = Holdout(trials=5, successes=4, confirms=True)
    with opened_store(job.home) as store:
        write_lessons(
            store,
            [
                made("threshold-11", threads, gain=2.5),
                made(
                    "method_probability-22",
                    chance,
                    status=LessonStatus.CANDIDATE,
                    lacks="may be luck",
                    ground=Ground.STATISTICAL,
                    p=0.01,
                    q=0.2,
                    holdout=holdout,
                ),
            ],
        )
    return job.home


def test_without_any_lesson_it_says_how_there_come_to_be_some(cli: Any) -> None:
    code, out, _ = cli("lessons")
    assert code == 0
    assert "runs that end are reflected on" in out
    assert json.loads(cli("lessons", "--json")[1]) == {"lessons": []}


def test_lessons_are_listed_with_their_evidence_and_candidates_on_demand(cli: Any, home: Any) -> None:
    _, out, _ = cli("lessons")
    assert "threshold-11  conform of orders needs threads 1, or it fails by memory" in out
    assert "shown by 2 of 2 runs" in out
    assert "expected gain 2.50 s" in out
    assert "method_probability-22" not in out
    assert "1 candidate" in out
    assert "may be luck" in cli("lessons", "--all")[1]
    told = json.loads(cli("lessons", "--json")[1])["lessons"]
    assert [(each["lesson_id"], each["in_force"]) for each in told] == [
        ("method_probability-22", False),
        ("threshold-11", True),
    ]


def test_a_lesson_is_explained_by_runs_and_figures(cli: Any, home: Any) -> None:
    _, out, _ = cli("lessons", "--explain", "method_probability-22")
    for said in (
        "r1",
        "r2",
        "false discovery rate 0.2",
        "the newest 5 runs confirm it: 4",
        "orders_#.csv",
        "no run yet",
    ):
        assert said in out, said


def test_a_person_pins_and_forgets(cli: Any, home: Any) -> None:
    assert "pinned" in cli("lessons", "--pin", "method_probability-22")[1]
    assert "method_probability-22" in cli("lessons")[1]
    assert "candidate" in cli("lessons", "--unpin", "method_probability-22")[1]
    assert "forgotten" in cli("lessons", "--forget", "threshold-11")[1]
    assert "threshold-11" not in cli("lessons")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--explain", "threshold-1"), "did you mean threshold-11?"),
        (("--pin", "xyz"), "millwright lessons --all"),
        (("--unpin", "threshold-11"), "is in_force, not pinned"),
        (("--pin", "a", "--forget", "b"), "at a time"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cli: Any, home: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = cli("lessons", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_reflecting_on_nothing_is_no_error(cli: Any, job: Any) -> None:
    assert cli("lessons", "--reflect")[0] == 0
