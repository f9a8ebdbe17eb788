"""Faults of single columns: unit, order of dates, categories, values that stand for null, decimal signs, clocks."""

from datetime import datetime, timedelta

from evals.reasoning.damage import SHARE, Target


def unit(target: Target, variant: str) -> bool:
    """Write a quantity in another unit: in one file, from a row on, or throughout."""
    column = target.role("quantity")
    if column is None:
        return False
    where, _, factor = variant.partition(":")
    if factor not in target.roles.get("unit", ()):
        return False
    part = [(f, range(len(f.rows))) for f in target.files] if where == "all" else target.part()
    return target.change(part, column, lambda text: _scaled(text, factor))


def _scaled(text: str, factor: str) -> str:
    number = float(text)
    changed = number * 1.8 + 32 if factor == "fahrenheit" else number * float(factor)
    places = len(text.partition(".")[2])
    return f"{changed:.{places}f}"


def dates_slashed(target: Target, variant: str) -> bool:
    """Write dates with slashes, the month first in a part of the only file, the day first in the rest."""
    column = target.role("date") or target.role("edge")
    if column is None:
        return False
    place = target.place(column)
    for file in target.files:
        for row in file.rows:
            year, month, day = row[place].split("-")
            row[place] = f"{day}/{month}/{year}"
    file = target.chance.choice(target.files)
    first = int(len(file.rows) * (0.6 if variant == "tail" else 0.45))
    for at in range(first, len(file.rows)):
        day, month, year = file.rows[at][place].split("/")
        if day != month:
            file.strike(at)[place] = f"{month}/{day}/{year}"
    return any(int(row[place].split("/")[1]) > 12 for row in file.rows[first:])  # noqa: PLR2004  months


def dates_exchanged(target: Target, variant: str) -> bool:
    """Exchange day and month of every date that reads both ways, as a spreadsheet of another country does."""
    column = target.role("date")
    if column is None:
        return False
    part = (
        target.part()
        if variant == "file"
        else [(target.files[-1], range(len(target.files[-1].rows) // 2, len(target.files[-1].rows)))]
    )
    return target.change(part, column, _exchanged) and sum(len(file.hit) for file in target.files) > 15  # noqa: PLR2004


def _exchanged(text: str) -> str:
    year, month, day = text.split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 else text  # noqa: PLR2004  months


def category_listed(target: Target, variant: str) -> bool:
    """Let a value appear that the contract's list does not hold."""
    return _category(target, "listed", variant.split("+"))


def category_open(target: Target, variant: str) -> bool:
    """Let a value appear from some file on in a column that has no list but always held a few values."""
    return len(target.files) > 2 and _category(target, "open_list", variant.split("+"))  # noqa: PLR2004


def _category(target: Target, role: str, values: list[str]) -> bool:
    column = target.role(role)
    if column is None:
        return False
    place = target.place(column)
    file = target.files[-1]
    for at in range(len(file.rows) // 3 if len(target.files) == 1 else 0, len(file.rows)):
        if target.chance.random() < 0.3:  # noqa: PLR2004  a third of the rows
            file.strike(at)[place] = target.chance.choice(values)
    return bool(file.hit)


def sentinel(target: Target, variant: str) -> bool:
    """Write a value that stands for null."""
    role, _, value = variant.partition(":")
    column = target.role(role) or (target.role("date") if role == "edge" else None)
    if column is None:
        return False
    place = target.place(column)
    if value in ("0", "-1") and any(float(row[place]) <= 1 for file in target.files for row in file.rows):
        return False  # a number like the others there
    for file, at in target.some(SHARE):
        file.strike(at)[place] = value
    return True


def outliers(target: Target, variant: str) -> bool:
    """Lose or move the decimal sign of single numbers."""
    column = target.role("cells") or target.role("quantity")
    if column is None:
        return False
    place = target.place(column)
    for file, at in target.some(0.02, 5):
        row = file.strike(at)
        places = len(row[place].partition(".")[2]) + (3 if float(variant) < 1 else 0)
        row[place] = f"{float(row[place]) * float(variant):.{places}f}"
    return True


def clock(target: Target, variant: str) -> bool:
    """Move the times of a part by whole or half hours."""
    column = target.role("moment")
    if column is None:
        return False
    where, _, hours = variant.partition(":")
    part = target.part()
    if where == "tail":
        file = target.files[-1]
        part = [(file, range(len(file.rows) // 3, len(file.rows)))]

    def moved(text: str) -> str:
        return (datetime.fromisoformat(text) + timedelta(hours=float(hours))).strftime("%Y-%m-%d %H:%M:%S")

    return target.change(part, column, moved)
