"""What is counted across columns, rows and tables of staged data: keys, references, rules between columns."""

from collections.abc import Sequence

import duckdb

from algorithms.draft_rules import broken_sql
from state.contract import LogicalType
from state.draft import ColumnFacts, InclusionFacts, KeyCandidate, PairFacts
from tools.sql.quote import ident

_DATED = (LogicalType.DATE, LogicalType.TIMESTAMP)
_SAMPLED = 20_000  # rows, spread over the table by their id, on which candidates are tried before they are counted
_AT_ONCE = 100  # candidates tried in one scan of the sample
_REPEATED = 0.05  # share of sampled rows that may repeat a key
_SHIFT = 37  # rows by which one column is moved to see what chance makes of a rule


def count_key(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], facts: Sequence[ColumnFacts]
) -> KeyCandidate:
    """Return how many rows share values of `columns`, and what tells such rows apart."""
    source, keys = f"stage.{ident(table)}", [ident(name) for name in columns]
    whole = " and ".join(f"{key} is not null" for key in keys)
    rows, distinct = connection.execute(
        f"select coalesce(sum(n), 0)::bigint, count(*) from (select count(*) as n from {source} where {whole} "
        f"group by {', '.join(keys)})"
    ).fetchall()[0]
    candidate = KeyCandidate(columns=tuple(columns), rows=rows, distinct=distinct)
    if len(columns) > 1:
        candidate = candidate.model_copy(update={"expected_clashes": _by_chance(connection, source, keys)})
    if distinct == rows:
        return candidate
    return candidate.model_copy(update=_explained(connection, source, keys, facts))


def _explained(
    connection: duckdb.DuckDBPyConnection, source: str, keys: Sequence[str], facts: Sequence[ColumnFacts]
) -> dict[str, object]:
    """Return the identical rows among those that share a key, and the column that orders the rest."""
    listed, content = ", ".join(keys), ", ".join(ident(column.name) for column in facts)
    whole = f"({listed})" if len(keys) > 1 else listed
    repeated_keys = f"select {whole} from {source} group by {listed} having count(*) > 1"
    shared = f"select * from {source} where {whole} in ({repeated_keys})"
    orders = [column.name for column in facts if column.logical_type in _DATED and ident(column.name) not in keys]
    distinct = [f"count(distinct {ident(name)}) = count(*) and count({ident(name)}) = count(*)" for name in orders]
    counted = f"select {', '.join((listed, *(ident(name) for name in orders)))}, content, n from contents"
    tests = ", ".join(f"bool_and(ordered_{place})" for place in range(len(orders)))
    grouped = ", ".join(f"{test} as ordered_{place}" for place, test in enumerate(distinct))
    row = connection.execute(
        f"with shared as ({shared}), contents as (select {listed}{''.join(', ' + ident(name) for name in orders)}, "
        f"row({content}) as content, count(*) as n from shared group by all), "
        f"by_key as (select sum(n - 1) as same{', ' + grouped if grouped else ''} from ({counted}) group by {listed}) "
        f"select coalesce(sum(same), 0)::bigint{', ' + tests if tests else ''} from by_key"
    ).fetchall()[0]
    latest = next((name for name, ordered in zip(orders, row[1:], strict=True) if ordered), None)
    return {"identical": row[0], "latest": latest}


def _by_chance(connection: duckdb.DuckDBPyConnection, source: str, keys: Sequence[str]) -> float:
    """Return the pairs of rows that would be equal in all of `keys` if these were independent."""
    rows = connection.execute(f"select count(*) from {source}").fetchall()[0][0]
    share = 1.0
    for key in keys:
        squares = connection.execute(
            f"select sum(n * n)::double from (select count(*)::double as n from {source} group by {key})"
        ).fetchall()[0][0]
        share *= (squares or 0.0) / (rows * rows) if rows else 0.0
    return float(rows * (rows - 1) / 2 * share)


def count_inclusion(
    connection: duckdb.DuckDBPyConnection, own: tuple[str, ColumnFacts], to: tuple[str, ColumnFacts]
) -> InclusionFacts:
    """Return how many values of a column stand in the key of another table."""
    (table, column), (to_table, to_column) = own, to
    same = column.logical_type is to_column.logical_type
    mine, key = (f"{ident(each.name)}{'' if same else '::varchar'}" for each in (column, to_column))
    distinct, filled, orphans, covered, keys = connection.execute(
        f"with mine as (select {mine} as v, count(*) as n from stage.{ident(table)} "
        f"where {mine} is not null group by 1), "
        f"keys as (select distinct {key} as v from stage.{ident(to_table)} where {key} is not null) "
        "select count(*), coalesce(sum(m.n), 0)::bigint, coalesce(sum(m.n) filter (k.v is null), 0)::bigint, "
        "count(k.v), (select count(*) from keys) from mine m left join keys k on k.v = m.v"
    ).fetchall()[0]
    return InclusionFacts(
        table=table, column=column.name, to_table=to_table, to_column=to_column.name,
        filled=filled, orphans=orphans, distinct=distinct, covered=covered, keys=keys,
    )  # fmt: skip


def count_rules(
    connection: duckdb.DuckDBPyConnection, table: str, candidates: Sequence[tuple[str, tuple[str, ...]]], rows: int
) -> tuple[PairFacts, ...]:
    """Return how often each rule is broken; those that a sample of the rows breaks are not counted in full."""
    sampled = _sample(table, rows)
    standing: list[tuple[str, tuple[str, ...]]] = []
    for start in range(0, len(candidates), _AT_ONCE):
        part = candidates[start : start + _AT_ONCE]
        tests = ", ".join(f"bool_or({broken_sql(kind, [ident(name) for name in names])})" for kind, names in part)
        broken = connection.execute(f"select {tests} from {sampled}").fetchall()[0]
        standing += [candidate for candidate, found in zip(part, broken, strict=True) if found is False]
    return _counted(connection, f"stage.{ident(table)}", standing)


def may_be_keys(
    connection: duckdb.DuckDBPyConnection, table: str, candidates: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return the candidates that a sample of the rows does not speak against."""
    rows = connection.execute(f"select count(*) from stage.{ident(table)}").fetchall()[0][0]
    kept = []
    for columns in candidates:
        listed = ", ".join(ident(name) for name in columns)
        counted, different = connection.execute(
            f"select count(*), count(distinct row({listed})) from {_sample(table, rows)}"
        ).fetchall()[0]
        if counted - different <= _REPEATED * counted:
            kept.append(columns)
    return kept


def _sample(table: str, rows: int) -> str:
    """Return SQL for about `_SAMPLED` rows of the staged table, the same ones each time."""
    every = max(1, rows // _SAMPLED)
    return f"(select * from stage.{ident(table)}{f' where hash(_row) % {every} = 0' if every > 1 else ''})"


def _counted(
    connection: duckdb.DuckDBPyConnection, source: str, candidates: Sequence[tuple[str, tuple[str, ...]]]
) -> tuple[PairFacts, ...]:
    found = []
    for kind, columns in candidates:
        quoted = [ident(name) for name in columns]
        whole = " and ".join(f"{name} is not null" for name in quoted)
        moved = [f"lead({quoted[0]}, {_SHIFT}) over (order by _row)", *quoted[1:]]
        telling = " and ".join(f"{name} not in (0, 1)" for name in quoted) if kind != "order" else "true"
        row = connection.execute(
            f"select count(*), count(*) filter ({broken_sql(kind, quoted)}), "
            f"count(*) filter ({broken_sql(kind, ['moved', *quoted[1:]])}), count(*) filter ({telling}) "
            f"from (select {', '.join(quoted)}, {moved[0]} as moved from {source} where {whole})"
        ).fetchall()[0]
        rows, broken, by_chance, told = (int(count or 0) for count in row)
        found.append(
            PairFacts(columns=columns, kind=kind, rows=rows, broken=broken, broken_by_chance=by_chance, telling=told)
        )
    return tuple(found)


def repeated(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> int:
    """Return the rows beyond the first that are alike in all of `columns`."""
    listed = ", ".join(ident(name) for name in columns)
    row = connection.execute(
        f"select coalesce(sum(n - 1), 0)::bigint from (select count(*) as n "
        f"from stage.{ident(table)} group by {listed})"
    ).fetchone()
    return int(row[0]) if row else 0


def rows_by_file(connection: duckdb.DuckDBPyConnection, file_ids: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Return the records of each file that has any, and the rejects of all."""
    rows = connection.execute(
        "select records, rejects from land.files where list_contains(?::integer[], file_id) order by file_id",
        [list(file_ids)],
    ).fetchall()
    return tuple(records for records, _ in rows if records), sum(rejects for _, rejects in rows)
