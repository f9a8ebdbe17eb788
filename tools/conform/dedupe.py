"""Duplicates by primary key: which rows are merged into another one, and which clash."""

from state.contract import KeepPolicy, OnViolation, Table
from tools.sql.quote import ident, literal

_KEYS, _ROWS, _WINNERS = "temp.dedupe_keys", "temp.dedupe_rows", "temp.dedupe_winners"
_WINNING = (
    "create or replace temp table dedupe_winners as select _key, arg_min(_first, _rank) as kept_row, "
    f"count(distinct _first) filter (where _best) as contents, count(*) as rows from {_ROWS} group by _key"
)
"""One row for each key: the row to keep, and how many contents the rows have that may win: a clash if several."""


def dedupe_statements(table: Table) -> tuple[str, ...]:
    """Return the statements that fill `ops.merged` and `ops.quarantine` for duplicated keys; none without a key.

    Rows identical in all contract columns count as one, kept at its first position. Of rows that differ, `keep` names
    the winner, the others are merged into it: the first or last by position, or the latest by a column (nulls last,
    never one of several that differ and are equally late). Where no row wins, as with `reject` or no policy, all rows
    of such a key are quarantined; where any violation fails the table they stay, for verification to find. Rows whose
    key has a null and rows quarantined before are left alone, so that a row set aside never wins. Run again, the
    statements give the same answer.
    """
    if not table.key:
        return ()
    name, rule = literal(table.name), literal(f"{table.name}.primaryKey")
    clear = (
        f"delete from ops.merged where table_name = {name}",
        f"delete from ops.quarantine where table_name = {name} and rule = {rule}",
    )
    drop = tuple(f"drop table if exists {relation}" for relation in (_KEYS, _ROWS, _WINNERS))
    reject = () if table.on_violation is OnViolation.FAIL else (_quarantine_clashes(table),)
    return (*clear, _duplicated_keys(table), _numbered_rows(table), _WINNING, _merge(table), *reject, *drop)


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
    """Only rows of duplicated keys: the number of their key, the first row of the same content, rank, whether it wins.

    The content is one value, a row of all columns: sorting by each of hundreds of columns takes minutes.
    """
    same = " and ".join(f"k.{ident(name)} = s.{ident(name)}" for name in table.key)
    content = ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    by = _ordering(table)
    order = f"s.{ident(by)}" if by else "null"
    rows = (
        f"select k._key, s._row, row({content}) as _content, {order} as _order "
        f"from {_KEYS} k join (select s.* from {_standing(table)}) s on {same}"
    )
    policy = table.keep.policy if table.keep else KeepPolicy.REJECT
    preference = "_order desc nulls last, _row desc" if by else "_row desc" if policy is KeepPolicy.LAST else "_row"
    contest = "_order desc nulls last" if by else "null" if policy is KeepPolicy.REJECT else preference
    return (
        "create or replace temp table dedupe_rows as select _key, _row, "
        "min(_row) over (partition by _key, _content) as _first, "
        f"row_number() over (partition by _key order by {preference}) as _rank, "
        f"rank() over (partition by _key order by {contest}) = 1 as _best from ({rows})"
    )


def _ordering(table: Table) -> str | None:
    """Return the column whose latest value wins; None with another policy."""
    return table.keep.column if table.keep and table.keep.policy is KeepPolicy.LATEST else None


def _merge(table: Table) -> str:
    return (
        f"insert into ops.merged select {literal(table.name)}, r._row, w.kept_row from {_ROWS} r "
        f"join {_WINNERS} w using (_key) where r._row <> w.kept_row and w.contents = 1 order by r._row"
    )


def _quarantine_clashes(table: Table) -> str:
    """Return SQL that quarantines all rows of a key that no row wins and says in which columns they differ."""
    others = [column.name for column in table.columns if column.name not in table.key]
    differing = ", ".join(
        f"case when bool_or(s.{ident(name)} is distinct from f.{ident(name)}) then {literal(name)} end"
        for name in others
    )
    words = f"concat_ws(', ', {differing})" if differing else "''"
    label = literal("one row with the key " + ", ".join(table.key) + " was expected, found ")
    by = _ordering(table)
    tied = literal(f"; none is the latest by {by}") if by else "''"
    stage = f"stage.{ident(table.name)}"
    clashing = f"{_WINNERS} w join {_ROWS} r on r._key = w._key and w.contents > 1"
    return (
        f"insert into ops.quarantine select {literal(table.name)}, r._row, {literal(table.name + '.primaryKey')}, "
        f"{label} || w.rows || ' that differ in ' || d.columns || {tied} from {clashing} "
        f"join (select w._key, {words} as columns from {clashing} join {stage} s on s._row = r._row "
        f"join {stage} f on f._row = w.kept_row group by w._key) d on d._key = w._key order by r._row"
    )
