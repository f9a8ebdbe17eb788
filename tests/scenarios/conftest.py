"""Whole runs for scenarios: start one in this process, then read all that it left behind."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
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
