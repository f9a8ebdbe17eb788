"""Whole runs for scenarios: start one in this process, then read all that it left behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest

from graphs.session import run
from state.errors import SetupError
from state.run import RunContext, RunStatus

ROOT = Path(__file__).resolve().parents[2]
_LINE_BITS = 36


@dataclass(frozen=True)
class Played:
    """How one run ended: its status, or the setup error that stopped it, and where its outputs lie."""

    out: Path
    home: Path
    run_id: str
    status: str
    problem: str

    @property
    def told(self) -> Any:
        return json.loads((self.out / "_runs" / self.run_id / "run.json").read_text())

    @property
    def tables(self) -> Any:
        return self.told["tables"]

    def published(self) -> list[str]:
        return sorted(path.stem for path in self.out.glob("*.parquet"))

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        return ask(f"select {columns} from {_file(self.out / f'{table}.parquet')} order by all")

    def quarantine(self, table: str, columns: str = "_file, _line, _rule") -> list[tuple[Any, ...]]:
        return self.side("quarantine", table, columns)

    def side(self, kind: str, table: str, columns: str) -> list[tuple[Any, ...]]:
        path = self.out / "_runs" / self.run_id / kind / f"{table}.parquet"
        return ask(f"select {columns} from {_file(path)} order by all")

    def check(self, rule: str) -> Any:
        return next(check for check in self.told["checks"] if check["rule"] == rule)

    def places(self, table: str) -> dict[str, list[tuple[str, int]]]:
        """Where the rows of a table come from, by what became of them; rejects are among the quarantined."""
        line = f"(_row & {(1 << _LINE_BITS) - 1})::bigint"
        query = (
            f"with origin as (select _row, f.name, {line} as line from {{}} s "
            f"join land.files f on f.file_id = (_row >> {_LINE_BITS})) select name, line from origin order by all"
        )
        with duckdb.connect(str(self.home / "runs" / self.run_id / "workspace.duckdb"), read_only=True) as workspace:
            aside = f"select _row from ops.quarantine where table_name = '{table}'"
            merged = f"(select _row from ops.merged where table_name = '{table}' except {aside})"
            return {
                "published": workspace.execute(query.format(f'live."{table}"')).fetchall(),
                "merged": workspace.execute(query.format(merged)).fetchall(),
                "quarantined": self.quarantine(table, "_file, _line"),
            }

    def assert_balanced(self) -> None:
        """Every row read is published or withheld, quarantined or merged; every line of every file is booked."""
        for name, table in self.tables.items():
            ends = ("rows_published", "rows_withheld", "rows_quarantined", "rows_merged")
            assert table["rows_read"] == sum(table[end] for end in ends), name
            if not table["derived"]:
                assert len(self.quarantine(name)) == table["rows_quarantined"], name
        with duckdb.connect(str(self.home / "runs" / self.run_id / "workspace.duckdb"), read_only=True) as workspace:
            unbalanced = workspace.execute(
                "select name from land.files where lines <> header_lines + blank_lines + record_lines + reject_lines"
            ).fetchall()
        assert not unbalanced


Play = Callable[..., Played]


def ask(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def _file(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def player(folder: Path) -> Play:
    """Return a way to start runs whose contracts, home and outputs lie in `folder`.

    A contract may be given as text; with `fails=True` a setup error may be the end of the run.
    """
    numbers = count(1)

    def go(contract: str | Path, *sources: str | Path, fails: bool = False, **options: Any) -> Played:
        number = next(numbers)
        path = contract if isinstance(contract, Path) else folder / f"contract_{number}.yaml"
        if isinstance(contract, str):
            path.write_text(contract)
        out, run_id = options.pop("out", folder / "out"), options.pop("run_id", f"r{number}")
        context = RunContext(home=str(folder / "home"), **options.pop("context", {}))
        try:
            output = run(path, [str(source) for source in sources], out, run_id=run_id, context=context, **options)
        except SetupError as error:
            if not fails:
                raise
            return Played(out, folder / "home", run_id, "setup", error.line())
        assert output["status"] is not RunStatus.RUNNING
        return Played(out, folder / "home", run_id, output["status"].value, output.get("problem", ""))

    return go


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return player(tmp_path)


@pytest.fixture(scope="module")
def play_once(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """A way to start runs that several tests of a module read."""
    return player(tmp_path_factory.mktemp("runs"))


class Called:
    """A call of the command line in a process of its own, and what it prints."""

    def __init__(self, order: Callable[..., Any], folder: Path, arguments: tuple[object, ...], **given: Any) -> None:
        self._order, self._printed = order, dict[str, list[str]]()
        pipes, self._readers = [folder / "output", folder / "errors"], list[Thread]()
        for pipe in pipes:
            os.mkfifo(pipe)
            lines = self._printed[pipe.name] = []
            end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # nobody writes yet
            os.set_blocking(end, True)
            self._readers.append(Thread(target=_read, args=(end, lines)))
        environment = {"MILLWRIGHT_HOME": str(given["home"])}
        self.pid: int = order("start", [*map(str, arguments)], environment, *map(str, pipes), given.get("file_bytes"))
        for reader in self._readers:
            reader.start()

    def hear(self, word: str) -> None:
        """Wait until it has printed a word to its standard error."""
        while not any(word in line for line in self._printed["errors"]):
            assert self._readers[1].is_alive(), f"it ended without {word!r}"
            time.sleep(0.01)

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end; return exit code, standard output and errors."""
        for reader in self._readers:
            reader.join()
        code: int = self._order("wait", self.pid)
        return code, "".join(self._printed["output"]), "".join(self._printed["errors"])


def _read(end: int, lines: list[str]) -> None:
    with os.fdopen(end) as stream:
        for line in stream:
            lines.append(line)  # noqa: PERF402  each as it comes


@pytest.fixture(scope="session")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Called]]:
    """Begin calls of the command line: `calling(*arguments, home=folder)`, with `file_bytes` no file may be larger."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forked_program.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout

    def order(*given: Any) -> Any:
        orders.write(json.dumps(given) + "\n")
        return json.loads(answers.readline())

    yield lambda *arguments, **given: Called(order, tmp_path_factory.mktemp("called"), arguments, **given)
    orders.close()
    process.wait(timeout=60)
    answers.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared benchmark data is not beside the project")
    return folder


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


Fields = dict[str, Any]


@dataclass(frozen=True)
class Schema:
    """Builds contracts: settings become `millwright.*` custom properties, everything else stands as it is given."""

    @staticmethod
    def column(name: str, kind: str = "string", settings: Fields | None = None, **fields: Any) -> Fields:
        return {"name": name, "logicalType": kind, **fields, "customProperties": _settings(settings)}

    @staticmethod
    def table(name: str, *columns: Fields, settings: Fields | None = None, **fields: Any) -> Fields:
        loose = {"maxQuarantine": 1, **(settings or {})}
        return {"name": name, "properties": list(columns), **fields, "customProperties": _settings(loose)}

    @staticmethod
    def contract(*tables: Fields, settings: Fields | None = None) -> str:
        head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "name": "c", "version": "1.0.0"}
        content = {**head, "status": "active", "schema": list(tables), "customProperties": _settings(settings)}
        return json.dumps(content)  # JSON is YAML

    @staticmethod
    def listed(*values: str, **fields: Any) -> Fields:
        """Return a column's fields: only these values are allowed."""
        return {
            "quality": [{"metric": "invalidValues", "arguments": {"validValues": list(values)}, "mustBe": 0, **fields}]
        }


def _settings(settings: Fields | None) -> list[Fields]:
    return [{"property": f"millwright.{name}", "value": value} for name, value in (settings or {}).items()]


@pytest.fixture(scope="session")
def schema() -> Schema:
    return Schema()
