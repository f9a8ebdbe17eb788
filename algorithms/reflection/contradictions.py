"""What speaks against a lesson besides runs: the contract, which it never overrides, and other lessons."""

from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch
from typing import Final, NamedTuple

from algorithms.adopted_names import claimed_names
from algorithms.format_questions import Reading
from algorithms.names import normal_name
from algorithms.reflection.families import same_kind
from algorithms.reflection.subjects import identity_of
from state.contract import Contract, LogicalType, OnViolation, RepairScope, Table
from state.diagnosis import RemedyKind
from state.lessons import KnownFormat, KnownMapping, KnownRecovery, Lesson, LessonStatus, LessonValue, StandingRepair

_DATES: Final = frozenset({LogicalType.DATE, LogicalType.TIMESTAMP})


class Clash(NamedTuple):
    """Two lessons that say different things about the same, and why the first one holds."""

    holds: Lesson
    gives_way: Lesson
    why: str


def against_contract(value: LessonValue, contract: Contract) -> str:
    """Return why a lesson cannot hold under a contract, in words; empty where nothing speaks against it."""
    name = str(getattr(value, "table", ""))
    if not name:
        return ""
    table = next((table for table in contract.tables if table.name == name), None)
    return _against(value, table) if table else f"the contract has no table {name!r} any more"


def clashes(lessons: Iterable[Lesson]) -> Iterator[Clash]:
    """Yield pairs of lessons in force about the same, for the same files, of which only one can be believed."""
    by_subject: dict[tuple[str, ...], list[Lesson]] = {}
    for lesson in lessons:
        if lesson.in_force:
            by_subject.setdefault(identity_of(lesson.value), []).append(lesson)
    for alike in by_subject.values():
        ranked = sorted(alike, key=_rank, reverse=True)
        for place, strong in enumerate(ranked):
            yield from (
                Clash(strong, weak, _why(strong, weak)) for weak in ranked[place + 1 :] if _overlap(strong, weak)
            )


def undisputed(lessons: Sequence[Lesson]) -> tuple[Lesson, ...]:
    """Return the lessons without those that give way to another one."""
    given_way = {clash.gives_way.lesson_id for clash in clashes(lessons)}
    return tuple(lesson for lesson in lessons if lesson.lesson_id not in given_way)


def _rank(lesson: Lesson) -> tuple[bool, bool, str, int, str]:
    """Return how much a lesson counts against another: what a person pinned, then the narrower, then the newer."""
    since = lesson.since.isoformat() if lesson.since else ""
    pinned = lesson.status is LessonStatus.PINNED
    return pinned, not lesson.scope.family.empty, since, lesson.trials, lesson.lesson_id


def _why(strong: Lesson, weak: Lesson) -> str:
    if strong.status is LessonStatus.PINNED:
        return "a person pinned it"
    narrower = not strong.scope.family.empty and weak.scope.family.empty
    return "it is about these files in particular" if narrower else "its evidence is newer"


def _overlap(one: Lesson, other: Lesson) -> bool:
    """Return whether both would be used in one run, and do not say the same."""
    if one.value == other.value or len({one.scope.contract, other.scope.contract} - {""}) > 1:
        return False
    families = one.scope.family, other.scope.family
    return any(family.empty for family in families) or same_kind(*families) or same_kind(*reversed(families))


@singledispatch
def _against(_value: LessonValue, _table: Table) -> str:
    """Return what a table of the contract says against a lesson: nothing, where it is about no column."""
    return ""


@_against.register
def _mapping(value: KnownMapping, table: Table) -> str:
    columns, claimed = {column.name for column in table.columns}, claimed_names(table)
    for source, target in value.matches.items():
        if target not in columns:
            return f"the contract has no column {table.name}.{target} any more"
        if claimed.get(normal_name(source), target) != target:
            return f"the contract calls {claimed[normal_name(source)]} {source!r}"
    return ""


@_against.register
def _format(value: KnownFormat, table: Table) -> str:
    column = next((column for column in table.columns if column.name == value.column), None)
    if column is None:
        return f"the contract has no column {table.name}.{value.column} any more"
    if Reading.ORDER.value in value.readings and (column.logical_type not in _DATES or column.options.format):
        return f"the contract says how {table.name}.{value.column} is written"
    numeric = column.logical_type in (LogicalType.INTEGER, LogicalType.NUMBER)
    if Reading.DECIMAL.value in value.readings and not numeric:
        return f"{table.name}.{value.column} is no number in the contract"
    return ""


@_against.register
def _recovery(value: KnownRecovery, table: Table) -> str:
    missing = [name for name in value.columns if name not in {column.name for column in table.columns}]
    if missing:
        return f"the contract has no column {table.name}.{missing[0]} any more"
    if value.amendment is RemedyKind.SET_ASIDE and table.on_violation is OnViolation.FAIL:
        return f"the contract lets no row of {table.name} be set aside"
    kept = [name for name in value.columns if table.column(name).repair is RepairScope.NEVER]
    if value.amendment is RemedyKind.RESOLVE and kept:
        return f"the contract lets {table.name}.{kept[0]} not be repaired"
    return ""


@_against.register
def _standing(value: StandingRepair, table: Table) -> str:
    column = next((column for column in table.columns if column.name == value.column), None)
    if column is None:
        return f"the contract has no column {table.name}.{value.column} any more"
    never = column.repair is RepairScope.NEVER
    return f"the contract lets {table.name}.{value.column} not be repaired" if never else ""
