"""Bad rows as a conflict sees them: which of those set aside broke only rules for which there is another remedy.

And putting a ruling in place: rows come back from quarantine without the values for which they were there, or with what
the repair council proposed, and rows that only a warning is about are set aside. Temporary tables of the connection,
dropped by `forget_bad_rows`:

    conflict_cells   _row, rule, item, column_name, confidence: why the rows in quarantine are there, and which rows
                     break a rule that is only a warning; item: null where setting aside is the only remedy
    conflict_rows    _row, items, aside: the rows, each with its items; aside: it is in quarantine
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import duckdb

from state.conflicts import Remedy
from state.contract import Column, Contract, Severity, Table
from state.remedies import BadRows, BrokenRows, ItemStake, item_name
from tools.checks.quarantine import violating_rows_sql
from tools.checks.rule import CompiledRule
from tools.checks.types import expected_type
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
        """Return the column by rule, of rules that a value breaks by itself in a column that may be changed."""
        may = changeable(self.contract, self.table)
        rules = (rule for rule in self.asked if rule.quarantines and rule.kind not in _ACROSS_ROWS)
        return {rule.id: rule.column for rule in rules if rule.column in may}

    def withholdable(self) -> list[str]:
        """Return those of these columns whose values may be withheld.

        They may be empty, order no duplicates, and no rule counts their empty cells or reads them in SQL of its own:
        what such a rule would say of a withheld value nobody can foresee.
        """
        keep = self.table.keep.column if self.table.keep else None
        return [
            name
            for name in dict.fromkeys(self.columns().values())
            if not self.table.column(name).required
            and name != keep
            and not any(_counts(rule, name) for rule in self.every)
        ]


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
    table = subject.table
    _find_cells(connection, subject)
    found = connection.execute(
        "select items, aside, count(*) from temp.conflict_rows where not list_contains(items, '') group by all "
        f"order by count(*) desc, items, aside limit {_MOST_PATTERNS}"
    ).fetchall()
    if not found:
        return None
    known = {name for items, _, _ in found for name in items}
    listed = sum(rows for _, aside, rows in found if aside)
    aside = _one(connection, "select count(*) from temp.conflict_rows where aside") + subject.rejects
    return BadRows(
        table=table.name,
        rows_read=_one(connection, f"select count(*) from stage.{ident(table.name)}") + subject.rejects,
        rows_aside=aside - listed,
        columns=len(table.columns),
        checks=len(subject.every),
        max_quarantine=table.max_quarantine,
        stakes=table.stakes,
        items=tuple(item for item in _items(connection, subject) if item.name in known),
        broken=tuple(BrokenRows(items=tuple(items), rows=rows) for items, _, rows in found),
    )


def _find_cells(connection: duckdb.DuckDBPyConnection, subject: Subject) -> None:
    column_of, warned = subject.columns(), subject.warned
    proposed = " union all ".join(
        f"select _row, column_name, confidence from ops.repairs where table_name = {literal(subject.table.name)} "
        f"and column_name = {literal(name)} and {_is_usable(subject.table.column(name))}"
        for name in dict.fromkeys(column_of.values())
    )
    nothing = "select null::bigint as _row, null::varchar as column_name, null::double as confidence where false"
    rules = f"select unnest({_listed(list(column_of))}) as rule, unnest({_listed(list(column_of.values()))}) as name"
    warnings = [rule.id for rule in warned]
    of_warnings = _listed([item_name(str(rule.column), warning=True) for rule in warned])
    connection.execute(
        "create or replace temp table conflict_cells as "
        "select q._row, q.rule, m.name as column_name, p.confidence, true as aside, "
        "case when p._row is not null then m.name || ' (proposed)' "
        f"when list_contains({_listed(subject.withholdable())}, m.name) then m.name else '' end as item "
        f"from ops.quarantine q left join ({rules}) m on m.rule = q.rule "
        f"left join ({proposed or nothing}) p on p._row = q._row and p.column_name = m.name "
        f"where q.table_name = {literal(subject.table.name)} union all "
        f"select w._row, w.rule, m.item, null, false, m.item from ({violating_rows_sql(warned, subject.table)}) w "
        f"join (select unnest({_listed(warnings)}) as rule, unnest({of_warnings}) as item) m on m.rule = w.rule"
    )
    connection.execute(
        "create or replace temp table conflict_rows as select _row, aside, "
        "list_sort(list_distinct(list(item))) as items from temp.conflict_cells group by _row, aside"
    )


def _is_usable(column: Column) -> str:
    """Return SQL that is TRUE for a proposal of the council that can stand in the column."""
    return f"outcome = 'proposed' and try_cast(after as {expected_type(column)}) is not null"


def _items(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[ItemStake]:
    withheld, columns = subject.withholdable(), [column.name for column in subject.table.columns]
    rows = connection.execute(
        "select item, list_sort(list_distinct(list(rule))), count(distinct _row), avg(confidence) "
        "from temp.conflict_cells where item <> '' group by item order by item"
    ).fetchall()
    for item, rules, cells, confidence in rows:
        warning = item not in columns and item.endswith(" (warning)")
        proposed = item not in columns and item.endswith(" (proposed)")
        column = item.removesuffix(" (warning)") if warning else item.removesuffix(" (proposed)") if proposed else item
        remedies: tuple[Remedy, ...] = (Remedy.LEAVE, Remedy.QUARANTINE) if warning else (Remedy.QUARANTINE,)
        remedies += (Remedy.DISCARD_VALUE,) if column in withheld and not warning else ()
        remedies += (Remedy.REPAIR,) if proposed else ()
        yield ItemStake(
            column=column,
            warning=warning,
            proposed=proposed,
            confidence=confidence or 0.0,
            remedies=remedies,
            rules=tuple(rules),
            cells=cells,
        )


def put_ruling(
    connection: duckdb.DuckDBPyConnection, subject: Subject, items: Sequence[ItemStake], remedies: Mapping[str, Remedy]
) -> int:
    """Put a ruling in place, given by the names of items; return the number of values that are withheld or replaced.

    Of a row that has anything else wrong no value is touched.
    """
    table = subject.table
    for item in items:
        if item.warning and remedies.get(item.name) is Remedy.QUARANTINE:
            connection.execute(
                f"insert into ops.quarantine select {literal(table.name)}, _row, rule, 'set aside by a ruling' "
                f"from temp.conflict_cells where not aside and item = {literal(item.name)}"
            )
    changed = [item for item in items if remedies.get(item.name) in (Remedy.DISCARD_VALUE, Remedy.REPAIR)]
    if not changed:
        return 0
    connection.execute(
        "create or replace temp table conflict_back as select _row, items from temp.conflict_rows "
        f"where aside and list_has_all({_listed([item.name for item in changed])}, items)"
    )
    connection.execute(
        f"delete from ops.quarantine where table_name = {literal(table.name)} "
        "and _row in (select _row from temp.conflict_back)"
    )
    give_origins(connection, table, list(dict.fromkeys(item.column for item in changed)))
    cells = sum(_change(connection, table, item, remedies[item.name]) for item in changed)
    connection.execute("drop table temp.conflict_back")
    return cells


def _change(connection: duckdb.DuckDBPyConnection, table: Table, item: ItemStake, remedy: Remedy) -> int:
    """Withhold the values of an item in the rows that come back, or put what was proposed in their place."""
    name, rows = item.column, f"select _row from temp.conflict_back where list_contains(items, {literal(item.name)})"
    value, raw, operator = ident(name), ident(raw_name(name)), ident(operator_name(name))
    kept = f"{raw} = coalesce(t.{raw}, t.{value}::varchar)"
    if remedy is Remedy.DISCARD_VALUE:
        connection.execute(
            f"update typed.{ident(table.name)} t set {kept}, {value} = null, {operator} = {literal(WITHHELD)} "
            f"where _row in ({rows})"
        )
        return _one(connection, f"select count(*) from ({rows})")
    mine = f"table_name = {literal(table.name)} and column_name = {literal(name)} and _row in ({rows})"
    usable = _is_usable(table.column(name))
    connection.execute(
        f"update typed.{ident(table.name)} t set {kept}, {value} = r.value, {operator} = r.operator from ("
        f"select _row, try_cast(after as {expected_type(table.column(name))}) as value, operator from ops.repairs "
        f"where {mine} and {usable}) r where t._row = r._row"
    )
    connection.execute(
        "update ops.repairs set outcome = 'applied', reason = 'a ruling on clashing aims took it' "
        f"where {mine} and {usable}"
    )
    return _one(connection, f"select count(*) from ({rows})")


def forget_bad_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was measured."""
    for name in ("cells", "rows"):
        connection.execute(f"drop table if exists temp.conflict_{name}")


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(literal, names))}]::varchar[]"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
