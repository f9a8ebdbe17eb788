"""Reflection as part of a run and alone: what runs teach, that each counts once, that its failure harms nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from graphs.reflection import graph
from state.lessons import LessonKind
from state.reflection import Reflected, ReflectionTask
from state.run import RunContext
from tools.experience import read_experiences
from tools.explain.learning import lessons_section
from tools.explain.material import Material
from tools.lessons import read_lessons
from tools.store import STORE, opened_store

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: com.example.readings
name: readings
version: 1.0.0
status: active
schema:
  - name: readings
    properties:
      - {name: reading_id, logicalType: integer, primaryKey: true, required: true}
      - {name: temperature, logicalType: number}
      - {name: seen_on, logicalType: date, required: true}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "readings_2024.csv"
    rows = [f"{number};{number % 30},5;{number % 28 + 1:02d}/{number % 9 + 1:02d}/2024" for number in range(1, 80)]
    path.write_text("\n".join(["reading_id;Temp C;Seen", *rows]) + "\n")
    return path


def go(play: Any, source: Path, run_id: str, **options: Any) -> Any:
    played = play(CONTRACT, source, run_id=run_id, **options)
    assert played.status == "published"
    return played


def reflect(home: Path, run_id: str = "") -> Reflected:
    found = graph.invoke({"reflecting": ReflectionTask(run_id=run_id)}, context=RunContext(home=str(home)))
    reflected: Reflected = found["reflected"]
    return reflected


def test_the_first_run_teaches_and_the_second_confirms(play: Any, source: Path) -> None:
    first, second = go(play, source, "r1"), go(play, source, "r2")
    told = first.told["lessons"]
    kinds = {change["lesson_id"].partition("-")[0] for change in told["learned"]}
    assert {LessonKind.KNOWN_MAPPING, LessonKind.KNOWN_FORMAT} <= kinds
    assert second.told["lessons"]["learned"] == second.told["lessons"]["retired"] == []
    with opened_store(first.home) as store:
        assert [run.run_id for run in read_experiences(store, "com.example.readings")] == ["r1", "r2"]
        lessons = {lesson.lesson_id: lesson for lesson in read_lessons(store)}
    for change in told["learned"]:
        assert lessons[change["lesson_id"]].runs == ("r1", "r2"), change
    assert change["lesson_id"] in (first.out / "_runs" / "r1" / "report.html").read_text()


def test_reflecting_on_the_same_run_again_changes_nothing(play: Any, source: Path) -> None:
    home = go(play, source, "r1").home
    with opened_store(home) as store:
        before = read_lessons(store)
    again = reflect(home, "r1")
    assert (again.learned, again.retired, again.runs, again.problem) == ((), (), 1, "")
    with opened_store(home) as store:
        assert read_lessons(store) == before
    assert reflect(home) == Reflected()


def test_runs_that_nobody_reflected_on_are_caught_up_with(play: Any, source: Path) -> None:
    without = {"context": {"patterns": {"reflection": "off"}}}
    home = go(play, source, "r1", **without).home
    told = go(play, source, "r2", **without).told["lessons"]
    assert told == {"used": [], "learned": [], "retired": []}
    assert not (home / STORE).exists()
    reflected = reflect(home)
    assert reflected.runs == 2
    assert reflected.learned


def test_the_experience_of_a_run_is_what_its_record_says(play: Any, source: Path) -> None:
    played = go(play, source, "r1")
    with opened_store(played.home) as store:
        (run,) = read_experiences(store)
    reports = {report["step_id"]: report for report in played.told["step_reports"]}
    assert {step.step_id for step in run.steps} == {step["step_id"] for step in played.told["plan"]["steps"]}
    for step in run.steps:
        if step.step_id in reports:
            assert (step.done, step.seconds) == (True, reports[step.step_id]["seconds"])
    (mapping,) = run.mappings
    assert (mapping.matches["Seen"], "Seen" in mapping.by_evidence) == ("seen_on", True)
    assert run.family.names == ("readings_#.csv",)
    assert run.rows == {"readings": 79}


def test_a_store_that_cannot_be_used_is_a_warning_and_the_run_is_published(play: Any, source: Path) -> None:
    home = source.parent / "home"
    (home / STORE).mkdir(parents=True)
    # The lessons of earlier runs are not asked for: here only what comes after the run is at fault.
    told = go(play, source, "r1").told
    assert any("was not reflected on" in warning for warning in told["warnings"])
    assert told["lessons"]["learned"] == []


def test_a_run_that_is_not_there_is_a_problem_that_says_so(tmp_path: Path) -> None:
    assert "there is no run 'r9'" in reflect(tmp_path, "r9").problem


def test_a_report_that_is_gone_or_damaged_teaches_nothing(play: Any, source: Path) -> None:
    played = go(play, source, "r1", context={"patterns": {"reflection": "off"}})
    record = played.out / "_runs" / "r1" / "run.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps({key: value for key, value in content.items() if key != "plan"}))
    assert "cannot be read" in reflect(played.home, "r1").problem
    record.unlink()
    assert "has no report" in reflect(played.home, "r1").problem
    assert reflect(played.home) == Reflected()


def test_a_report_tells_what_was_used_taught_and_ended(tmp_path: Path) -> None:
    use = {"lesson_id": "threshold-1", "effect": "starts with 1 thread", "held": True}
    changes = [{"lesson_id": "known_format-2", "told": "a date", "why": ""}]
    ended = [{"lesson_id": "known_mapping-3", "told": "a mapping", "why": "run r7 contradicts it"}]
    run = {"run_id": "r8", "lessons": {"used": [use], "learned": changes, "retired": ended}}
    section = lessons_section(Material(run=run, folder=tmp_path, engine=None))  # type: ignore[arg-type]
    assert [grid.rows for grid in section.grids] == [
        (("threshold-1", "starts with 1 thread", "yes"),),
        (("known_format-2", "a date"),),
    ]
    assert [(point.title, point.text) for point in section.points] == [
        ("not believed any more: a mapping", "run r7 contradicts it")
    ]
    assert lessons_section(Material(run={"run_id": "r1"}, folder=tmp_path, engine=None)).empty  # type: ignore[arg-type]
