import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError

from state.errors import ResourceError, TransientError, UntrustedSqlError
from tools.sql.sandbox import Row, SandboxLimits, Statement, lock_engine, run_statements
from tools.workspace import WORKSPACE_FILE

ROOT = Path(__file__).resolve().parents[2]
SMALL = SandboxLimits(seconds=20, memory="500MB")


def run(workspace: Path, *sql: str, limits: SandboxLimits = SMALL) -> list[list[Row]]:
    """Run all, fetching from the last."""
    statements = [Statement(sql=text, fetch=text is sql[-1], where="orders.transformLogic") for text in sql]
    return run_statements(workspace, statements, limits=limits)


def names(workspace: Path) -> list[str]:
    """Reopen the workspace and return its tables."""
    with duckdb.connect(str(workspace / WORKSPACE_FILE)) as connection:
        return [row[0] for row in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    with duckdb.connect(str(folder / WORKSPACE_FILE)) as connection:
        connection.execute("create table orders as select range as id from range(3)")
    return folder


def test_rows_come_back_as_plain_values(workspace: Path) -> None:
    values = "1.50::decimal(5,2), date '2020-02-01', [1], {'a': 'ü'}, null, true, 0.5::double, 'x'::blob"
    sql = f"select id, {values} from orders order by id"
    assert run(workspace, sql)[0][1] == (1, "1.50", "2020-02-01", [1], {"a": "ü"}, None, True, 0.5, "b'x'")


def test_statements_share_one_transaction(workspace: Path) -> None:
    assert run(workspace, "create table a as select 1 as x", "insert into a values (2)", "select sum(x) from a") == [
        [(3,)]
    ]
    assert names(workspace) == ["a", "orders"]
    with pytest.raises(UntrustedSqlError):
        run(workspace, "create table b as select 1", "drop table orders", "select * from missing")
    assert names(workspace) == ["a", "orders"]


def test_several_results_in_their_order(workspace: Path) -> None:
    statements = [Statement(sql=f"select {number}", fetch=number != 2) for number in (1, 2, 3)]
    assert run_statements(workspace, statements) == [[(1,)], [(3,)]]


def test_nothing_to_run(workspace: Path) -> None:
    assert run_statements(workspace, []) == []


def test_errors_are_one_line_and_name_the_query(workspace: Path) -> None:
    with pytest.raises(UntrustedSqlError) as error:
        run(workspace, "select 1", "select nothing from orders")
    assert error.value.where == "orders.transformLogic"
    assert '"nothing"' in error.value.line()
    assert "LINE" not in error.value.line()
    with pytest.raises(UntrustedSqlError) as error:
        run_statements(workspace, [Statement(sql="select 'a'::int")])
    assert "select 'a'::int" in error.value.where


@pytest.mark.parametrize(
    "sql",
    [
        "select length(repeat('x', 2000000000))",
        "select list_sum(generate_series(1, 300000000))",
        "select len(list(range)) from range(200000000)",
        "select length(string_agg(repeat('x', 1000), '')) from range(3000000)",
    ],
)
def test_memory_is_bounded_and_the_workspace_opens_again(workspace: Path, sql: str) -> None:
    with pytest.raises(ResourceError, match="more memory than 500MB") as error:
        run(workspace, "create table a as select 1", sql)
    assert error.value.where == "orders.transformLogic"
    assert names(workspace) == ["orders"]


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(1000000000) a, range(1000000000) b",
        "with recursive r as (select 1 as n union all select n + 1 from r) select max(n) from r",
        "create table big as select 1 from range(1000000000) a, range(1000000000) b where hash(a.range, b.range) = 1",
        "select sleep_ms(60000)",
    ],
)
def test_time_is_bounded_and_the_workspace_opens_again(workspace: Path, sql: str) -> None:
    started = time.monotonic()
    with pytest.raises(ResourceError, match=r"longer than 0\.8 s"):
        run(workspace, "create table a as select 1", sql, limits=SandboxLimits(seconds=0.8))
    assert time.monotonic() - started < 30  # half of what the shortest would take, however much the machine does
    assert names(workspace) == ["orders"]


def test_disk_is_bounded(workspace: Path) -> None:
    limits = SandboxLimits(seconds=30, disk_bytes=20_000_000)
    with pytest.raises(ResourceError, match="20,000,000 bytes to disk"):
        run(workspace, "create table big as select hash(range), hash(range + 1) from range(1000000000)", limits=limits)
    assert names(workspace) == ["orders"]


@pytest.mark.parametrize(
    ("sql", "what"),
    [("select * from range(101)", "100 rows"), ("select repeat('x', 5000) from range(3)", "10,000 bytes")],
)
def test_results_are_bounded_and_roll_back(workspace: Path, sql: str, what: str) -> None:
    limits = SandboxLimits(max_result_rows=100, max_result_bytes=10_000)
    with pytest.raises(ResourceError, match=what):
        run(workspace, "create table a as select 1", sql, limits=limits)
    assert names(workspace) == ["orders"]


@pytest.mark.parametrize(
    "sql",
    [
        "copy orders to '{outside}/stolen.csv'",
        "copy orders to 'stolen.csv'",
        "select * from read_text('{outside}/secret.txt')",
        "select * from '{outside}/secret.txt'",
        "select * from read_csv('{outside}/secret.txt')",
        "select * from glob('{outside}/*')",
        "insert into orders select length(content) from read_text('{outside}/secret.txt')",
        "attach '{outside}/other.duckdb'",
        "attach ':memory:' as m",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "set memory_limit = '100GB'",
        "set enable_external_access = true",
        "reset lock_configuration",
        "pragma memory_limit = '100GB'",
        "call enable_profiling(save_location := '{outside}/p')",
        "export database '{outside}/e'",
        "import database '{outside}'",
        "create secret s (type s3)",
        "create persistent secret s (type s3)",
        "commit",
        "rollback; drop table orders",
        "select 1; select 2",
        "select * from secret_frame",
        "vacuum",
        "checkpoint",
        "",
    ],
)
def test_what_the_guard_might_miss_is_stopped_here(workspace: Path, tmp_path: Path, sql: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    before = sorted(path.name for path in workspace.iterdir())
    with pytest.raises(UntrustedSqlError) as error:
        run(workspace, "insert into orders values (9)", sql.format(outside=outside))
    assert "secret\n" not in error.value.line()
    assert sorted(path.name for path in workspace.iterdir()) == before
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]
    with duckdb.connect(str(workspace / WORKSPACE_FILE)) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (3,)


def test_the_environment_is_not_handed_on(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child sees none of our variables, so no key can leak through it."""
    monkeypatch.setenv("OPENAI_API_KEY", "hidden-key")
    seen: list[bytes] = []

    def look() -> None:
        deadline = time.monotonic() + 10
        while not seen and time.monotonic() < deadline:
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"child.py" in (process / "cmdline").read_bytes() and _parent(process) == os.getpid():
                        seen.append((process / "environ").read_bytes())
                except (FileNotFoundError, ProcessLookupError):
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    with pytest.raises(ResourceError):
        run(workspace, "select sleep_ms(60000)", limits=SandboxLimits(seconds=1.5))
    watcher.join()
    assert seen
    assert b"hidden-key" not in seen[0]


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


def test_a_held_workspace_is_a_passing_failure(workspace: Path) -> None:
    with duckdb.connect(str(workspace / WORKSPACE_FILE)), pytest.raises(TransientError, match="cannot be opened"):
        run(workspace, "select 1")
    assert run(workspace, "select 1") == [[(1,)]]


def test_a_crash_of_the_engine_is_told_and_harmless(workspace: Path) -> None:
    """The process is killed from outside, as a system short of memory would."""

    def kill() -> None:
        _wait_until(lambda: bool(_children()))
        for process in _children():
            os.kill(process, signal.SIGSEGV)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(UntrustedSqlError, match="SIGSEGV"):
        run(workspace, "create table a as select 1", "select sleep_ms(20000)")
    killer.join()
    assert names(workspace) == ["orders"]


def _children(parent: int | None = None) -> Sequence[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if _parent(process) == (parent or os.getpid()) and b"child.py" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_the_child_dies_with_its_parent(workspace: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from tools.sql.sandbox import Statement, run_statements\nprint('go', flush=True)\n"
        "run_statements(Path(sys.argv[1]), [Statement(sql='create table a as select 1'),"
        " Statement(sql='select count(*) from range(1000000000) a, range(1000000000) b')])\n"
    )
    command = [sys.executable, "-c", script, str(workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        _wait_until(lambda: bool(_holders(process.pid, workspace)))
        [child] = _holders(process.pid, workspace)
        process.kill()
    _wait_until(lambda: not _is_running(child))
    assert names(workspace) == ["orders"]


def _holders(parent: int, workspace: Path) -> list[int]:
    """The children of a process that have the workspace open."""
    database = str(workspace / WORKSPACE_FILE)
    found = []
    for child in _children(parent):
        try:
            if any(str(link.readlink()) == database for link in Path(f"/proc/{child}/fd").iterdir()):
                found.append(child)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _is_running(process: int) -> bool:
    """Return whether a thread of a process is left: the first may have ended, and others still hold its locks."""
    try:
        stats = [(task / "stat").read_text() for task in Path(f"/proc/{process}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/task").exists() and _is_running(process)
    return any(stat.rpartition(")")[2].split()[0] != "Z" for stat in stats)


def _wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_process_is_left(workspace: Path) -> None:
    with pytest.raises(ResourceError):
        run(workspace, "select sleep_ms(60000)", limits=SandboxLimits(seconds=0.5))
    run(workspace, "select 1")
    assert _children() == []


def test_starting_is_quick(workspace: Path) -> None:
    spent = []
    for _ in range(3):
        started = _spent_by_children()
        run(workspace, "select 1")
        spent.append(_spent_by_children() - started)
    assert min(spent) < 0.5  # 0.12 s on an idle machine


def _spent_by_children() -> float:
    """Seconds of processor: the clock would tell what else the machine does."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.mark.parametrize(
    ("text", "size"), [("4GB", 4 * 10**9), ("1.5GiB", 3 * 2**29), ("512 mb", 512 * 10**6), ("7", 7)]
)
def test_memory_sizes(text: str, size: int) -> None:
    assert SandboxLimits(memory=text).memory_bytes == size


@pytest.mark.parametrize("limits", [{"memory": "much"}, {"seconds": 0}, {"threads": 0}, {"memory": "-1GB"}])
def test_senseless_limits_are_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SandboxLimits.model_validate(limits)


def test_a_locked_engine_reads_what_is_allowed_only(tmp_path: Path) -> None:
    allowed, outside = tmp_path / "in", tmp_path / "in-other"
    for folder in (allowed, outside):
        folder.mkdir()
        (folder / "x.csv").write_text("a,b\n1,2\n")
    (outside / "single.csv").write_text("a\n7\n")
    (allowed / "link.csv").symlink_to(outside / "x.csv")
    (allowed / "folder").symlink_to(outside)
    with duckdb.connect() as connection:
        lock_engine(connection, allowed=[allowed, outside / "single.csv"])
        assert connection.execute(f"select a from read_csv('{allowed}/x.csv')").fetchall() == [(1,)]
        assert connection.execute(f"select a from read_csv('{outside}/single.csv')").fetchall() == [(7,)]
        for sql in (
            f"select * from read_csv('{outside}/x.csv')",
            f"select * from read_csv('{allowed}/../in-other/x.csv')",
            f"select * from read_csv('{allowed}/link.csv')",
            f"select * from read_csv('{allowed}/folder/x.csv')",
            f"select * from glob('{outside}/*')",
            f"copy (select 1) to '{outside}/new.csv'",
            f"attach '{outside}/new.duckdb'",
            "set threads = 1",
            "set enable_external_access = true",
            "install httpfs",
            "load httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)
    assert sorted(path.name for path in outside.iterdir()) == ["single.csv", "x.csv"]
