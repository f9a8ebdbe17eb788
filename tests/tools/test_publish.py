import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from state.errors import AccountingError, ResourceError, RunError, SetupError, StepError
from tools.outputs.destination import locked
from tools.outputs.publish import Hooks, Layout, PublishTable, Receipt, publish, receipt_path, recover

SMALL_PARTS, PART_ROWS = Layout(single_file_rows=1000), 400


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


def numbers(name: str, rows: int, *, start: int = 0) -> PublishTable:
    select = "select range as id, 'n' || hash(range) as label from range({}, {})"
    stop = start + rows
    parts = tuple(select.format(low, min(low + PART_ROWS, stop)) for low in range(start, stop, PART_ROWS))
    return PublishTable(name=name, query=f"{select.format(start, stop)} order by id", rows=rows, parts=parts)


def published(destination: Path) -> dict[str, bytes]:
    """All files outside of the folder of runs."""
    files = [path for path in destination.rglob("*") if path.is_file() and "_runs" not in path.parts]
    return {str(path.relative_to(destination)): path.read_bytes() for path in files}


def leftovers(destination: Path) -> list[str]:
    known = {".lock", "receipt.json"}
    runs = destination / "_runs"
    return [str(path) for path in runs.rglob("*") if path.name not in known and path.parent != runs] + [
        str(path) for path in runs.iterdir() if path.name.startswith(".") and path.name not in known
    ]


def test_tables_and_receipt_are_written(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    receipt = publish(connection, [numbers("a", 10), numbers("b c", 0)], tmp_path / "new" / "out", key="k", run_id="r1")
    out = tmp_path / "new" / "out"
    assert sorted(published(out)) == ["a.parquet", "b c.parquet"]
    assert connection.execute(f"select count(*), sum(id) from '{out}/a.parquet'").fetchone() == (10, 45)
    assert Receipt.model_validate_json(receipt_path(out, "r1").read_bytes()) == receipt
    assert {name: table.rows for name, table in receipt.tables.items()} == {"a": 10, "b c": 0}
    assert leftovers(out) == []


def test_the_same_key_again_changes_nothing(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = publish(connection, [numbers("a", 10)], tmp_path, key="k", run_id="r1")
    before = (tmp_path / "a.parquet").stat()
    second = publish(connection, [numbers("a", 10, start=5)], tmp_path, key="k", run_id="r2")
    assert second == first
    assert (tmp_path / "a.parquet").stat().st_ino == before.st_ino
    assert receipt_path(tmp_path, "r2").read_bytes() == receipt_path(tmp_path, "r1").read_bytes()


def test_the_same_key_is_published_again_when_a_file_was_changed(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = publish(connection, [numbers("a", 10), numbers("b", 2)], tmp_path, key="k", run_id="r1")
    whole = published(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"broken")
    (tmp_path / "b.parquet").unlink()
    assert publish(connection, [numbers("a", 10), numbers("b", 2)], tmp_path, key="k", run_id="r1") == first
    assert published(tmp_path) == whole


def test_the_same_key_with_more_tables_is_published(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish(connection, [numbers("a", 10)], tmp_path, key="k", run_id="r1")
    receipt = publish(connection, [numbers("a", 10), numbers("b", 3)], tmp_path, key="k", run_id="r2")
    assert set(receipt.tables) == {"a", "b"}
    assert sorted(published(tmp_path)) == ["a.parquet", "b.parquet"]


def test_another_key_replaces_and_leaves_other_tables(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish(connection, [numbers("a", 10), numbers("b", 3)], tmp_path, key="k1", run_id="r1")
    publish(connection, [numbers("a", 7)], tmp_path, key="k2", run_id="r2")
    assert connection.execute(f"select count(*) from '{tmp_path}/a.parquet'").fetchone() == (7,)
    assert connection.execute(f"select count(*) from '{tmp_path}/b.parquet'").fetchone() == (3,)


@pytest.mark.parametrize(("before", "after"), [(10, 2500), (2500, 10), (2500, 1300)])
def test_file_and_folder_replace_each_other(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, before: int, after: int
) -> None:
    publish(connection, [numbers("a", before)], tmp_path, key="k1", run_id="r1", layout=SMALL_PARTS)
    publish(connection, [numbers("a", after)], tmp_path, key="k2", run_id="r2", layout=SMALL_PARTS)
    target = tmp_path / "a.parquet"
    assert target.is_dir() == (after > 1000)
    source = f"{target}/*.parquet" if target.is_dir() else str(target)
    rows = connection.execute(f"select id from read_parquet('{source}')").fetchall()
    assert rows == [(number,) for number in range(after)]
    assert leftovers(tmp_path) == []


def test_parts_hold_a_fixed_number_of_rows(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish(connection, [numbers("a", 1001)], tmp_path, key="k", run_id="r", layout=SMALL_PARTS)
    counts = connection.execute(
        f"select file_name, num_rows from parquet_file_metadata('{tmp_path}/a.parquet/*.parquet') order by 1"
    ).fetchall()
    assert [(Path(name).name, rows) for name, rows in counts] == [
        ("part-0000.parquet", 400),
        ("part-0001.parquet", 400),
        ("part-0002.parquet", 201),
    ]


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    """From tables filled in another order and by another number of threads, as a file and in parts."""
    seen = []
    for threads in (1, 4):
        with duckdb.connect(config={"threads": threads}) as connection:
            order = "range" if threads == 1 else "hash(range)"
            made = f"select range as id, hash(range) % 99 as g from range(300000) order by {order}"
            connection.execute(f"create table t as {made}")
            connection.execute("create table ordered as select * from t order by id")
            parts = tuple(
                f"select * from ordered where id >= {low} and id < {low + 130_000}"
                for low in range(0, 300_000, 130_000)
            )
            table = PublishTable(name="t", query="select * from t order by g, id", rows=300_000, parts=parts)
            for folder, rows in (("file", 300_000), ("parts", 100_000)):
                layout = Layout(single_file_rows=rows)
                out = tmp_path / f"{folder}{threads}"
                publish(connection, [table], out, key="k", run_id="r", layout=layout)
                seen.append(published(out))
            assert connection.execute("select current_setting('threads')").fetchone() == (threads,)
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]
    assert len(seen[1]) == 3


@pytest.mark.parametrize("single_file_rows", [500_000, 200_000])
def test_ties_in_the_order_do_not_change_the_bytes(tmp_path: Path, single_file_rows: int) -> None:
    """One thread writes: with several, each of these runs would differ."""
    seen = []
    with duckdb.connect(config={"threads": 4}) as connection:
        connection.execute("create table t as select range as id, hash(range) % 99 as g from range(400000)")
        table = PublishTable(name="t", query="select g, id from t order by g", rows=400_000)
        for number in range(3):
            layout = Layout(single_file_rows=single_file_rows)
            publish(connection, [table], tmp_path / str(number), key="k", run_id="r", layout=layout)
            seen.append(published(tmp_path / str(number)))
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    "name", ["", " ", "../x", "/etc/x", "a/b", "a\\b", ".hidden", "..", "a\0b", "a\nb", "ä" * 101, "\ud800"]
)
def test_names_that_leave_the_folder_are_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(SetupError):
        publish(connection, [numbers("a", 1).model_copy(update={"name": name})], tmp_path / "o", key="k", run_id="r")
    with pytest.raises(SetupError):
        publish(connection, [numbers("a", 1)], tmp_path / "o", key="k", run_id=name)
    assert not (tmp_path / "o").exists()


def test_names_that_differ_in_case_only_are_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="would be one file"):
        publish(connection, [numbers("a", 1), numbers("A", 1)], tmp_path, key="k", run_id="r")


def test_a_destination_that_is_a_file_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(SetupError, match="cannot be written"):
        publish(connection, [numbers("a", 1)], tmp_path / "out", key="k", run_id="r")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_destination_that_cannot_be_written_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SetupError, match="cannot be written"):
        publish(connection, [numbers("a", 1)], Path("/proc/self/nowhere"), key="k", run_id="r")


@pytest.mark.parametrize(
    ("table", "error"),
    [
        (numbers("b", 5).model_copy(update={"rows": 6}), AccountingError),
        (
            PublishTable(name="b", query="select 170141183460469231731687303715884105727::hugeint as h", rows=1),
            StepError,
        ),
        (PublishTable(name="b", query="select 1 / 0 as x, 'x'::integer as y", rows=1), duckdb.ConversionException),
    ],
)
def test_a_file_that_is_not_what_it_should_be_publishes_nothing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, table: PublishTable, error: type[Exception]
) -> None:
    publish(connection, [numbers("a", 3)], tmp_path, key="k1", run_id="r1")
    before = published(tmp_path)
    with pytest.raises(error):
        publish(connection, [numbers("a", 9), table], tmp_path, key="k2", run_id="r2")
    assert published(tmp_path) == before
    assert leftovers(tmp_path) == []


def test_a_full_disk_is_named_and_changes_nothing(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish(connection, [numbers("a", 3)], tmp_path, key="k1", run_id="r1")
    before = published(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(ResourceError, match="could not be written"):
            publish(connection, [numbers("a", 50_000)], tmp_path, key="k2", run_id="r2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert published(tmp_path) == before
    assert leftovers(tmp_path) == []


def test_a_second_run_waits_and_then_names_the_holder(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with (
        locked(tmp_path, holder="run first"),
        pytest.raises(RunError, match=f"run first, process {os.getpid()}"),
    ):
        publish(connection, [numbers("a", 1)], tmp_path, key="k", run_id="r", hooks=Hooks(lock_seconds=0.1))
    assert publish(connection, [numbers("a", 1)], tmp_path, key="k", run_id="r").tables["a"].rows == 1


def test_a_killed_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom tools.outputs.destination import locked\n"
        "with locked(Path(sys.argv[1]), holder='run gone'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -9
    with locked(tmp_path, holder="run next", seconds=0.1):
        pass


def test_recovery_of_a_destination_without_runs_does_nothing(tmp_path: Path) -> None:
    assert recover(tmp_path) is None
    assert recover(tmp_path / "missing") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "journal",
    [
        "{}",
        "not json",
        '{"key": "k", "run_id": "r", "tables": {"../../x": {"file": "x", "rows": 1, "sha256": ""}}}',
        '{"key": "k", "run_id": "../..", "tables": {}}',
    ],
)
def test_a_journal_that_is_not_ours_stops(connection: duckdb.DuckDBPyConnection, tmp_path: Path, journal: str) -> None:
    publish(connection, [numbers("a", 1)], tmp_path, key="k1", run_id="r1")
    before = published(tmp_path)
    (tmp_path / "_runs" / ".journal.json").write_text(journal)
    with pytest.raises(SetupError):
        publish(connection, [numbers("a", 2)], tmp_path, key="k2", run_id="r2")
    assert published(tmp_path) == before
