import pytest

from state.contract import Contract, Table
from state.errors import SourceError
from state.sources import Dialect, Inventory, Reading, SourceFile
from tools.sources.match import match_tables


def inventory(*names: str) -> Inventory:
    files = [
        SourceFile(
            file_id=file_id, path=f"/in/{name}", name=name, sha256="0", size=1, text_path=f"/in/{name}",
            dialect=Dialect(delimiter=","), reading=Reading.FAST, header=("a",), header_lines=1, lines=2, blank_lines=0,
            longest_line=1,
        )
        for file_id, name in enumerate(names)
    ]  # fmt: skip
    return Inventory(files=tuple(files), variants=())


def contract(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c.yaml", sha256="0")


def table(name: str, *globs: str, physical: str | None = None, logic: str | None = None) -> Table:
    return Table(name=name, physical_name=physical, columns=(), sources=globs, transform_logic=logic)


ORDERS, CUSTOMERS = table("orders"), table("customers")


@pytest.mark.parametrize(
    ("tables", "names", "files", "unused"),
    [
        ([table("t", "2020/*.csv")], ["2020/a.csv", "2021/a.csv"], {"t": (0,)}, ("2021/a.csv",)),
        ([table("t", "ORD*.csv")], ["in/orders.csv", "x.csv"], {"t": (0,)}, ("x.csv",)),
        ([table("t", "a*", "b*")], ["a.csv", "b.csv"], {"t": (0, 1)}, ()),
        ([table("t", "*"), table("u", "a*")], ["a.csv", "b.csv"], {"t": (0, 1), "u": (0,)}, ()),
        ([ORDERS], ["whatever.csv", "01-22-2020.csv"], {"orders": (0, 1)}, ()),
        ([ORDERS, table("d", logic="select 1")], ["x.csv"], {"orders": (0,)}, ()),
        ([ORDERS, CUSTOMERS], ["customers.csv", "Orders.CSV.gz"], {"orders": (1,), "customers": (0,)}, ()),
        (
            [ORDERS, CUSTOMERS],
            ["customers_2024-01-31.csv", "orders-1.tsv", "orders-part2.tsv", "orders_old.csv"],
            {"orders": (1, 2), "customers": (0,)},
            ("orders_old.csv",),
        ),
        (
            [ORDERS, table("order_items"), table("orders_2023")],
            ["order-items_07.csv", "orders.csv", "orders_2023.csv", "orders_2024.csv"],
            {"orders": (1, 3), "order_items": (0,), "orders_2023": (2,)},
            (),
        ),
        (
            [table("o", physical="raw_orders"), CUSTOMERS],
            ["raw-orders.csv", "customers.csv"],
            {"o": (0,), "customers": (1,)},
            (),
        ),
        ([table("o", "ord*"), CUSTOMERS], ["ord.csv", "customers.csv"], {"o": (0,), "customers": (1,)}, ()),
    ],
)
def test_files_feed_tables(
    tables: list[Table], names: list[str], files: dict[str, tuple[int, ...]], unused: tuple[str, ...]
) -> None:
    found = match_tables(inventory(*names), contract(*tables))
    assert (found.files, found.unused) == (files, unused)


def test_tables_without_a_file_are_named_with_their_globs() -> None:
    with pytest.raises(SourceError) as caught:
        match_tables(inventory("x.csv"), contract(table("a", "a*.csv", "b*.csv"), CUSTOMERS))
    assert "table 'a' (globs a*.csv, b*.csv); table 'customers' (by its name); unused: x.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
