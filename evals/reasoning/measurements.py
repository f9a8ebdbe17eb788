"""Generated tables of measurements: sensors around the clock, visits of a hospital."""

import math
import random
from datetime import UTC, datetime, timedelta

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


def sensors(seed: int, rows: int, files: int) -> World:
    """Return measurements around the clock with the time each was received."""
    chance = random.Random(seed)  # noqa: S311
    made: list[Row] = []
    for number in range(rows):
        moment = START + timedelta(minutes=20 * number)
        hour = moment.hour + moment.minute / 60
        station, _, _, _ = CITIES[number % 5]
        made.append((
            f"R{500_000 + number}", f"S-{1 + number % 5:03}", station, told(moment),
            told(moment + timedelta(seconds=20 + chance.expovariate(0.02))),
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
        came = START + timedelta(days=int(120 * number / rows)) + working_hour(chance)
        left = came + timedelta(hours=5 + spread(chance, 60, 0.6))
        tall = chance.gauss(171, 9)
        made.append((
            f"V{number + 1:07}", chance.choice(GIVEN), chance.choice(FAMILY),
            (datetime(1940, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(28_000))).strftime("%Y-%m-%d"),
            chance.choice(wards), told(came), told(left), f"{tall:.0f}", f"{spread(chance, 74, 0.16):.1f}",
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
