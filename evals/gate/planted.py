"""Wrong data planted in published tables of the shop: the gate must find each, or it proves nothing."""

from pathlib import Path

import duckdb

from state.values import Value
from tools.outputs.destination import target_name
from tools.sql.quote import literal


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


def plant(fault: PlantedFault, published: Path, target: Path) -> None:
    """Make `target` the folder of the published tables with the fault in one of them; the others are linked."""
    target.mkdir(parents=True)
    for path in published.glob(target_name("*")):
        if path.name != target_name(fault.table):
            (target / path.name).symlink_to(path)
    source, wrong = published / target_name(fault.table), target / target_name(fault.table)
    with duckdb.connect() as connection:
        connection.execute(f"create view t as from read_parquet({literal(str(source))})")
        connection.execute(f"copy ({fault.query}) to {literal(str(wrong))} (format parquet)")
