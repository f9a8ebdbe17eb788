"""The input of the suite: many small files in several header variants, made from a seed, and the contract for them.

Every file is as another branch exports it: a variant has names of its own for the columns, in an order of its own, and
may cut its lines at semicolons. The values are clean, so that what is measured is the handling of many files.
"""

import random
from datetime import date, timedelta
from pathlib import Path

VARIANTS = 20
"""Header variants of the suite."""

ROWS = 50
"""Records of one file."""

_NAMES = (
    ("shipment_id", "Shipment ID", "SHIPMENT_ID", "shipmentId", "Shipment No"),
    ("customer", "Customer", "CUSTOMER", "customerName", "Client"),
    ("city", "City", "CITY", "cityName", "Town"),
    ("shipped_on", "Shipped on", "SHIPPED_ON", "shippedOn", "Date of shipment"),
    ("quantity", "Quantity", "QUANTITY", "quantity", "Pieces"),
    ("price", "Price", "PRICE", "unitPrice", "Price each"),
    ("status", "Status", "STATUS", "status", "State"),
)
"""Names of each column, by style."""

_SEMICOLONS = 4
"""Every so many-th variant cuts its lines at semicolons."""

_CITIES = ("Lyon", "Porto", "Graz", "Turin", "Ghent", "Aarhus", "Tampere", "Basel", "Utrecht", "Malaga")
_CUSTOMERS = tuple(f"{first} {last}" for first in ("Ada", "Ivo", "Mara", "Otto") for last in ("Lind", "Berg", "Costa"))
_STATUSES = ("open", "packed", "sent", "returned")

CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: shipments
name: Shipments
version: 1.0.0
status: active
schema:
  - name: shipments
    physicalType: table
    customProperties:
      - {property: millwright.sources, value: "*"}
    properties:
      - name: shipment_id
        logicalType: string
        primaryKey: true
        primaryKeyPosition: 1
        customProperties: [{property: millwright.aliases, value: [Shipment No]}]
      - name: customer
        logicalType: string
        required: true
        customProperties: [{property: millwright.aliases, value: [customerName, Client]}]
      - name: city
        logicalType: string
        required: true
        customProperties: [{property: millwright.aliases, value: [cityName, Town]}]
      - name: shipped_on
        logicalType: date
        required: true
        customProperties: [{property: millwright.aliases, value: [Date of shipment]}]
      - name: quantity
        logicalType: integer
        logicalTypeOptions: {minimum: 1}
        customProperties: [{property: millwright.aliases, value: [Pieces]}]
      - name: price
        logicalType: number
        customProperties: [{property: millwright.aliases, value: [unitPrice, Price each]}]
      - name: status
        logicalType: string
        customProperties: [{property: millwright.aliases, value: [State]}]
"""


def write_input(folder: Path, files: int, *, variants: int = VARIANTS, rows: int = ROWS, seed: int = 0) -> Path:
    """Write `files` files below `folder`/input and the contract beside; return the contract's path."""
    source = folder / "input"
    source.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)  # noqa: S311  no secret
    forms = [_form(variant, rng) for variant in range(variants)]
    for number in range(files):
        header, order, delimiter = forms[number % variants]
        lines = [delimiter.join(header)]
        for row in range(rows):
            record = _record(number * rows + row, rng)
            lines.append(delimiter.join(record[column] for column in order))
        (source / f"branch-{number:05d}.csv").write_text("\n".join(lines) + "\n")
    contract = folder / "contract.odcs.yaml"
    contract.write_text(CONTRACT)
    return contract


def _form(variant: int, rng: random.Random) -> tuple[list[str], list[int], str]:
    """Return header, order of the columns and delimiter of a variant: no two variants have the same header."""
    styles = len(_NAMES[0])
    order = list(range(len(_NAMES)))
    if variant >= styles:
        rng.shuffle(order)
    header = [_NAMES[column][variant % styles] for column in order]
    return header, order, ";" if variant % _SEMICOLONS == 1 else ","


def _record(number: int, rng: random.Random) -> tuple[str, ...]:
    day = date(2024, 1, 1) + timedelta(days=rng.randrange(700))
    return (
        f"S{number:07d}",
        rng.choice(_CUSTOMERS),
        rng.choice(_CITIES),
        day.isoformat(),
        str(rng.randrange(1, 40)),
        f"{rng.randrange(100, 99_999) / 100:.2f}",
        rng.choice(_STATUSES),
    )
