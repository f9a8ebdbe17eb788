"""Generated tables of amounts by month: a budget by region and account, the pay of employees."""

import math
import random

from evals.reasoning.worlds import FAMILY, GIVEN, Made, World, column, split, spread


def budget(seed: int, rows: int, files: int) -> World:
    """Return amounts by month, region and account."""
    chance = random.Random(seed)  # noqa: S311
    regions, accounts = ("North", "South", "East", "West"), ("Rent", "Wages", "Energy", "Travel", "Repairs")
    months = max(6, rows // (len(regions) * len(accounts)))
    scale = {(r, a): spread(chance, 5000, 0.5) for r in regions for a in accounts}
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


def payroll(seed: int, rows: int, files: int) -> World:
    """Return the pay of employees by month."""
    chance = random.Random(seed)  # noqa: S311
    people = [(f"E{n:04}", chance.choice(GIVEN), chance.choice(FAMILY), spread(chance, 3400, 0.25)) for n in range(24)]
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
