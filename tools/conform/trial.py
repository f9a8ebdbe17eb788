"""Repairs of cells: typed as their columns are read, tried on a copy of the table by its rules, put into the table.

What cannot be read as the type of its column, or breaks a rule where it would stand, is refused. Temporary tables of
the connection, dropped on leaving:

    council_candidates   _row, column_name, before, after: the texts to try
    council_values<i>    _row, value (typed): those of column i that are not refused
    <table>, ...         the live rows with the candidates in place, and views of the tables its rules look at
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import duckdb

from algorithms.formats import plain_format
from state.contract import Column, Contract, LogicalType, Table
from state.errors import StepError
from state.formats import ValueFormat
from tools.checks.prepare import prepare_rules
from tools.checks.quarantine import violating_rows_sql
from tools.checks.rule import CompiledRule, Relation
from tools.checks.types import expected_type
from tools.conform.doubtful import cell_rules, shown_text
from tools.conform.read import read_expression
from tools.conform.statement import stage_view
from tools.sql.quote import ident
from tools.workspace import create_views, is_staged, operator_name, raw_name, row_file

_TRIAL = Relation(schema_name="temp")
_MOST_ROUNDS = 20

Place = tuple[int, str]
"""A cell: the id of its row, and its column."""


class Candidate(NamedTuple):
    """A text that is to stand in a cell, and the one that stands there."""

    row_id: int
    column: str
    before: str | None
    after: str


class Trial:
    """Candidates on a connection: the cells in which one stands, and why the others do not."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table, candidates: Sequence[Candidate]) -> None:
        self._connection, self.table = connection, table
        self.columns = tuple(dict.fromkeys(candidate.column for candidate in candidates))
        self.standing: set[Place] = {(candidate.row_id, candidate.column) for candidate in candidates}
        self.refused: dict[Place, str] = {}

    def values(self, column: str) -> str:
        """Return the name of the temporary table with the typed values of a column."""
        return f"council_values{self.columns.index(column)}"

    def refuse(self, found: Mapping[Place, str]) -> None:
        """Take candidates out, each with the reason."""
        for column, rows in _by_column(found).items():
            self._connection.execute(
                f"delete from temp.{self.values(column)} where _row in (select unnest(?::bigint[]))", [rows]
            )
        self.standing -= found.keys()
        self.refused |= found

    def apply(self, operators: Mapping[Place, str]) -> int:
        """Put what stands into the table, in the caller's transaction; return the number of cells.

        `operators` names the operator of each cell.
        """
        columns = [name for name in self.columns if any(column == name for _, column in self.standing)]
        give_origins(self._connection, self.table, columns)
        cells = [(row, name, operator) for (row, name), operator in operators.items()]
        _write_lists(self._connection, "council_operators", ("_row", "column_name", "operator"), cells)
        for name in columns:
            self._put(name)
        self._connection.execute("drop table temp.council_operators")
        return len(self.standing)

    def _put(self, column: str) -> None:
        value, raw, operator = ident(column), ident(raw_name(column)), ident(operator_name(column))
        # Of a canonical text the value alone was staged: now it is told what stood there.
        self._connection.execute(
            f"update typed.{ident(self.table.name)} t set {value} = v.value, "
            f"{raw} = case when t.{operator} is null then coalesce(t.{raw}, t.{value}::varchar) else t.{raw} end, "
            f"{operator} = v.operator from (select c._row, c.value, o.operator from temp.{self.values(column)} c "
            "join temp.council_operators o on o._row = c._row and o.column_name = ?) v where t._row = v._row",
            [column],
        )


@contextmanager
def tried(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: Table,
    formats: Mapping[str, ValueFormat],
    candidates: Sequence[Candidate],
) -> Iterator[Trial]:
    """Try the candidates; `temp.council_broken` must say which rows break which rule without them."""
    trial = Trial(connection, table, candidates)
    others = [each.name for each in contract.tables if each.name != table.name and is_staged(connection, each.name)]
    try:
        _write_lists(connection, "council_candidates", ("_row", "column_name", "before", "after"), candidates)
        for column in trial.columns:
            _type_values(connection, trial, table.column(column), formats)
        _copy(connection, trial, table, others)
        _judge(connection, trial, contract, table)
        yield trial
    finally:
        for name in ("council_candidates", table.name, *map(trial.values, trial.columns)):
            connection.execute(f"drop table if exists temp.{ident(name)}")
        for name in others:
            connection.execute(f"drop view if exists temp.{ident(name)}")


def _by_column(cells: Iterable[Place]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, column in cells:
        found.setdefault(column, []).append(row)
    return found


def _write_lists(
    connection: duckdb.DuckDBPyConnection, name: str, fields: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Write rows of an id and texts into a temporary table."""
    lists = [list(part) for part in zip(*rows, strict=True)] or [[] for _ in fields]
    types = ("bigint", *("varchar" for _ in fields[1:]))
    selects = ", ".join(f"unnest(?::{kind}[]) as {field}" for kind, field in zip(types, fields, strict=True))
    connection.execute(f"create or replace temp table {name} as select {selects}", lists)


def _read(column: Column, formats: Mapping[str, ValueFormat]) -> str:
    """Return SQL for the value that `after` is in a column: the council is shown canonical text, and answers in it."""
    known = formats.get(column.name) or plain_format("", column.name, column.logical_type)
    read = read_expression(known, column, "after", row_file("_row")).value
    if column.logical_type is LogicalType.STRING:
        return read
    cast = f"try_cast(after as {expected_type(column)})"
    return f"coalesce(case when {cast}::varchar = after then {cast} end, {read})"


def same_values(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    formats: Mapping[str, ValueFormat],
    cells: Sequence[Candidate],
) -> set[Place]:
    """Return the cells whose text, read as the column's type, is the value that stands there: nothing was found."""
    found: set[Place] = set()
    _write_lists(connection, "council_texts", ("_row", "column_name", "before", "after"), cells)
    for name in dict.fromkeys(cell.column for cell in cells):
        texts = "select _row, after from temp.council_texts where column_name = ?"
        rows = connection.execute(
            f"select v._row from (select _row, {_read(table.column(name), formats)} as value from ({texts})) v "
            f"join live.{ident(table.name)} s on s._row = v._row where v.value = s.{ident(name)}",
            [name],
        ).fetchall()
        found |= {(int(row[0]), name) for row in rows}
    connection.execute("drop table temp.council_texts")
    return found


def _type_values(
    connection: duckdb.DuckDBPyConnection, trial: Trial, column: Column, formats: Mapping[str, ValueFormat]
) -> None:
    """Read the texts as the column's type; refuse what cannot be read, and what stands there already.

    Raises StepError where something else stands in a cell than what the council was shown.
    """
    read = _read(column, formats)
    name = f"temp.{trial.values(column.name)}"
    connection.execute(
        f"create or replace temp table {trial.values(column.name)} as "
        f"select _row, {read} as value from temp.council_candidates where column_name = ?",
        [column.name],
    )
    stood = f"{name} v join temp.council_candidates c on c._row = v._row and c.column_name = ?"
    others = connection.execute(
        f"select count(*) from {stood} left join live.{ident(trial.table.name)} s on s._row = v._row "
        f"where {shown_text(column.name)} is distinct from c.before",
        [column.name],
    ).fetchall()[0][0]
    if others:
        raise StepError(
            f"{others} findings are not about the cells as they are", where=f"{trial.table.name}.{column.name}"
        )
    in_vain = connection.execute(
        f"select v._row, v.value is null from {name} v join live.{ident(trial.table.name)} s on s._row = v._row "
        f"where v.value is null or v.value = s.{ident(column.name)}"
    ).fetchall()
    told = {True: f"it cannot be read as {column.logical_type.value}", False: "that value stands there already"}
    trial.refuse({(row, column.name): told[is_unread] for row, is_unread in in_vain})


def _copy(connection: duckdb.DuckDBPyConnection, trial: Trial, table: Table, others: Sequence[str]) -> None:
    """Make the relations that the rules read: the live rows with the candidates, and the other tables as they are."""
    name = ident(table.name)
    connection.execute(f"create or replace temp table {name} as select * from live.{name}")
    for column in trial.columns:
        value, operator = ident(column), ident(operator_name(column))
        connection.execute(
            f"update temp.{name} t set {value} = v.value, {operator} = null from temp.{trial.values(column)} v "
            "where t._row = v._row"
        )
    for other in map(ident, others):
        connection.execute(f"create or replace temp view {other} as select * from live.{other}")


def _judge(connection: duckdb.DuckDBPyConnection, trial: Trial, contract: Contract, table: Table) -> None:
    """Refuse candidates that break a rule, round by round: taking one back may leave another one alone with a fault.

    A rule on several columns that was broken before may stay so, as the fault may be in another of them.
    """
    rules = cell_rules(contract, table, _TRIAL)
    by_id = {rule.id: rule for rule in rules}
    before = set(_broken(connection, "select _row, rule from temp.council_broken"))
    for _ in range(_MOST_ROUNDS):
        ready = prepare_rules(connection, rules)
        after = _broken(connection, violating_rows_sql(ready, table))
        found = {
            (row, column): f"it would break {rule_id}, expected {by_id[rule_id].expected}"[:300]
            for row, rule_id in after
            for column in _columns(by_id[rule_id], trial)
            if _is_alone(by_id[rule_id]) or (row, rule_id) not in before
        }
        standing = {cell: why for cell, why in found.items() if cell in trial.standing}
        if not standing:
            return
        trial.refuse(standing)
        _take_back(connection, table, standing)


def _broken(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[int, str]]:
    """Return which of the rows with a candidate break which rule."""
    mine = "select _row from temp.council_candidates"
    rows = connection.execute(f"select distinct _row, rule from ({query}) where _row in ({mine})").fetchall()
    return [(int(row), str(rule)) for row, rule in rows]


def _columns(rule: CompiledRule, trial: Trial) -> list[str]:
    return [name for name in trial.columns if name in rule.columns]


def _is_alone(rule: CompiledRule) -> bool:
    """Return whether the rule is about one column only."""
    return len([name for name in rule.columns if "$" not in name]) <= 1


def _take_back(connection: duckdb.DuckDBPyConnection, table: Table, cells: Mapping[Place, str]) -> None:
    name = ident(table.name)
    for column, rows in _by_column(cells).items():
        value, operator = ident(column), ident(operator_name(column))
        connection.execute(
            f"update temp.{name} t set {value} = s.{value}, {operator} = s.{operator} from live.{name} s "
            "where t._row = s._row and t._row in (select unnest(?::bigint[]))",
            [rows],
        )


def give_origins(connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[str]) -> None:
    """Give the columns a place for raw text and operator where all their texts were canonical."""
    name = ident(table.name)
    stored = [row[0] for row in connection.execute(f"select column_name from (describe typed.{name})").fetchall()]
    added = [column for column in columns if operator_name(column) not in stored]
    for column in added:
        for more in (raw_name(column), operator_name(column)):
            connection.execute(f"alter table typed.{name} add column {ident(more)} varchar")
    if not added:
        return
    own = {each.name for each in table.columns}
    work = {"_row", *own, *map(raw_name, own), *map(operator_name, own)}
    plain = [each.name for each in table.columns if operator_name(each.name) not in stored and each.name not in added]
    extras = [each for each in stored if each not in work]
    connection.execute(stage_view(table, plain, extras))
    create_views(connection, table)
