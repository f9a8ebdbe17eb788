"""A job of tables of mixed size, made from numbers: six from files, and tables that SQL makes of them."""

from pathlib import Path
from typing import Final

import duckdb

from tools.sql.quote import literal

SHARES: Final = {"stores": 300, "staff": 100, "products": 30, "customers": 10, "orders": 3, "visits": 1}
"""Tables from files, and which part of the rows of the largest each has: 10,000 to 3,000,000 of three million."""

_CUSTOMERS = (
    "select c.name, c.kind, count(*) as n, sum(c.amount) as amount from customers c join staff s using (name) "
    "where c.amount >= s.amount group by c.name, c.kind"
)
_ORDERS = (
    "select o.name, p.kind, count(*) as n, sum(o.amount) as amount from orders o join products p "
    "on p.id = o.id % 1000 and p.day <= o.day group by o.name, p.kind"
)
_ONE = "select name, kind, count({counted}) as n, sum(amount) as amount from {table} group by name, kind"

_DERIVED: Final = {
    "stores_by_name": ("stores", _ONE.format(counted="*", table="stores")),
    "products_by_name": ("products", _ONE.format(counted="distinct id", table="products")),
    "customers_by_name": ("customers, staff", _CUSTOMERS),
    "orders_by_name": ("orders, products", _ORDERS),
}

_HEAD = """apiVersion: v3.1.0
kind: DataContract
id: mixed
name: mixed
version: 1.0.0
status: active
schema:
"""

_FROM_FILES = """  - name: {name}
    customProperties:
      - {{property: millwright.sources, value: ["{name}*"]}}
    properties:
      - {{name: id, logicalType: integer, primaryKey: true, required: true}}
      - {{name: name, logicalType: string, required: true}}
      - {{name: day, logicalType: date}}
      - {{name: amount, logicalType: number, physicalType: "DECIMAL(12,2)"}}
      - {{name: kind, logicalType: string}}
"""

_BY_SQL = """  - name: {name}
    customProperties:
      - {{property: millwright.transformSourceObjects, value: [{inputs}]}}
      - property: millwright.transformLogic
        value: >-
          {sql}
    properties:
      - {{name: name, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}}
      - {{name: kind, logicalType: string, primaryKey: true, primaryKeyPosition: 2, required: true}}
      - {{name: n, logicalType: integer}}
      - {{name: amount, logicalType: number, physicalType: "DECIMAL(18,2)"}}
"""


def make_job(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write contract and files, the largest of `rows` rows; return the paths of contract and files."""
    source = folder / "input"
    source.mkdir(parents=True, exist_ok=True)
    text = _HEAD
    with duckdb.connect() as connection:
        for number, (name, share) in enumerate(SHARES.items()):
            many = max(10, rows // share)
            made = (
                f"select r as id, 'name ' || (hash(r + {number}) % 97) as name, "
                f"date '2020-01-01' + (hash(r * 3 + {number}) % 1500)::integer as day, "
                f"((hash(r * 7 + {number}) % 100000) / 100.0)::decimal(12, 2) as amount, "
                f"['a', 'b', 'c', 'd'][1 + (hash(r * 11) % 4)::integer] as kind from range({many}) t(r)"
            )
            connection.execute(f"copy ({made}) to {literal(str(source / f'{name}.csv'))} (header)")
            text += _FROM_FILES.format(name=name)
    for name, (inputs, sql) in _DERIVED.items():
        text += _BY_SQL.format(name=name, inputs=inputs, sql=sql)
    contract = folder / "contract.odcs.yaml"
    contract.write_text(text, encoding="utf-8")
    return contract, source
