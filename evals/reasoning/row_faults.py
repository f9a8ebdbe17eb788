"""Faults of rows: values beside their columns, keys that do not hold, sums and other spans among the rows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from evals.reasoning.damage import SHARE, Row, Target


def shifted(target: Target, variant: str) -> bool:
    """Move the values of some rows to a neighbouring column."""
    for file, at in target.some(SHARE):
        row = file.strike(at)
        _shift(row, variant, target)
    return len(target.files[0].header) > 4  # noqa: PLR2004  something to shift


def _shift(row: Row, variant: str, target: Target) -> None:
    if variant == "right":
        row[:] = ["", *row[:-1]]
    elif variant == "left":
        row[:] = [*row[1:], ""]
    elif variant == "rotated":
        row[:] = [row[-1], *row[:-1]]
    elif variant == "two":
        row[:] = ["", "", *row[:-2]]
    else:  # "from": a value is missing in the middle and the rest moved up
        at = target.chance.randrange(1, max(2, len(row) - 4))
        row[:] = [*row[:at], *row[at + 1 :], ""]


def extra_field(target: Target, variant: str) -> bool:
    """Leave the delimiter within a value unquoted, so that the rest of the line moves on."""
    column = target.role("text")
    if column is None:
        return False
    place = target.place(column)
    for file, at in target.some(SHARE):
        row = list(file.strike(at))
        row[place] = f"{row[place]}{variant}{target.chance.choice(('Nord', 'b', 'II'))}"
        file.lines[at] = (",".join(row) + "\n").encode()
    return True


def swapped(target: Target, variant: str) -> bool:
    """Exchange two columns under the same header, in one file or from a row on."""
    pair = target.roles.get("swap", ())
    if len(pair) != 2:  # noqa: PLR2004  two
        return False
    first, second = map(target.place, pair)
    part = target.part()
    if variant == "tail":
        file = target.files[-1]
        part = [(file, range(len(file.rows) // 3, len(file.rows)))]
    for file, rows in part:
        for at in rows:
            if file.rows[at][first] != file.rows[at][second]:
                row = file.strike(at)
                row[first], row[second] = row[second], row[first]
    return True


def key_restarted(target: Target, variant: str) -> bool:
    """Let the numbering begin anew, so that keys stand for two rows."""
    column = target.role("key")
    if column is None or "monthly" in target.roles:
        return False
    place = target.place(column)
    rows = [(file, at) for file in target.files for at in range(len(file.rows))]
    count = len(rows) // (4 if variant == "quarter" else 10)
    for (file, at), (other, first) in zip(rows[-count:], rows[:count], strict=True):
        file.strike(at)[place] = other.rows[first][place]
    return True


def key_missing(target: Target, variant: str) -> bool:
    """Leave the key of some rows empty."""
    column = target.role("key")
    if column is None:
        return False
    place = target.place(column)
    for file, at in target.some(float(variant)):
        file.strike(at)[place] = ""
    return True


def foreign_broken(target: Target, variant: str) -> bool:
    """Change what rows refer to: leading zeros lost, a prefix, an end cut off."""
    column = target.role("foreign")
    if column is None:
        return False
    changes: dict[str, Callable[[str], str]] = {
        "zeros": lambda text: text.lstrip("0") or "0",
        "prefix": lambda text: f"X-{text}",
        "cut": lambda text: text[:-1],
        "decimal": lambda text: f"{text}.0",
    }
    return target.change(target.part(), column, changes[variant])


def totals(target: Target, variant: str) -> bool:
    """Write sums among the rows they sum up."""
    roles = target.roles.get("total", ())
    if len(roles) != 2:  # noqa: PLR2004  a label and an amount
        return False
    label, amount = map(target.place, roles)
    for file in target.files:
        rows: list[Row] = []
        hit: set[int] = set()
        held: list[Row] = []
        for at, row in enumerate(file.rows):
            rows.append(row)
            held.append(row)
            done = at + 1 == len(file.rows) or (variant != "grand" and file.rows[at + 1][0] != row[0])
            if done:
                total = list(row)
                total[label] = {"grand": "Grand Total", "subtotal": "Subtotal", "total": "Total"}[variant]
                total[amount] = f"{sum(float(each[amount]) for each in held):.2f}"
                hit.add(len(rows))
                rows.append(total)
                held = []
        file.rows, file.hit = rows, hit
    return True


def shorter_spans(target: Target, variant: str) -> bool:
    """Write one file by day, or by week, where the others are by month."""
    column = target.role("monthly")
    if column is None or len(target.files) < 2:  # noqa: PLR2004  others
        return False
    place = target.place(column)
    amount = target.place(target.roles["quantity"][0])
    file = target.chance.choice(target.files)
    months = list(dict.fromkeys(row[place] for row in file.rows))[:2]
    step = 1 if variant == "day" else 7
    rows: list[Row] = []
    for month in months:
        for row in (row for row in file.rows if row[place] == month):
            for day in range(0, 28, step):
                moment = datetime.fromisoformat(month) + timedelta(days=day)
                piece = list(row)
                piece[place] = moment.strftime("%Y-%m-%d")
                piece[amount] = f"{float(row[amount]) * step / 28 * target.chance.uniform(0.8, 1.2):.2f}"
                rows.append(piece)
    file.rows = sorted(rows, key=lambda row: row[place])
    file.hit = set(range(len(file.rows)))
    return True
