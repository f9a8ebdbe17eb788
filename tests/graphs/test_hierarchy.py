"""Hierarchical delegation as a graph and within intake: whatever one worker does, the result is that of one worker."""

import shutil
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

import nodes.delegation
import nodes.file_orders
from evals.hierarchy.files import write_input
from graphs.hierarchy import graph as hierarchy
from graphs.intake import graph as intake
from nodes.file_workers import Crew
from state.delegation import Assignment, Form, Order, OrderKind, OrderReport, OrderStatus, Rank, WorkerFault
from state.errors import SetupError, SourceError
from state.run import Patterns, RunContext, RunRequest
from tools.intake import read_intake
from tools.workspace import WORKSPACE_FILE

FILES, VARIANTS, ROWS = 320, 4, 2
OWN = {"text_path", "given_path", "stamp"}
"""What says where copies were put, and when."""


def context(home: Path, switch: str = "on", fault: WorkerFault | None = None, seconds: float = 60.0) -> RunContext:
    faults = {"worker-02": fault} if fault else {}
    return RunContext(home=str(home), patterns=Patterns(hierarchy=switch), worker_faults=faults, order_seconds=seconds)


def take_in(folder: Path, name: str, **options: Any) -> tuple[dict[str, Any], list[Any]]:
    """Let intake take in the files; return its output, and all that it found and landed."""
    home = folder / name
    request = RunRequest(
        contract=str(folder / "contract.odcs.yaml"), sources=(str(folder / "input"),), out=str(home / "out"), run_id="r"
    )
    output = intake.invoke({"request": request}, context=context(home, **options))  # type: ignore[arg-type]
    return output, found_in(home / "runs" / "r")


def found_in(folder: Path) -> list[Any]:
    found = read_intake(folder)
    files = [file.model_dump(exclude=OWN) for file in found.inventory.files]
    with duckdb.connect(str(folder / WORKSPACE_FILE)) as connection:
        tables = [f"land.{variant.variant_id}" for variant in found.inventory.variants]
        rows = [connection.execute(f"select * from {table}").fetchall() for table in tables]
        books = connection.execute("select * from land.files order by 1").fetchall()
    return [files, found.inventory.variants, found.inventory.warnings, found.table_files, rows, books]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_input(folder, FILES, variants=VARIANTS, rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def alone(files: Path) -> list[Any]:
    output, found = take_in(files, "alone", switch="off")
    assert not output["hierarchy"]
    return found


@pytest.mark.parametrize(("switch", "form", "depth"), [("flat", Form.WORKERS, 2), ("on", Form.TEAMS, 3)])
def test_a_hierarchy_finds_and_lands_what_one_worker_does(
    files: Path, alone: list[Any], switch: str, form: Form, depth: int
) -> None:
    output, found = take_in(files, switch, switch=switch)
    assert found == alone
    scanned, landed = output["hierarchy"]["scan:0"], output["hierarchy"]["land:0"]
    assert {scanned.shape.form, landed.shape.form} == {form}
    assert (scanned.shape.depth, landed.shape.depth) == (depth, depth)
    assert scanned.figures == {"files": FILES, "lines": FILES * (ROWS + 1)}
    assert landed.figures == {"files": FILES, "records": FILES * ROWS, "rejects": 0}
    assert landed.done == landed.shape.orders
    assert landed.redelegated == scanned.redelegated == 0
    assert 1 <= landed.most_at_once <= 2


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (WorkerFault.RAISES, "failed"),
        (WorkerFault.CLAIMS, "refuted"),
        (WorkerFault.MISCOUNTS, "refuted"),
        (WorkerFault.DROPS, "refuted"),
    ],
)
def test_a_worker_that_fails_or_lies_changes_nothing(
    files: Path, alone: list[Any], fault: WorkerFault, status: str
) -> None:
    output, found = take_in(files, fault.value, fault=fault)
    assert found == alone
    for record in output["hierarchy"].values():
        assert getattr(record, status) == record.redelegated > 0
        assert {setback.worker for setback in record.setbacks} == {"worker-02"}


def test_a_late_worker_does_not_block_the_run_and_changes_nothing_when_it_wakes(
    files: Path, alone: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes.file_orders, "_WAKES_AFTER", 6.0)
    output, _ = take_in(files, "wakes", fault=WorkerFault.WAKES, seconds=4.0)
    assert output["hierarchy"]["land:0"].late > 0
    for thread in threading.enumerate():
        if thread.name == "worker-02":
            thread.join(timeout=30)
    assert found_in(files / "wakes" / "runs" / "r") == alone


def test_without_a_look_at_the_evidence_the_lie_is_believed(
    files: Path, alone: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: the tests above would find it."""
    monkeypatch.setattr(nodes.delegation, "is_false", _believe)
    _, found = take_in(files, "believed", fault=WorkerFault.DROPS, switch="flat")
    assert found != alone


def _believe(order: Order, report: OrderReport, place: Any, connection: Any) -> str:
    """Believe what is said of a landing: a scan that is believed wrongly is found by the books of the landing."""
    return nodes.file_orders.is_false(order, report, place, None) if connection is None else ""


def test_few_files_meet_no_hierarchy(tmp_path: Path) -> None:
    write_input(tmp_path, 3, rows=2)
    output, _ = take_in(tmp_path, "few")
    assert not output["hierarchy"]


def test_a_file_that_nobody_can_read_stops_the_run_as_it_does_without_a_hierarchy(tmp_path: Path) -> None:
    write_input(tmp_path, 200, rows=1)
    (tmp_path / "input" / "branch-00100.csv").write_bytes(bytes(range(32)) * 40)
    with pytest.raises(SourceError, match=r"branch-00100\.csv: does not look like text"):
        take_in(tmp_path, "hierarchy")
    with pytest.raises(SourceError, match=r"branch-00100\.csv: does not look like text"):
        take_in(tmp_path, "alone", switch="off")


def test_files_whose_dialect_hangs_on_the_first_of_their_kind_are_read_as_by_one_worker(tmp_path: Path) -> None:
    """The header line is the same below different first lines: another part of the files asks at another file."""
    write_input(tmp_path, 120, variants=1, rows=3)
    for number, path in enumerate(sorted((tmp_path / "input").iterdir())):
        if number % 3 == 0:
            path.write_text(f"Report of branch {number}\n\n" + path.read_text())
    *shared, rows, books = take_in(tmp_path, "hierarchy", switch="flat")[1]
    *by_one, rows_by_one, books_by_one = take_in(tmp_path, "alone", switch="off")[1]
    assert (shared, books) == (by_one, books_by_one)
    # One worker lands what the engine cannot read behind the rest.
    assert rows == [sorted(table) for table in rows_by_one]


def test_it_runs_alone_on_files_to_scan(files: Path, tmp_path: Path) -> None:
    given = {"assignment": {"sources": [str(files / "input")], "run_id": "alone"}}
    output = hierarchy.invoke(given, context=context(tmp_path))  # type: ignore[arg-type]
    record = output["hierarchy"]["scan:0"]
    assert (record.done, record.figures["files"]) == (record.shape.orders, FILES)
    write_input(tmp_path / "few", 3, rows=2)
    few = {"assignment": {"sources": [str(tmp_path / "few" / "input")], "run_id": "few"}}
    record = hierarchy.invoke(few, context=context(tmp_path))["hierarchy"]["scan:0"]  # type: ignore[arg-type]
    assert (record.shape.form, record.shape.depth, record.figures["files"]) == (Form.ALONE, 1, 3)
    with pytest.raises(SetupError, match=r"assignment\.kind"):
        hierarchy.invoke({"assignment": {"kind": "dance"}}, context=context(tmp_path))  # type: ignore[arg-type]


def test_a_worker_refuses_what_its_rank_may_not_do() -> None:
    crew = Crew(("worker-01",), ("lead",), 1)
    order = Order(
        key="a/b/1", kind=OrderKind.JOIN, files=0, lead="lead", rank=Rank.COORDINATOR, worker="worker-01", attempt=1,
        seconds=5.0,
    )  # fmt: skip
    report = crew.carry_out(order, lambda _: pytest.fail("it was done"))
    assert (report.status, report.problem) == (OrderStatus.FAILED, "a worker does not join")


def test_a_stuck_worker_is_given_up_at_once_and_its_slot_is_free() -> None:
    crew, release = Crew(("worker-01", "worker-02"), ("lead",), 1), threading.Event()

    def order(worker: str, seconds: float) -> Order:
        return Order(
            key=f"a/b/{worker}", kind=OrderKind.SCAN, files=0, lead="lead", rank=Rank.COORDINATOR, worker=worker,
            attempt=1, seconds=seconds,
        )  # fmt: skip

    def hang(given: Order) -> OrderReport:
        release.wait(30)
        return done(given)

    def done(given: Order) -> OrderReport:
        return OrderReport(key=given.key, attempt=given.attempt, worker=given.worker, status=OrderStatus.DONE)

    assert crew.carry_out(order("worker-01", 0.05), hang).status is OrderStatus.LATE
    assert "has not come back" in crew.carry_out(order("worker-01", 60.0), done).problem
    assert crew.carry_out(order("worker-02", 60.0), done).status is OrderStatus.DONE
    wrong = crew.carry_out(order("worker-02", 60.0), lambda given: done(given).model_copy(update={"attempt": 7}))
    assert (wrong.status, wrong.problem) == (OrderStatus.FAILED, "it reports on another order")
    release.set()


def test_the_order_book_is_written_anew_for_each_assignment(files: Path, tmp_path: Path) -> None:
    given = {"assignment": Assignment(sources=(str(files / "input"),), run_id="again")}
    first = hierarchy.invoke(given, context=context(tmp_path, "flat"))  # type: ignore[arg-type]
    again = hierarchy.invoke(given, context=context(tmp_path, "flat"))  # type: ignore[arg-type]
    assert first["hierarchy"]["scan:0"].figures == again["hierarchy"]["scan:0"].figures
    shutil.rmtree(tmp_path / "runs")
