"""Hierarchical delegation, node by node: the coordinator shares out, teams give orders, reports are checked.

The coordinator sees the work as a whole and says how the hierarchy performed; a lead gives orders to workers, finds out
whether their reports are true, and gives anew what was not done.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.delegation.again import delegate_again
from algorithms.delegation.cutting import Group, cut, share_out
from algorithms.delegation.figures import missing, record_of, report_of
from algorithms.delegation.rules import refusal
from algorithms.delegation.sizing import estimate, form_of, shape_of, workers_for
from nodes.context import check_own, context_of, validated
from nodes.events import emit
from nodes.file_orders import Workplace, carry_out, do_itself, is_false
from nodes.file_workers import COORDINATOR, Crew, crew_of, worker_names
from state.delegation import (
    Assignment,
    Begun,
    Form,
    HierarchyOutput,
    HierarchyRecord,
    HierarchyShape,
    HierarchyState,
    Order,
    OrderInput,
    OrderKind,
    OrderReport,
    OrderStatus,
    Rank,
    Setback,
    TeamInput,
    TeamRef,
    TeamReport,
    TeamState,
    WorkFigures,
)
from state.errors import SetupError
from state.run import RunContext
from state.sources import Wanted
from tools.agents.roster import current
from tools.delegation.book import OrderBook, write_book
from tools.delegation.groups import groups_to_land, groups_to_scan
from tools.intake import CONTRACT_FILE, read_contract, read_intake
from tools.sources.find import FoundSources
from tools.sources.inventory import find_inputs
from tools.sources.paths import wanted_addresses
from tools.sources.transactions import prepare


class CoordinateOutput(TypedDict):
    """Keys the coordinator's first node writes."""

    assignment: Assignment
    work: WorkFigures
    shape: HierarchyShape
    begun: Begun
    teams: tuple[TeamRef, ...]


class WorkOutput(TypedDict):
    """The key a worker's branch writes."""

    reports: dict[str, OrderReport]


class GiveOutput(TypedDict):
    """The key the first wave writes."""

    wave: tuple[Order, ...]


class CheckOutput(TypedDict):
    """Keys the lead writes after each wave."""

    wave: tuple[Order, ...]
    reports: dict[str, OrderReport]
    setbacks: tuple[Setback, ...]
    checking: float


class TeamDone(TypedDict):
    """The key a team's last node writes."""

    team_reports: dict[str, TeamReport]


def coordinate(state: HierarchyState, runtime: Runtime[RunContext]) -> CoordinateOutput:
    """Look at the work as a whole and share it out: the order book goes to the run's folder."""
    begun = Begun(at=time.time(), process=os.getpid(), cpu=time.process_time())
    assignment, context = validated(Assignment, state.get("assignment"), "assignment"), context_of(runtime)
    check_own(runtime, assignment.run_id)
    place = Workplace(assignment, context)
    found, groups, size = _work_of(assignment, place)
    files = sum(map(len, groups))
    if not files:
        raise SetupError("there is nothing to share out", where=assignment.key, hint="name sources with files")
    work = WorkFigures(
        files=files,
        variants=len(groups),
        tables=_tables(place),
        bytes=size,
        seconds=round(estimate(assignment.kind, files, size), 3),
    )
    form, reason = form_of(work, context.patterns.hierarchy)
    workers = 1 if form is Form.ALONE else workers_for(work, context.workers)
    teams, orders = _share_out(assignment, groups, form, workers)
    shape = shape_of(form, reason, teams=len(teams), workers=workers, orders=len(orders))
    wanted = wanted_addresses(read_contract(place.run_folder)) if _has_contract(place) else Wanted()
    write_book(place.folder, OrderBook(found=found, wanted=wanted, orders=orders, teams=teams))
    emit(
        "hierarchy", f"{assignment.key}:shared", kind=assignment.kind.value, form=form.value, depth=shape.depth,
        teams=shape.teams, workers=workers, orders=shape.orders, files=files, detail=reason,
    )  # fmt: skip
    return {"assignment": assignment, "work": work, "shape": shape, "begun": begun, "teams": teams}


def _work_of(assignment: Assignment, place: Workplace) -> tuple[FoundSources, list[Group], int]:
    """Return what was found, the files by kind, and their bytes together."""
    if assignment.kind is OrderKind.SCAN:
        found = find_inputs(assignment.sources, place.limits)
        groups, size = groups_to_scan(found)
        return found, groups, size
    with place.connection() as connection:
        intake = read_intake(place.run_folder)
        prepare(connection, intake.inventory.variants, ())  # workers side by side could not make one table
        groups, size = groups_to_land(connection, intake)
    return FoundSources(files=()), groups, size


def _has_contract(place: Workplace) -> bool:
    return (place.run_folder / CONTRACT_FILE).exists()


def _tables(place: Workplace) -> int:
    return len(read_contract(place.run_folder).tables) if _has_contract(place) else 0


def _share_out(
    assignment: Assignment, groups: Sequence[Group], form: Form, workers: int
) -> tuple[tuple[TeamRef, ...], dict[str, Group]]:
    """Return the teams, and which files each order is about."""
    parts = share_out(groups) if form is Form.TEAMS else [list(groups)]
    teams, book = [], dict[str, Group]()
    for number, part in enumerate(parts, 1):
        team = f"{assignment.key}/t{number:02d}"
        cuts = cut(part)
        book |= {f"{team}/{place:03d}": files for place, files in enumerate(cuts, 1)}
        own = form is not Form.TEAMS
        lead, rank = (COORDINATOR, Rank.COORDINATOR) if own else (f"lead-{number:02d}", Rank.SUBCOORDINATOR)
        first = len(book) - len(cuts)
        teams.append(TeamRef(team=team, lead=lead, rank=rank, orders=len(cuts), first=first % workers, workers=workers))
    return tuple(teams), book


def team_branches(state: HierarchyState) -> list[TeamInput]:
    """Return what each lead is sent."""
    return [{"assignment": state["assignment"], "team": team} for team in state["teams"]]


def give_orders(state: TeamState, runtime: Runtime[RunContext]) -> GiveOutput:
    """Give each order of the team to a worker, one after the other in turn; SetupError where the rules forbid it."""
    team, assignment, context = state["team"], state["assignment"], context_of(runtime)
    refused = refusal(assignment.kind, team.rank, Rank.WORKER)
    if refused:
        raise SetupError(refused, where=team.team)
    book, crew = Workplace(assignment, context).book, _crew_from(team)
    keys = sorted(key for key in book.orders if key.startswith(f"{team.team}/"))
    return {
        "wave": tuple(
            Order(
                key=key,
                kind=assignment.kind,
                files=len(book.orders[key]),
                lead=team.lead,
                rank=team.rank,
                worker=crew[number % len(crew)] if team.workers > 1 else team.lead,
                attempt=1,
                seconds=context.order_seconds if team.workers > 1 else 0.0,
            )
            for number, key in enumerate(keys)
        )
    }


def _crew_from(team: TeamRef) -> tuple[str, ...]:
    """Return the workers in the order in which this team gives them orders; those taken out get none."""
    roster, every = current(), worker_names(team.workers)
    names = tuple(name for name in every if roster.admits(name)) or every
    first = team.first % len(names)
    return (*names[first:], *names[:first])


def order_branches(state: TeamState) -> list[OrderInput]:
    """Return what each worker of the wave is sent."""
    now = time.time()
    return [{"assignment": state["assignment"], "order": order, "sent": now} for order in state["wave"]]


def work(state: OrderInput, runtime: Runtime[RunContext]) -> WorkOutput:
    """Let one worker carry out an order, or the lead where no worker could."""
    order, assignment = state["order"], state["assignment"]
    place = Workplace(assignment, context_of(runtime))
    if order.worker == order.lead:
        report = do_itself(order, place)
    else:
        report = carry_out(order, place, _crew(place, assignment))
    report = report.model_copy(update={"sent": state["sent"]})
    told = ", ".join(f"{count} {name}" for name, count in report.figures.items()) or report.problem
    emit("order", f"{order.key}#{order.attempt}", worker=order.worker, status=report.status.value, detail=told[:200])
    return {"reports": {order.key: report}}


def _crew(place: Workplace, assignment: Assignment) -> Crew:
    teams = place.book.teams
    leads = tuple(dict.fromkeys(team.lead for team in teams))
    return crew_of(f"{place.folder}@{assignment.key}", teams[0].workers, leads, place.slots)


def check_reports(state: TeamState, runtime: Runtime[RunContext]) -> CheckOutput:
    """Find out which reports of the wave are true, and give anew what was not done."""
    started = time.thread_time()
    place, team, given = Workplace(state["assignment"], context_of(runtime)), state["team"], state["wave"]
    reports = {order.key: _report_on(order, state.get("reports", {})) for order in given}
    with _evidence(state["assignment"], place) as connection:
        for order in given:
            report = reports[order.key]
            false = is_false(order, report, place, connection) if report.status is OrderStatus.DONE else ""
            if false:
                refuted = {"status": OrderStatus.REFUTED, "problem": false[:200]}
                reports[order.key] = report.model_copy(update=refuted)
    setbacks = (*state.get("setbacks", ()), *map(_setback, _not_done(reports)))
    wave = delegate_again(given, reports, setbacks, _crew_from(team))
    for setback in map(_setback, _not_done(reports)):
        detail = f"{setback.worker}: {setback.status.value}: {setback.problem}"
        emit("redelegated", f"{setback.key}#{setback.attempt}:again", detail=detail[:200])
    checking = state.get("checking", 0.0) + time.thread_time() - started
    return {"wave": wave, "reports": reports, "setbacks": setbacks, "checking": checking}


def _report_on(order: Order, reports: dict[str, OrderReport]) -> OrderReport:
    """Return the report on this attempt; one that is missing at the join is a failure."""
    report = reports.get(order.key)
    if report is not None and report.attempt == order.attempt:
        return report
    return OrderReport(
        key=order.key,
        attempt=order.attempt,
        worker=order.worker,
        status=OrderStatus.FAILED,
        problem="there is no report",
    )


@contextmanager
def _evidence(assignment: Assignment, place: Workplace) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """Open the workspace where that is what reports are checked against."""
    if assignment.kind is OrderKind.SCAN:
        yield None
        return
    with place.connection() as connection:
        yield connection


def _not_done(reports: dict[str, OrderReport]) -> list[OrderReport]:
    return [report for report in reports.values() if report.status is not OrderStatus.DONE]


def _setback(report: OrderReport) -> Setback:
    return Setback(
        key=report.key,
        attempt=report.attempt,
        worker=report.worker,
        status=report.status,
        problem=report.problem[:200],
        ended=report.ended,
        seconds=report.seconds,
    )


def close_team(state: TeamState) -> TeamDone:
    """Report what the team did."""
    team = state["team"]
    report = report_of(team, state["reports"], state.get("setbacks", ()), state.get("checking", 0.0))
    return {"team_reports": {team.team: report}}


def aggregate(state: HierarchyState) -> HierarchyOutput:
    """See that everything is there, and say how the hierarchy performed; SetupError where a team is missing."""
    lacking = missing(state["teams"], state["team_reports"])
    if lacking:
        raise SetupError(f"not all orders of {', '.join(lacking)} are done", where=state["assignment"].key)
    begun, assignment = state["begun"], state["assignment"]
    reports = [state["team_reports"][team.team] for team in state["teams"]]
    same = begun.process == os.getpid()
    cpu = time.process_time() - begun.cpu - sum(report.cpu for report in reports) if same else None
    record = record_of(assignment, state["work"], state["shape"], reports, time.time() - begun.at, cpu)
    emit("delegated", f"{assignment.key}:ended", detail=told(record))
    return {"hierarchy": {assignment.key: record}}


def told(record: HierarchyRecord) -> str:
    """Return a record as one line for people."""
    again = f", {record.redelegated} delegated again" if record.redelegated else ""
    return (
        f"{record.done} orders{again}; at once {record.most_at_once}, parallelism {record.parallelism:.1f}, "
        f"overhead {record.overhead:.2f} s of {record.elapsed:.2f} s, waited {record.waiting:.2f} s"
    )
