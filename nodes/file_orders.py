"""What a worker does with an order, what may be wrong with it for rehearsal, and whether its report is true."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from nodes.file_workers import Crew
from state.delegation import Assignment, Order, OrderKind, OrderReport, OrderStatus, WorkerFault
from state.errors import StepError
from state.run import RunContext
from state.sources import LINE_BITS
from tools.delegation.book import OrderBook, delegation_folder, read_book
from tools.delegation.checking import false_landing, false_scan
from tools.delegation.landing import land_order, take_away
from tools.delegation.scanning import accept_part, read_part, scan_order, write_part
from tools.intake import read_intake
from tools.sources.limits import LandingLimits
from tools.sources.transactions import variant_table
from tools.workspace import open_workspace

_FOR_EVER = 3_600.0


class Workplace:
    """Where an assignment is worked on: the folders, the order book, and what the context allows."""

    def __init__(self, assignment: Assignment, context: RunContext) -> None:
        self.context, self.run_folder = context, context.run_folder(assignment.run_id)
        self.folder = delegation_folder(self.run_folder, assignment)
        self.limits = LandingLimits(max_decompressed_bytes=context.max_decompressed_bytes)

    @property
    def book(self) -> OrderBook:
        """The order book."""
        return read_book(self.folder)

    @property
    def slots(self) -> int:
        """Orders that are worked on at once."""
        return max(1, min(self.context.parallel_steps, self.context.threads))

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the workspace with this order's share of the engine's threads."""
        threads = max(1, self.context.threads // self.slots)
        with open_workspace(self.run_folder, threads=threads, memory=self.context.memory) as connection:
            yield connection


def carry_out(order: Order, place: Workplace, crew: Crew) -> OrderReport:
    """Let the order's worker do it within its time.

    A worker that is late loses its connection to the workspace before anybody else gets the order: what it does later
    changes nothing.
    """
    fault = place.context.worker_faults.get(order.worker)
    if order.kind is OrderKind.SCAN:
        return crew.carry_out(order, lambda given: _scan(given, place, fault))
    with place.connection() as connection:
        report = crew.carry_out(order, lambda given: _land(given, place, connection, fault))
        if report.status is OrderStatus.LATE:
            take_away(connection)
        return report


def do_itself(order: Order, place: Workplace) -> OrderReport:
    """Do an order as its lead, however long it takes; what goes wrong rises."""
    started, cpu = time.time(), time.thread_time()
    if order.kind is OrderKind.SCAN:
        report = _scan(order, place, None)
    else:
        with place.connection() as connection:
            report = _land(order, place, connection, None)
    seconds = {"started": started, "seconds": time.time() - started, "cpu": time.thread_time() - cpu}
    return report.model_copy(update=seconds)


def is_false(order: Order, report: OrderReport, place: Workplace, connection: duckdb.DuckDBPyConnection | None) -> str:
    """Return what is not true of a report that says done; a scan that is true counts from now on."""
    book = place.book
    if connection is not None:
        inventory = read_intake(place.run_folder).inventory
        return false_landing(connection, inventory, book.orders[order.key], report)
    false = false_scan(place.folder, book, order, report, place.limits)
    if not false:
        accept_part(place.folder, order.key, order.attempt)
    return false


def _scan(order: Order, place: Workplace, fault: WorkerFault | None) -> OrderReport:
    _misbehave(fault)
    if fault is WorkerFault.CLAIMS:
        return _done(order, {"files": order.files, "lines": 0}, "0" * 64)
    figures, evidence = scan_order(place.folder, place.book, order, place.limits)
    if fault is WorkerFault.DROPS:
        part, _ = read_part(place.folder, order.key, order.attempt)
        last = part.scanned[-1]
        file = last.files[-1].model_copy(update={"lines": last.files[-1].lines - 1})
        changed = last.model_copy(update={"files": (*last.files[:-1], file)})
        evidence = write_part(place.folder, order, part.model_copy(update={"scanned": (*part.scanned[:-1], changed)}))
        figures = {**figures, "lines": figures["lines"] - 1}
    return _done(order, _told(figures, fault), evidence)


def _land(
    order: Order, place: Workplace, connection: duckdb.DuckDBPyConnection, fault: WorkerFault | None
) -> OrderReport:
    _misbehave(fault)
    if fault is WorkerFault.CLAIMS:
        return _done(order, {"files": order.files, "records": 0, "rejects": 0}, "0" * 64)
    figures, evidence = land_order(connection, place.run_folder, place.book, order)
    if fault is WorkerFault.DROPS:
        _drop_a_record(order, place, connection)
        figures = {**figures, "records": figures["records"] - 1}
    return _done(order, _told(figures, fault), evidence)


def _drop_a_record(order: Order, place: Workplace, connection: duckdb.DuckDBPyConnection) -> None:
    """Take a record out of what was landed, and let the books say that its line was blank."""
    inventory, file_id = read_intake(place.run_folder).inventory, place.book.orders[order.key][0]
    variant = next(each for each in inventory.variants if file_id in each.file_ids)
    rows = f"select max(_row) from {variant_table(variant)} where _row >> {LINE_BITS} = {file_id}"
    connection.execute(f"delete from {variant_table(variant)} where _row = ({rows})")
    connection.execute(
        "update land.files set records = records - 1, record_lines = record_lines - 1, blank_lines = blank_lines + 1 "
        f"where file_id = {file_id}"
    )


def _misbehave(fault: WorkerFault | None) -> None:
    if fault is WorkerFault.RAISES:
        raise StepError("a rehearsed failure")
    if fault is WorkerFault.HANGS:
        threading.Event().wait(_FOR_EVER)
    if fault is WorkerFault.WAKES:
        threading.Event().wait(_WAKES_AFTER)


_WAKES_AFTER = 3.0
"""Seconds after which a worker that wakes does its work: the rehearsal gives orders less."""


def _told(figures: dict[str, int], fault: WorkerFault | None) -> dict[str, int]:
    return {name: count + 1 for name, count in figures.items()} if fault is WorkerFault.MISCOUNTS else figures


def _done(order: Order, figures: dict[str, int], evidence: str) -> OrderReport:
    return OrderReport(
        key=order.key,
        attempt=order.attempt,
        worker=order.worker,
        status=OrderStatus.DONE,
        figures=figures,
        evidence=evidence,
    )
