"""Runs that meet: the same id, the same destination at once, killed in the middle; and outputs beside the sources."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from graphs.session import run
from state.errors import RunError, SetupError
from state.run import RunContext, RunRequest, RunStatus
from tools.admission import admit
from tools.outputs.destination import locked

ROOT = Path(__file__).resolve().parents[2]


def arguments(job: Any, run_id: str) -> list[object]:
    return ["run", job.contract, job.sources, "--out", job.out, "--run-id", run_id]


def test_two_runs_of_one_id_at_once_are_one_run(calling: Any, job: Any) -> None:
    both = [calling(*arguments(job, "same"), home=job.home) for _ in range(2)]
    told = [worker.ended() for worker in both]
    assert sorted(code for code, *_ in told) == [0, 2], told
    loser = next(errors for code, _, errors in told if code == 2)
    assert "exists already" in loser or "another process" in loser


def test_two_runs_into_one_destination_at_once_publish_one_after_the_other(
    calling: Any, job: Any, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        job.contract.read_text()
        .replace("shop-small", "other")
        .replace("maxQuarantine, value: 0.5", "maxQuarantine, value: 0.6")
    )
    first = calling(*arguments(job, "a"), home=job.home)
    second = calling("run", other, job.sources, "--out", job.out, "--run-id", "b", home=tmp_path / "home2")
    told = [worker.ended() for worker in (first, second)]
    assert [code for code, *_ in told] == [0, 0], told
    receipts = [json.loads((job.out / "_runs" / name / "receipt.json").read_text()) for name in ("a", "b")]
    assert [receipt["run_id"] for receipt in receipts] == ["a", "b"]
    with duckdb.connect() as connection:
        for table, rows in (("customers", 3), ("orders", 3), ("totals", 3)):
            assert connection.execute(f"select count(*) from '{job.out}/{table}.parquet'").fetchone() == (rows,)
    assert not (job.out / "_runs" / ".journal.json").exists()


def test_a_name_in_a_destination_belongs_to_one_home(job: Any, tmp_path: Path) -> None:
    run(job.contract, [job.sources], job.out, run_id="r1", context=RunContext(home=str(job.home)))
    told = (job.out / "_runs" / "r1" / "run.json").read_bytes()
    with pytest.raises(RunError, match=r"another home folder.*--run-id"):
        run(job.contract, [job.sources], job.out, run_id="r1", context=RunContext(home=str(tmp_path / "home2")))
    assert (job.out / "_runs" / "r1" / "run.json").read_bytes() == told
    assert not (tmp_path / "home2" / "runs").exists()


def test_the_lock_of_a_killed_process_blocks_nobody(job: Any) -> None:
    hold = (
        "import sys, time\nfrom pathlib import Path\nfrom tools.outputs.destination import locked\n"
        "with locked(Path(sys.argv[1]), holder='run dead'):\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, job.out], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=f"run dead, process {holder.pid}"), locked(job.out, holder="me", seconds=0.1):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert (job.out / "_runs" / ".lock").read_text().startswith("run dead")
    output = run(job.contract, [job.sources], job.out, context=RunContext(home=str(job.home)))
    assert output["status"] is RunStatus.PUBLISHED


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_asked_to_end_says_how_it_goes_on(
    calling: Any, job: Any, number: signal.Signals, code: int
) -> None:
    with (job.sources / "orders_1.csv").open("a") as orders:
        orders.writelines(f"{1000 + n},1,2024-03-01,1.50,2024-03-01 10:00:00\n" for n in range(60_000))
    worker = calling(*arguments(job, "r1"), home=job.home)
    worker.hear("landed")
    os.kill(worker.pid, number)
    ended, _, errors = worker.ended()
    assert ended == code
    assert errors.splitlines()[-1].startswith("millwright: stopped")
    ended, output, _ = calling("resume", "r1", home=job.home).ended()
    assert output.startswith("Published")
    assert ended == 0


def test_outputs_below_the_sources_are_no_sources(job: Any) -> None:
    out, context = job.sources / "published", RunContext(home=str(job.sources / ".millwright"))
    for number in range(2):
        output = run(job.contract, [job.sources], out, run_id=f"r{number}", context=context)
        assert output["status"] is RunStatus.PUBLISHED
        (out / "orders_export.csv").write_text("order_id\n999\n")
    told = [json.loads((out / "_runs" / f"r{number}" / "run.json").read_text()) for number in range(2)]
    assert [run["sources"]["files"] for run in told] == [3, 3]
    assert told[0]["sources"]["sha256"] == told[1]["sources"]["sha256"]


def test_a_destination_that_is_a_source_is_refused(job: Any, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(job.sources)
    for out in (job.sources, link):
        request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(out), run_id="r1")
        with pytest.raises(SetupError, match="is a source as well"):
            admit(request, RunContext(home=str(job.home)))
    assert not (job.sources / "_runs").exists()


def test_links_in_the_destination_are_replaced_or_refused_never_followed(job: Any, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.txt").write_text("precious")
    (elsewhere / "orders").write_text("precious")
    job.out.mkdir()
    (job.out / "orders.parquet").symlink_to(elsewhere / "orders")
    (job.out / "customers.parquet").symlink_to(elsewhere)
    (job.out / "totals.parquet").symlink_to(elsewhere / "missing")
    context = RunContext(home=str(job.home))
    assert run(job.contract, [job.sources], job.out, context=context)["status"] is RunStatus.PUBLISHED
    assert not any(path.is_symlink() for path in job.out.iterdir())
    assert sorted(path.name for path in elsewhere.iterdir()) == ["orders", "precious.txt"]
    assert {path.read_text() for path in elsewhere.iterdir()} == {"precious"}
    (job.out / "_runs" / "r9").symlink_to(elsewhere)
    with pytest.raises(SetupError, match="is a link"):
        run(job.contract, [job.sources], job.out, run_id="r9", context=context)
    (job.out / "_runs" / ".lock").unlink()
    (job.out / "_runs" / ".lock").symlink_to(elsewhere / "precious.txt")
    with pytest.raises(SetupError, match="cannot be written"), locked(job.out, holder="me"):
        pass
    assert (elsewhere / "precious.txt").read_text() == "precious"
    second = tmp_path / "second"
    second.mkdir()
    (second / "_runs").symlink_to(elsewhere)
    with pytest.raises(SetupError, match="is a link"):
        run(job.contract, [job.sources], second, run_id="r1", context=context)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["orders", "precious.txt"]


def test_a_linked_destination_and_home_are_the_folders_they_lead_to(job: Any, tmp_path: Path) -> None:
    for name in ("real_out", "real_home"):
        (tmp_path / name).mkdir()
    job.out.symlink_to(tmp_path / "real_out")
    job.home.symlink_to(tmp_path / "real_home")
    output = run(job.contract, [job.sources], job.out, context=RunContext(home=str(job.home)))
    assert output["status"] is RunStatus.PUBLISHED
    assert (tmp_path / "real_out" / "orders.parquet").is_file()


@pytest.mark.parametrize("out", ["dangling", "file", "file/below"])
def test_a_destination_that_cannot_be_a_folder_is_one_line(job: Any, tmp_path: Path, out: str) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="--out"):
        run(job.contract, [job.sources], tmp_path / out, context=RunContext(home=str(job.home)))
    assert not (tmp_path / "nowhere").exists()
