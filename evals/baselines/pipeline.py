"""A straight-line pipeline as a data engineer writes it with DuckDB: read, map, cast, drop what is invalid, dedupe.

One pass in a fixed order for every contract; nothing is asked, tried again or looked at twice. Where too many rows are
dropped, or a table is empty, it fails and publishes nothing.
"""

import csv
import shutil
from collections.abc import Sequence
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from evals.baselines.columns import invalid_sql, map_columns, value_sql
from evals.baselines.reading import FileRead, read_file
from evals.crew.answer import CONTRACT, PUBLISHED, QUARANTINE, Answer, Books, fresh, write_answer
from state.contract import Contract, KeepPolicy, Table
from state.errors import MillwrightError, StepError
from tools.checks.types import expected_type
from tools.contract.order import references
from tools.contract.read import require_contract
from tools.sql.quote import ident, literal

SOLVER = "pipeline"

_PLACE = ("_file", "_line")


def deliver(contract_path: Path, sources: Path, out: Path) -> Answer:
    """Make the tables of a contract from the files below `sources` and return the account."""
    with fresh(out) as clock, duckdb.connect(config={"threads": 1}) as connection:
        if contract_path != out / CONTRACT:
            shutil.copyfile(contract_path, out / CONTRACT)
        (out / QUARANTINE).mkdir(parents=True)
        pipeline = _Pipeline(connection, require_contract(out / CONTRACT)[0], out)
        try:
            pipeline.run(sorted(path for path in sources.rglob("*") if path.is_file()))
            status, problem = "published", ""
        except MillwrightError as error:
            status, problem = "not_met", error.line()
        except duckdb.Error as error:
            status, problem = "failed", str(error).splitlines()[0]
        answer = Answer(
            solver=SOLVER,
            status=status,
            problem=problem,
            books=pipeline.books(published=status == "published"),
            mapping=pipeline.mapping,
            steps=pipeline.steps,
        )
        return write_answer(answer, clock, out)


class _Pipeline:
    """One execution: its connection, and what it counted."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract, out: Path) -> None:
        self.connection, self.contract, self.out = connection, contract, out
        self.mapping: dict[str, dict[str, str]] = {}
        self.counted: dict[str, Books] = {}
        self.steps = 0

    def run(self, paths: Sequence[Path]) -> None:
        """Do everything in order and publish; StepError where a table must not be published."""
        for name in TopologicalSorter(references(self.contract)).static_order():
            table = self.contract.table(name)
            (self._derive if table.derived else self._conform)(table, paths)
        for table in self.contract.tables:
            self._judge(table)
        (self.out / PUBLISHED).mkdir(parents=True, exist_ok=True)
        for table in self.contract.tables:
            order = ", ".join(map(ident, table.key)) or "all"
            names = ", ".join(ident(column.name) for column in table.columns)
            target = literal(str(self.out / PUBLISHED / f"{table.name}.parquet"))
            self.connection.execute(
                f"copy (select {names} from {ident(table.name)} order by {order}) to {target} (format parquet)"
            )
            self.steps += 1

    def books(self, *, published: bool) -> dict[str, Books]:
        """Return the books; without publishing what would have been published is withheld."""
        moved = {} if published else {"published": 0}
        return {
            name: each.model_copy(update=moved | ({} if published else {"withheld": each.published}))
            for name, each in self.counted.items()
        }

    def _conform(self, table: Table, paths: Sequence[Path]) -> None:
        globs = table.sources or (f"{table.name}*",)
        files = [read_file(path) for path in paths if any(fnmatchcase(path.name.lower(), g.lower()) for g in globs)]
        if not files:
            raise StepError("no file feeds the table", where=table.name)
        parts = [self._land(table, number, file) for number, file in enumerate(files)]
        self.connection.execute(f"create table _typed as {' union all by name '.join(parts)}")
        self._transform(table)
        torn = [(file.name, line, "fields", "|".join(fields)) for file in files for line, fields in file.torn]
        self.connection.execute("create table _aside (_file varchar, _line bigint, _reason varchar, _raw varchar)")
        if torn:
            self.connection.executemany("insert into _aside values (?, ?, ?, ?)", torn)
        self._set_aside(table)
        merged = self._dedupe(table)
        target = literal(str(self.out / QUARANTINE / f"{table.name}.parquet"))
        self.connection.execute(f"copy _aside to {target} (format parquet)")
        self.counted[table.name] = Books(
            read=sum(len(file.rows) + len(file.torn) for file in files),
            published=self._count(ident(table.name)),
            quarantined=self._count("_aside"),
            merged=merged,
        )
        self.connection.execute("drop table _typed; drop table _aside")
        self.steps += 5

    def _land(self, table: Table, number: int, file: FileRead) -> str:
        """Land a file as text and return the query that types it."""
        name = f"_land_{table.name}_{number}"
        columns = ", ".join([*(f"{ident(each)} varchar" for each in file.header), "_file varchar", "_line bigint"])
        self.connection.execute(f"create table {ident(name)} ({columns})")
        if file.rows:
            self._fill(name, file)
        wanted = [column for column in table.columns if column.transform_logic is None]
        mapped = {target: source for source, target in map_columns(file.header, wanted).items()}
        self.mapping.setdefault(file.name, {}).update({source: target for target, source in mapped.items()})
        typed = [
            f"{value_sql(self.connection, name, mapped[column.name], column)} as {ident(column.name)}"
            if column.name in mapped
            else f"null::{expected_type(column)} as {ident(column.name)}"
            for column in wanted
        ]
        return f"select {', '.join([*typed, *_PLACE])} from {ident(name)}"

    def _fill(self, name: str, file: FileRead) -> None:
        """Copy the rows of a file into its landed table."""
        plain = self.out / QUARANTINE / "landing.csv"
        with plain.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerows((*fields, file.name, line) for line, fields in file.rows)
        self.connection.execute(
            f"copy {ident(name)} from {literal(str(plain))} (format csv, header false, delimiter ',', quote '\"', "
            "escape '\"', parallel false)"
        )
        plain.unlink()

    def _transform(self, table: Table) -> None:
        made = [column for column in table.columns if column.transform_logic is not None]
        if made:
            told = ", ".join(
                f"cast({column.transform_logic} as {expected_type(column)}) as {ident(column.name)}" for column in made
            )
            self.connection.execute(f"create or replace table _typed as select *, {told} from _typed")

    def _set_aside(self, table: Table) -> None:
        """Move rows that break a rule, or refer to nothing, out of the typed table."""
        rules = {why: sql for column in table.columns for why, sql in invalid_sql(column).items()}
        for each in table.relationships:
            here, there = ident(each.columns[0]), ident(each.to_columns[0])
            rules[f"{each.columns[0]} refers to nothing"] = (
                f"{here} is not null and {here} not in (select {there} from {ident(each.to_table)})"
            )
        for why, condition in rules.items():
            self.connection.execute(
                f"insert into _aside select _file, _line, {literal(why)}, '' from _typed where {condition}"
            )
            self.connection.execute(f"delete from _typed where {condition}")

    def _dedupe(self, table: Table) -> int:
        """Keep one row of each key, the first unless the contract says otherwise; return how many are merged."""
        names = [column.name for column in table.columns]
        keys = ", ".join(map(ident, table.key or names))
        keep = table.keep
        order = "_file, _line"
        if keep is not None and keep.policy is KeepPolicy.LAST:
            order = "_file desc, _line desc"
        elif keep is not None and keep.column is not None:
            order = f"{ident(keep.column)} desc nulls last, _file, _line"
        listed = ", ".join(map(ident, names))
        self.connection.execute(
            f"create table {ident(table.name)} as select {listed} from _typed "
            f"qualify row_number() over (partition by {keys} order by {order}) = 1"
        )
        return self._count("_typed") - self._count(ident(table.name))

    def _derive(self, table: Table, _paths: Sequence[Path]) -> None:
        columns = ", ".join(
            f"cast({ident(column.name)} as {expected_type(column)}) as {ident(column.name)}" for column in table.columns
        )
        self.connection.execute(f"create table {ident(table.name)} as select {columns} from ({table.transform_logic})")
        self.counted[table.name] = Books(
            read=0, published=self._count(ident(table.name)), quarantined=0, merged=0, derived=True
        )
        self.steps += 1

    def _judge(self, table: Table) -> None:
        counted = self.counted[table.name]
        if not counted.published and not table.may_be_empty:
            raise StepError("no row is left", where=table.name)
        if counted.quarantined > table.max_quarantine * max(1, counted.read) and not counted.derived:
            raise StepError(f"{counted.quarantined} of {counted.read} rows are invalid", where=table.name)

    def _count(self, name: str) -> int:
        row = self.connection.execute(f"select count(*) from {name}").fetchone()
        return int(row[0]) if row else 0
