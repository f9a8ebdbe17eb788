"""Faults with a known cause and known rows. A fault changes the target's files and says whether it could happen there.

Each kind has variants, of which some are held out: they were not looked at while the rules were built.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from evals.reasoning.damage import DamagedFile, Row, Target
from state.diagnosis import Cause
from state.values import Value

Damage = Callable[[Target, str], bool]

_BLOCK = 0.12  # of a file's rows
_SHARE = 0.05


class Kind(Value):
    """One kind of fault."""

    name: str
    cause: Cause
    variants: tuple[str, ...]
    held_out: tuple[str, ...] = ()  # variants that were not looked at


def _block(target: Target, file: DamagedFile, share: float = _BLOCK) -> range:
    count = max(5, int(share * len(file.rows)))
    first = target.chance.randrange(0, max(1, len(file.rows) - count))
    return range(first, min(len(file.rows), first + count))


def _cells(target: Target, part: list[tuple[DamagedFile, range]], column: str, change: Callable[[str], str]) -> bool:
    place = target.place(column)
    for file, rows in part:
        for at in rows:
            before = file.rows[at][place]
            after = change(before) if before else before
            if after != before:
                file.strike(at)[place] = after
    return any(file.hit for file in target.files)


def delimiter_lines(target: Target, variant: str) -> bool:
    """Cut a run of lines with another delimiter, as when two exports are put one behind the other."""
    file = target.chance.choice(target.files)
    for at in _block(target, file):
        file.strike(at)
        file.delimiters[at] = variant
    return True


def delimiter_file(target: Target, variant: str) -> bool:
    """Write one file with a delimiter that nobody expects."""
    file = target.chance.choice(target.files)
    file.delimiter = variant
    file.hit = set(range(len(file.rows)))
    return True


def mojibake(target: Target, variant: str) -> bool:
    """Read text as another encoding than it was written in, and write what was read."""
    columns = target.roles.get("text", ())
    part = target.part() if variant == "file" else [(file, range(len(file.rows))) for file in target.files]
    if variant == "rows":
        picked = target.some(0.3)
        for column in columns:
            _cells(target, [(file, range(at, at + 1)) for file, at in picked], column, _garbled)
        return bool(columns) and any(file.hit for file in target.files)
    for column in columns:
        _cells(target, part, column, _garbled)
    return any(file.hit for file in target.files)


def _garbled(text: str) -> str:
    return text.encode().decode("cp1252", errors="replace") if not text.isascii() else text


def codepage(target: Target, variant: str) -> bool:
    """Write one file in a code page of another system, with nothing that says so."""
    file = target.chance.choice(target.files)
    file.encoding = variant
    places = [target.place(column) for column in target.roles.get("text", ())]
    for at, row in enumerate(file.rows):
        for place in places:
            row[place] = row[place].encode(variant, errors="replace").decode(variant)
        if any(not cell.isascii() for cell in row):
            file.hit.add(at)
    return bool(file.hit)


def bytes_mixed(target: Target, variant: str) -> bool:
    """Write some lines of a UTF-8 file in another encoding."""
    file = target.chance.choice(target.files)
    odd = [at for at, row in enumerate(file.rows) if any(not cell.isascii() for cell in row)]
    for at in odd[: max(3, len(odd) // 5)]:
        file.strike(at)
        file.lines[at] = (",".join(file.rows[at]) + "\n").encode(variant, errors="replace")
    return bool(file.hit)


def letters_lost(target: Target, variant: str) -> bool:
    """Replace letters beyond ASCII by a sign, as a program does that cannot write them."""
    for column in target.roles.get("text", ()):
        _cells(target, target.part(), column, lambda text: "".join(c if c.isascii() else variant for c in text))
    return any(file.hit for file in target.files)


def shifted(target: Target, variant: str) -> bool:
    """Move the values of some rows to a neighbouring column."""
    for file, at in target.some(_SHARE):
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
    for file, at in target.some(_SHARE):
        row = list(file.strike(at))
        row[place] = f"{row[place]}{variant}{target.chance.choice(('Nord', 'b', 'II'))}"
        file.lines[at] = (",".join(row) + "\n").encode()
    return True


def unit(target: Target, variant: str) -> bool:
    """Write a quantity in another unit: in one file, from a row on, or throughout."""
    column = target.role("quantity")
    if column is None:
        return False
    where, _, factor = variant.partition(":")
    if factor not in target.roles.get("unit", ()):
        return False
    part = [(f, range(len(f.rows))) for f in target.files] if where == "all" else target.part()
    return _cells(target, part, column, lambda text: _scaled(text, factor))


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
    return _cells(target, part, column, _exchanged) and sum(len(file.hit) for file in target.files) > 15  # noqa: PLR2004


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


def loaded_twice(target: Target, variant: str) -> bool:
    """Deliver a file twice under two names, or a run of rows twice in one file."""
    file = target.chance.choice(target.files)
    if variant == "file":
        copy = DamagedFile(file.name.replace(".csv", "_99.csv"), file.header, file.rows)
        copy.hit = set(range(len(copy.rows)))
        target.files.append(copy)
        return True
    rows = [file.rows[at] for at in _block(target, file, 0.2)] if variant == "block" else list(file.rows)
    if variant == "some":
        rows = target.chance.sample(file.rows, max(5, len(file.rows) // 10))
    first = len(file.rows)
    file.rows += [list(row) for row in rows]
    file.hit = set(range(first, len(file.rows)))
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
    return _cells(target, target.part(), column, changes[variant])


def truncated(target: Target, variant: str) -> bool:
    """End a file in the middle of its last record."""
    file = target.chance.choice(target.files)
    kept = int(len(file.rows) * target.chance.uniform(0.4, 0.8))
    file.rows = file.rows[:kept]
    last = ",".join(file.rows[-1])
    fields = [len(",".join(file.rows[-1][: n + 1])) for n in range(len(file.header))]
    file.cut = fields[len(fields) // 2] - 1 if variant == "record" else min(fields[0] + 2, len(last) - 3)
    if variant == "value":
        file.cut = len(",".join(file.rows[-1][:-1])) + 2
        if len(file.rows[-1][-1]) < 5:  # noqa: PLR2004  nothing to miss
            return False
    file.hit = {kept - 1}
    return True


def sentinel(target: Target, variant: str) -> bool:
    """Write a value that stands for null."""
    role, _, value = variant.partition(":")
    column = target.role(role) or (target.role("date") if role == "edge" else None)
    if column is None:
        return False
    place = target.place(column)
    if value in ("0", "-1") and any(float(row[place]) <= 1 for file in target.files for row in file.rows):
        return False  # a number like the others there
    for file, at in target.some(_SHARE):
        file.strike(at)[place] = value
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

    return _cells(target, part, column, moved)


def _kind(name: str, cause: Cause, variants: tuple[str, ...], held_out: tuple[str, ...]) -> Kind:
    return Kind(name=name, cause=cause, variants=variants, held_out=held_out)


_C = Cause
CAUSES: dict[str, tuple[Kind, Damage]] = {
    damage.__name__: (_kind(damage.__name__, cause, variants, held_out), damage)
    for damage, cause, variants, held_out in (
        (delimiter_lines, _C.WRONG_DELIMITER, (";", "|", "\t"), ("^",)),
        (delimiter_file, _C.WRONG_DELIMITER, ("#",), ("¦", "!")),
        (mojibake, _C.WRONG_ENCODING, ("file", "all"), ("rows",)),
        (codepage, _C.WRONG_ENCODING, ("cp850",), ("mac_roman",)),
        (bytes_mixed, _C.WRONG_ENCODING, ("latin-1",), ("cp850",)),
        (letters_lost, _C.WRONG_ENCODING, ("?",), ("\ufffd",)),
        (shifted, _C.SHIFTED_COLUMNS, ("right", "left", "from"), ("two", "rotated")),
        (extra_field, _C.SHIFTED_COLUMNS, (", ",), (",",)),
        (unit, _C.CHANGED_UNIT, ("part:100", "part:1000", "part:2.20462", "part:fahrenheit", "all:1000"),
         ("all:2.20462", "part:60", "all:100")),
        (dates_slashed, _C.CHANGED_DATE_ORDER, ("tail",), ("half",)),
        (dates_exchanged, _C.CHANGED_DATE_ORDER, ("file",), ("tail",)),
        (category_listed, _C.NEW_CATEGORY, ("Market", "refunded"), ("Hub+Agent",)),
        (category_open, _C.NEW_CATEGORY, ("Garden",), ("Pool+Roof",)),
        (loaded_twice, _C.DUPLICATED_LOAD, ("file", "block", "some"), ("appended",)),
        (key_restarted, _C.BROKEN_KEY, ("quarter",), ("tenth",)),
        (key_missing, _C.BROKEN_KEY, ("0.05",), ("0.02",)),
        (foreign_broken, _C.BROKEN_KEY, ("zeros", "prefix"), ("cut", "decimal")),
        (truncated, _C.TRUNCATED_FILE, ("record", "value"), ("early",)),
        (sentinel, _C.SENTINEL,
         ("quantity:-999", "quantity:n/a", "quantity:0", "edge:9999-12-31", "edge:1900-01-01", "text:n/a"),
         ("quantity:99999", "edge:2999-12-31", "listed:unknown", "quantity:-1")),
        (swapped, _C.SWAPPED_COLUMNS, ("part",), ("tail",)),
        (totals, _C.MIXED_GRANULARITY, ("total",), ("grand", "subtotal")),
        (shorter_spans, _C.MIXED_GRANULARITY, ("day",), ("week",)),
        (outliers, _C.OUTLIERS_BY_FACTOR, ("1000", "100"), ("0.01", "0.001")),
        (clock, _C.TIME_ZONE_SHIFT, ("part:1", "part:2", "part:-5", "tail:6"), ("part:5.5", "tail:-1", "part:9")),
    )
}  # fmt: skip
"""Every kind of fault that there is a rule for, with what does it."""
