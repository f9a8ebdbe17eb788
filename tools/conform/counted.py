"""Counting what the texts of a table's columns look like: all columns and all rows in one scan of each relation.

Every text is reduced to something that takes few values (the first characters of a date, the shape of a number) and
those are counted. Canonical texts are most of nearly every column and need not be reduced one by one: how many there
are, and a few texts that stand for all of them, tell as much. The counts lie in temporary tables of the connection,
dropped on leaving:

    counted_texts    part (a relation's number), file, rows, and for column i: filled<i>, canonical<i> (rows), told<i>
                     (list of reduced texts that stand for the canonical ones), counts<i> (MAP of reduced text of the
                     others to rows), tally<i> (list of the column's further counts); one row a file
    counted_apart    position (of the column), file, v, n: reduced texts that take too many values for a map
    counted_sample   x<i>: the texts of some rows, spread over the relations by their id
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import duckdb

from state.values import Value
from tools.conform.landed import LandedColumn, file_sql, relation_sql, rows_of_files

_SAMPLED_ROWS = 20_000
_MOST_IN_MAP = 2_000  # distinct reduced texts in the sample up to which a column's counts are held in one map


class Counting(Value):
    """What is to be counted of one column; SQL over its text `{v}`."""

    sources: tuple[LandedColumn, ...]
    canonical: str  # predicate: the text is the canonical one of its value
    reduced: str | None = None  # the text reduced to few values; None: only rows are counted
    told: tuple[str, ...] = ()  # what stands for canonical texts, SQL over aggregates of them; empty: they are reduced
    tallies: tuple[str, ...] = ()  # predicates whose rows are counted as well


class _Part(NamedTuple):
    """One relation (or some files of it): what follows FROM, the sample's too, the file of a row, and its fields."""

    rows: str
    sample: str
    file: str
    fields: dict[int, str]  # position of a column -> its field


class Counted:
    """The counts of some columns, by their position."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, countings: Sequence[Counting], apart: frozenset[int]
    ) -> None:
        self._connection, self._apart = connection, apart
        self._numbers = {key: number for number, key in enumerate(_parts(countings))}
        sums = ", ".join(
            f"coalesce(sum(rows) filter (filled{at} is not null), 0)::bigint, coalesce(sum(filled{at}), 0)::bigint"
            for at in range(len(countings))
        )
        self._totals = connection.execute(f"select {sums} from counted_texts").fetchall()[0]

    def rows(self, column: int) -> int:
        """Return the rows that feed the column."""
        return int(self._totals[2 * column])

    def filled(self, column: int) -> int:
        """Return the rows with a text."""
        return int(self._totals[2 * column + 1])

    def files(self, source: LandedColumn) -> list[tuple[int, int]]:
        """Return file and rows of each file of one source."""
        return self._connection.execute(
            "select file, rows from counted_texts where part = ? order by file", [self._numbers[_key(source)]]
        ).fetchall()

    def by_file(self, column: int) -> str:
        """Return SQL for the reduced texts: file, v, n (rows; of each that stands for others the rows of them all)."""
        told, counts = f"told{column}", f"counts{column}"
        others = f"select file, unnest(map_keys({counts})) as v, unnest(map_values({counts})) as n from counted_texts"
        if column in self._apart:
            others = f"select file, v, n from counted_apart where position = {column}"
        return (
            f"{others} union all select file, unnest({told}) as v, canonical{column} as n from counted_texts "
            f"where canonical{column} > 0"
        )

    def canonical(self, column: int) -> int:
        """Return the rows with a canonical text."""
        total = f"select coalesce(sum(canonical{column}), 0)::bigint from counted_texts"
        return int(self._connection.execute(total).fetchall()[0][0])

    def tallies(self, column: int, count: int) -> list[int]:
        """Return the rows of each of the `count` predicates of the column."""
        if not count:
            return []
        sums = ", ".join(f"coalesce(sum(tally{column}[{at}]), 0)::bigint" for at in range(1, count + 1))
        return [int(number) for number in self._connection.execute(f"select {sums} from counted_texts").fetchall()[0]]

    def sampled(self, column: int) -> str:
        """Return SQL for the texts `v` of the sample."""
        return f"select x{column} as v from counted_sample where x{column} is not null"


@contextmanager
def counted(connection: duckdb.DuckDBPyConnection, countings: Sequence[Counting]) -> Iterator[Counted]:
    """Count the columns; the counts can be read until the context is left."""
    parts = list(_parts(countings).values())
    try:
        _draw_sample(connection, parts, len(countings))
        apart = _with_many_values(connection, countings)
        _count_in_maps(connection, parts, countings, apart)
        _count_apart(connection, parts, countings, apart)
        yield Counted(connection, countings, apart)
    finally:
        for table in ("counted_texts", "counted_apart", "counted_sample"):
            connection.execute(f"drop table if exists temp.{table}")


def _key(source: LandedColumn) -> tuple[object, ...]:
    return source.relation, source.file_ids


def _parts(countings: Sequence[Counting]) -> dict[tuple[object, ...], _Part]:
    found: dict[tuple[object, ...], _Part] = {}
    for position, counting in enumerate(countings):
        for source in counting.sources:
            if _key(source) not in found:
                rows = rows_of_files(source.file_ids)
                found[_key(source)] = _Part(
                    rows=f"{relation_sql(source.relation)} where {rows}",
                    sample=f"{relation_sql(source.sample or source.relation)} where {rows}",
                    file=file_sql(source.only_file),
                    fields={},
                )
            found[_key(source)].fields[position] = f"c{source.field}"
    return found


def _draw_sample(connection: duckdb.DuckDBPyConnection, parts: Sequence[_Part], columns: int) -> None:
    def texts(fields: dict[int, str]) -> str:
        return ", ".join(f"{fields.get(position, 'null::varchar')} as x{position}" for position in range(columns))

    total = sum(connection.execute(f"select count(*) from {part.sample}").fetchall()[0][0] for part in parts)
    every = max(1, total // _SAMPLED_ROWS)
    some = f" and hash(_row) % {every} = 0" if every > 1 else ""
    selects = [
        f"select {texts({})} where false",
        *(f"select {texts(part.fields)} from {part.sample}{some}" for part in parts),
    ]
    connection.execute(f"create or replace temp table counted_sample as {' union all '.join(selects)}")


def _with_many_values(connection: duckdb.DuckDBPyConnection, countings: Sequence[Counting]) -> frozenset[int]:
    """Return the positions of the columns whose reduced texts take many values."""
    reduced = [(at, _reduced(counting, f"x{at}")) for at, counting in enumerate(countings) if counting.reduced]
    if not reduced:
        return frozenset()
    distinct = ", ".join(f"count(distinct {sql})" for _, sql in reduced)
    found = connection.execute(f"select {distinct} from counted_sample").fetchall()[0]
    return frozenset(at for (at, _), values in zip(reduced, found, strict=True) if values > _MOST_IN_MAP)


def _count_in_maps(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[_Part],
    countings: Sequence[Counting],
    apart: frozenset[int],
) -> None:
    nothing = ["null::bigint as part", "null::bigint as file", "null::bigint as rows"]
    for at in range(len(countings)):
        nothing += [f"null::bigint as filled{at}", f"null::map(varchar, ubigint) as counts{at}"]
        nothing += [f"null::bigint as canonical{at}", f"null::varchar[] as told{at}", f"null::bigint[] as tally{at}"]
    selects = [f"select {', '.join(nothing)} where false"]
    for number, part in enumerate(parts):
        fields = [f"{number} as part", f"{part.file} as file", "count(*) as rows"]
        for at, text in part.fields.items():
            fields += _aggregates(at, text, countings[at], in_map=at not in apart)
        judged = ", ".join(f"{_over(countings[at].canonical, text)} as is{at}" for at, text in part.fields.items())
        selects.append(f"select {', '.join(fields)} from (select *, {judged} from {part.rows}) group by {part.file}")
    connection.execute(f"create or replace temp table counted_texts as {' union all by name '.join(selects)}")


def _aggregates(position: int, text: str, counting: Counting, *, in_map: bool) -> list[str]:
    canonical = f"case when is{position} then {text} end"
    fields = [f"count({text}) as filled{position}", f"count({canonical}) as canonical{position}"]
    if counting.told:
        told = ", ".join(_over(aggregate, canonical) for aggregate in counting.told)
        fields.append(f"[{told}] as told{position}")
    if counting.reduced and in_map:
        fields.append(f"histogram({_reduced(counting, text, f'is{position}')}) as counts{position}")
    if counting.tallies:
        # FILTER would copy all columns of the rows that pass it.
        tallies = ", ".join(f"count(case when {_over(tally, text)} then 1 end)" for tally in counting.tallies)
        fields.append(f"[{tallies}] as tally{position}")
    return fields


def _reduced(counting: Counting, text: str, canonical: str | None = None) -> str:
    """Return SQL for the reduced text, NULL where others stand for it; `canonical` names its predicate, if computed."""
    reduced = _over(counting.reduced or "", text)
    known = canonical or _over(counting.canonical, text)
    return f"case when {known} then null else {reduced} end" if counting.told else reduced


def _count_apart(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[_Part],
    countings: Sequence[Counting],
    apart: frozenset[int],
) -> None:
    selects = ["select 0 as position, 0::bigint as file, ''::varchar as v, 0::bigint as n where false"]
    for part in parts:
        for at in sorted(apart & set(part.fields)):
            reduced = _reduced(countings[at], part.fields[at])
            selects.append(
                f"select {at}, {part.file}, {reduced}, count(*) from {part.rows} and {reduced} is not null "
                f"group by {part.file}, {reduced}"
            )
    connection.execute(f"create or replace temp table counted_apart as {' union all '.join(selects)}")


def _over(sql: str, text: str) -> str:
    """Return the SQL with the text in the place of `{v}`."""
    return sql.replace("{v}", text)
