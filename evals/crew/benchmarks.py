"""The shared benchmarks as folders like the generated ones: their contract, their files, what is true of them."""

import csv
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from evals.cleaning.tables import read_grid
from evals.covid19 import agreement
from evals.crew.answer import CONTRACT, INPUT, PUBLISHED
from evals.crew.cells import Hits
from evals.folders.spec import Fate, FolderTruth, TrueRow
from tools.contract.read import require_contract

_ROOT = Path(__file__).resolve().parents[2]
_EXAMPLES = _ROOT / "examples"
_BEERS = _ROOT / "evals" / "cleaning" / "beers.odcs.yaml"
_SIGNS = {"beer-name": "beer_name", "brewery-name": "brewery_name"}


class Benchmark(NamedTuple):
    """One benchmark; `write` makes input and contract in a task's folder, `truth` reads what is true."""

    needed: str  # below the folder of data
    write: Callable[[Path, Path], None]
    truth: Callable[[Path, Path], FolderTruth]
    hits: Callable[[Path, Path], Hits] | None = None  # cells, where rows are not known one by one


def benchmarks_in(data: Path | None) -> list[str]:
    """Return the names of the benchmarks that the folder holds."""
    return [] if data is None else [name for name, each in BENCHMARKS.items() if (data / each.needed).exists()]


def _write_jaffle(data: Path, out: Path) -> None:
    shutil.copytree(data / "jaffle_shop" / "seeds", out / INPUT, dirs_exist_ok=True)
    shutil.copyfile(_EXAMPLES / "jaffle_shop" / CONTRACT, out / CONTRACT)


def _true_jaffle(data: Path, out: Path) -> FolderTruth:
    expected = {path.stem: path for path in sorted((data / "jaffle_shop" / "expected").glob("*.csv"))}
    return _truth(out, expected, {"stg_customers": "raw_customers.csv", "stg_orders": "raw_orders.csv"})


def _write_covid(data: Path, out: Path) -> None:
    shutil.copytree(data / "covid19", out / INPUT, dirs_exist_ok=True)
    shutil.copyfile(_EXAMPLES / "covid19" / CONTRACT, out / CONTRACT)


def _true_covid(_data: Path, out: Path) -> FolderTruth:
    count = 0
    for path in (out / INPUT).glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            count += sum(1 for row in csv.reader(handle) if row) - 1
    truth = _truth(out, {}, {})
    return truth.model_copy(update={"lines": {"daily_reports": count}})


def _hits_covid(data: Path, out: Path) -> Hits:
    published = out / PUBLISHED / "daily_reports.parquet"
    if not published.exists():
        return Hits(0, 0, 1)
    equal, days = agreement(published, data / "covid19_truth" / "confirmed_global.csv", out / INPUT)
    return Hits(equal, days, days)


def _cleaning(name: str) -> Benchmark:
    def write(data: Path, out: Path) -> None:
        (out / INPUT).mkdir(parents=True, exist_ok=True)
        dirty = data / "cleaning" / name / "dirty.csv"
        shutil.copyfile(dirty, out / INPUT / f"{name}.csv")
        document = yaml.safe_load(_BEERS.read_text()) if name == "beers" else _plain(name, read_grid(dirty).header)
        document["customProperties"] = [{"property": "millwright.repair", "value": "all"}]
        (out / CONTRACT).write_text(yaml.safe_dump(document, sort_keys=False))

    def truth(data: Path, out: Path) -> FolderTruth:
        folder = data / "cleaning" / name  # the headers of both files may differ, their columns are the same
        names = tuple(_SIGNS.get(each, each) for each in read_grid(folder / "dirty.csv").header)
        return _truth(out, {name: folder / "clean.csv"}, {name: f"{name}.csv"}, names)

    return Benchmark(f"cleaning/{name}/dirty.csv", write, truth)


def _plain(name: str, header: tuple[str, ...]) -> dict[str, Any]:
    """Return a contract that knows no more than the columns, and that the first of them names the row."""
    first, *others = header
    columns: list[dict[str, Any]] = [{"name": first, "logicalType": "integer", "primaryKey": True, "required": True}]
    columns += [{"name": each, "logicalType": "string"} for each in others]
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": name, "name": name, "version": "1.0.0"}
    return {**head, "status": "active", "schema": [{"name": name, "properties": columns}]}


def _truth(
    out: Path, expected: Mapping[str, Path], counted: Mapping[str, str], names: tuple[str, ...] = ()
) -> FolderTruth:
    """Return the truth of right tables as CSV; `counted` are the files whose lines are to be accounted for.

    `names` are the contract's names of the columns, where the header of the tables has others.
    """
    contract, _ = require_contract(out / CONTRACT)
    rows = [
        TrueRow(table=name, file="", line=0, ends=(Fate.PUBLISHED,), values=values)
        for name, path in expected.items()
        for values in _rows(path, names)
    ]
    return FolderTruth(
        spec=None,
        contract=str(out / CONTRACT),
        sources=str(out / INPUT),
        keys={table.name: table.key for table in contract.tables},
        lines={name: len(read_grid(out / INPUT / file).rows) for name, file in counted.items()},
        rows=tuple(rows),
        mapping={},
    )


def _rows(path: Path, names: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    """Yield the rows of a right table, by the contract's names."""
    grid = read_grid(path)
    for row in grid.rows:
        yield dict(zip(names or grid.header, (cell or None for cell in row), strict=True))


BENCHMARKS: Mapping[str, Benchmark] = {
    "jaffle_shop": Benchmark("jaffle_shop/seeds", _write_jaffle, _true_jaffle),
    "covid19": Benchmark("covid19", _write_covid, _true_covid, _hits_covid),
    **{name: _cleaning(name) for name in ("beers", "flights", "hospital")},
}
"""The benchmarks by name."""
