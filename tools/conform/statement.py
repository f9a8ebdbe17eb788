"""The one statement that turns landed text into a staged table, and the one that stages a derived table.

Levels of the conforming SELECT, from the inside: landed fields by contract column, typed values, operators and raw
text, resolved values, derived columns. Each is a projection, so rows stream through all of them in one pass and in
their order; nothing is joined.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from pydantic import Field

from algorithms.formats import plain_format
from state.contract import Column, LogicalType, Table
from state.formats import ValueFormat
from state.values import Value
from tools.checks.types import expected_type
from tools.conform.derived import TEXT, checked_cast, derived_levels
from tools.conform.landed import file_sql, relation_sql, rows_of_files
from tools.conform.plain import is_plain
from tools.conform.read import read_expression
from tools.conform.resolved import Answer, resolved_sql
from tools.sql.quote import ident
from tools.workspace import operator_name, raw_name

_MANY_WRITINGS = (LogicalType.NUMBER, LogicalType.TIMESTAMP)
"""Types of which a value that is not changed may be written in several ways."""


class VariantInput(Value):
    """The landed rows of one header variant that feed the table."""

    relation: str  # "land.v001"
    file_ids: tuple[int, ...] | None  # None: all files of the relation
    mapping: dict[str, int]  # contract column -> field index
    extra: dict[str, int] = Field(default_factory=dict)  # output name -> field index, kept as text (drift: evolve)
    only_file: int | None = None  # the file of all rows of a view over the engine's reader


def conform_statements(
    table: Table,
    variants: Sequence[VariantInput],
    formats: Mapping[str, ValueFormat],
    derived: Mapping[str, str],
    answers: Mapping[str, Sequence[Answer]],
    *,
    by_run: bool = False,
) -> tuple[str, ...]:
    """Return the statements that create or replace `typed.<table>` from landed rows, and the view `stage.<table>`.

    `derived` holds the guarded SQL of derived columns, `answers` the columns that the value map has answers for, with
    them where they are few. Raises ContractError when derived columns depend on each other
    in a circle. Rows follow the order of `_row`: as they were landed where the variants' files allow it, else sorted,
    or with `by_run` read in stretches of files that share a variant: slower, and without the memory that sorting takes.
    """
    variants = _runs(variants) if by_run else variants
    fed = _fed(variants)
    plain = _plain(table, fed, formats, {*answers, *derived})
    query = _query(table, variants, formats, answers, plain, numbered=True)
    if derived:
        query = derived_levels(table, derived, fed, query)
    order = "" if _in_order(variants) else " order by _row"
    fields = ", ".join(("_row", *_outputs(table, variants, plain)))
    typed = f"create or replace table typed.{ident(table.name)} as select {fields} from ({query}){order}"
    return typed, stage_view(table, plain, _extras(table, variants).values())


def conform_in_place(
    table: Table,
    variant: VariantInput,
    formats: Mapping[str, ValueFormat],
    answers: Mapping[str, Sequence[Answer]],
    row_id: Callable[[str], str],
) -> tuple[str, ...]:
    """Return the statements that create or replace the same from a view over the engine's reader.

    Its `_row` numbers one row after the other, so rows are read without it, by all threads and in their order, and get
    it afterwards from their place: `row_id` returns SQL for it from SQL for the place, from 0 on.
    """
    typed, place = f"typed.{ident(table.name)}", f"(rowid - (select min(rowid) from typed.{ident(table.name)}))"
    plain = _plain(table, _fed([variant]), formats, answers)
    query = _query(table, [variant], formats, answers, plain, numbered=False)
    return (
        f"create or replace table {typed} as select {', '.join(_outputs(table, [variant], plain))} from ({query})",
        f"alter table {typed} add column _row bigint",
        f"update {typed} set _row = {row_id(place)}",
        stage_view(table, plain, _extras(table, [variant]).values()),
    )


def stage_view(table: Table, plain: Collection[str], extras: Iterable[str]) -> str:
    """Return the statement of the view in which every column has its raw text and operator, the `plain` ones too."""
    fields = ["_row"]
    for column in table.columns:
        fields += _kept(column.name, plain)
        if column.name in plain:
            fields += [f"null::varchar as {ident(name)}" for name in _work_names(column.name)[1:]]
    fields += map(ident, extras)
    name = ident(table.name)
    return f"create or replace view stage.{name} as select {', '.join(fields)} from typed.{name}"


def derive_statement(table: Table, query: str) -> str:
    """Return the statement that creates or replaces `stage.<table>` from the guarded `query`.

    Output columns are picked by name; the engine names one that is missing. `_row` numbers the rows in the order of
    the key, then of all other columns, so that the same rows get the same numbers.
    """
    casts = []
    for column in table.columns:
        given, cast = f"q.{ident(column.name)}", checked_cast(f"q.{ident(column.name)}", column)
        unread = f"{given} is not null and {cast} is null"
        casts += [
            f"{cast} as {ident(column.name)}",
            f"case when {unread} then {given}::varchar end as {ident(raw_name(column.name))}",
            f"case when {unread} then 'unreadable' end as {ident(operator_name(column.name))}",
        ]
    names = (*table.key, *(column.name for column in table.columns if column.name not in table.key))
    order = ", ".join(f"{ident(name)} nulls last" for name in names)
    fields = ", ".join(_staged(table.columns))
    return (
        f"create or replace table stage.{ident(table.name)} as "
        f"select row_number() over (order by {order})::bigint as _row, {fields} "
        f"from (select {', '.join(casts)} from ({query}) q) order by _row"
    )


def _plain(
    table: Table, fed: Collection[str], formats: Mapping[str, ValueFormat], changed: Collection[str]
) -> frozenset[str]:
    """Return the columns of which no cell is changed: canonical throughout and neither resolved nor derived."""
    return frozenset(
        column.name
        for column in table.columns
        if column.name in fed
        and column.name not in changed
        and (known := formats.get(column.name)) is not None
        and known.plain
        and is_plain(known)
    )


def _query(
    table: Table,
    variants: Sequence[VariantInput],
    formats: Mapping[str, ValueFormat],
    answers: Mapping[str, Sequence[Answer]],
    plain: Collection[str],
    *,
    numbered: bool,
) -> str:
    """Return the SELECT of typed, resolved columns with their operators and raw texts, with `_row` where numbered."""
    fed = _fed(variants)
    columns = [column for column in table.columns if column.name in fed]
    file = file_sql(None if numbered else variants[0].only_file)
    landed = _landed(columns, variants, _extras(table, variants), numbered=numbered)
    query = _typed(columns, formats, landed, file, plain)
    resolved = [column for column in columns if column.name in answers]
    if resolved:
        query = resolved_sql(table, resolved, answers, query)
    return _complete(table, fed, query, plain)


def _fed(variants: Sequence[VariantInput]) -> set[str]:
    return {name for variant in variants for name in variant.mapping}


def _outputs(table: Table, variants: Sequence[VariantInput], plain: Collection[str]) -> list[str]:
    extras = map(ident, _extras(table, variants).values())
    return [*(name for column in table.columns for name in _kept(column.name, plain)), *extras]


def _kept(column: str, plain: Collection[str]) -> list[str]:
    return [ident(column)] if column in plain else list(map(ident, _work_names(column)))


def _extras(table: Table, variants: Sequence[VariantInput]) -> dict[str, str]:
    """Return the output name of every extra column; one that a contract column already has gets a number."""
    taken = {name.casefold() for column in table.columns for name in _work_names(column.name)} | {"_row"}
    names: dict[str, str] = {}
    for name in sorted({name for variant in variants for name in variant.extra}):
        output, number = name, 2
        while output.casefold() in taken:
            output, number = f"{name}_{number}", number + 1
        taken.add(output.casefold())
        names[name] = output
    return names


def _work_names(column: str) -> tuple[str, str, str]:
    return column, raw_name(column), operator_name(column)


def _staged(columns: Sequence[Column]) -> list[str]:
    return [ident(name) for column in columns for name in _work_names(column.name)]


def _landed(
    columns: Sequence[Column], variants: Sequence[VariantInput], extras: Mapping[str, str], *, numbered: bool
) -> str:
    """Return SQL for the union of all variants: the landed text of every fed column, then the extra ones."""
    selects = []
    for variant in sorted(variants, key=_first_file):
        fields = [_field(variant.mapping.get(column.name), ident(TEXT + column.name)) for column in columns] + [
            _field(variant.extra.get(name), ident(output)) for name, output in extras.items()
        ]
        source = f"{relation_sql(variant.relation)} where {rows_of_files(variant.file_ids)}"
        selects.append(f"select {', '.join((*(['_row'] if numbered else []), *fields))} from {source}")
    return " union all ".join(selects) or "select null::bigint as _row where false"


def _field(index: int | None, name: str) -> str:
    return f"{'null::varchar' if index is None else f'c{index}'} as {name}"


def _first_file(variant: VariantInput) -> int:
    if variant.only_file is not None:
        return variant.only_file
    return min(variant.file_ids, default=0) if variant.file_ids else 0


def _runs(variants: Sequence[VariantInput]) -> list[VariantInput]:
    """Return the variants cut into stretches of consecutive files, so that one after the other is in order."""
    if len(variants) <= 1 or any(variant.file_ids is None for variant in variants):
        return list(variants)
    owners = sorted((file_id, place) for place, variant in enumerate(variants) for file_id in variant.file_ids or ())
    return [
        variants[place].model_copy(update={"file_ids": tuple(file_id for file_id, _ in run)})
        for place, run in groupby(owners, key=lambda owner: owner[1])
    ]


def _in_order(variants: Sequence[VariantInput]) -> bool:
    """Whether the variants, one after the other, are in the order of `_row`."""
    if len(variants) <= 1:
        return True
    files = [(variant.only_file,) if variant.only_file is not None else variant.file_ids for variant in variants]
    if any(ids is None for ids in files):
        return False
    spans = sorted((min(ids), max(ids)) for ids in files if ids)
    return all(before[1] < after[0] for before, after in pairwise(spans))


def _typed(
    columns: Sequence[Column],
    formats: Mapping[str, ValueFormat],
    query: str,
    file: str,
    plain: Collection[str],
) -> str:
    """Return SQL that adds the typed value of every column, and around it the operator; `file` is SQL for its file."""
    values, operators = ["*"], ["*"]
    for column in columns:
        if column.name in plain:
            values.append(f"cast({ident(TEXT + column.name)} as {expected_type(column)}) as {ident(column.name)}")
            continue
        value_format = formats.get(column.name) or plain_format("", column.name, column.logical_type)
        text, value = ident(TEXT + column.name), ident(column.name)
        read = read_expression(value_format, column, text, file, value)
        values.append(f"{read.value} as {value}")
        operators.append(f"{read.operator} as {ident(operator_name(column.name))}")
    return f"select {', '.join(operators)} from (select {', '.join(values)} from ({query}))"


def _complete(table: Table, fed: Collection[str], query: str, plain: Collection[str]) -> str:
    """Return SQL that adds the text that is not the canonical one of its value, and NULLs for columns without a source.

    A value that is not changed may be written otherwise where its type is one of `_MANY_WRITINGS`, as 1.50 for 1.5.
    """
    fields = ["*"]
    for column in table.columns:
        raw, operator = ident(raw_name(column.name)), ident(operator_name(column.name))
        if column.name in plain:
            continue
        if column.name in fed:
            text = ident(TEXT + column.name)
            odd = f"{operator} is not null"
            if column.logical_type in _MANY_WRITINGS:
                odd += f" or {text} <> {ident(column.name)}::varchar"
            fields.append(f"case when {odd} then {text} end as {raw}")
        else:
            empty = f"null::{expected_type(column)} as {ident(column.name)}"
            fields += [empty, f"null::varchar as {raw}", f"null::varchar as {operator}"]
    return f"select {', '.join(fields)} from ({query})"
