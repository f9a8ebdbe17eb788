"""A publication killed at every point: between any two effects as named, and before any single change of a file."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from state.errors import SetupError
from tools.outputs.publish import Hooks, Layout, PublishTable, Receipt, publish, receipt_path, recover

ROOT = Path(__file__).resolve().parents[2]
LAYOUT, PART_ROWS = Layout(single_file_rows=100), 40
SIZES = {"fresh": (0, 10), "file": (20, 10), "grows": (20, 150), "shrinks": (150, 20), "parts": (150, 130)}
"""Rows of the first table before (0: not published before) and now; a second table is always a file."""

MOST_POINTS = {"checkpoint": 24, "change": 36}
"""More than there are; a test shows that the last were not met."""

DRIVER = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
sys.path.insert(0, str(Path(sys.argv[2]).parent))
from test_publish_crash import crash

for job in json.loads(sys.stdin.read()):
    child = os.fork()
    if child == 0:
        crash(**job)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(json.dumps(status))
"""

CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "open"})


def tables(rows: int, seed: int) -> list[PublishTable]:
    query = "select range as id, hash(range + {}) as h from range({}, {})"
    ranges = [(low, min(low + PART_ROWS, rows)) for low in range(0, rows, PART_ROWS)]
    parts = tuple(query.format(seed, low, high) for low, high in ranges)
    return [
        PublishTable(name="a", query=f"{query.format(seed, 0, rows)} order by id", rows=rows, parts=parts),
        PublishTable(name="b", query=f"{query.format(seed, 0, 5)} order by id", rows=5),
    ]


def put(destination: Path, rows: int, key: str, hooks: Hooks | None = None) -> Receipt:
    with duckdb.connect(config={"threads": 1}) as connection:
        wanted = tables(rows, len(key))
        return publish(connection, wanted, destination, key=key, run_id=f"run-{key}", hooks=hooks, layout=LAYOUT)


def crash(*, destination: str, rows: int, key: str, at: int, kind: str) -> None:
    """Publish and kill this process at the `at`-th checkpoint, or before the `at`-th change of a file."""
    count = -1

    def step(_name: str) -> None:
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        writes = event != "open" or (isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE)
        if event in CHANGES and writes and str(arguments[0]).startswith(destination):
            step(event)

    if kind == "change":
        sys.addaudithook(audit)
    put(Path(destination), rows, key, Hooks(checkpoint=step) if kind == "checkpoint" else None)


def killed(jobs: list[dict[str, object]]) -> list[bool]:
    """Run every job in a process of its own; whether each was killed."""
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER, str(ROOT), __file__],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=True,
    )
    return [os.WIFSIGNALED(json.loads(line)) for line in ended.stdout.splitlines()]


def content(destination: Path) -> dict[str, bytes]:
    files = [path for path in destination.rglob("*") if path.is_file() and "_runs" not in path.parts]
    return {str(path.relative_to(destination)): path.read_bytes() for path in files}


def leftovers(destination: Path) -> set[str]:
    return {path.name for path in (destination / "_runs").rglob("*") if path.is_file()} - {".lock", "receipt.json"}


@pytest.mark.parametrize(
    ("case", "kind"), [*((case, "checkpoint") for case in SIZES), ("grows", "change"), ("shrinks", "change")]
)
def test_killed_anywhere_all_or_nothing_and_the_same_bytes(tmp_path: Path, case: str, kind: str) -> None:
    before, now = SIZES[case]
    if before:
        put(tmp_path / "old", before, "old")
    old = content(tmp_path / "old")
    receipt = put(tmp_path / "new", now, "new!")
    new = content(tmp_path / "new")
    assert old != new

    places = [tmp_path / f"{kind}{number}" for number in range(MOST_POINTS[kind])]
    for place in places:
        if before:
            shutil.copytree(tmp_path / "old", place)
    jobs = [
        {"destination": str(place), "rows": now, "key": "new!", "at": number, "kind": kind}
        for number, place in enumerate(places)
    ]
    struck = killed(jobs)
    assert any(struck)
    assert not all(struck)  # the last ones ran to the end: every point was met
    states = []
    for place, hit in zip(places, struck, strict=True):
        recover(place)
        found = content(place)
        assert found in (old, new)
        states.append(found == new)
        assert (not place.exists() or leftovers(place) == set()) if hit else found == new
        assert receipt_path(place, "run-new!").exists() == (found == new)
        assert put(place, now, "new!") == receipt
        assert content(place) == new
        assert leftovers(place) == set()
    assert states == sorted(states)  # one point after which it is published
    assert False in states
    assert states.count(True) > struck.count(False)  # rolled forward, not only finished


def test_killed_in_recovery_too(tmp_path: Path) -> None:
    """Killed as soon as the journal is written, and again at every step of rolling forward."""
    receipt = put(tmp_path / "reference", 150, "new!")
    names: list[str] = []
    put(tmp_path / "names", 150, "new!", Hooks(checkpoint=names.append))
    journal = names.index("journal written")
    places = [tmp_path / f"p{number}" for number in range(12)]
    put(tmp_path / "old", 20, "old")
    for place in places:
        shutil.copytree(tmp_path / "old", place)
    first = [{"destination": str(p), "rows": 150, "key": "new!", "at": journal, "kind": "checkpoint"} for p in places]
    second = [job | {"at": number, "kind": "change"} for number, job in enumerate(first)]
    assert all(killed(first))
    assert any(killed(second))
    for place in places:
        recover(place)
        assert content(place) == content(tmp_path / "reference")
        assert leftovers(place) == set()
        assert put(place, 150, "new!") == receipt


def test_killed_at_any_moment(tmp_path: Path) -> None:
    put(tmp_path / "reference", 150, "new!")
    new = content(tmp_path / "reference")
    put(tmp_path / "out", 20, "old")
    old = content(tmp_path / "out")
    draw = random.Random(7)  # noqa: S311  moments, not secrets
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, sys.argv[2])\n"
        "from test_publish_crash import put\nprint('go', flush=True)\nput(Path(sys.argv[3]), 150, 'new!')\n"
    )
    for _ in range(4):
        command = [sys.executable, "-c", script, str(ROOT), str(Path(__file__).parent), str(tmp_path / "out")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(draw.uniform(0, 0.06))
            process.kill()
        recover(tmp_path / "out")
        assert content(tmp_path / "out") in (old, new)
    put(tmp_path / "out", 150, "new!")
    assert content(tmp_path / "out") == new


def test_a_recovered_publication_is_not_certified_when_a_file_is_gone(tmp_path: Path) -> None:
    """Somebody removed a published file before recovery: no receipt may claim it is there."""
    names: list[str] = []
    put(tmp_path / "names", 10, "new!", Hooks(checkpoint=names.append))
    at = names.index("renamed a")
    out = tmp_path / "out"
    assert killed([{"destination": str(out), "rows": 10, "key": "new!", "at": at, "kind": "checkpoint"}]) == [True]
    (out / "a.parquet").unlink()
    assert recover(out) is None
    assert not receipt_path(out, "run-new!").exists()
    put(out, 10, "new!")
    assert content(out) == content(tmp_path / "names")


def test_a_folder_in_the_way_is_moved_only_after_the_journal(tmp_path: Path) -> None:
    put(tmp_path, 150, "old")
    names: list[str] = []
    put(tmp_path, 10, "new!", Hooks(checkpoint=names.append))
    assert names.index("journal written") < names.index("moved away a") < names.index("renamed a")
    with pytest.raises(SetupError):
        put(tmp_path / "a.parquet", 10, "x")
