"""The same records give the same tables, whatever kind of file they come in; a kill in the middle costs nothing."""

import csv
import gzip
import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from graphs.session import resume, run
from state.run import RunContext, RunRequest, RunStatus
from tools.admission import admit

SCRIPT = Path(__file__).with_name("killed_session.py")
KINDS = ("json", "pretty.json", "envelope.json", "jsonl", "jsonl.gz", "parquet", "xlsx", "zip")
TABLES = ("customers", "orders", "totals")
Record = dict[str, str]
Write = Callable[[Path, list[Record]], None]


@pytest.fixture
def converted(job: Any, tmp_path: Path, write_book: Any, sheet_row: Any) -> Callable[[str], Any]:
    """Turns the CSV files of the job into files of another kind; the broken line is left out everywhere."""

    def book(path: Path, records: list[Record]) -> None:
        names = list(records[0])
        rows = [sheet_row(1, "Report of March"), sheet_row(3, *names)]
        rows += [sheet_row(at, *[record[name] for name in names]) for at, record in enumerate(records, 4)]
        write_book(path, {"Sheet1": "".join(rows)})

    writers: dict[str, Write] = {
        "json": lambda path, records: none(path.write_text(json.dumps(records))),
        "pretty.json": lambda path, records: none(path.write_text(json.dumps(records, indent=2))),
        "envelope.json": lambda path, records: none(path.write_text(json.dumps({"page": 1, "data": {"of": records}}))),
        "jsonl": lambda path, records: none(path.write_text("".join(f"{json.dumps(each)}\n" for each in records))),
        "jsonl.gz": lambda path, records: none(
            path.write_bytes(gzip.compress("".join(f"{json.dumps(each)}\n" for each in records).encode()))
        ),
        "parquet": parquet,
        "xlsx": book,
        "zip": archive,
        "csv": lambda path, records: none(path.write_text(as_csv(records))),
    }

    def convert(kind: str) -> Any:
        folder = tmp_path / kind
        sources = folder / "input"
        sources.mkdir(parents=True)
        for path in sorted(job.sources.iterdir()):
            lines = [line for line in path.read_text().splitlines() if line != "broken line"]
            records = list(csv.DictReader(lines, delimiter=";" if ";" in lines[0] else ","))
            writers[kind](sources / f"{path.stem}.{kind}", records)
        return type(job)(job.contract, sources, folder / "out", folder / "home")

    return convert


def none(_: object) -> None:
    """Take what a writer returns."""


def as_csv(records: list[Record]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def parquet(path: Path, records: list[Record]) -> None:
    plain = path.with_suffix(".tmp")
    plain.write_text(as_csv(records))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * from read_csv('{plain}', all_varchar = true, delim = ',')) to '{path}' (format parquet)"
        )
    plain.unlink()


def archive(path: Path, records: list[Record]) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"deep/{path.stem}.csv", as_csv(records))


def contents(out: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect() as connection:
        return {
            table: connection.execute(f"select * from '{out / table}.parquet' order by all").fetchall()
            for table in TABLES
        }


def counts(out: Path) -> Any:
    told = json.loads((out / "_runs" / "r1" / "run.json").read_text())["tables"]
    return {table: {key: value for key, value in told[table].items() if key.startswith("rows")} for table in TABLES}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_tables_that_csv_gives(converted: Callable[[str], Any], kind: str) -> None:
    found = []
    for each in ("csv", kind):
        job = converted(each)
        output = run(job.contract, [str(job.sources)], job.out, run_id="r1", context=RunContext(home=str(job.home)))
        assert output["status"] is RunStatus.PUBLISHED
        found.append((contents(job.out), counts(job.out)))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["pretty.json", "jsonl", "parquet", "xlsx", "zip"])
def test_killed_while_landing_it_ends_the_same(converted: Callable[[str], Any], tmp_path: Path, kind: str) -> None:
    job = converted(kind)
    admit(RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1"),
          RunContext(home=str(job.home)))  # fmt: skip
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    for number in (1, 2, 3):
        folder = tmp_path / f"{kind}-{number}"
        fresh = type(job)(job.contract, job.sources, folder / "out", folder / "home")
        admit(RunRequest(contract=str(fresh.contract), sources=(str(fresh.sources),), out=str(fresh.out), run_id="r1"),
              RunContext(home=str(fresh.home)))  # fmt: skip
        order = json.dumps([str(fresh.home), str(fresh.out), "r1", [("land", number, 0)], None, ""])
        done = subprocess.run(
            [sys.executable, str(SCRIPT)], input=f"{order}\n", capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout) == [-signal.SIGKILL, 0], done.stderr
        assert resume(fresh.home, "r1")["status"] is RunStatus.PUBLISHED
        assert contents(fresh.out) == contents(job.out)
        assert counts(fresh.out) == counts(job.out)
