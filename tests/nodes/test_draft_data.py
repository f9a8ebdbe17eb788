"""Drafts of whole files: what is found, that the files meet it, and that it reads as a contract without a fault."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from nodes.check_data import check_files
from nodes.draft_data import DraftOptions, draft_files
from state.contract import Contract, LogicalType
from state.draft import Draft
from state.errors import SourceError
from state.run import RunContext
from tools.contract.read import load_contract, require_contract
from tools.draft.text import draft_text
from tools.verification import reasons_not_met

ROWS = 200


def drafted(source: Path, work: Path, **options: str) -> tuple[Contract, Draft]:
    folder = work / "draft"
    folder.mkdir()
    draft = draft_files([str(source)], folder, RunContext(), DraftOptions(**options), lambda *_: None)
    path = work / "contract.odcs.yaml"
    path.write_text(draft_text(draft))
    assert load_contract(path).faults == ()
    return require_contract(path)[0], draft


def failing(contract: Contract, source: Path, work: Path) -> tuple[str, ...]:
    folder = work / f"check_{len(list(work.iterdir()))}"
    folder.mkdir()
    return reasons_not_met(check_files(contract, [str(source)], folder, RunContext()))


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Customers, and orders in two files, the second with other names, order of dates and separators."""
    folder, chance = tmp_path_factory.mktemp("drop"), random.Random(5)  # noqa: S311  a sample
    lines = [f"C{number:03},{chance.choice(['Germany', 'France'])}" for number in range(ROWS)]
    (folder / "customers.csv").write_text("\n".join(["customer_id,country", *lines]) + "\n")
    for half, name in enumerate(("orders_2024-01.csv", "orders_2024-02.csv")):
        lines = [order(chance, half * ROWS + number, iso=not half) for number in range(ROWS)]
        head = "order_id,customer_id,placed_on,shipped_on,quantity,price,total"
        head = head if not half else "Order No;Customer ID;Placed On;Shipped On;Qty;Price;Total"
        (folder / name).write_text("\n".join([head, *lines]) + "\n")
    return folder


def order(chance: random.Random, number: int, *, iso: bool) -> str:
    placed = date(2024, 1, 1) + timedelta(days=chance.randrange(300))
    shipped = placed + timedelta(days=chance.randrange(1, 30))
    quantity, cents = chance.randint(1, 9), chance.randint(100, 9999)
    shown = [day.strftime("%Y-%m-%d" if iso else "%d/%m/%Y") for day in (placed, shipped)]
    cells = [
        str(number), f"C{chance.randrange(ROWS):03}", *shown, str(quantity), f"{cents / 100:.2f}",
        f"{quantity * cents / 100:.2f}",
    ]  # fmt: skip
    return ("," if iso else ";").join(cells)


@pytest.fixture(scope="module")
def shop(drop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Contract, Draft]:
    return drafted(drop, tmp_path_factory.mktemp("work"))


def test_tables_keys_and_references(shop: Any) -> None:
    contract, _ = shop
    assert {table.name: table.key for table in contract.tables} == {
        "customers": ("customer_id",),
        "orders": ("order_id",),
    }
    assert [each.to_table for each in contract.table("orders").relationships] == ["customers"]


def test_headers_of_other_names_are_aliases(shop: Any) -> None:
    contract, _ = shop
    aliases = {column.name: column.aliases for column in contract.table("orders").columns}
    assert aliases["order_id"] == ("Order No",)
    assert aliases["quantity"] == ("Qty",)
    assert len(aliases) == 7


def test_types(shop: Any) -> None:
    orders = shop[0].table("orders")
    types = {column.name: column.logical_type for column in orders.columns}
    assert types["placed_on"] is LogicalType.DATE
    assert types["quantity"] is LogicalType.INTEGER
    assert orders.column("total").physical_type == "DECIMAL(12,2)"


def test_values(shop: Any) -> None:
    contract, _ = shop
    assert contract.table("customers").column("country").valid_values == ("France", "Germany")
    assert contract.table("customers").column("customer_id").options.pattern == "^C[0-9]{3}$"
    assert contract.table("orders").column("quantity").options.minimum == 1


def test_rules_across_columns(shop: Any) -> None:
    names = {rule.name for rule in shop[0].table("orders").rules}
    assert names >= {"placed_on <= shipped_on"}
    assert names & {"total = quantity * price", "total = price * quantity"}


def test_the_files_meet_their_draft(shop: Any, drop: Path, tmp_path: Path) -> None:
    assert failing(shop[0], drop, tmp_path) == ()


def test_damage_is_caught(shop: Any, drop: Path, tmp_path: Path) -> None:
    text = (drop / "orders_2024-01.csv").read_text()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "customers.csv").write_text((drop / "customers.csv").read_text())
    (tmp_path / "in" / "orders_2024-03.csv").write_text(text.replace(",C001,", ",X9,"))
    assert any("customer_id" in reason for reason in failing(shop[0], tmp_path / "in", tmp_path))


def test_the_draft_does_not_hang_on_chance(drop: Path, shop: Any, tmp_path: Path) -> None:
    assert draft_text(drafted(drop, tmp_path)[1]) == draft_text(shop[1])


def test_whole_numbers_with_some_fractions_are_numbers(tmp_path: Path) -> None:
    source = tmp_path / "sizes.csv"
    source.write_text("size\n" + "".join(f"{number % 9}\n" for number in range(500)) + "8.4\n8.4\n")
    contract, _ = drafted(source, tmp_path)
    assert contract.tables[0].column("size").logical_type is LogicalType.NUMBER


def test_dates_whose_order_nothing_tells_stay_text(tmp_path: Path) -> None:
    source = tmp_path / "days.csv"
    source.write_text("day\n" + "".join(f"0{1 + number % 5}/0{1 + number % 7}/2024\n" for number in range(100)))
    contract, _ = drafted(source, tmp_path)
    assert contract.tables[0].column("day").logical_type is LogicalType.STRING


def test_zeros_in_front_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "places.csv"
    source.write_text("zip\n" + "".join(f"{number * 37 % 100000:05}\n" for number in range(100)))
    contract, _ = drafted(source, tmp_path)
    assert contract.tables[0].column("zip").options.pattern == "^[0-9]{5}$"


def test_versions_of_a_row_keep_the_latest(tmp_path: Path) -> None:
    source = tmp_path / "items.csv"
    rows = [f"{number},{number},2024-01-01" for number in range(100)]
    rows += [f"{number},{number + 1},2024-02-01" for number in range(5)]
    source.write_text("\n".join(["item_id,stock,changed_on", *rows]) + "\n")
    contract, _ = drafted(source, tmp_path)
    keep = contract.tables[0].keep
    assert keep is not None
    assert keep.column == "changed_on"


def test_a_few_rows_are_given_no_rules(tmp_path: Path) -> None:
    source = tmp_path / "few.csv"
    source.write_text("id,kind\n1,a\n2,b\n3,a\n")
    contract, _ = drafted(source, tmp_path, name="Few things", version="2.0.0")
    table = contract.tables[0]
    assert (contract.name, contract.id, contract.version) == ("Few things", "Few things", "2.0.0")
    assert table.rules == ()
    assert not any(column.required or column.rules or column.key_position for column in table.columns)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / b"na\xffme.csv".decode(errors="surrogateescape")).write_text("id\n1\n")
    with pytest.raises(SourceError, match="not UTF-8"):
        drafted(source, tmp_path)


def test_files_without_a_record_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "empty.csv"
    source.write_text("id,kind\n")
    with pytest.raises(SourceError, match="no file holds a record"):
        drafted(source, tmp_path)
