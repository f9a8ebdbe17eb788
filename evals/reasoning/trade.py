"""Generated tables of trade: orders with their customers, shops on the map, parcels between depots."""

import random
from datetime import UTC, datetime, timedelta

from evals.draft_data import Sheet
from evals.reasoning.worlds import (
    CITIES,
    FAMILY,
    GIVEN,
    START,
    Made,
    Row,
    World,
    column,
    split,
    spread,
    told,
    working_hour,
)


def orders(seed: int, rows: int, files: int) -> World:
    """Return orders by day, and the customers they refer to."""
    chance = random.Random(seed)  # noqa: S311  made-up data
    customers = [f"{n:06}" for n in range(1, 1 + max(20, rows // 8))]
    products = ("Lamp", "Chair", "Desk", "Shelf", "Carpet", "Mirror", "Sofa")
    made: list[Row] = []
    for number in range(rows):
        day = START + timedelta(days=int(180 * number / rows))
        city = chance.choice(CITIES)
        made.append((
            f"A{10_000 + number}", chance.choice(customers), day.strftime("%Y-%m-%d"), told(day + working_hour(chance)),
            chance.choice(products), chance.choice(("web", "shop", "phone")), str(1 + int(chance.expovariate(0.5))),
            f"{spread(chance, 80, 0.5):.2f}", city[0], city[1],
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
                    column("country", "string", required=True, values=sorted({c[1] for c in CITIES})),
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
                    (number, f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}") for number in customers)),),
                properties=(
                    column("customer_id", "string", primaryKey=True, primaryKeyPosition=1),
                    column("name", "string", required=True),
                ),
            ),
        ),
    )  # fmt: skip


def stores(seed: int, rows: int, files: int) -> World:
    """Return shops with their place on the map."""
    chance = random.Random(seed)  # noqa: S311
    made: list[Row] = []
    for number in range(rows):
        city, country, north, east = chance.choice(CITIES)
        opened = datetime(1995, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(10_000))
        made.append((
            f"ST{number + 1:05}", f"{chance.choice(FAMILY)} {chance.choice(('Markt', 'Shop', 'Store'))}", city, country,
            f"{north + chance.gauss(0, 0.05):.5f}", f"{east + chance.gauss(0, 0.05):.5f}", opened.strftime("%Y-%m-%d"),
            f"{spread(chance, 420, 0.4):.0f}", chance.choice(("open", "closed", "moving")),
            f"{spread(chance, 9000, 0.45):.2f}",
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
                    column("country", "string", required=True, values=sorted({c[1] for c in CITIES})),
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


def shipments(seed: int, rows: int, files: int) -> World:
    """Return parcels on their way between depots."""
    chance = random.Random(seed)  # noqa: S311
    depots = [f"{n:05}" for n in range(110, 150)]
    made: list[Row] = []
    for number in range(rows):
        day = START + timedelta(days=int(90 * number / rows))
        sent = day + timedelta(hours=5, seconds=chance.random() * 9 * 3600)
        made.append((
            f"P-{20_000 + number}", chance.choice(depots), chance.choice(("DHX", "GLP", "UPD")),
            chance.choice(CITIES)[0], day.strftime("%Y-%m-%d"), told(sent),
            told(sent + timedelta(hours=spread(chance, 30, 0.35))), f"{spread(chance, 6, 0.35):.2f}",
            f"{spread(chance, 14, 0.3):.2f}",
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
                    (number, chance.choice(CITIES)[0]) for number in depots)),),
                properties=(
                    column("depot", "string", primaryKey=True, primaryKeyPosition=1),
                    column("place", "string", required=True),
                ),
            ),
        ),
    )  # fmt: skip
