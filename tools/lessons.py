"""Lessons in the store: those that reflection wrote, and what a person said about them.

Reflection writes lessons, a person writes words (pinned, forgotten); neither overwrites the other, so that a run that
ends while somebody pins a lesson undoes nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from algorithms.reflection.contradictions import undisputed
from algorithms.reflection.families import same_kind
from state.experience import SourceFamily
from state.lessons import Lesson, LessonStatus, Word
from tools.store import has_store, opened_store

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore

LESSONS: Final = ("millwright", "lessons")
WORDS: Final = ("millwright", "words")

_MOST: Final = 10_000


def lessons_in_force(home: Path, contract: str, family: SourceFamily) -> tuple[Lesson, ...]:
    """Return the lessons that a run may use: of its contract (by id) and files of its kind, the largest gain first.

    Of two that say different things about the same only the stronger is among them.
    """
    if not has_store(home):
        return ()
    with opened_store(home) as store:
        lessons = read_lessons(store)
    fitting = [
        lesson
        for lesson in sorted(lessons, key=lambda one: (-one.gain, one.lesson_id))
        if lesson.in_force and lesson.scope.contract in ("", contract) and same_kind(lesson.scope.family, family)
    ]
    return undisputed(fitting)


def read_lessons(store: "BaseStore") -> tuple[Lesson, ...]:
    """Return all lessons by id, each with the status that a person gave it; unreadable ones are left out."""
    words = {word.lesson_id: word for word in _words(store)}
    return tuple(_said(lesson, words.get(lesson.lesson_id)) for lesson in stored_lessons(store))


def stored_lessons(store: "BaseStore") -> tuple[Lesson, ...]:
    """Return all lessons by id as reflection left them, whatever a person said about them."""
    return tuple(sorted(_lessons(store), key=lambda lesson: lesson.lesson_id))


def forgotten(store: "BaseStore") -> dict[str, datetime]:
    """Return the lessons that a person had forgotten, and when: runs before teach them never again."""
    return {word.lesson_id: word.at for word in _words(store) if word.status is LessonStatus.FORGOTTEN}


def write_lessons(store: "BaseStore", lessons: Iterable[Lesson]) -> None:
    """Keep lessons; what is known under the same id is replaced."""
    for lesson in lessons:
        store.put(LESSONS, lesson.lesson_id, lesson.model_dump(mode="json"), index=False)


def drop_lessons(store: "BaseStore", lesson_ids: Iterable[str]) -> None:
    """Remove lessons that are not told any more."""
    for lesson_id in lesson_ids:
        store.delete(LESSONS, lesson_id)


def say(store: "BaseStore", lesson_id: str, status: LessonStatus | None, at: datetime) -> None:
    """Keep what a person says about a lesson; None takes it back."""
    if status is None:
        store.delete(WORDS, lesson_id)
    else:
        word = Word(lesson_id=lesson_id, status=status, at=at)
        store.put(WORDS, lesson_id, word.model_dump(mode="json"), index=False)


def _said(lesson: Lesson, word: Word | None) -> Lesson:
    """Return a lesson as a person wants it: pinned ones hold, forgotten ones do not until new runs teach them."""
    if word is None:
        return lesson
    if word.status is LessonStatus.FORGOTTEN and lesson.since is not None and lesson.since > word.at:
        return lesson
    return lesson.model_copy(update={"status": word.status, "retired_because": ""})


def _lessons(store: "BaseStore") -> Iterator[Lesson]:
    for item in store.search(LESSONS, limit=_MOST):
        try:
            yield Lesson.model_validate(item.value)
        except ValidationError:  # of another version
            continue


def _words(store: "BaseStore") -> Iterator[Word]:
    for item in store.search(WORDS, limit=_MOST):
        try:
            yield Word.model_validate(item.value)
        except ValidationError:
            continue
