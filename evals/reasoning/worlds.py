"""What a generated table is: files, contract entry, what its columns are good for; and the names and sizes in it."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from evals.draft_data import Sheet
from state.values import Value

Row = tuple[str, ...]

CITIES = (
    ("Köln", "Germany", 50.9, 6.9), ("München", "Germany", 48.1, 11.6), ("Zürich", "Switzerland", 47.4, 8.5),
    ("Genève", "Switzerland", 46.2, 6.1), ("Orléans", "France", 47.9, 1.9), ("Nîmes", "France", 43.8, 4.4),
    ("Málaga", "Spain", 36.7, -4.4), ("A Coruña", "Spain", 43.4, -8.4), ("Århus", "Denmark", 56.2, 10.2),
    ("Graz", "Austria", 47.1, 15.4), ("Linz", "Austria", 48.3, 14.3), ("Lyon", "France", 45.8, 4.8),
    ("Saarbrücken", "Germany", 49.2, 7.0), ("Besançon", "France", 47.2, 6.0), ("Cáceres", "Spain", 39.5, -6.4),
)  # fmt: skip

GIVEN = (
    "Jörg", "Anna", "Élodie", "Michał", "Sofía", "Lars", "Émile", "Clara", "Björn", "Zoë", "Paul", "Nina", "René",
    "Inês", "Tom", "Mia", "José", "Karin", "Aña", "Otto",
)  # fmt: skip

FAMILY = (
    "Müller", "Schäfer", "Dupré", "Nuñez", "Sørensen", "Lefèvre", "Groß", "Pérez", "Wagner", "Moreau", "Jäger",
    "Ibáñez", "Becker", "Girard", "Höfer", "Løkke", "Braun", "Roux", "Vogel", "Marín",
)  # fmt: skip

START = datetime(2023, 1, 1, tzinfo=UTC)


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


def spread(chance: random.Random, middle: float, sigma: float) -> float:
    """Return a size around a middle, scattered by `sigma` on the scale of logarithms."""
    return middle * math.exp(chance.gauss(0, sigma))


def working_hour(chance: random.Random) -> timedelta:
    """Return a time of day when people work."""
    while True:
        hours = chance.gauss(5, 2.6)
        if 0 <= hours < 11:  # noqa: PLR2004  from opening to closing
            return timedelta(hours=7) + timedelta(seconds=int(hours * 3600))


def told(moment: datetime) -> str:
    """Return a moment as files write it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
