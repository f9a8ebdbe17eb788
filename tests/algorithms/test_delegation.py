"""Sizing, cutting, rules, delegating again and the figures of a hierarchy."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.delegation.again import MOST_ATTEMPTS, delegate_again, left_out
from algorithms.delegation.cutting import cut, share_out
from algorithms.delegation.figures import missing, most_at_once, record_of, report_of, union
from algorithms.delegation.rules import refusal
from algorithms.delegation.sizing import LEAST_FILES, MOST_ORDERS, MOST_TEAMS, form_of, shape_of, workers_for
from state.delegation import (
    Assignment,
    Form,
    Order,
    OrderKind,
    OrderReport,
    OrderStatus,
    Rank,
    Setback,
    TeamRef,
    WorkFigures,
)

CREW = tuple(f"worker-{number:02d}" for number in range(1, 6))
groups = st.lists(st.integers(0, 400), max_size=60).map(
    lambda sizes: [tuple(range(sum(sizes[:at]), sum(sizes[: at + 1]))) for at in range(len(sizes))]
)


def work(files: int, variants: int, seconds: float) -> WorkFigures:
    return WorkFigures(files=files, variants=variants, tables=1, bytes=files * 1000, seconds=seconds)


@pytest.mark.parametrize(
    ("files", "variants", "seconds", "switch", "form"),
    [
        (3, 2, 0.01, "on", Form.ALONE),
        (LEAST_FILES - 1, 9, 5.0, "on", Form.ALONE),
        (5_000, 9, 0.01, "on", Form.ALONE),
        (200, 1, 0.4, "on", Form.WORKERS),
        (1_000, 3, 2.0, "on", Form.WORKERS),
        (1_000, 20, 2.0, "on", Form.TEAMS),
        (1_000, 20, 2.0, "flat", Form.WORKERS),
        (1_000, 20, 2.0, "off", Form.ALONE),
    ],
)
def test_the_work_says_which_form_it_is_worth(
    files: int, variants: int, seconds: float, switch: str, form: Form
) -> None:
    found, reason = form_of(work(files, variants, seconds), switch)
    assert found is form
    assert str(files) in reason
    assert 2 <= workers_for(work(files, variants, seconds), 10) <= 10


@given(groups)
def test_cutting_loses_no_file_and_stays_within_bounds(parts: list[tuple[int, ...]]) -> None:
    files = [file for part in parts for file in part]
    orders = cut(parts)
    assert [file for order in orders for file in order] == files
    assert len(orders) <= MOST_ORDERS
    teams = share_out(parts)
    assert [file for team in teams for group in team for file in group] == files
    assert len(teams) <= MOST_TEAMS
    assert all(group in parts for team in teams for group in team)


def test_many_files_make_greater_orders_not_more_of_them() -> None:
    assert len(cut([tuple(range(100_000))])) <= MOST_ORDERS
    assert [len(order) for order in cut([tuple(range(50))])] == [25, 25]


@pytest.mark.parametrize("kind", list(OrderKind))
@pytest.mark.parametrize("giver", list(Rank))
@pytest.mark.parametrize("receiver", list(Rank))
def test_orders_go_downwards_only(kind: OrderKind, giver: Rank, receiver: Rank) -> None:
    levels = list(Rank)
    allowed = not refusal(kind, giver, receiver)
    if giver is Rank.WORKER or levels.index(giver) > levels.index(receiver):
        assert not allowed
    if receiver is Rank.WORKER and giver is not Rank.WORKER:
        assert allowed == (kind in {OrderKind.SCAN, OrderKind.LAND})
    if kind is OrderKind.JOIN:
        assert allowed == (giver is receiver is Rank.COORDINATOR)


def order(number: int, *, worker: str = CREW[0], attempt: int = 1) -> Order:
    return Order(
        key=f"scan:0/t01/{number:03d}", kind=OrderKind.SCAN, files=1, lead="lead-01", rank=Rank.SUBCOORDINATOR,
        worker=worker, attempt=attempt, seconds=5.0,
    )  # fmt: skip


def report(of: Order, status: OrderStatus, *, final: bool = False, **times: float) -> OrderReport:
    return OrderReport(
        key=of.key, attempt=of.attempt, worker=of.worker, status=status, final=final, figures={"files": 1}, **times
    )


def setback(of: Order, status: OrderStatus) -> Setback:
    return Setback(key=of.key, attempt=of.attempt, worker=of.worker, status=status, problem="")


def play(verdicts: dict[str, OrderStatus], orders: list[Order]) -> tuple[int, list[Order]]:
    """Give orders until all are done: each worker always ends its orders in the same way, the lead does them."""
    wave, setbacks, waves, given_to = tuple(orders), list[Setback](), 0, list[Order]()
    while wave:
        waves += 1
        assert waves <= MOST_ATTEMPTS + 2, "it goes on for ever"
        reports = {each.key: report(each, verdicts.get(each.worker, OrderStatus.DONE)) for each in wave}
        setbacks += [setback(each, reports[each.key].status) for each in wave if reports[each.key].status != "done"]
        given_to += wave
        wave = delegate_again(wave, reports, setbacks, CREW)
    return waves, given_to


statuses = st.sampled_from([OrderStatus.DONE, OrderStatus.FAILED, OrderStatus.LATE, OrderStatus.REFUTED])


@given(st.dictionaries(st.sampled_from(CREW), statuses), st.integers(1, 12))
def test_every_order_is_done_whatever_the_workers_do(verdicts: dict[str, OrderStatus], count: int) -> None:
    orders = [order(number, worker=CREW[number % len(CREW)]) for number in range(count)]
    _, given_to = play(verdicts, orders)
    last = {each.key: each for each in given_to}
    assert set(last) == {each.key for each in orders}
    assert all(
        each.worker == "lead-01" or verdicts.get(each.worker, OrderStatus.DONE) is OrderStatus.DONE
        for each in last.values()
    )
    pairs = [(each.key, each.worker) for each in given_to]
    assert len(pairs) == len(set(pairs)), "nobody gets an order twice"


def test_who_lied_or_was_late_gets_nothing_more_and_who_failed_has_another_chance() -> None:
    first = order(1)
    assert left_out([setback(first, OrderStatus.REFUTED)]) == {first.worker}
    assert left_out([setback(first, OrderStatus.LATE)]) == {first.worker}
    assert left_out([setback(first, OrderStatus.FAILED)]) == set()
    assert left_out([setback(first, OrderStatus.FAILED), setback(order(2), OrderStatus.FAILED)]) == {first.worker}


def test_what_the_operator_must_mend_goes_to_the_lead_at_once() -> None:
    first = order(1)
    told = {first.key: report(first, OrderStatus.FAILED, final=True)}
    (again,) = delegate_again([first], told, [setback(first, OrderStatus.FAILED)], CREW)
    assert (again.worker, again.attempt, again.seconds) == ("lead-01", 2, 0.0)


def test_a_report_that_is_missing_or_of_another_attempt_does_not_count() -> None:
    second = order(1, attempt=2)
    assert delegate_again([second], {}, [], CREW)[0].attempt == 3
    stale = {second.key: report(order(1), OrderStatus.DONE)}
    assert delegate_again([second], stale, [], CREW)[0].attempt == 3


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])))


@given(spans)
def test_the_union_is_the_same_time(intervals: list[tuple[int, int]]) -> None:
    found = union(intervals)
    ticks = {tick for begin, end in intervals for tick in range(begin, end)}
    assert sum(end - begin for begin, end in found) == len(ticks)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    counts = [sum(begin <= tick < end for begin, end in intervals) for tick in ticks]
    assert most_at_once([each for each in intervals if each[0] < each[1]]) == max(counts, default=0)


def test_figures_are_those_of_the_reports() -> None:
    team = TeamRef(team="scan:0/t01", lead="lead-01", rank=Rank.SUBCOORDINATOR, orders=3, first=0, workers=2)
    done = {
        each.key: report(each, OrderStatus.DONE, sent=0.0, started=start, seconds=2.0, cpu=1.0)
        for each, start in ((order(1), 1.0), (order(2), 2.0), (order(3), 6.0))
    }
    told = report_of(team, done, [setback(order(3), OrderStatus.LATE)], 0.5)
    shape = shape_of(Form.TEAMS, "many", teams=1, workers=2, orders=3)
    record = record_of(Assignment(), work(3, 1, 1.0), shape, [told], 10.0, 0.7)
    assert (record.done, record.late, record.redelegated, record.figures) == (3, 1, 1, {"files": 3})
    assert (record.busy, record.parallelism, record.most_at_once, record.overhead) == (6.0, 1.2, 2, 5.0)
    assert (record.waiting, record.data_cpu, record.overhead_cpu) == (3.0, 3.0, 0.7)
    assert missing([team], {team.team: told}) == ()
    assert missing([team], {}) == (team.team,)
    assert missing([team], {team.team: told.model_copy(update={"done": 2})}) == (team.team,)
