"""Generated tables of several domains, as whoever sends files would write them; each comes with its contract.

A domain says what its columns are good for (a quantity, a list, a key, ...), so that a fault can be put where it would
happen. Domains in `HELD_OUT` were not looked at while the rules were built.
"""

import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from evals.draft_data import Sheet
from state.values import Value

_CITIES = (
    ("Köln", "Germany", 50.9, 6.9), ("München", "Germany", 48.1, 11.6), ("Zürich", "Switzerland", 47.4, 8.5),
    ("Genève", "Switzerland", 46.2, 6.1), ("Orléans", "France", 47.9, 1.9), ("Nîmes", "France", 43.8, 4.4),
    ("Málaga", "Spain", 36.7, -4.4), ("A Coruña", "Spain", 43.4, -8.4), ("Århus", "Denmark", 56.2, 10.2),
    ("Graz", "Austria", 47.1, 15.4), ("Linz", "Austria", 48.3, 14.3), ("Lyon", "France", 45.8, 4.8),
    ("Saarbrücken", "Germany", 49.2, 7.0), ("Besançon", "France", 47.2, 6.0), ("Cáceres", "Spain", 39.5, -6.4),
)  # fmt: skip
_FIRST = (
    "Jörg", "Anna", "Élodie", "Michał", "Sofía", "Lars", "Émile", "Clara", "Björn", "Zoë", "Paul", "Nina", "René",
    "Inês", "Tom", "Mia", "José", "Karin", "Aña", "Otto",
)  # fmt: skip
_LAST = (
    "Müller", "Schäfer", "Dupré", "Nuñez", "Sørensen", "Lefèvre", "Groß", "Pérez", "Wagner", "Moreau", "Jäger",
    "Ibáñez", "Becker", "Girard", "Höfer", "Løkke", "Braun", "Roux", "Vogel", "Marín",
)  # fmt: skip
_START = datetime(2023, 1, 1, tzinfo=UTC)


class Made(Value):
    """A generated table: its files, its contract entry, and what its columns are good for."""

    name: str
    sheets: tuple[Sheet, ...]
    properties: tuple[dict[str, Any], ...]
    roles: dict[str, tuple[str, ...]] = Field(
        default_factory=dict
    )  # quantity, listed, open_list, text, key, foreign, ...
    rules: tuple[dict[str, Any], ...] = ()


class World(Value):
    """The tables of one contract; the first is the one that faults are put into."""

    domain: str
    tables: tuple[Made, ...]

    def replaced(self, sheets: tuple[Sheet, ...]) -> "World":
        """Return the world with other files of the first table."""
        first = self.tables[0].model_copy(update={"sheets": sheets})
        return self.model_copy(update={"tables": (first, *self.tables[1:])})


Row = tuple[str, ...]


def column(name: str, kind: str, **more: object) -> dict[str, Any]:
    """Return one property of a contract."""
    found: dict[str, Any] = {"name": name, "logicalType": kind}
    options = {key: more.pop(key) for key in ("minimum", "maximum", "pattern") if key in more}
    if options:
        found["logicalTypeOptions"] = options
    if values := more.pop("values", None):
        found["quality"] = [{"metric": "invalidValues", "arguments": {"validValues": list(values)}, "mustBe": 0}]  # type: ignore[call-overload]
    return found | more


def split(name: str, header: tuple[str, ...], rows: Sequence[Row], files: int) -> tuple[Sheet, ...]:
    """Return the rows as files of consecutive rows, named by their number."""
    if files == 1:
        return (Sheet(name=f"{name}.csv", header=header, rows=tuple(rows)),)
    edges = [len(rows) * part // files for part in range(files + 1)]
    return tuple(
        Sheet(name=f"{name}_{part + 1:02}.csv", header=header, rows=tuple(rows[edges[part] : edges[part + 1]]))
        for part in range(files)
    )


def _spread(chance: random.Random, middle: float, sigma: float) -> float:
    return middle * math.exp(chance.gauss(0, sigma))


def _day_hour(chance: random.Random) -> timedelta:
    """Return a time of day when people work."""
    while True:
        hours = chance.gauss(5, 2.6)
        if 0 <= hours < 11:  # noqa: PLR2004  from opening to closing
            return timedelta(hours=7) + timedelta(seconds=int(hours * 3600))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def orders(seed: int, rows: int, files: int) -> World:
    """Return orders by day, and the customers they refer to."""
    chance = random.Random(seed)  # noqa: S311  made-up data
    customers = [f"{n:06}" for n in range(1, 1 + max(20, rows // 8))]
    products = ("Lamp", "Chair", "Desk", "Shelf", "Carpet", "Mirror", "Sofa")
    made: list[Row] = []
    for number in range(rows):
        day = _START + timedelta(days=int(180 * number / rows))
        city = chance.choice(_CITIES)
        made.append((
            f"A{10_000 + number}", chance.choice(customers), day.strftime("%Y-%m-%d"), _text(day + _day_hour(chance)),
            chance.choice(products), chance.choice(("web", "shop", "phone")), str(1 + int(chance.expovariate(0.5))),
            f"{_spread(chance, 80, 0.5):.2f}", city[0], city[1],
        ))  # fmt: skip
    header = ("order_id", "customer_id", "order_date", "placed_at", "product", "channel", "quantity", "unit_price",
              "city", "country")  # fmt: skip
    return World(
        domain="orders",
        tables=(
            Made(
                name="orders", sheets=split("orders", header, made, files),
                properties=(
                    column("order_id", "string", primaryKey=True, primaryKeyPosition=1, pattern="^A[0-9]{5}$"),
                    column("customer_id", "string", required=True, relationships=[{"to": "customers.customer_id"}]),
                    column("order_date", "date", required=True), column("placed_at", "timestamp", required=True),
                    column("product", "string", required=True),
                    column("channel", "string", required=True, values=("web", "shop", "phone")),
                    column("quantity", "integer", required=True, minimum=1, maximum=60),
                    column("unit_price", "number", required=True, minimum=1, maximum=2000),
                    column("city", "string", required=True),
                    column("country", "string", required=True, values=sorted({c[1] for c in _CITIES})),
                ),
                roles={
                    "quantity": ("unit_price",), "listed": ("channel",), "open_list": ("product",),
                    "text": ("city",), "key": ("order_id",), "foreign": ("customer_id",), "date": ("order_date",),
                    "moment": ("placed_at",), "swap": ("product", "city"), "unit": ("100", "1000"),
                },
            ),
            Made(
                name="customers",
                sheets=(Sheet(name="customers.csv", header=("customer_id", "name"), rows=tuple(
                    (number, f"{chance.choice(_FIRST)} {chance.choice(_LAST)}") for number in customers)),),
                properties=(
                    column("customer_id", "string", primaryKey=True, primaryKeyPosition=1),
                    column("name", "string", required=True),
                ),
            ),
        ),
    )  # fmt: skip


def sensors(seed: int, rows: int, files: int) -> World:
    """Return measurements around the clock with the time each was received."""
    chance = random.Random(seed)  # noqa: S311
    made: list[Row] = []
    for number in range(rows):
        moment = _START + timedelta(minutes=20 * number)
        hour = moment.hour + moment.minute / 60
        station, _, _, _ = _CITIES[number % 5]
        made.append((
            f"R{500_000 + number}", f"S-{1 + number % 5:03}", station, _text(moment),
            _text(moment + timedelta(seconds=20 + chance.expovariate(0.02))),
            f"{12 + 6 * math.sin((hour - 9) / 24 * 2 * math.pi) + chance.gauss(0, 2.5):.1f}",
            f"{min(99, max(15, chance.gauss(60, 12))):.0f}", f"{chance.gauss(1013, 7):.1f}",
            chance.choice(("ok", "ok", "ok", "check")),
        ))  # fmt: skip
    header = ("reading_id", "sensor_id", "station", "measured_at", "received_at", "temperature", "humidity", "pressure",
              "quality")  # fmt: skip
    return World(
        domain="sensors",
        tables=(
            Made(
                name="readings", sheets=split("readings", header, made, files),
                properties=(
                    column("reading_id", "string", primaryKey=True, primaryKeyPosition=1),
                    column("sensor_id", "string", required=True, pattern="^S-[0-9]{3}$"),
                    column("station", "string", required=True), column("measured_at", "timestamp", required=True),
                    column("received_at", "timestamp", required=True),
                    column("temperature", "number", required=True, minimum=-30, maximum=45),
                    column("humidity", "integer", required=True, minimum=5, maximum=100),
                    column("pressure", "number", required=True, minimum=900, maximum=1100),
                    column("quality", "string", required=True, values=("ok", "check")),
                ),
                roles={
                    "quantity": ("temperature",), "listed": ("quality",), "open_list": ("station",),
                    "text": ("station",), "key": ("reading_id",), "moment": ("measured_at",),
                    "swap": ("temperature", "humidity"), "unit": ("fahrenheit",), "cells": ("pressure",),
                },
            ),
        ),
    )  # fmt: skip


def visits(seed: int, rows: int, files: int) -> World:
    """Return visits of a hospital with the weight and height of patients."""
    chance = random.Random(seed)  # noqa: S311
    wards = ("Cardiology", "Surgery", "Paediatrics", "Neurology")
    made: list[Row] = []
    for number in range(rows):
        came = _START + timedelta(days=int(120 * number / rows)) + _day_hour(chance)
        left = came + timedelta(hours=5 + _spread(chance, 60, 0.6))
        tall = chance.gauss(171, 9)
        made.append((
            f"V{number + 1:07}", chance.choice(_FIRST), chance.choice(_LAST),
            (datetime(1940, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(28_000))).strftime("%Y-%m-%d"),
            chance.choice(wards), _text(came), _text(left), f"{tall:.0f}", f"{_spread(chance, 74, 0.16):.1f}",
        ))  # fmt: skip
    header = ("visit_id", "first_name", "last_name", "birth_date", "ward", "admitted_at", "discharged_at", "height_cm",
              "weight")  # fmt: skip
    return World(
        domain="visits",
        tables=(
            Made(
                name="visits", sheets=split("visits", header, made, files),
                properties=(
                    column("visit_id", "string", primaryKey=True, primaryKeyPosition=1, pattern="^V[0-9]{7}$"),
                    column("first_name", "string", required=True), column("last_name", "string", required=True),
                    column("birth_date", "date", required=True),
                    column("ward", "string", required=True, values=wards),
                    column("admitted_at", "timestamp", required=True), column("discharged_at", "timestamp"),
                    column("height_cm", "integer", required=True, minimum=40, maximum=230),
                    column("weight", "number", required=True, minimum=2, maximum=160),
                ),
                roles={
                    "quantity": ("weight",), "listed": ("ward",), "text": ("first_name", "last_name"),
                    "key": ("visit_id",), "moment": ("admitted_at",), "swap": ("admitted_at", "discharged_at"),
                    "unit": ("2.20462", "1000"), "cells": ("weight",), "edge": ("birth_date",),
                },
            ),
        ),
    )  # fmt: skip


def stores(seed: int, rows: int, files: int) -> World:
    """Return shops with their place on the map."""
    chance = random.Random(seed)  # noqa: S311
    made: list[Row] = []
    for number in range(rows):
        city, country, north, east = chance.choice(_CITIES)
        opened = datetime(1995, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(10_000))
        made.append((
            f"ST{number + 1:05}", f"{chance.choice(_LAST)} {chance.choice(('Markt', 'Shop', 'Store'))}", city, country,
            f"{north + chance.gauss(0, 0.05):.5f}", f"{east + chance.gauss(0, 0.05):.5f}", opened.strftime("%Y-%m-%d"),
            f"{_spread(chance, 420, 0.4):.0f}", chance.choice(("open", "closed", "moving")),
            f"{_spread(chance, 9000, 0.45):.2f}",
        ))  # fmt: skip
    header = ("store_id", "store_name", "city", "country", "latitude", "longitude", "opened", "area", "state", "rent")
    return World(
        domain="stores",
        tables=(
            Made(
                name="stores", sheets=split("stores", header, made, files),
                properties=(
                    column("store_id", "string", primaryKey=True, primaryKeyPosition=1, pattern="^ST[0-9]{5}$"),
                    column("store_name", "string", required=True), column("city", "string", required=True),
                    column("country", "string", required=True, values=sorted({c[1] for c in _CITIES})),
                    column("latitude", "number", required=True, minimum=-90, maximum=90),
                    column("longitude", "number", required=True, minimum=-180, maximum=180),
                    column("opened", "date", required=True),
                    column("area", "integer", required=True, minimum=20, maximum=5000),
                    column("state", "string", required=True, values=("open", "closed", "moving")),
                    column("rent", "number", required=True, minimum=200, maximum=150000),
                ),
                roles={
                    "quantity": ("area",), "listed": ("state",), "text": ("city", "store_name"), "key": ("store_id",),
                    "swap": ("latitude", "longitude"), "unit": ("100", "1000"), "cells": ("rent",), "edge": ("opened",),
                },
            ),
        ),
    )  # fmt: skip


def budget(seed: int, rows: int, files: int) -> World:
    """Return amounts by month, region and account."""
    chance = random.Random(seed)  # noqa: S311
    regions, accounts = ("North", "South", "East", "West"), ("Rent", "Wages", "Energy", "Travel", "Repairs")
    months = max(6, rows // (len(regions) * len(accounts)))
    scale = {(r, a): _spread(chance, 5000, 0.5) for r in regions for a in accounts}
    made = [
        (
            f"{2015 + month // 12}-{1 + month % 12:02}-01", region, account,
            f"{scale[region, account] * math.exp(chance.gauss(0, 0.15)):.2f}", str(5 + int(chance.gauss(20, 4))),
        )
        for month in range(months) for region in regions for account in accounts
    ]  # fmt: skip
    header = ("month", "region", "account", "amount", "headcount")
    return World(
        domain="budget",
        tables=(
            Made(
                name="budget", sheets=split("budget", header, made, files),
                properties=(
                    column("month", "date", required=True, primaryKey=True, primaryKeyPosition=1),
                    column("region", "string", required=True, primaryKey=True, primaryKeyPosition=2, values=regions),
                    column("account", "string", required=True, primaryKey=True, primaryKeyPosition=3),
                    column("amount", "number", required=True, minimum=1, maximum=200000),
                    column("headcount", "integer", required=True, minimum=0, maximum=200),
                ),
                roles={
                    "quantity": ("amount",), "listed": ("region",), "open_list": ("account",), "monthly": ("month",),
                    "total": ("account", "amount"), "key": ("month",), "swap": ("amount", "headcount"),
                    "unit": ("1000", "100"), "cells": ("amount",),
                },
            ),
        ),
    )  # fmt: skip


def shipments(seed: int, rows: int, files: int) -> World:
    """Return parcels on their way between depots."""
    chance = random.Random(seed)  # noqa: S311
    depots = [f"{n:05}" for n in range(110, 150)]
    made: list[Row] = []
    for number in range(rows):
        day = _START + timedelta(days=int(90 * number / rows))
        sent = day + timedelta(hours=5, seconds=chance.random() * 9 * 3600)
        made.append((
            f"P-{20_000 + number}", chance.choice(depots), chance.choice(("DHX", "GLP", "UPD")),
            chance.choice(_CITIES)[0], day.strftime("%Y-%m-%d"), _text(sent),
            _text(sent + timedelta(hours=_spread(chance, 30, 0.35))), f"{_spread(chance, 6, 0.35):.2f}",
            f"{_spread(chance, 14, 0.3):.2f}",
        ))  # fmt: skip
    header = ("parcel", "depot", "carrier", "destination", "booked", "shipped_at", "delivered_at", "weight", "cost")
    return World(
        domain="shipments",
        tables=(
            Made(
                name="shipments", sheets=split("shipments", header, made, files),
                properties=(
                    column("parcel", "string", primaryKey=True, primaryKeyPosition=1, pattern="^P-[0-9]{5}$"),
                    column("depot", "string", required=True, relationships=[{"to": "depots.depot"}]),
                    column("carrier", "string", required=True, values=("DHX", "GLP", "UPD")),
                    column("destination", "string", required=True), column("booked", "date", required=True),
                    column("shipped_at", "timestamp", required=True), column("delivered_at", "timestamp"),
                    column("weight", "number", required=True, minimum=0.1, maximum=70),
                    column("cost", "number", required=True, minimum=1, maximum=200),
                ),
                roles={
                    "quantity": ("weight",), "listed": ("carrier",), "open_list": ("destination",),
                    "text": ("destination",), "key": ("parcel",), "foreign": ("depot",), "date": ("booked",),
                    "moment": ("shipped_at",), "swap": ("shipped_at", "delivered_at"),
                    "unit": ("2.20462", "1000", "100"), "cells": ("cost",), "edge": ("booked",),
                },
            ),
            Made(
                name="depots",
                sheets=(Sheet(name="depots.csv", header=("depot", "place"), rows=tuple(
                    (number, chance.choice(_CITIES)[0]) for number in depots)),),
                properties=(
                    column("depot", "string", primaryKey=True, primaryKeyPosition=1),
                    column("place", "string", required=True),
                ),
            ),
        ),
    )  # fmt: skip


def payroll(seed: int, rows: int, files: int) -> World:
    """Return the pay of employees by month."""
    chance = random.Random(seed)  # noqa: S311
    people = [(f"E{n:04}", chance.choice(_FIRST), chance.choice(_LAST), _spread(chance, 3400, 0.25)) for n in range(24)]
    units = {person[0]: chance.choice(("Sales", "Works", "Office")) for person in people}
    months = max(6, rows // len(people))
    made = [
        (
            f"{2018 + month // 12}-{1 + month % 12:02}-01", code, first, last, units[code],
            f"{chance.gauss(160, 6):.1f}", f"{pay * math.exp(chance.gauss(0, 0.05)):.2f}",
        )
        for month in range(months) for code, first, last, pay in people
    ]  # fmt: skip
    header = ("pay_month", "employee", "given", "family", "unit", "hours", "pay")
    return World(
        domain="payroll",
        tables=(
            Made(
                name="payroll", sheets=split("payroll", header, made, files),
                properties=(
                    column("pay_month", "date", required=True, primaryKey=True, primaryKeyPosition=1),
                    column("employee", "string", required=True, primaryKey=True, primaryKeyPosition=2,
                           pattern="^E[0-9]{4}$"),
                    column("given", "string", required=True), column("family", "string", required=True),
                    column("unit", "string", required=True, values=("Sales", "Works", "Office")),
                    column("hours", "number", required=True, minimum=1, maximum=300),
                    column("pay", "number", required=True, minimum=300, maximum=30000),
                ),
                roles={
                    "quantity": ("pay",), "listed": ("unit",), "text": ("given", "family"), "monthly": ("pay_month",),
                    "total": ("family", "pay"), "key": ("employee",), "swap": ("given", "family"),
                    "unit": ("100", "60"), "cells": ("pay", "hours"),
                },
            ),
        ),
    )  # fmt: skip


DOMAINS: dict[str, Callable[[int, int, int], World]] = {
    each.__name__: each for each in (orders, sensors, visits, stores, budget, shipments, payroll)
}
"""Every domain by its name: from a seed, a number of rows and a number of files."""

HELD_OUT = frozenset(("shipments", "payroll"))
"""Domains that were not looked at while the rules were built."""
