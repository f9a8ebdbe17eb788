"""Sources that change or vanish between the scan and the landing."""

import os
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

import nodes.intake
from graphs.session import resume, run
from state.errors import SourceError
from state.run import RunContext, RunStatus

Disturb = Callable[[Callable[[], None], int], list[int]]


@pytest.fixture
def disturb(monkeypatch: pytest.MonkeyPatch) -> Disturb:
    """Do something after each of the first `times` scans; returns the count of scans."""

    def plant(act: Callable[[], None], times: int) -> list[int]:
        real, scans = nodes.intake.write_intake, [0]

        def then_disturbed(*args: Any) -> Any:
            written = real(*args)
            scans[0] += 1
            if scans[0] <= times:
                act()
            return written

        monkeypatch.setattr(nodes.intake, "write_intake", then_disturbed)
        return scans

    return plant


def go(job: Any) -> Any:
    return run(job.contract, [str(job.sources)], job.out, run_id="r1", context=RunContext(home=str(job.home)))


def customers(job: Any) -> list[Any]:
    with duckdb.connect() as connection:
        return connection.execute(f"select name from '{job.out / 'customers.parquet'}' order by 1").fetchall()


def test_a_file_that_grew_and_changed_its_columns_is_read_as_it_is_now(job: Any, disturb: Disturb) -> None:
    file = job.sources / "customers.csv"

    def rewrite() -> None:
        file.write_text(
            "country;customer id;full;name\nGermany;7;x;Zoe\nUK;2;x;Bob\nGermany;1;x;Ann\nGermany;3;x;Eve\n"
        )

    scans = disturb(rewrite, 1)
    assert go(job)["status"] is RunStatus.PUBLISHED
    assert scans == [2]
    assert customers(job) == [("Ann",), ("Bob",), ("Eve",), ("Zoe",)]


def test_a_change_of_the_same_size_is_noticed(job: Any, disturb: Disturb) -> None:
    file = job.sources / "customers.csv"

    def swap() -> None:
        before = file.stat()
        file.write_text(file.read_text().replace("Bob", "Rob"))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))

    disturb(swap, 1)
    assert go(job)["status"] is RunStatus.PUBLISHED
    assert ("Rob",) in customers(job)


def test_a_file_that_never_stops_changing_stops_the_run_and_can_be_resumed(job: Any, disturb: Disturb) -> None:
    file, count = job.sources / "customers.csv", [0]

    def grow() -> None:
        count[0] += 1
        with file.open("a") as handle:
            handle.write(f"{100 + count[0]},More{count[0]},Germany\n")

    scans = disturb(grow, 4)
    with pytest.raises(SourceError, match="keeps changing while it is read"):
        go(job)
    assert scans == [4]
    assert not list(job.out.glob("*.parquet"))


def test_a_file_that_is_gone_stops_the_run_until_it_is_back(job: Any, disturb: Disturb) -> None:
    file = job.sources / "orders_1.csv"
    content = file.read_bytes()
    disturb(file.unlink, 1)
    with pytest.raises(SourceError, match=r"orders_1\.csv: is gone since it was scanned"):
        go(job)
    file.write_bytes(content)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
