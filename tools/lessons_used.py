"""The lessons a run goes by, as an artefact in its folder, and what it used them for, in its ledger.

They are read once: a run that is resumed goes by the same lessons, whatever was learned since.
"""

from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from state.experience import LessonUse
from state.lessons import Lesson
from tools.files import write_durably
from tools.ledger import receipts_of, revise

LESSONS_FILE = "lessons.json"

_PREFIX = "lesson:"
_LESSONS = TypeAdapter(tuple[Lesson, ...])


def write_lessons(folder: Path, lessons: tuple[Lesson, ...]) -> None:
    """Write what the run goes by, durably."""
    write_durably(folder / LESSONS_FILE, _LESSONS.dump_json(lessons))


def read_lessons(folder: Path) -> tuple[Lesson, ...] | None:
    """Return what the run goes by; None where that is not settled yet."""
    try:
        return _LESSONS.validate_json((folder / LESSONS_FILE).read_bytes())
    except FileNotFoundError:
        return None


def lessons_of(folder: Path) -> tuple[Lesson, ...]:
    """Return what the run goes by; none where nothing was settled."""
    return read_lessons(folder) or ()


def record_use(connection: duckdb.DuckDBPyConnection, use: LessonUse) -> None:
    """Put on record what a lesson was used for; the same use is told once, a later word on it replaces the first."""
    revise(connection, _key(use), use.model_dump(mode="json"))


def read_uses(connection: duckdb.DuckDBPyConnection) -> tuple[LessonUse, ...]:
    """Return what lessons were used for, by their ids."""
    return tuple(LessonUse.model_validate(receipt) for receipt in receipts_of(connection, _PREFIX))


def _key(use: LessonUse) -> str:
    return f"{_PREFIX}{use.lesson_id}:{','.join(use.steps[:3])}"
