"""Duplicates by primary key: which rows are merged into another one, and which clash."""

from state.contract import KeepPolicy, OnViolation, Table
from tools.sql.quote import ident, literal

_KEYS, _ROWS, _WINNERS = "temp.dedupe_keys", "temp.dedupe_rows", "temp.dedupe_winners"
_WINNING = (
    "create or replace temp table dedupe_winners as select _key, arg_min(_first, _rank) as kept_row, "
    f"count(distinct _first) as contents, count(*) as rows from {_ROWS} group by _key"
)
"""One row for each key: the row to keep, and how many contents the key has."""


def dedupe_statements(table: Table) -> tuple[str, ...]:
    """Return the statements that fill `ops.merged` and `ops.quarantine` for duplicated keys; none without a key.

    Rows identical in all contract columns count as one, kept at its first position. Of rows that differ, `keep` names
    the winner, the others are merged into it: the first or last by position, or the latest by a column (nulls last,
    of equals the later position). With `reject`, or no policy, all rows of such a key are quarantined; where any
    violation fails the table they stay, for verification to find. Rows whose key has a null and rows quarantined before
    are left alone, so that a row set aside never wins. Run again, the statements give the same answer.
    """
    if not table.key:
        return ()
    name, rule = literal(table.name), literal(f"{table.name}.primaryKey")
    clear = (
        f"delete from ops.merged where table_name = {name}",
        f"delete from ops.quarantine where table_name = {name} and rule = {rule}",
    )
    drop = tuple(f"drop table if exists {relation}" for relation in (_KEYS, _ROWS, _WINNERS))
    reject = () if _keeps(table) or table.on_violation is OnViolation.FAIL else (_quarantine_clashes(table),)
    return (*clear, _duplicated_keys(table), _numbered_rows(table), _WINNING, _merge(table), *reject, *drop)


def _keeps(table: Table) -> bool:
    return table.keep is not None and table.keep.policy is not KeepPolicy.REJECT


def _standing(table: Table) -> str:
    """Return SQL for the staged rows `s` with a whole key that are not quarantined."""
    whole = " and ".join(f"s.{ident(name)} is not null" for name in table.key)
    return (
        f"stage.{ident(table.name)} s where {whole} and not exists (select 1 from ops.quarantine q "
        f"where q.table_name = {literal(table.name)} and q._row = s._row)"
    )


def _duplicated_keys(table: Table) -> str:
    key = ", ".join(f"s.{ident(name)}" for name in table.key)
    return (
        f"create or replace temp table dedupe_keys as select row_number() over () as _key, * from "
        f"(select {key} from {_standing(table)} group by {key} having count(*) > 1)"
    )


def _numbered_rows(table: Table) -> str:
    """Only rows of duplicated keys: with the number of their key, the first row of the same content, their rank.

    The content is one value: a window partitioned by hundreds of columns takes minutes to plan.
    """
    same = " and ".join(f"k.{ident(name)} = s.{ident(name)}" for name in table.key)
    content = "row(" + ", ".join(ident(column.name) for column in table.columns) + ")"
    fields = ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    rows = f"select k._key, s._row, {fields} from {_KEYS} k join (select s.* from {_standing(table)}) s on {same}"
    return (
        "create or replace temp table dedupe_rows as select *, "
        f"min(_row) over (partition by _key, {content}) as _first, "
        f"row_number() over (partition by _key order by {_preference(table)}) as _rank from ({rows})"
    )


def _preference(table: Table) -> str:
    policy = table.keep.policy if table.keep else KeepPolicy.REJECT
    if policy is KeepPolicy.LATEST and table.keep and table.keep.column:
        return f"{ident(table.keep.column)} desc nulls last, _row desc"
    return "_row desc" if policy is KeepPolicy.LAST else "_row"


def _merge(table: Table) -> str:
    mergeable = "true" if _keeps(table) else "w.contents = 1"
    return (
        f"insert into ops.merged select {literal(table.name)}, r._row, w.kept_row from {_ROWS} r "
        f"join {_WINNERS} w using (_key) where r._row <> w.kept_row and {mergeable} order by r._row"
    )


def _quarantine_clashes(table: Table) -> str:
    """Return SQL that quarantines all rows of a key with several contents and says in which columns they differ."""
    others = [column.name for column in table.columns if column.name not in table.key]
    differing = ", ".join(
        f"case when min({ident(name)}) <> max({ident(name)}) or count({ident(name)}) not in (0, count(*)) "
        f"then {literal(name)} end"
        for name in others
    )
    words = f"concat_ws(', ', {differing})" if differing else "''"
    label = literal("one row with the key " + ", ".join(table.key) + " was expected, found ")
    return (
        f"insert into ops.quarantine select {literal(table.name)}, r._row, {literal(table.name + '.primaryKey')}, "
        f"{label} || w.rows || ' that differ in ' || d.columns from {_ROWS} r join {_WINNERS} w using (_key) "
        f"join (select _key, {words} as columns from {_ROWS} group by _key) d using (_key) "
        "where w.contents > 1 order by r._row"
    )
