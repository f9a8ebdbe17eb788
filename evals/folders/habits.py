"""How one source writes its files: names, order, formats, delimiter and encoding; and how that drifts."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from evals.folders.spec import FolderSpec, Mess
from evals.mapping.generated import HABITS
from state.values import Value

SYNONYMS = {
    "order": ("purchase", "sale", "po"), "customer": ("client", "buyer", "account holder"), "id": ("no", "ref", "key"),
    "date": ("day", "on", "dt"), "placed": ("entered", "received"), "at": ("time", "stamp", "when"),
    "product": ("article", "item", "goods"), "channel": ("sales way", "medium"), "quantity": ("qty", "pieces", "count"),
    "unit": ("single", "each"), "price": ("rate", "value", "eur"), "city": ("town", "place", "location"),
    "country": ("nation", "land", "state"), "reading": ("measurement", "sample"), "sensor": ("device", "probe"),
    "station": ("site", "post"), "measured": ("taken", "observed"), "received": ("arrived", "landed"),
    "temperature": ("temp", "degrees"), "humidity": ("moisture", "rel hum"), "pressure": ("baro", "hpa"),
    "quality": ("status", "flag"), "visit": ("stay", "case"), "first": ("given", "fore"), "last": ("family", "sur"),
    "name": ("title", "label"), "birth": ("born", "dob"), "ward": ("department", "unit"),
    "admitted": ("admission", "came in"), "discharged": ("released", "left"), "height": ("size", "stature"),
    "weight": ("mass", "kg"), "store": ("shop", "outlet"), "latitude": ("lat", "north"), "longitude": ("lon", "east"),
    "opened": ("since", "opening"), "area": ("square metres", "floor"), "state": ("status", "condition"),
    "rent": ("lease", "cost month"), "month": ("period", "mth"), "region": ("district", "zone"),
    "account": ("ledger", "gl"), "amount": ("sum", "total"), "headcount": ("staff", "heads"),
    "parcel": ("package", "consignment"), "depot": ("hub", "warehouse"), "carrier": ("haulier", "forwarder"),
    "destination": ("to", "target"), "booked": ("reserved", "registered"), "shipped": ("sent", "dispatched"),
    "delivered": ("handed over", "arrived"), "cost": ("charge", "fee"), "pay": ("wage", "salary"),
    "employee": ("worker", "staff no"), "given": ("first name", "fore name"), "family": ("surname", "last name"),
    "hours": ("time worked", "hrs"), "place": ("town", "site"),
}  # fmt: skip
"""Other words for the words that names of columns are made of."""

_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d")
_CLOCKS = (" %H:%M:%S", "T%H:%M:%S")
_EXTRA = ("batch", "exported by", "comment", "row hash", "source system")
_OFTEN = 0.5
_WORDS = (3, 1, 1)  # how often each other word is used; the contract knows the first


class Habit(Value):
    """How a source writes a table."""

    names: dict[str, str]  # by column of the contract
    day: str = "%Y-%m-%d"
    clock: str = " %H:%M:%S"
    number: str = "plain"  # plain | comma | grouped
    delimiter: str = ","
    encoding: str = "utf-8"
    extra: tuple[str, ...] = ()
    shuffled: int = 0  # seed of the order; 0: as in the contract

    def written(self, text: str, kind: str) -> str:
        """Return a canonical text of a logical type as this source writes it."""
        if kind == "date":
            return datetime.strptime(text, "%Y-%m-%d").strftime(self.day)  # noqa: DTZ007  a text in a file
        if kind == "timestamp":
            return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").strftime(self.day + self.clock)  # noqa: DTZ007
        if kind == "number" and self.number != "plain":
            places = len(text.partition(".")[2])
            grouped = f"{float(text):,.{places}f}"
            return grouped if self.number == "grouped" else grouped.replace(",", "").replace(".", ",")
        return text


def habit_of(spec: FolderSpec, table: str, slot: int, columns: Sequence[str]) -> Habit:
    """Return the habit of the source that sends file `slot` of a table, after all that drifted so far."""
    chance = random.Random(f"{spec.seed} {spec.domain} {table} {slot}")  # noqa: S311  made-up files
    has = {kind: chance.random() < rate for kind, rate in sorted(spec.mess.items())}
    found = Habit(names={column: column for column in columns})
    for kind in sorted(has):
        if has[kind]:
            found = _drawn(found, kind, chance)
    for step in range(1, spec.drift + 1):
        later = random.Random(f"{spec.seed} {spec.domain} {table} {slot} {step}")  # noqa: S311
        for kind in sorted(spec.mess):
            if kind in _DRAW and later.random() < spec.change:
                found = _drawn(found, kind, later)
    return found


def known_alias(column: str) -> str:
    """Return the other name of a column that the contract knows."""
    return _other_words(column, 0)


def _drawn(habit: Habit, kind: Mess, chance: random.Random) -> Habit:
    return habit.model_copy(update=_DRAW[kind](habit, chance)) if kind in _DRAW else habit


def _headers(habit: Habit, chance: random.Random) -> dict[str, object]:
    spell = chance.choice(HABITS)
    return {"names": _distinct({column: spell(column.split("_")) for column in habit.names})}


def _aliases(habit: Habit, chance: random.Random) -> dict[str, object]:
    word = chance.choices((0, 1, 2), _WORDS)[0]
    picked = {column for column in habit.names if chance.random() < _OFTEN}
    return {"names": _distinct({c: _other_words(c, word) if c in picked else name for c, name in habit.names.items()})}


def _other_words(column: str, choice: int) -> str:
    told = [SYNONYMS.get(word, (word,)) for word in column.split("_")]
    return "_".join(words[choice % len(words)].replace(" ", "_") for words in told)


def _distinct(names: dict[str, str]) -> dict[str, str]:
    """Return the names, those that two columns would share as the contract has them."""
    lowered = [name.lower() for name in names.values()] + [column.lower() for column in names]
    return {
        column: name if lowered.count(name.lower()) <= 1 + (name.lower() == column.lower()) else column
        for column, name in names.items()
    }


_DRAW: Mapping[Mess, Callable[[Habit, random.Random], dict[str, object]]] = {
    Mess.HEADERS: _headers,
    Mess.ALIASES: _aliases,
    Mess.DATES: lambda _, chance: {"day": chance.choice(_DAYS), "clock": chance.choice(_CLOCKS)},
    Mess.NUMBERS: lambda _, chance: {"number": chance.choice(("comma", "grouped"))},
    Mess.DIALECT: lambda _, chance: {
        "delimiter": chance.choice((";", "\t", "|")),
        "encoding": chance.choice(("utf-8-sig", "cp1252", "utf-16")),
    },
    Mess.COLUMNS: lambda _, chance: {
        "extra": tuple(chance.sample(_EXTRA, chance.randint(1, 2))),
        "shuffled": chance.randint(1, 10**6),
    },
}
"""What a source takes up when it is messy in a way."""
