"""The history of contracts: written once each, read in order."""

from pathlib import Path

from state.auctions import Ended, Fulfilment
from tools.auction_history import add, recent


def contract(number: int, ended: Ended = Ended.KEPT) -> Fulfilment:
    return Fulfilment(
        run_id="r", task_id=f"t{number}", attempt=1, skill="map", agent_id="a", engine="duckdb", rows=1, size=2,
        estimate=0.1, predicted=0.2, deadline=0.4, price=0.3, seconds=0.25, ended=ended, mechanism="vickrey",
    )  # fmt: skip


def test_what_was_added_comes_back_in_order_and_once(tmp_path: Path) -> None:
    assert recent(tmp_path) == ()
    first = [contract(number) for number in range(3)]
    add(tmp_path, first)
    add(tmp_path, [*first, contract(3, Ended.FAILED)])  # the report of a run is written again
    assert recent(tmp_path) == (*first, contract(3, Ended.FAILED))
    assert recent(tmp_path, 2) == (contract(2), contract(3, Ended.FAILED))


def test_nothing_to_add_makes_no_file(tmp_path: Path) -> None:
    add(tmp_path / "none", [])
    assert not (tmp_path / "none").exists()
