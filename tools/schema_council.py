"""What the schema council works on, in files of the run's folder: questions, sealed sheets, answers.

State holds the hashes; a file that is not what its hash says is refused, so that nobody changes a sheet once it is
given. Everything here follows from the evidence: after a kill it is written again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from state.errors import StepError
from state.mapping import ColumnMapping, MappingEvidence
from state.mapping_council import ScoreSheet
from state.values import Value
from tools.files import remove

FOLDER = "council"

Kept = TypeVar("Kept", bound=Value)


def write_question(folder: Path, question: str, evidence: MappingEvidence) -> None:
    """Keep the evidence that a question is about, named by the question's digest."""
    _write(folder / f"{question}.json", evidence)


def read_question(folder: Path, question: str) -> MappingEvidence:
    """Return the evidence of a question; StepError where it is not there."""
    return _read(folder / f"{question}.json", MappingEvidence, None)


def write_sheet(folder: Path, sheet: ScoreSheet) -> str:
    """Keep the sheet of a member; return the SHA-256 that seals it."""
    return _write(_sheet_path(folder, sheet.question, sheet.member), sheet)


def read_sheet_file(folder: Path, question: str, member: str, sha256: str) -> ScoreSheet:
    """Return a sealed sheet; StepError where it is not the one that was given."""
    return _read(_sheet_path(folder, question, member), ScoreSheet, sha256)


def write_answer(folder: Path, question: str, mapping: ColumnMapping) -> tuple[Path, str]:
    """Keep the answer to a question; return its path and SHA-256."""
    path = folder / f"{question}.answer.json"
    return path, _write(path, mapping)


def read_answer(path: Path, sha256: str) -> ColumnMapping:
    """Return an answer; StepError where it is not the one that was given."""
    return _read(path, ColumnMapping, sha256)


def forget_question(folder: Path, questions: Iterable[str]) -> None:
    """Remove all that was kept about these questions: evidence holds values of the data."""
    for question in questions:
        remove(folder / question)
        remove(folder / f"{question}.json")
        remove(folder / f"{question}.answer.json")


def _sheet_path(folder: Path, question: str, member: str) -> Path:
    return folder / question / f"{member.replace(':', '.')}.json"


def _write(path: Path, kept: Value) -> str:
    content = kept.model_dump_json().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _read(path: Path, kind: type[Kept], sha256: str | None) -> Kept:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StepError("what the council works on is gone", where=str(path)) from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise StepError("what the council works on was changed", where=str(path))
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise StepError("what the council works on cannot be read", where=str(path)) from error
