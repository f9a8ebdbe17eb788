"""What there is no rule for: faults that must end as unknown, and changes of form that are no fault at all."""

import hashlib
from collections.abc import Callable

from evals.reasoning.damage import Target
from evals.reasoning.faults import Damage, Kind
from state.diagnosis import Cause


def noise(target: Target, variant: str) -> bool:
    """Add noise to a quantity, many times as wide as its values are."""
    column = target.role("quantity")
    if column is None:
        return False
    place = target.place(column)
    values = [float(row[place]) for file in target.files for row in file.rows]
    width = (max(values) - min(values)) * float(variant)
    for file, rows in target.part():
        for at in rows:
            row = file.strike(at)
            row[place] = f"{float(row[place]) + target.chance.gauss(0, width):.2f}"
    return True


def scrambled_rows(target: Target, variant: str) -> bool:
    """Put the values of some rows into other columns at random."""
    for file, at in target.some(float(variant)):
        row = file.strike(at)
        before = list(row)
        while row == before:
            target.chance.shuffle(row)
    return True


def hashed(target: Target, variant: str) -> bool:
    """Replace the values of a column by hashes."""
    column = target.role(variant)
    if column is None:
        return False
    place = target.place(column)
    for file, rows in target.part():
        for at in rows:
            row = file.strike(at)
            row[place] = hashlib.sha256(f"{at}{row[place]}".encode()).hexdigest()[:16]
    return True


def frozen(target: Target, variant: str) -> bool:
    """Let a column stop at one of its values."""
    column = target.role(variant)
    if column is None:
        return False
    place = target.place(column)
    for file, rows in target.part():
        value = file.rows[rows[0]][place]
        for at in rows[1:]:
            file.strike(at)[place] = value
    return True


def transposed_digits(target: Target, variant: str) -> bool:
    """Exchange the first two digits of single numbers; a rule between columns would see it, and the bounds do."""
    column = target.role("quantity")
    if column is None:
        return False
    place = target.place(column)
    for file, at in target.some(float(variant)):
        text = file.rows[at][place]
        if len(text) > 3 and text[:2].isdigit() and text[0] != text[1]:  # noqa: PLR2004  digits to exchange
            file.strike(at)[place] = f"-{text[1]}{text[0]}{text[2:]}"
    return any(file.hit for file in target.files)


def words(target: Target, variant: str) -> bool:
    """Write remarks, each another one, into a quantity."""
    column = target.role("quantity")
    if column is None:
        return False
    place = target.place(column)
    for file, at in target.some(0.06):
        file.strike(at)[place] = f"{variant} {target.chance.randrange(10_000)} by {target.chance.choice('abcdefgh')}"
    return True


def misspelt(target: Target, variant: str) -> bool:
    """Misspell values of a list, each in a way of its own."""
    column = target.role("listed")
    if column is None:
        return False
    place = target.place(column)
    for file, at in target.some(0.06):
        row = file.strike(at)
        row[place] = "".join(target.chance.choice("qxzjkvw") for _ in range(len(row[place]))) + variant
    return True


UNKNOWN: dict[str, tuple[Kind, Damage]] = {
    kind.name: (kind, damage)
    for kind, damage in (
        (Kind(name="noise", cause=Cause.UNKNOWN, variants=("1",), held_out=("3",)), noise),
        (Kind(name="scrambled_rows", cause=Cause.UNKNOWN, variants=("0.08",), held_out=("0.15",)), scrambled_rows),
        (Kind(name="hashed", cause=Cause.UNKNOWN, variants=("quantity",), held_out=("listed", "text")), hashed),
        (Kind(name="frozen", cause=Cause.UNKNOWN, variants=("quantity",), held_out=("listed",)), frozen),
        (Kind(name="transposed_digits", cause=Cause.UNKNOWN, variants=("0.06",), held_out=("0.1",)), transposed_digits),
        (Kind(name="words", cause=Cause.UNKNOWN, variants=("see note",), held_out=("ask",)), words),
        (Kind(name="misspelt", cause=Cause.UNKNOWN, variants=("",), held_out=("o",)), misspelt),
    )
}  # fmt: skip
"""Kinds without a rule."""

HELD_OUT_KINDS = frozenset(("words", "misspelt"))
"""Kinds that were not looked at while the rules were built."""


def _form(change: Callable[[Target], None]) -> Damage:
    def applied(target: Target, _variant: str) -> bool:
        change(target)
        return True

    return applied


def _plain(_target: Target) -> None:
    pass


def _other_delimiter(target: Target) -> None:
    target.files[-1].delimiter = ";"


def _wide(target: Target) -> None:
    target.files[0].encoding = "utf-16-le"


def _western(target: Target) -> None:
    target.files[-1].encoding = "cp1252"


def _no_last_end(target: Target) -> None:
    target.files[0].end = ""


def _permuted(target: Target) -> None:
    for file in target.files:
        target.chance.shuffle(file.rows)


def _slashed(target: Target) -> None:
    column = target.role("date") or target.role("edge")
    if column is None:
        return
    place = target.place(column)
    for row in target.files[-1].rows:
        year, month, day = row[place].split("-")
        row[place] = f"{month}/{day}/{year}"


CLEAN: dict[str, tuple[Kind, Damage]] = {
    name: (Kind(name=name, cause=Cause.NOTHING_WRONG, variants=("",)), _form(change))
    for name, change in (
        ("clean", _plain), ("clean_semicolons", _other_delimiter), ("clean_utf16", _wide), ("clean_cp1252", _western),
        ("clean_open_end", _no_last_end), ("clean_permuted", _permuted), ("clean_month_first", _slashed),
    )
}  # fmt: skip
"""Files as they should be, in several forms that the product reads."""
