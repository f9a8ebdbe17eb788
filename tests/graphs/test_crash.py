"""A run killed anywhere resumes to the same published bytes, with nothing done twice that can be seen from outside."""

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Undisturbed:
    """A job that was worked on without a kill: what it published, what it told, and its lineage."""

    job: Any
    published: dict[str, str]
    told: dict[str, Any]
    lineage: list[Any]

    def again(self, folder: Path) -> Any:
        """The same job, recorded anew in a folder of its own."""
        fresh = type(self.job)(self.job.contract, self.job.sources, folder / "out", folder / "home")
        record(fresh)
        return fresh


def undisturbed(job: Any) -> Undisturbed:
    record(job)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    return Undisturbed(job, published(job.out), told(job.out), lineage(job.out))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, new_job: Callable[[Path], Any]) -> Undisturbed:
    return undisturbed(new_job(tmp_path_factory.mktemp("plain")))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, new_several_tables: Callable[[Path], Any]) -> Undisturbed:
    return undisturbed(new_several_tables(tmp_path_factory.mktemp("several")))


@pytest.fixture(scope="module")
def repairing(tmp_path_factory: pytest.TempPathFactory, new_repairing_job: Callable[[Path], Any]) -> Undisturbed:
    return undisturbed(new_repairing_job(tmp_path_factory.mktemp("repairing")))


@pytest.mark.parametrize(
    ("where", "first", "stride"), [("before", 1, 2), ("after", 2, 2), ("receipt", 1, 2), ("publish", 1, 1)]
)
def test_killed_at_every_point_it_ends_the_same(
    plain: Undisturbed, tmp_path: Path, moments: Any, where: str, first: int, stride: int
) -> None:
    """Before the odd and after the even checkpoints: between two checkpoints a run is killed once."""
    fresh = plain.again(tmp_path)
    for _ in moments(fresh, (where, first, stride)):
        output = resume(fresh.home, "r1")
        assert output["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == plain.published
        assert told(fresh.out) == plain.told
        assert lineage(fresh.out) == plain.lineage
        assert not list(fresh.out.rglob("*.tmp"))


def left(job: Any) -> tuple[int, list[str], list[str]]:
    """What a run that was ended on its way left: checkpoints, receipts, and the files at its destination."""
    with closing(sqlite3.connect(job.home / "checkpoints.sqlite")) as saved:
        (checkpoints,) = saved.execute("select count(*) from checkpoints").fetchone()
    with duckdb.connect(str(job.home / "runs" / "r1" / "workspace.duckdb")) as workspace:
        receipts = workspace.execute("select step_key from ops.receipts order by all").fetchall()
    files = sorted(path.relative_to(job.out).as_posix() for path in job.out.rglob("*"))
    return checkpoints, [key for (key,) in receipts], files


def test_a_copy_of_a_stopped_process_is_what_a_kill_leaves(
    small_job: Any, tmp_path: Path, worker: Any, moments: Any
) -> None:
    record(small_job)
    killed = []
    for number in (8, 14):
        fresh = type(small_job)(small_job.contract, small_job.sources, tmp_path / f"o{number}", tmp_path / f"h{number}")
        record(fresh)
        assert worker(fresh, "after", number)
        killed.append(left(fresh))
    assert killed[0][1] != killed[1][1], "the same was done at both: the test tests nothing"
    copies = [left(small_job) for _ in moments(small_job, ("after", 8, 6), least=2)]
    assert copies[1:3] == killed


def test_killed_again_and_again_it_ends_the_same(plain: Undisturbed, tmp_path: Path, worker: Any) -> None:
    fresh = plain.again(tmp_path)
    kills = 0
    while worker(fresh, "after", 4):  # three supersteps a life
        kills += 1
        assert kills < 40, "no progress from one life to the next"
    assert kills > 3
    assert published(fresh.out) == plain.published
    assert told(fresh.out) == plain.told


@pytest.mark.parametrize(("where", "stride"), [("unreported", 6), ("reported", 6), ("receipt", 7)])
def test_killed_amid_steps_side_by_side_nothing_is_done_twice(
    several: Undisturbed, tmp_path: Path, moments: Any, where: str, stride: int
) -> None:
    fresh = several.again(tmp_path)
    for _ in moments(fresh, (where, 2, stride)):
        assert resume(fresh.home, "r1")["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == several.published
        assert told(fresh.out) == several.told
        trace = json.loads((fresh.out / "_runs" / "r1" / "run.json").read_text())["trace"]
        done = [entry["step_id"] for entry in trace if entry["status"] == "done"]  # others wait for the council first
        assert len(set(done)) == len(done), "a step that was on record was done again"


@pytest.mark.parametrize(
    ("where", "first", "stride"), [("before", 10, 3), ("after", 11, 3), ("unreported", 4, 1), ("receipt", 4, 1)]
)
def test_killed_around_the_repair_council_it_repairs_the_same_cells_once(
    repairing: Undisturbed, tmp_path: Path, moments: Any, where: str, first: int, stride: int
) -> None:
    assert sum(made["kind"] == "cell_repair" for made in repairing.told["decisions"]) > 0
    fresh = repairing.again(tmp_path)
    for _ in moments(fresh, (where, first, stride), least=2):
        assert resume(fresh.home, "r1")["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == repairing.published
        assert told(fresh.out) == repairing.told


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
    job: Any, tmp_path: Path, moments: Any, answering: str, where: str, stride: int
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
    begin.put_back()
    for _ in moments(job, (where, 1, stride), answer=answer, least=2):
        assert asked(resume(job.home, "r1")) == expected, "what was asked or answered is not what it was"
        assert recorded(job) == on_record


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
