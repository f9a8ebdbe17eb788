"""Several threads have one workspace open: each with its own transaction, and its file is let go when all are done."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.workspace import open_workspace, release_workspace, workspace_kept

STEPS, ROUNDS = 4, 10
_OPENS_IT = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('select 1')"


def another_process_can_open(folder: Path) -> bool:
    command = [sys.executable, "-c", _OPENS_IT, str(folder / "workspace.duckdb")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kept", [False, True])
def test_steps_write_side_by_side_without_conflict(tmp_path: Path, kept: bool) -> None:  # noqa: FBT001
    start = threading.Barrier(STEPS)

    def step(number: int) -> None:
        start.wait(60)
        for each in range(ROUNDS):
            with open_workspace(tmp_path, threads=1 + each % 2, memory="1GB") as connection:
                connection.begin()
                connection.execute(f"delete from ops.value_map where table_name = 't{number}'")
                connection.execute(f"create or replace table typed.t{number} as select range as _row from range(100)")
                connection.execute(f"create or replace view stage.t{number} as select * from typed.t{number}")
                connection.execute(f"insert into ops.quarantine select 't{number}', range, 'r', '' from range(10)")
                connection.execute(f"insert into ops.value_map (table_name) values ('t{number}')")
                connection.execute(f"insert or replace into ops.receipts values ('k{number}', '{each}')")
                connection.commit()

    def all_steps() -> None:
        with ThreadPoolExecutor(STEPS) as pool:
            for future in [pool.submit(step, number) for number in range(STEPS)]:
                future.result()

    if kept:
        with workspace_kept(tmp_path):
            all_steps()
            release_workspace(tmp_path)
            assert another_process_can_open(tmp_path)
            all_steps()
    else:
        all_steps()
    assert another_process_can_open(tmp_path)
    with open_workspace(tmp_path) as connection:
        found = connection.execute("select count(*) from ops.quarantine").fetchall()
        receipts = connection.execute("select count(*), min(receipt) from ops.receipts").fetchall()
        mapped = connection.execute("select count(*) from ops.value_map").fetchall()
    assert found == [(STEPS * ROUNDS * 10 * (1 + kept),)]
    assert receipts == [(STEPS, str(ROUNDS - 1))]
    assert mapped == [(STEPS,)]
