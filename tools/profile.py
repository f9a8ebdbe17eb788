"""Profiling: the bounded evidence on which source columns are mapped to contract columns.

Owns how landed columns are sampled and described, and which contract columns want a source. It decides nothing:
see `algorithms.mapping`.

Rows are sampled by a hash of their id, so that all files of a variant are heard, and equally frequent values by a
hash of their text, so that the samples of two columns with common values share them although each is small. Both
are deterministic for one version of the engine.
"""

import re
from collections.abc import Mapping, Sequence

import duckdb

from state.contract import Column, LogicalType, Table
from state.mapping import SourceColumn, TargetColumn
from tools.sql.quote import literal
from tools.workspace import row_file

MAX_CELLS = 1_000_000
"""Cells profiled at most: of wide tables fewer rows are read, but never fewer than `MIN_ROWS`."""

MIN_ROWS = 200

_SAMPLES = 50
_SAMPLE_LENGTH = 200
_SHAPES = 10
_JUDGED = 1_000  # distinct values of a column, most frequent first, on which shapes and types are judged
_MAX_JUDGED = 250_000  # of all columns
_VALID_VALUES = 500
_NUMBERS = 0.8  # share of numbers from which quantiles are told

_LETTER = "[A-Za-zÀ-ɏ]"  # Latin letters: the whole class of letters takes the engine thirty times as long to prepare
_DAY = (
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
    rf"|\d{{1,2}}\.?[ -]{_LETTER}{{3,9}}\.?,?[ -]\d{{2,4}}|{_LETTER}{{3,9}}\.? \d{{1,2}},? \d{{4}})"
)
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]\.?m\.?)?"
_TYPE_PATTERNS = {
    LogicalType.INTEGER: r"[+-]?(\d{1,18}|[1-9]\d{0,2}([,' ]\d{3})+|[1-9]\d{0,2}(\.\d{3}){2,})([.,]0+)?",
    LogicalType.NUMBER: r"[+-]?[$€£¥]? ?[+-]?((\d+|\d{1,3}([,.' ]\d{3})+)([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?( ?[%$€£¥]|"
    rf" ?{_LETTER}{{1,3}})?",
    LogicalType.BOOLEAN: r"(?i:true|false|yes|no|on|off|[tfyn01])",
    LogicalType.DATE: _DAY,
    LogicalType.TIMESTAMP: rf"{_DAY}([T ,]{{1,2}}{_CLOCK}( ?(Z|UTC|GMT|[+-]\d{{2}}:?(\d{{2}})?))?)?",
    LogicalType.TIME: _CLOCK,
    LogicalType.OBJECT: r"(?s)\{.*\}",
    LogicalType.ARRAY: r"(?s)\[.*\]",
}
_OWN_NAME = r"(?<![\w.$]){0}(?![\w$(])"
_STRING_LITERAL = re.compile(r"'(?:[^']|'')*'")


def profile_landed(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[str],
    *,
    file_ids: Sequence[int] | None,
    sample_rows: int = 20_000,
) -> tuple[SourceColumn, ...]:
    """Return the evidence about the fields `c0`, `c1`, ... of a landed relation, named by `columns` in their order.

    `relation` is SQL for a table with `_row` and the fields; `file_ids` limits it to rows of those files (None: all).
    About `sample_rows` rows are read, fewer where the table is wider than `MAX_CELLS` allows.
    """
    if not columns:
        return ()
    rows = _sample(connection, relation, len(columns), file_ids, sample_rows)
    summaries = {row[0]: row[1:] for row in connection.execute(_SUMMARY).fetchall()}
    shapes = dict(connection.execute(_TOP_SHAPES).fetchall())
    connection.execute("drop table temp.profile_values")
    found = []
    for field, name in enumerate(columns):
        filled, distinct, samples, quantiles, *shares = summaries.get(field, (0, 0, (), None, *(0.0 for _ in _TYPES)))
        found.append(
            SourceColumn(
                name=name,
                rows=rows,
                filled=filled,
                distinct=distinct,
                samples=tuple(samples),
                shapes=tuple(shapes.get(field, ())),
                type_share={kind.value: share for kind, share in zip(_TYPES, shares, strict=True) if share},
                quantiles=tuple(quantiles or ()),
            )
        )
    return tuple(found)


def describe_targets(table: Table, known: Mapping[str, Sequence[str]] | None = None) -> tuple[TargetColumn, ...]:
    """Return the contract columns of `table` that want a source.

    A column with `transform_logic` wants one only where the expression refers to a column of its own name. `known`
    holds values of columns already mapped in other files, most frequent first.
    """
    values = known or {}
    return tuple(
        _describe(column, values.get(column.name, ()), unique=column.unique or table.key == (column.name,))
        for column in table.columns
        if _wants_source(column)
    )


_TYPES = (LogicalType.STRING, *_TYPE_PATTERNS)

_SHARES = ", ".join(
    f"coalesce(sum(n) filter (regexp_full_match(text, {literal(pattern)})), 0) / sum(n) filter (text is not null)"
    for pattern in ("(?s).*", *_TYPE_PATTERNS.values())
)

# `text` is null beyond the values that are judged, so that no expression is spent on them.
_VALUES = """
create or replace temp table profile_values as
with cells as (select unnest(range(?)) as field, unnest([{fields}]) as value from {relation} where {picked}),
counted as (select field, value, count(*) as n from cells where trim(value) <> '' group by all),
ranked as (select *, row_number() over (partition by field order by n desc, hash(value), value) as r from counted),
judged as (select *, case when r <= {judged} then trim(value) end as text from ranked)
select *, try_cast({number} as double) as number from judged
"""

# A comma before other than three digits, or after groups with points, is a decimal sign.
_NUMBER = r"""
case when regexp_full_match(text, '[+-]?\d+,(\d{1,2}|\d{4,})') or regexp_full_match(text, '[+-]?\d{1,3}(\.\d{3})+,\d+')
     then replace(replace(text, '.', ''), ',', '.') else replace(text, ',', '') end
"""

_SUMMARY = f"""
select field, sum(n)::bigint, count(*), list(left(value, {_SAMPLE_LENGTH}) order by r) filter (r <= {_SAMPLES}),
    case when count(number) filter (isfinite(number)) >= {_NUMBERS} * count(text)
         then quantile_disc(number, [0, 0.25, 0.5, 0.75, 1]) filter (isfinite(number)) end,
    {_SHARES}
from profile_values group by field
"""

_TOP_SHAPES = f"""
with counted as (
    select field, left(regexp_replace(regexp_replace(text, '\\p{{N}}+', '9', 'g'), '\\p{{L}}+', 'a', 'g'), 50) as shape,
        sum(n) as n
    from profile_values where text is not null group by all)
select field, list(shape order by n desc, shape)[:{_SHAPES}] from counted group by field
"""


def _sample(
    connection: duckdb.DuckDBPyConnection, relation: str, width: int, file_ids: Sequence[int] | None, sample_rows: int
) -> int:
    """Count the values of the sampled rows into `profile_values`; return how many rows were sampled."""
    wanted = max(1, min(sample_rows, max(MIN_ROWS, MAX_CELLS // width)))
    picked = sampled(connection, relation, file_ids, wanted)
    fields = ", ".join(f"c{field}" for field in range(width))
    judged = max(_SAMPLES, min(_JUDGED, _MAX_JUDGED // width))
    connection.execute(
        _VALUES.format(fields=fields, relation=relation, picked=picked, judged=judged, number=_NUMBER), [width]
    )
    return _count(connection, relation, picked)


def sampled(connection: duckdb.DuckDBPyConnection, relation: str, file_ids: Sequence[int] | None, wanted: int) -> str:
    """Return the condition in SQL under which about `wanted` rows of those files are picked, by a hash of their id."""
    files = "true" if file_ids is None else f"list_contains({[int(file) for file in file_ids]}, {row_file('_row')})"
    total = _count(connection, relation, files)
    return files if total <= wanted else f"{files} and hash(_row) % {-(-total // wanted)} = 0"


def _count(connection: duckdb.DuckDBPyConnection, relation: str, condition: str) -> int:
    row = connection.execute(f"select count(*) from {relation} where {condition}").fetchone()
    return int(row[0]) if row else 0


def _wants_source(column: Column) -> bool:
    if column.transform_logic is None:
        return True
    own = re.compile(_OWN_NAME.format(re.escape(column.name)), re.IGNORECASE)
    return own.search(_STRING_LITERAL.sub("''", column.transform_logic)) is not None


def _describe(column: Column, known: Sequence[str], *, unique: bool) -> TargetColumn:
    names = (*column.aliases, column.physical_name, column.business_name)
    return TargetColumn(
        name=column.name,
        names=tuple(dict.fromkeys(name for name in names if name and name != column.name)),
        adopted=column.adopted,
        logical_type=column.logical_type,
        valid_values=tuple(map(_text, column.valid_values[:_VALID_VALUES])),
        examples=tuple(map(_text, column.examples)),
        pattern=column.options.pattern,
        unique=unique,
        required=column.required,
        samples=tuple(value[:_SAMPLE_LENGTH] for value in known[:_SAMPLES]),
        description=column.description,
        minimum=_number(column.options.minimum),
        maximum=_number(column.options.maximum),
    )


def _text(value: object) -> str:
    """Return a value of a contract as a file would spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(bound: float | str | None) -> float | None:
    return None if bound is None or isinstance(bound, str) else float(bound)
