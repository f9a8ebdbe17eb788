"""The job that failures are put into: two source tables in four files, one derived table, rows of every end."""

import json
from pathlib import Path
from typing import Any, NamedTuple

ORDERS = 120
_CUSTOMERS = 30
_COUNTRIES = ("Germany", "United Kingdom", "South Korea")


class Job(NamedTuple):
    """Where a job lies."""

    contract: Path
    sources: Path
    out: Path
    home: Path

    def lines(self) -> dict[str, int]:
        """Return the data lines by table, counted in the files without any reader of the product."""
        counts = {"customers": 0, "orders": 0}
        for path in self.sources.iterdir():
            lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
            counts[path.name.partition("_")[0].removesuffix(".csv")] += len(lines) - 1
        return counts


def write_job(folder: Path) -> Job:
    """Write contract and files of the job into a new folder."""
    job = Job(folder / "contract.yaml", folder / "input", folder / "out", folder / "home")
    job.sources.mkdir(parents=True)
    write_contract(job)
    rows = [f"{n},Customer {n},{'UK' if n == 7 else _COUNTRIES[n % 3]}" for n in range(_CUSTOMERS)]  # noqa: PLR2004
    _write(job.sources / "customers.csv", "customer_id,name,country", rows)
    for number in range(3):
        rows = [order(n, f"{n % 20 + 1:02d}/0{number + 1}/2024") for n in range(number * ORDERS, (number + 1) * ORDERS)]
        if number == 0:
            rows += [rows[0], f"{9 * ORDERS},9999,13/01/2024,1.00,2024-01-01 00:00:00", "broken line"]
        write_orders(job, number + 1, rows)
    return job


def order(number: int, day: str) -> str:
    """Return one line of orders."""
    return f"{number},{number % _CUSTOMERS},{day},{number}.50,2024-03-01 10:00:00"


def write_orders(job: Job, number: int, rows: list[str], header: str = "") -> None:
    """Write one file of orders."""
    _write(job.sources / f"orders_{number}.csv", header or "order_id,customer_id,order_date,amount,updated_at", rows)


def write_contract(job: Job, **of_orders: Any) -> None:  # noqa: ANN401  fields of a contract
    """Write the contract; further fields of the table orders as given."""
    job.contract.write_text(json.dumps(_contract(of_orders)))  # JSON is YAML


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


def _column(name: str, kind: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"name": name, "logicalType": kind, **fields}


def _table(name: str, columns: list[dict[str, Any]], settings: dict[str, Any], **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    properties = [{"property": f"millwright.{key}", "value": value} for key, value in settings.items()]
    return {"name": name, "properties": columns, "customProperties": properties, **fields}


def _contract(of_orders: dict[str, Any]) -> dict[str, Any]:
    listed = [{"metric": "invalidValues", "arguments": {"validValues": list(_COUNTRIES)}, "mustBe": 0}]
    customers = [
        _column("customer_id", "integer", primaryKey=True, required=True),
        _column("name", "string", required=True),
        _column("country", "string", quality=listed),
    ]
    orders = [
        _column("order_id", "integer", primaryKey=True, required=True),
        _column("customer_id", "integer", relationships=[{"to": "customers.customer_id"}]),
        _column("order_date", "date", required=True),
        _column("amount", "number", physicalType="DECIMAL(10,2)", logicalTypeOptions={"minimum": 0}),
        _column("updated_at", "timestamp"),
    ]
    totals = [
        _column("country", "string", primaryKey=True, required=True),
        _column("orders", "integer"),
        _column("amount", "number", physicalType="DECIMAL(12,2)"),
    ]
    logic = (
        "select c.country, count(*) as orders, sum(o.amount) as amount "
        "from orders o join customers c using (customer_id) group by c.country"
    )
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "failures",
        "name": "failures",
        "version": "1.0.0",
        "status": "active",
        "schema": [
            _table("customers", customers, {"sources": ["customers*"]}),
            _table("orders", orders, {"sources": ["orders*"], "keep": "latest:updated_at"}, **of_orders),
            _table("totals", totals, {"transformSourceObjects": ["orders", "customers"], "transformLogic": logic}),
        ],
    }
