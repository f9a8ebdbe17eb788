"""A run killed anywhere resumes to the same published bytes, with nothing done twice that can be seen from outside."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from graphs.session import resume
from state.run import RunContext, RunRequest, RunStatus
from tools.admission import admit


def record(job: Any, **options: Any) -> None:
    request = RunRequest(
        contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1", **options
    )
    admit(request, RunContext(home=str(job.home)))


def published(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*.parquet"))
    }


def told(out: Path) -> dict[str, Any]:
    run = json.loads((out / "_runs" / "r1" / "run.json").read_text())
    return {key: run[key] for key in ("status", "tables", "checks", "decisions", "replans")}


def lineage(out: Path) -> list[Any]:
    """The events of a run without its id, its times and the folder it wrote to."""
    text = (out / "_runs" / "r1" / "lineage.jsonl").read_text()
    events = [json.loads(line.replace(str(out), "")) for line in text.splitlines()]
    for event in events:
        del event["eventTime"], event["run"]["runId"]
        event["run"]["facets"].pop("parent", None)
    return events


@pytest.mark.parametrize(
    ("where", "first", "stride"), [("before", 1, 2), ("after", 2, 2), ("receipt", 1, 2), ("publish", 1, 1)]
)
def test_killed_at_every_point_it_ends_the_same(
    job: Any, tmp_path: Path, worker: Any, where: str, first: int, stride: int
) -> None:
    """Before the odd and after the even checkpoints: between two checkpoints a run is killed once."""
    record(job)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    expected, told_first, lineage_first = published(job.out), told(job.out), lineage(job.out)
    number, killed = first, True
    while killed:
        folder = tmp_path / f"{where}-{number}"
        fresh = type(job)(job.contract, job.sources, folder / "out", folder / "home")
        record(fresh)
        killed = worker(fresh, where, number)
        output = resume(fresh.home, "r1")
        assert output["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == expected
        assert told(fresh.out) == told_first
        assert lineage(fresh.out) == lineage_first
        assert not list(fresh.out.rglob("*.tmp"))
        number += stride
    assert number > 4, "the run was never killed: the test tests nothing"


def test_killed_again_and_again_it_ends_the_same(job: Any, tmp_path: Path, worker: Any) -> None:
    record(job)
    resume(job.home, "r1")
    folder = tmp_path / "again"
    fresh = type(job)(job.contract, job.sources, folder / "out", folder / "home")
    record(fresh)
    kills = 0
    while worker(fresh, "after", 4):  # three supersteps a life
        kills += 1
        assert kills < 40, "no progress from one life to the next"
    assert kills > 3
    assert published(fresh.out) == published(job.out)
    assert told(fresh.out) == told(job.out)


@pytest.mark.parametrize(("where", "stride"), [("unreported", 6), ("reported", 6), ("receipt", 7)])
def test_killed_amid_steps_side_by_side_nothing_is_done_twice(
    several_tables: Any, tmp_path: Path, worker: Any, where: str, stride: int
) -> None:
    record(several_tables)
    assert resume(several_tables.home, "r1")["status"] is RunStatus.PUBLISHED
    expected, told_first = published(several_tables.out), told(several_tables.out)
    number, kills = 2, 0
    while True:
        folder = tmp_path / f"{where}-{number}"
        fresh = type(several_tables)(several_tables.contract, several_tables.sources, folder / "out", folder / "home")
        record(fresh)
        killed = worker(fresh, where, number)
        if not killed:
            break
        number, kills = number + stride, kills + 1
        assert resume(fresh.home, "r1")["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == expected
        assert told(fresh.out) == told_first
        trace = json.loads((fresh.out / "_runs" / "r1" / "run.json").read_text())["trace"]
        done = [entry["step_id"] for entry in trace if entry["status"] == "done"]  # others wait for the council first
        assert len(set(done)) == len(done), "a step that was on record was done again"
    assert kills >= 3, "the run was never killed amid its steps: the test tests nothing"


@pytest.mark.parametrize(
    ("where", "first", "stride"), [("before", 10, 3), ("after", 11, 3), ("unreported", 4, 1), ("receipt", 4, 1)]
)
def test_killed_around_the_repair_council_it_repairs_the_same_cells_once(
    repairing_job: Any, tmp_path: Path, worker: Any, where: str, first: int, stride: int
) -> None:
    record(repairing_job)
    assert resume(repairing_job.home, "r1")["status"] is RunStatus.PUBLISHED
    expected, told_first = published(repairing_job.out), told(repairing_job.out)
    assert sum(made["kind"] == "cell_repair" for made in told_first["decisions"]) > 0
    number, kills = first, 0
    while True:
        folder = tmp_path / f"{where}-{number}"
        fresh = type(repairing_job)(repairing_job.contract, repairing_job.sources, folder / "out", folder / "home")
        record(fresh)
        if not worker(fresh, where, number):
            break
        number, kills = number + stride, kills + 1
        assert resume(fresh.home, "r1")["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == expected
        assert told(fresh.out) == told_first
    assert kills >= 2, "the run was never killed: the test tests nothing"


class Snapshot:
    """The folders of a job at one moment; records hold absolute paths, so they are put back in their place."""

    def __init__(self, job: Any, folder: Path) -> None:
        self.parts = [(job.home, folder / "home"), (job.out, folder / "out")]
        for path, copy in self.parts:
            shutil.copytree(path, copy)

    def put_back(self) -> None:
        for path, copy in self.parts:
            shutil.rmtree(path)
            shutil.copytree(copy, path)


def asking_job(job: Any) -> Any:
    """A job in which an edited mapping leads to another question."""
    text = (job.sources / "orders_2.csv").read_text()
    (job.sources / "orders_2.csv").write_text(text.replace("web", "05/06/2024").replace("shop", "06/05/2024"))
    record(job, approve="changes")
    return job


def edited(question: Any) -> Any:
    """An answer that maps the order date to another column, and says nothing yet about what follows from it."""
    changes = json.loads(Path(question["list"]).read_text())
    found = [each for each in changes if each["kind"] == "mapping" and each["proposal"] == "Order Date"]
    return {"edit": {found[0]["change_id"]: "Channel"}, "rest": "accept"}


def asked(output: Any) -> Any:
    """The one question, without its id: that is made from ids of checkpoints."""
    (question,) = output["asked"]
    return {name: value for name, value in question.items() if name != "id"}


def recorded(job: Any) -> list[str]:
    """What the ledger of a run holds, but for when it was answered."""
    with duckdb.connect(str(job.home / "runs" / "r1" / "workspace.duckdb"), read_only=True) as workspace:
        rows = workspace.execute(
            "select step_key, receipt from ops.receipts union all select decision_id, record from ops.decisions"
        ).fetchall()
    return sorted(f"{key} {re.sub(r'20[0-9-]+T[0-9:.]+Z', '', record)}" for key, record in rows)


@pytest.mark.parametrize(
    ("answering", "where", "stride"),
    [("", "write", 4), ("edit", "before", 1), ("edit", "after", 1), ("edit", "write", 1), ("edit", "receipt", 1)],
)
def test_killed_around_a_question_nothing_is_lost(
    job: Any, tmp_path: Path, worker: Any, answering: str, where: str, stride: int
) -> None:
    """The answer edits a mapping, so that steps are done again and another question follows."""
    answer = None
    asking_job(job)
    if answering:
        resume(job.home, "r1")
        question = resume(job.home, "r1", answer={"rest": "accept"})["asked"][0]
        assert question["question"] == "orders#1"
        answer = edited(question)
    begin = Snapshot(job, tmp_path / "snapshot")
    expected = asked(resume(job.home, "r1", answer=answer))
    assert expected["question"] == ("orders#2" if answering else "customers#1")
    on_record = recorded(job)
    number, killed, kills = 1, True, 0
    while killed:
        begin.put_back()
        killed = worker(job, where, number, answer)
        number, kills = number + stride, kills + killed
        assert asked(resume(job.home, "r1")) == expected, "what was asked or answered is not what it was"
        assert recorded(job) == on_record
    assert kills >= 2, "the run was hardly killed: the test tests nothing"


def test_killed_on_the_way_it_publishes_what_it_would_have(job: Any, tmp_path: Path, worker: Any) -> None:
    asking_job(job)
    begin = Snapshot(job, tmp_path / "snapshot")
    resume(job.home, "r1")
    resume(job.home, "r1", answer={"rest": "accept"})
    resume(job.home, "r1", answer={"rest": "accept"})
    expected = published(job.out)
    assert expected
    begin.put_back()
    for _ in range(2):
        assert worker(job, "write", 5)
    resume(job.home, "r1")
    for _ in range(2):
        assert worker(job, "write", 1, {"rest": "accept"}), "killed as soon as the answer is written"
        resume(job.home, "r1")
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    assert published(job.out) == expected
