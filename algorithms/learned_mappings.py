"""What lessons know of a source's columns, as evidence of a contract: it has a vote, and never overrides the contract.

Readings join the standing rules of a column and are heard by the council on formats as what earlier runs adopted.
Mappings hold for one list of column names only, and where the values still look like it: a name that the decision log
refused, because another file may mean anything by it, means the same in a file with the same columns.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from algorithms.adopted_names import claimed_names
from algorithms.names import normal_name
from state.contract import Column, Contract, LogicalType, Table
from state.decision_log import SourceRule
from state.lessons import KnownFormat, KnownMapping, Lesson
from state.mapping import SourceColumn, TargetColumn

LEAST_FITTING: Final = 0.5
"""Share of a source's values that must read as the column's type for a lesson on its mapping to be believed."""


def with_learned(contract: Contract, lessons: Sequence[Lesson]) -> Contract:
    """Return the contract with what lessons know of its columns; what the decision log holds stays the log's."""
    mine = [lesson for lesson in lessons if lesson.entry is None]
    tables = tuple(_with_formats(_with_mappings(table, mine), mine) for table in contract.tables)
    return contract.model_copy(update={"tables": tables}) if tables != contract.tables else contract


def learned_targets(
    targets: Sequence[TargetColumn], table: Table, header: str, sources: Iterable[SourceColumn]
) -> tuple[TargetColumn, ...]:
    """Return the columns that want a source with what lessons say for files of this header, where the values fit."""
    known = {column.name: column.learned.get(header, {}) for column in table.columns}
    if not any(known.values()):
        return tuple(targets)
    by_name = {source.name: source for source in sources}
    return tuple(_with_known(target, known.get(target.name, {}), by_name) for target in targets)


def _with_known(target: TargetColumn, known: Mapping[str, str], sources: Mapping[str, SourceColumn]) -> TargetColumn:
    believed = {name: run for name, run in known.items() if name in sources and _fits(sources[name], target)}
    return target.model_copy(update={"adopted": believed | target.adopted}) if believed else target


def _fits(source: SourceColumn, target: TargetColumn) -> bool:
    if target.logical_type is LogicalType.STRING:
        listed = {value.casefold() for value in target.valid_values}
        seen = {sample.strip().casefold() for sample in source.samples}
        return not listed or not seen or len(seen & listed) >= LEAST_FITTING * len(seen)
    return source.type_share.get(target.logical_type.value, 0.0) >= LEAST_FITTING


def _with_mappings(table: Table, lessons: Sequence[Lesson]) -> Table:
    claimed, found = claimed_names(table), dict[str, dict[str, dict[str, str]]]()
    for lesson in lessons:
        value = lesson.value
        if isinstance(value, KnownMapping) and value.table == table.name:
            for source, target in value.matches.items():
                if normal_name(source) not in claimed:
                    found.setdefault(target, {}).setdefault(value.header, {})[source] = _run(lesson)
    if not found:
        return table
    columns = (_updated(column, "learned", found.get(column.name)) for column in table.columns)
    return table.model_copy(update={"columns": tuple(columns)})


def _with_formats(table: Table, lessons: Sequence[Lesson]) -> Table:
    rules: dict[str, dict[str, SourceRule]] = {}
    for lesson in lessons:
        value = lesson.value
        if isinstance(value, KnownFormat) and value.table == table.name and value.readings:
            readings = value.readings
            rule = SourceRule(values={}, readings=readings, runs=dict.fromkeys(readings, _run(lesson)))
            rules.setdefault(value.column, {})[value.source] = rule
    if not rules:
        return table
    columns = (_updated(column, "standing", _joined(column, rules.get(column.name, {}))) for column in table.columns)
    return table.model_copy(update={"columns": tuple(columns)})


def _joined(column: Column, rules: Mapping[str, SourceRule]) -> dict[str, SourceRule]:
    """Return the standing rules of a column with those of lessons; on the same reading the log has the word."""
    joined = dict(column.standing)
    for source, rule in rules.items():
        known = joined.get(source)
        if known is None:
            joined[source] = rule
        else:
            update = {"readings": rule.readings | known.readings, "runs": rule.runs | known.runs}
            joined[source] = known.model_copy(update=update)
    return joined


def _updated(column: Column, field: str, value: object) -> Column:
    return column.model_copy(update={field: value}) if value else column


def _run(lesson: Lesson) -> str:
    return lesson.runs[0] if lesson.runs else lesson.lesson_id
