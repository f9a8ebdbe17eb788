"""Wrong data planted in published tables of the shop: the gate must find each, or it proves nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from state.contract import Contract, Table
from state.values import Value
from tools.outputs.destination import target_name
from tools.outputs.parquet import parts
from tools.sql.quote import ident, literal


class PlantedFault(Value):
    """One fault: the table it is put into, SQL that makes wrong rows of `t`, and a word of the result that finds it."""

    name: str
    table: str
    query: str
    found_by: str


FAULTS = (
    PlantedFault(
        name="wrong type",
        table="orders",
        query="select * replace (amount::varchar as amount) from t",
        found_by="orders.amount: expected number",
    ),
    PlantedFault(
        name="lost digits",
        table="customers",
        query="select * replace (updated_at::date as updated_at) from t",
        found_by="customers.updated_at: expected timestamp",
    ),
    PlantedFault(
        name="duplicate key",
        table="customers",
        query="from t union all (from t order by customer_id limit 1)",
        found_by="customers.customer_id field_primary_key_unique",
    ),
    PlantedFault(
        name="missing value",
        table="orders",
        query="select * replace (if(order_id = (select min(order_id) from t), null, amount) as amount) from t",
        found_by="orders.amount field_required",
    ),
    PlantedFault(
        name="orphan",
        table="orders",
        query="select * replace (if(order_id = (select min(order_id) from t), 'C0000', customer_id) as customer_id) "
        "from t",
        found_by="orders.customer_id field_relationships",
    ),
    PlantedFault(
        name="value outside its list",
        table="orders",
        query="select * replace (if(order_id = (select min(order_id) from t), 'lost', status) as status) from t",
        found_by="orders.status field_invalid_values",
    ),
    PlantedFault(
        name="value out of bounds",
        table="orders",
        query="select * replace (if(order_id = (select min(order_id) from t), -1, amount) as amount) from t",
        found_by="orders.amount field_minimum",
    ),
    PlantedFault(
        name="missing column",
        table="daily_sales",
        query="select * exclude (revenue) from t",
        found_by="daily_sales.revenue: missing",
    ),
    PlantedFault(name="no rows", table="daily_sales", query="from t limit 0", found_by="daily_sales: no row"),
)


_CASTABLE = ("integer", "number", "date", "timestamp")


def faults_for(contract: Contract, tables: Sequence[str]) -> tuple[PlantedFault, ...]:
    """Return faults for tables of any contract: a wrong type, a missing column, a duplicate key, a missing value."""
    found: dict[str, PlantedFault] = {}
    for name in tables:
        for fault in _of_table(contract.table(name)):
            found.setdefault(fault.name, fault)
    return tuple(found.values())


def _of_table(table: Table) -> Iterator[PlantedFault]:
    typed = [column.name for column in table.columns if column.logical_type in _CASTABLE]
    key = [column.name for column in table.columns if column.key_position is not None]
    if typed:
        name = ident(typed[0])
        yield _fault(
            "wrong type", table, f"select * replace ({name}::varchar as {name}) from t", f".{typed[0]}: expected"
        )
    last = table.columns[-1].name
    if len(table.columns) > 1:
        yield _fault("missing column", table, f"select * exclude ({ident(last)}) from t", f".{last}: missing")
    if key:
        yield _fault("duplicate key", table, "from t union all (from t limit 1)", "primary_key_unique")
        name = ident(key[0])
        value = f"if(row_number() over () = 1, null, {name}) as {name}"
        yield _fault("missing value", table, f"select * replace ({value}) from t", f".{key[0]} field_")


def _fault(name: str, table: Table, query: str, found_by: str) -> PlantedFault:
    return PlantedFault(name=name, table=table.name, query=query, found_by=found_by)


def plant(fault: PlantedFault, published: Path, target: Path) -> None:
    """Make `target` the folder of the published tables with the fault in one of them; the others are linked."""
    target.mkdir(parents=True)
    for path in published.glob(target_name("*")):
        if path.name != target_name(fault.table):
            (target / path.name).symlink_to(path)
    source, wrong = published / target_name(fault.table), target / target_name(fault.table)
    files = ", ".join(literal(str(file)) for file in parts(source))
    with duckdb.connect() as connection:
        connection.execute(f"create view t as from read_parquet([{files}])")
        connection.execute(f"copy ({fault.query}) to {literal(str(wrong))} (format parquet)")
