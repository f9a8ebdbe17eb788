"""The lines of one table's files: rows that are right, some of them damaged, repeated or broken."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.folders.spec import Fate, Mess
from evals.reasoning.worlds import Made

_SETS_ASIDE = (Mess.INVALID, Mess.IMPOSSIBLE, Mess.BROKEN)
_SHORT = 3  # fields of a broken line
_FAR = 50  # times a bound that a value is out of it
_BLANKS = ("  {} ", "{}  ", "\t{}")


@dataclass
class Line:
    """One line on its way into a file: what is true, what stands there instead, how it may end."""

    values: dict[str, str | None]  # canonical; empty for a line that is no record
    written: dict[str, str] = field(default_factory=dict)  # instead of the true value
    damaged: dict[str, str] = field(default_factory=dict)
    ends: tuple[Fate, ...] = (Fate.PUBLISHED,)
    broken: tuple[str, ...] = ()  # the fields of a line that is no record


def lines_of(made: Made, rates: Mapping[Mess, float], seed: str, *, first: bool) -> list[list[Line]]:
    """Return the lines of each file of a table; only the first table of a folder has rows that cannot be published."""
    chance = random.Random(seed)  # noqa: S311  made-up files
    files = [
        [Line(dict(zip(sheet.header, (cell or None for cell in row), strict=True))) for row in sheet.rows]
        for sheet in made.sheets
    ]
    every = [line for lines in files for line in lines]
    free = chance.sample(every, len(every))
    for kind, damage in _ROW_DAMAGE.items():
        if first or kind not in _SETS_ASIDE:
            for _ in range(round(rates.get(kind, 0.0) * len(every))):
                if free:
                    damage(made, free.pop(), chance)
    clean = [line for line in free if not line.damaged]
    for line in clean[: round(rates.get(Mess.REPEATS, 0.0) * len(every))]:
        _repeat(files, line, chance)
    for _ in range(round(rates.get(Mess.BROKEN, 0.0) * len(every)) if first else 0):
        _break(chance.choice(files), made, chance)
    return files


def optional_column(made: Made) -> str:
    """Return the column that may be empty where values are impossible; empty when the table has no quantity."""
    names = made.roles.get("cells") or made.roles.get("quantity") or ("",)
    return names[0]


def _blank(made: Made, line: Line, chance: random.Random) -> None:
    texts = [p["name"] for p in made.properties if p["logicalType"] == "string" and not p.get("primaryKey")]
    if texts and line.values[column := chance.choice(texts)]:
        _write(line, Mess.BLANKS, column, chance.choice(_BLANKS).format(line.values[column]), (Fate.PUBLISHED,))


def _misspell(made: Made, line: Line, chance: random.Random) -> None:
    listed = [p["name"] for p in made.properties if "quality" in p and not p.get("primaryKey")]
    if not listed:
        return
    column = chance.choice(listed)
    text, rule = line.values[column] or "", _values_of(made, column)
    place = chance.randrange(len(text) - 1)
    wrong = chance.choice((
        f"{text[:place]}{text[place + 1]}{text[place]}{text[place + 2 :]}", text[:place] + text[place + 1 :],
        text[:place] + chance.choice("aeiou") + text[place:], text.upper(),
    ))  # fmt: skip
    if wrong not in rule:
        _write(line, Mess.MISSPELT, column, wrong, (Fate.PUBLISHED, Fate.QUARANTINED))


def _values_of(made: Made, column: str) -> Sequence[str]:
    found = next(p for p in made.properties if p["name"] == column)
    return list(found["quality"][0]["arguments"]["validValues"])


def _invalidate(made: Made, line: Line, chance: random.Random) -> None:
    foreign = made.roles.get("foreign", ())
    needed = [
        p["name"]
        for p in made.properties
        if p.get("required") and not p.get("primaryKey") and p["name"] != optional_column(made)
    ]
    column = chance.choice((*needed, *foreign))
    text = f"99{chance.randrange(10_000):04}" if column in foreign and chance.random() < 0.7 else ""  # noqa: PLR2004
    _write(line, Mess.INVALID, column, text, (Fate.QUARANTINED, Fate.PUBLISHED))


def _overdo(made: Made, line: Line, chance: random.Random) -> None:
    column = optional_column(made)
    options: dict[str, Any] = next((p["logicalTypeOptions"] for p in made.properties if p["name"] == column), {})
    if options and line.values[column]:
        far = int(options["maximum"] * chance.randint(2, _FAR))
        _write(line, Mess.IMPOSSIBLE, column, str(far), (Fate.QUARANTINED, Fate.PUBLISHED))


def _write(line: Line, kind: Mess, column: str, text: str, ends: tuple[Fate, ...]) -> None:
    line.written[column], line.damaged[column], line.ends = text, kind.value, ends


_ROW_DAMAGE = {
    Mess.INVALID: _invalidate,
    Mess.IMPOSSIBLE: _overdo,
    Mess.MISSPELT: _misspell,
    Mess.BLANKS: _blank,
}
"""What damages one row; a row is damaged once."""


def _repeat(files: list[list[Line]], line: Line, chance: random.Random) -> None:
    """Put the line again somewhere behind itself in its file; either of the two may be the one that is published."""
    line.ends = (Fate.PUBLISHED, Fate.MERGED)
    lines = next(each for each in files if any(other is line for other in each))
    place = next(at for at, other in enumerate(lines) if other is line)
    lines.insert(chance.randint(place + 1, len(lines)), Line(dict(line.values), ends=(Fate.MERGED, Fate.PUBLISHED)))


def _break(lines: list[Line], made: Made, chance: random.Random) -> None:
    names = [p["name"] for p in made.properties]
    near = next((line for line in lines if not line.broken), None)
    fields = [near.values[name] or "" for name in names] if near else names
    torn = fields[:_SHORT] if chance.random() < 0.5 else [*fields, "x", "y", "z"]  # noqa: PLR2004
    lines.insert(chance.randint(1, len(lines)), Line({}, ends=(Fate.QUARANTINED,), broken=tuple(torn)))
