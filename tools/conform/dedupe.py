"""Duplicates by primary key: which rows are merged into another one, and which clash."""

from state.contract import KeepPolicy, OnViolation, Table
from tools.sql.quote import ident, literal
from tools.workspace import row_file

_WORK = tuple(f"temp.dedupe_{name}" for name in ("repeated", "standing", "keys", "rows", "winners"))
_REPEATED, _STANDING, _KEYS, _ROWS, _WINNERS = _WORK
_LEAST_BITS, _MOST_BITS = 12, 24  # the engine's own bound, and one of 128 MiB for each thread

COUNT_BY_HASH = "reset perfect_ht_threshold"
"""The statement that ends what `count_by_place` begins."""
_WINNING = (
    "create or replace temp table dedupe_winners as select _key, arg_min(_first, _rank) as kept_row, "
    f"count(distinct _first) filter (where _best) as contents, count(*) as rows from {_ROWS} group by _key"
)
"""One row for each key: the row to keep, and how many contents the rows have that may win: a clash if several."""


def dedupe_statements(table: Table, rows: int) -> tuple[str, ...]:
    """Return the statements that fill `ops.merged` and `ops.quarantine` for duplicated keys; none without a key.

    `rows` says how many are staged.

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
    drop = tuple(f"drop table if exists {relation}" for relation in _WORK)
    reject = () if table.on_violation is OnViolation.FAIL else (_quarantine_clashes(table),)
    keys = (*_repeated_keys(table, rows), _standing_rows(table), _duplicated_keys(table))
    return (*clear, *keys, _numbered_rows(table), _WINNING, _merge(table), *reject, *drop)


def merge_repeated_load(table: Table, *, copy: int, original: int) -> str:
    """Return the statement that merges the rows of file `copy` into identical ones of file `original`, one into one.

    For tables without a key, where rows that are the same need not be one: the file must be known as loaded twice.
    """
    content = ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    file = row_file("_row")
    rows = (
        f"select _row, {file} = {copy} as _copied, row({content}) as _content from stage.{ident(table.name)} s "
        f"where {file} in ({copy}, {original})"
    )
    numbered = f"select *, row_number() over (partition by _content, _copied order by _row) as _nth from ({rows})"
    paired = (
        "select _row, _copied, min(_row) filter (where not _copied) over (partition by _content, _nth) as _kept "
        f"from ({numbered})"
    )
    return (
        f"insert into ops.merged select {literal(table.name)}, _row, _kept from ({paired}) "
        "where _copied and _kept is not null order by _row"
    )


def count_by_place(rows: int) -> str:
    """Return the statement from which on the keys of about so many rows are counted by their place in an array.

    That takes the engine less than half the time of counting them by hash. It does so for whole numbers that lie close
    together; how close is a setting. It is for counting alone: other aggregates would need wider arrays.
    """
    return f"set perfect_ht_threshold = {min(_MOST_BITS, max(_LEAST_BITS, rows.bit_length() + 1))}"


def _repeated_keys(table: Table, rows: int) -> tuple[str, ...]:
    """Return the statements that find the keys of several staged rows, be they set aside or not: mostly few."""
    key = ", ".join(f"s.{ident(name)}" for name in table.key)
    repeated = f"select {key} from stage.{ident(table.name)} s where {_whole(table)} group by {key} having count(*) > 1"
    return count_by_place(rows), f"create or replace temp table dedupe_repeated as {repeated}", COUNT_BY_HASH


def _whole(table: Table) -> str:
    return " and ".join(f"s.{ident(name)} is not null" for name in table.key)


def _standing_rows(table: Table) -> str:
    """Return SQL that keeps the rows of those keys that are not quarantined.

    They are found before it is asked what is quarantined, which for all rows would cost more than all else.
    """
    columns = ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    return (
        f"create or replace temp table dedupe_standing as with found as materialized (select s._row, {columns} "
        f"from {_REPEATED} k join stage.{ident(table.name)} s on {_same_key(table)}) select * from found f where "
        f"not exists (select 1 from ops.quarantine q where q.table_name = {literal(table.name)} and q._row = f._row)"
    )


def _duplicated_keys(table: Table) -> str:
    """Return SQL that numbers the keys of several rows that stand."""
    key = ", ".join(ident(name) for name in table.key)
    return (
        f"create or replace temp table dedupe_keys as select row_number() over () as _key, * from "
        f"(select {key} from {_STANDING} group by {key} having count(*) > 1)"
    )


def _same_key(table: Table) -> str:
    return " and ".join(f"k.{ident(name)} = s.{ident(name)}" for name in table.key)


def _numbered_rows(table: Table) -> str:
    """Only rows of duplicated keys: the number of their key, the first row of the same content, rank, whether it wins.

    The content is one value, a row of all columns: sorting by each of hundreds of columns takes minutes.
    """
    content = ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    by = _ordering(table)
    order = f"s.{ident(by)}" if by else "null"
    rows = (
        f"select k._key, s._row, row({content}) as _content, {order} as _order "
        f"from {_KEYS} k join {_STANDING} s on {_same_key(table)}"
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
