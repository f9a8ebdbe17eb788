"""The tables the suite `draft` works on: CSV files as lists of rows, split into halves and written again."""

import csv
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from state.errors import SetupError
from state.values import Value

DATA = Path("..") / "shared" / "data"
_SHOP = Path(__file__).resolve().parent.parent / "examples" / "shop" / "generate.py"
_PAIRS = ("beers", "flights", "hospital")


class Files(Value):
    """Some files that one contract is drafted from."""

    name: str
    paths: tuple[str, ...]


class Sheet(Value):
    """One CSV file: its name, header and rows."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, position: int) -> list[str]:
        """Return the values of one column."""
        return [row[position] for row in self.rows]


def write_shop(folder: Path, seed: int) -> Path:
    """Write the shop of the example with this seed and return its folder."""
    if not (folder / "truth").is_dir():
        subprocess.run(  # noqa: S603  the project's own example
            [sys.executable, str(_SHOP), str(folder), "--seed", str(seed)], check=True, capture_output=True
        )
    return folder


def every_file(data: Path, shop: Path) -> list[Files]:
    """Return all sets of files there are for the round trip; SetupError when the shared data is missing."""
    if not (data / "cleaning").is_dir():
        raise SetupError("the suite's data is missing", where=str(data), hint="give its folder with --data")
    truth = [str(shop / "truth" / f"{name}.csv") for name in ("customers", "orders")]
    found = [_files("shop_input", [str(shop / "input")]), _files("shop_truth", truth)]
    for name in _PAIRS:
        found += [
            _files(f"{name}_{kind}", [str(data / "cleaning" / name / f"{kind}.csv")]) for kind in ("dirty", "clean")
        ]
    found += [_files(f"jaffle_{name}", [str(data / "jaffle_shop" / name)]) for name in ("seeds", "expected")]
    found += [
        _files(folder.name, [str(folder)]) for folder in sorted((data / "column_mapping").iterdir()) if folder.is_dir()
    ]
    return [*found, _files("covid19", [str(data / "covid19")])]


def _files(name: str, paths: Sequence[str]) -> Files:
    return Files(name=name, paths=tuple(paths))


def clean_sheets(data: Path, shop: Path) -> list[tuple[str, Path]]:
    """Return (name, file) of the tables that are right as they are, so that every alarm is a false one."""
    found = [(f"shop_{name}", shop / "truth" / f"{name}.csv") for name in ("customers", "orders")]
    found += [(f"{name}_clean", data / "cleaning" / name / "clean.csv") for name in _PAIRS]
    for folder in ("seeds", "expected"):
        found += [(f"jaffle_{path.stem}", path) for path in sorted((data / "jaffle_shop" / folder).glob("*.csv"))]
    return found


def read_sheet(path: Path) -> Sheet:
    """Return a well-formed CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        header, *rows = [tuple(row) for row in csv.reader(handle) if row]
    return Sheet(name=path.name, header=header, rows=tuple(row for row in rows if len(row) == len(header)))


def write_sheet(sheet: Sheet, folder: Path) -> Path:
    """Write the sheet under its own name and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / sheet.name).open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(sheet.header)
        writer.writerows(sheet.rows)
    return folder / sheet.name


def halves(sheet: Sheet, *, seed: int | None) -> tuple[Sheet, Sheet]:
    """Return two halves: by chance, each in the order of the file, or the first rows and the later ones (None)."""
    places = list(range(len(sheet.rows)))
    if seed is None:
        chosen = set(places[: len(places) // 2])
    else:
        chosen = set(random.Random(seed).sample(places, len(places) // 2))  # noqa: S311  a split, no secret
    first = with_rows(sheet, (row for place, row in enumerate(sheet.rows) if place in chosen))
    return first, with_rows(sheet, (row for place, row in enumerate(sheet.rows) if place not in chosen))


def with_rows(sheet: Sheet, rows: Iterable[tuple[str, ...]]) -> Sheet:
    """Return the sheet with other rows."""
    return sheet.model_copy(update={"rows": tuple(rows)})
