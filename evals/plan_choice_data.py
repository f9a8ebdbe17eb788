"""The folders of the suite `plan-choice`: two tables and what is made of them, of any size and mess, from a seed."""

import csv
import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from state.values import Value

_FEWEST_ROWS: Final = 200
_CHANCE: Final = 0.5  # of each kind of mess, table by table
_SLIPS: Final = 0.02  # rows that have it
_MOST_FILES: Final = 8
_COUNTRIES: Final = ("Austria", "Belgium", "Denmark", "Finland", "France", "Germany", "Hungary", "Italy", "Portugal")
_STATUSES: Final = ("placed", "shipped", "delivered", "returned")
_MISSPELT: Final = {"Germany": "Germny", "France": "FRANCE", "Italy": "Itlay", "shipped": "Shiped", "placed": "plcaed"}
_CUSTOMERS: Final = ("customer_id", "name", "country", "joined")
_ORDERS: Final = ("order_id", "customer_id", "ordered", "status", "amount", "updated_at")
_SPOKEN: Final = {
    "customer_id": "Customer ID",
    "ordered": "Ordered",
    "order_id": "Order-ID",
    "updated_at": "Updated At",
}
_STRANGE: Final = {"customer_id": "cust_no", "order_id": "order_no", "status": "state", "amount": "amt"}


class Mess(Value):
    """What is wrong with the files of one table."""

    files: int
    headers: str  # same | spoken (other spellings of the names) | strange (other names)
    formats: bool  # dates and numbers as people write them
    repeated: bool  # keys that are there twice
    outside: bool  # values outside their list
    broken: bool  # rows that break a rule


class Folder(Value):
    """One folder with its contract."""

    name: str
    contract: str
    sources: str
    rows: int
    mess: dict[str, Mess]


def write_folder(place: Path, seed: int, most_rows: int) -> Folder:
    """Write a folder drawn from the seed; its rows are spread evenly over the orders of magnitude up to `most_rows`."""
    chance = random.Random(seed)  # noqa: S311  data, no secret
    rows = round(_FEWEST_ROWS * (most_rows / _FEWEST_ROWS) ** chance.random())
    known = max(20, rows // 20)
    mess = {name: _drawn(chance) for name in ("customers", "orders")}
    sources = place / "input"
    sources.mkdir(parents=True, exist_ok=True)
    _write(sources, "customers", _CUSTOMERS, list(_customers(chance, known, mess["customers"])), mess["customers"])
    _write(sources, "orders", _ORDERS, list(_orders(chance, rows, known, mess["orders"])), mess["orders"])
    contract = place / "contract.json"
    contract.write_text(json.dumps(_contract(made=chance.random() < _CHANCE), indent=1))
    return Folder(name=place.name, contract=str(contract), sources=str(sources), rows=rows + known, mess=mess)


def _drawn(chance: random.Random) -> Mess:
    return Mess(
        files=chance.randint(1, _MOST_FILES),
        headers=chance.choice(("same", "same", "spoken", "strange")),
        formats=chance.random() < _CHANCE,
        repeated=chance.random() < _CHANCE,
        outside=chance.random() < _CHANCE,
        broken=chance.random() < _CHANCE,
    )


def _customers(chance: random.Random, count: int, mess: Mess) -> Iterator[list[str]]:
    for number in range(1, count + 1):
        joined = date(2020, 1, 1) + timedelta(days=chance.randrange(1500))
        name = f"Customer {number}" if not (mess.broken and chance.random() < _SLIPS) else ""
        yield [str(number), name, _listed(chance, _COUNTRIES, mess), _day(chance, joined, mess)]
        if mess.repeated and chance.random() < _SLIPS:
            yield [str(number), f"Customer {number}", "Austria", _day(chance, joined, mess)]


def _orders(chance: random.Random, count: int, customers: int, mess: Mess) -> Iterator[list[str]]:
    for number in range(1, count + 1):
        times = 2 if mess.repeated and chance.random() < _SLIPS else 1
        at = datetime(2024, 1, 1) + timedelta(minutes=chance.randrange(500_000))  # noqa: DTZ001  a text in a file
        for again in range(times):
            amount = chance.randrange(1, 500_000) / 100
            if mess.broken and chance.random() < _SLIPS:
                amount = -amount
            yield [
                str(number),
                str(chance.randint(1, customers)),
                _day(chance, at.date(), mess),
                _listed(chance, _STATUSES, mess),
                f"{amount:,.2f}" if mess.formats else f"{amount:.2f}",
                str(at + timedelta(days=again)),
            ]


def _listed(chance: random.Random, values: Sequence[str], mess: Mess) -> str:
    value = chance.choice(values)
    return _MISSPELT.get(value, value) if mess.outside and chance.random() < _SLIPS else value


def _day(chance: random.Random, day: date, mess: Mess) -> str:
    return f"{day:%d/%m/%Y}" if mess.formats and chance.random() < _CHANCE else day.isoformat()


def _write(folder: Path, table: str, names: Sequence[str], rows: Sequence[Sequence[str]], mess: Mess) -> None:
    """Write the rows into files in turn; every other one has the other header."""
    other = {"same": {}, "spoken": _SPOKEN, "strange": _STRANGE}[mess.headers]
    size = -(-len(rows) // mess.files)
    for number in range(mess.files):
        header = [other.get(name, name) if number % 2 else name for name in names]
        with (folder / f"{table}_{number:02}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows[number * size : (number + 1) * size])


def _contract(*, made: bool) -> dict[str, Any]:
    tables = [
        _table(
            "customers",
            {"name": "customer_id", "logicalType": "integer", "primaryKey": True, "required": True},
            {"name": "name", "logicalType": "string", "required": True},
            {"name": "country", "logicalType": "string", **_values(_COUNTRIES)},
            {"name": "joined", "logicalType": "date"},
            keep="first",
        ),
        _table(
            "orders",
            {"name": "order_id", "logicalType": "integer", "primaryKey": True, "required": True},
            {"name": "customer_id", "logicalType": "integer", "relationships": [{"to": "customers.customer_id"}]},
            {"name": "ordered", "logicalType": "date", "required": True},
            {"name": "status", "logicalType": "string", **_values(_STATUSES)},
            {"name": "amount", "logicalType": "number", "physicalType": "DECIMAL(10,2)",
             "logicalTypeOptions": {"minimum": 0}},
            {"name": "updated_at", "logicalType": "timestamp"},
            keep="latest:updated_at",
        ),
    ]  # fmt: skip
    if made:
        query = (
            "select c.country, count(*) as orders, sum(o.amount) as amount "
            "from orders o join customers c using (customer_id) where c.country is not null group by c.country"
        )
        tables.append(
            _table(
                "totals",
                {"name": "country", "logicalType": "string", "primaryKey": True, "required": True},
                {"name": "orders", "logicalType": "integer"},
                {"name": "amount", "logicalType": "number", "physicalType": "DECIMAL(18,2)"},
                transformLogic=query,
                transformSourceObjects=["orders", "customers"],
            )
        )
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "choice", "name": "choice", "version": "1.0.0"}
    return {**head, "status": "active", "schema": tables}


def _table(name: str, *columns: dict[str, Any], **settings: object) -> dict[str, Any]:
    own = {"maxQuarantine": 1.0, **({} if "transformLogic" in settings else {"sources": [f"{name}_*"]}), **settings}
    told = [{"property": f"millwright.{key}", "value": value} for key, value in own.items()]
    return {"name": name, "properties": list(columns), "customProperties": told}


def _values(values: Sequence[str]) -> dict[str, Any]:
    rule = {"metric": "invalidValues", "arguments": {"validValues": list(values)}, "mustBe": 0}
    return {"quality": [rule]}
