"""Bad rows as a conflict sees them: which of those set aside broke only rules for which there is another remedy.

And putting a ruling in place: rows come back from quarantine without the values for which they were there, and rows
that only a warning is about are set aside. Temporary tables of the connection, dropped by `forget_bad_rows`:

    conflict_broken   _row, rules, warning: the rows in quarantine, and those that break a rule that is only a warning
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import duckdb

from state.conflicts import Remedy
from state.contract import Contract, Severity, Table
from state.remedies import BadRows, BrokenRows, ItemStake
from tools.checks.quarantine import violating_rows_sql
from tools.checks.rule import CompiledRule
from tools.conform.doubtful import changeable
from tools.conform.trial import give_origins
from tools.sql.quote import ident, literal
from tools.workspace import operator_name, raw_name

WITHHELD = Remedy.DISCARD_VALUE.value
"""The operator of a cell whose value is withheld."""

_MOST_PATTERNS = 1_000
_ACROSS_ROWS = frozenset({"primaryKey", "unique", "duplicateValues", "relationship"})
"""Kinds of rules that are about several rows: nothing says that the value of this one is what is wrong."""

_OF_NOTHING = frozenset({"required", "nullValues", "missingValues"})
"""Kinds of rules that an empty cell breaks."""


class Subject(NamedTuple):
    """A table whose bad rows were just set aside."""

    contract: Contract
    table: Table
    asked: Sequence[CompiledRule]  # the rules by which they were
    every: Sequence[CompiledRule]  # all rules of the table
    warned: Sequence[CompiledRule]  # rules that are only warnings, for which rows can be set aside
    rejects: int  # lines of its files that are no record

    def columns(self) -> dict[str, str]:
        """Return the column by rule, of rules for which a value may be withheld instead of setting its row aside.

        It may be empty and be changed, orders no duplicates, and no rule counts its empty cells or reads it in SQL of
        its own: what such a rule would say of a withheld value nobody can foresee.
        """
        keep = self.table.keep.column if self.table.keep else None
        may = {
            name
            for name in changeable(self.contract, self.table)
            if not self.table.column(name).required
            and name != keep
            and not any(_counts(rule, name) for rule in self.every)
        }
        return {
            rule.id: rule.column
            for rule in self.asked
            if rule.quarantines and rule.column in may and rule.kind not in _ACROSS_ROWS
        }


def _counts(rule: CompiledRule, column: str) -> bool:
    if rule.severity is not Severity.ERROR:
        return False
    if rule.query is not None:
        return column.casefold() in rule.query.casefold()
    return (rule.kind in _OF_NOTHING or rule.measure is not None) and column in (*rule.columns, rule.column)


def warning_rules(every: Sequence[CompiledRule]) -> list[CompiledRule]:
    """Return the rules on single values that are only warnings, as rules that rows can be set aside for."""
    return [
        rule.model_copy(update={"quarantines": True})
        for rule in every
        if rule.severity is Severity.WARNING
        and rule.column
        and (rule.violation or rule.search)
        and not rule.unsupported
        and not rule.untrusted
        and rule.kind not in _ACROSS_ROWS
    ]


def measure_bad_rows(connection: duckdb.DuckDBPyConnection, subject: Subject) -> BadRows | None:
    """Return the bad rows of a table as a conflict sees them; None where there is but one remedy for all of them."""
    table, column_of, warned = subject.table, subject.columns(), subject.warned
    connection.execute(
        "create or replace temp table conflict_broken as "
        "select _row, list_sort(list_distinct(list(rule))) as rules, warning from ("
        f"select _row, rule, false as warning from ops.quarantine where table_name = {literal(table.name)} union all "
        f"select _row, rule, true from ({violating_rows_sql(warned, table)})) group by _row, warning"
    )
    found = connection.execute(
        "select rules, warning, count(*) from temp.conflict_broken group by all "
        f"order by count(*) desc, warning, rules limit {_MOST_PATTERNS}"
    ).fetchall()
    known = {False: column_of, True: {rule.id: str(rule.column) for rule in warned}}
    patterns = [
        (warning, {rule: known[warning][rule] for rule in rules}, rows)
        for rules, warning, rows in found
        if all(rule in known[warning] for rule in rules)
    ]
    if not patterns:
        return None
    listed = sum(rows for warning, _, rows in patterns if not warning)
    aside = _one(connection, "select count(*) from temp.conflict_broken where not warning") + subject.rejects
    return BadRows(
        table=table.name,
        rows_read=_one(connection, f"select count(*) from stage.{ident(table.name)}") + subject.rejects,
        rows_aside=aside - listed,
        columns=len(table.columns),
        checks=len(subject.every),
        max_quarantine=table.max_quarantine,
        stakes=table.stakes,
        items=tuple(_items(patterns)),
        broken=tuple(
            BrokenRows(items=tuple(sorted({_name(column, warning) for column in rules.values()})), rows=rows)
            for warning, rules, rows in patterns
        ),
    )


def _items(patterns: Sequence[tuple[bool, Mapping[str, str], int]]) -> Iterator[ItemStake]:
    keys = sorted({(column, warning) for warning, rules, _ in patterns for column in rules.values()})
    for column, warning in keys:
        mine = [(rules, rows) for of, rules, rows in patterns if of is warning and column in rules.values()]
        other = Remedy.QUARANTINE if warning else Remedy.DISCARD_VALUE
        yield ItemStake(
            column=column,
            warning=warning,
            remedies=(Remedy.LEAVE if warning else Remedy.QUARANTINE, other),
            rules=tuple(sorted({rule for rules, _ in mine for rule, of in rules.items() if of == column})),
            cells=sum(rows for _, rows in mine),
        )


def _name(column: str, warning: bool) -> str:  # noqa: FBT001  which of the two kinds of items
    return f"{column} (warning)" if warning else column


def put_ruling(connection: duckdb.DuckDBPyConnection, subject: Subject, remedies: Mapping[str, Remedy]) -> int:
    """Put a ruling in place, given by the names of items; return the number of values that are withheld.

    Of a row that has anything else wrong no value is touched.
    """
    table, column_of = subject.table, subject.columns()
    withheld = [name for name, remedy in remedies.items() if remedy is Remedy.DISCARD_VALUE]
    for rule in subject.warned:
        if remedies.get(_name(str(rule.column), warning=True)) is Remedy.QUARANTINE:
            connection.execute(
                f"insert into ops.quarantine select {literal(table.name)}, _row, {literal(rule.id)}, "
                f"{literal(f'expected {rule.expected}; set aside by a ruling')} from temp.conflict_broken "
                f"where warning and list_contains(rules, {literal(rule.id)})"
            )
    if not withheld:
        return 0
    back = [rule for rule, column in column_of.items() if column in withheld]
    connection.execute(
        "create or replace temp table conflict_back as select _row, rules from temp.conflict_broken "
        f"where not warning and list_has_all({_listed(back)}, rules)"
    )
    connection.execute(
        f"delete from ops.quarantine where table_name = {literal(table.name)} "
        "and _row in (select _row from temp.conflict_back)"
    )
    give_origins(connection, table, withheld)
    cells = sum(
        _withhold(connection, table, name, [rule for rule in back if column_of[rule] == name]) for name in withheld
    )
    connection.execute("drop table temp.conflict_back")
    return cells


def _withhold(connection: duckdb.DuckDBPyConnection, table: Table, name: str, rules: Sequence[str]) -> int:
    value, raw, operator = ident(name), ident(raw_name(name)), ident(operator_name(name))
    rows = f"select _row from temp.conflict_back where list_has_any({_listed(rules)}, rules)"
    connection.execute(
        f"update typed.{ident(table.name)} set {raw} = coalesce({raw}, {value}::varchar), {value} = null, "
        f"{operator} = {literal(WITHHELD)} where _row in ({rows})"
    )
    return _one(connection, f"select count(*) from ({rows})")


def forget_bad_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was measured."""
    connection.execute("drop table if exists temp.conflict_broken")


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(literal, names))}]::varchar[]"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
