"""Files that are read at once as an earlier run had to read them again: by another delimiter, or in another encoding.

A lesson only says where to look. A file is read so when all of it turns out to be written so, by the tests that the
recovery itself goes by; else it is read as it was scanned, and that is put on record.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from algorithms.diagnosis.garbling import is_garbled
from algorithms.learned_remedies import concerns, recoveries_of
from algorithms.quality_recovery import LEAST_CERTAINTY
from algorithms.variants import set_apart
from state.contract import Contract
from state.diagnosis import RemedyKind
from state.experience import LessonUse
from state.lessons import KnownRecovery, Lesson
from state.sources import SourceFile
from tools.diagnosis.delimiters import uncut_by
from tools.diagnosis.subject import Subject
from tools.intake import Intake
from tools.sources.inventory import LANDING_FOLDER
from tools.sources.rereading import (
    DELIMITER,
    ENCODING,
    READ_AS,
    can_be_read_again,
    describe_again,
    fit_of,
    rival_encodings,
)

_LINES: Final = 5_000  # of a file that are looked at for garbled text


class Known(NamedTuple):
    """What intake found as lessons read it, and what they were used for."""

    intake: Intake
    uses: tuple[LessonUse, ...]


def read_as_known(intake: Intake, contract: Contract, folder: Path, lessons: Sequence[Lesson]) -> Known:
    """Return what intake finds when files are read as lessons say, wherever the files themselves confirm it."""
    read: dict[int, SourceFile] = {}
    uses = []
    for lesson, known in recoveries_of(lessons):
        if known.amendment is not RemedyKind.REREAD or known.table not in intake.table_files:
            continue
        subject = Subject(contract.table(known.table), contract, intake)
        files = [file for file in subject.texts if can_be_read_again(file) and concerns(known, file.name)]
        found = {file.file_id: again for file in files for again in _again(subject, file, known.parameters, folder)}
        read |= {file_id: again for file_id, again in found.items() if file_id not in read}
        uses.append(_use(lesson, known, found, len(files)))
    if not read:
        return Known(intake, tuple(uses))
    inventory = set_apart(intake.inventory, tuple(read.values()))
    return Known(intake.model_copy(update={"inventory": inventory}), tuple(uses))


def _again(subject: Subject, file: SourceFile, how: Mapping[str, str], folder: Path) -> Iterator[SourceFile]:
    """Yield the file as it is when it is read otherwise, if it is written so."""
    landing = folder / LANDING_FOLDER
    if how.get(DELIMITER):
        again = describe_again(file, how, landing) if uncut_by(subject, file) == how[DELIMITER] else None
        if again is not None and fit_of(again).share >= LEAST_CERTAINTY:
            yield again
        return
    if not (how.get(ENCODING) and how.get(READ_AS)) or not _has_garbled_text(file):
        return
    if rival_encodings(file, how[READ_AS], how[ENCODING]):
        return  # each makes other words of it: nothing but the whole table tells which is right
    again = describe_again(file, how, landing)
    if again is not None and not _has_garbled_text(again):
        yield again


def _has_garbled_text(file: SourceFile) -> bool:
    with Path(file.text_path).open(encoding="utf-8-sig", errors="replace", newline="") as text:
        return any(is_garbled(line) for line in islice(text, _LINES))


def _use(lesson: Lesson, known: KnownRecovery, found: Mapping[int, SourceFile], of: int) -> LessonUse:
    how = ", ".join(f"{name} {value!r}" for name, value in sorted(known.parameters.items()))
    names = ", ".join(file.name for file in islice(found.values(), 3))
    told = f"reads {names} at once by {how}" if found else f"none of {of} files is written by {how}"
    return LessonUse(
        lesson_id=lesson.lesson_id,
        kind=lesson.kind.value,
        steps=(f"land:{known.table}",),
        effect=told,
        held=bool(found),
    )
