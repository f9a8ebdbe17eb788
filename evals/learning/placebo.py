"""Lessons that teach nothing: those of another run with their subjects exchanged, as many as the real ones."""

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from typing import Final, NamedTuple

from state.experience import AnswerExperience
from state.lessons import (
    KnownAnswers,
    KnownFormat,
    KnownMapping,
    KnownRecovery,
    Lesson,
    LessonValue,
    MethodProbability,
    TaskDuration,
    Threshold,
)

_OTHER: Final[Mapping[str, str]] = {
    "day_first": "month_first", "month_first": "day_first", ",": ".", "#": ";", "cp850": "cp437", "-2": "3", "-3": "2",
}  # fmt: skip
"""What a figure of a lesson is exchanged for."""

_ACTIONS: Final = ("map_by_values", "format_counting_all", "conform_at_once", "dedupe", "quarantine", "derive")


class Shuffling(NamedTuple):
    """What subjects are drawn from."""

    chance: random.Random
    columns: Mapping[str, Sequence[str]]  # by table of the contract

    def table(self, but: str) -> str:
        """Return another table, the same one where there is no other."""
        return self.chance.choice([name for name in self.columns if name != but] or [but])

    def column(self, table: str, but: str) -> str:
        """Return another column of a table."""
        return self.chance.choice([name for name in self.columns.get(table, ()) if name != but] or [but])


def shuffled(lessons: Iterable[Lesson], how: Shuffling) -> tuple[Lesson, ...]:
    """Return lessons as sure as the given ones, each about something that it was not learned of."""
    return tuple(lesson.model_copy(update={"value": _value(lesson.value, how)}) for lesson in lessons)


@singledispatch
def _value(value: LessonValue, _how: Shuffling) -> LessonValue:
    return value


@_value.register
def _recovery(value: KnownRecovery, how: Shuffling) -> LessonValue:
    columns = tuple(how.column(value.table, name) for name in value.columns)
    parameters = {name: _OTHER.get(said, said) for name, said in value.parameters.items()}
    table = value.table if columns else how.table(value.table)
    return value.model_copy(update={"table": table, "columns": columns, "names": (), "parameters": parameters})


@_value.register
def _format(value: KnownFormat, how: Shuffling) -> LessonValue:
    readings = {name: _OTHER.get(said, said) for name, said in value.readings.items()}
    return value.model_copy(update={"readings": readings, "column": how.column(value.table, value.column)})


@_value.register
def _mapping(value: KnownMapping, how: Shuffling) -> LessonValue:
    targets = list(value.matches.values())
    moved = [*targets[1:], how.column(value.table, targets[0]) if len(targets) == 1 else targets[0]]
    return value.model_copy(update={"matches": dict(zip(value.matches, moved, strict=True))})


@_value.register
def _answers(value: KnownAnswers, how: Shuffling) -> LessonValue:
    by_kind: dict[str, list[AnswerExperience]] = {}
    for answer in value.answers:
        by_kind.setdefault(answer.change.value, []).append(answer)
    moved = []
    for alike in by_kind.values():
        others = alike[1:] + alike[:1]
        for answer, other in zip(alike, others, strict=True):
            said = {"proposal": other.proposal, "stands": other.stands, "reply": other.reply}
            moved.append(answer.model_copy(update=said))
    how.chance.shuffle(moved)
    return value.model_copy(update={"answers": tuple(moved)})


@_value.register
def _action(value: MethodProbability | TaskDuration | Threshold, how: Shuffling) -> LessonValue:
    others = [name for name in _ACTIONS if name != value.action]
    return value.model_copy(update={"action": how.chance.choice(others), "table": how.table(value.table)})
