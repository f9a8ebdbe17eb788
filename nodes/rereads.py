"""Reading files again: what a diagnosis says of delimiter and encoding, measured on whole files, and put in place.

A file is only offered to be read again as a whole, and only where all of it turns out to be written so.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from algorithms.variants import set_apart
from nodes.steps.work import Work
from state.diagnosis import Cause, Diagnosis, RemedyKind
from state.errors import SourceError
from state.recovery import Amendment, QualityMetrics, Recovery
from state.sources import Kind, SourceFile
from tools.diagnosis.delimiters import uncut_by
from tools.diagnosis.subject import Subject
from tools.intake import Intake
from tools.rereads import Reread
from tools.sources.changed import changed_files
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

_DOUBTFUL = 0.6  # certainty where another encoding explains the file as well
_MOST_FILES = 500  # that are read to see whether they are written so


def measure_rereads(work: Work, metrics: QualityMetrics, diagnosis: Diagnosis) -> Iterator[Amendment]:
    """Yield the files that are to be read again as a diagnosis of their table says, one amendment for all alike."""
    if diagnosis.remedy.kind is not RemedyKind.REREAD:
        return
    subject = Subject(work.table, work.contract, work.intake)
    files = [file for file in subject.texts if can_be_read_again(file)][:_MOST_FILES]
    fits = _uncut if diagnosis.cause is Cause.WRONG_DELIMITER else _garbled
    found: dict[tuple[str, float], list[int]] = {}
    told: dict[tuple[str, float], str] = {}
    for file in files:
        fit = fits(subject, file, diagnosis, work.folder)
        if fit is not None:
            found.setdefault(fit[:2], []).append(file.file_id)
            told.setdefault(fit[:2], fit[2])
    for (how, certainty), file_ids in found.items():
        yield Amendment(
            kind=RemedyKind.REREAD,
            diagnosed=True,
            table=work.table.name,
            files=tuple(file_ids),
            parameters=_parameters(diagnosis, how),
            gain=sum(metrics.file_rows.get(file_id, 0) for file_id in file_ids),
            certainty=certainty,
            evidence=f"diagnosed: {diagnosis.cause.value}: {told[how, certainty]}",
        )


def prepare_reread(recovery: Recovery, intake: Intake, folder: Path) -> Reread | None:
    """Return what intake finds when files are read as a recovery says; None where it reads none otherwise.

    A file of which columns are fed otherwise than in others of its header variant becomes a variant of its own.
    SourceError when a file is not there, or not as it was.
    """
    described = list(_described(recovery.plan.amendments, intake, folder))
    if not described:
        return None
    after = intake.model_copy(update={"inventory": set_apart(intake.inventory, described)})
    files = tuple(sorted(file.file_id for file in described))
    return Reread(number=recovery.number, files=files, before=intake, after=after)


def _described(amendments: Sequence[Amendment], intake: Intake, folder: Path) -> Iterator[SourceFile]:
    files = intake.inventory.files
    for amendment in amendments:
        if amendment.kind is RemedyKind.REREAD:
            for file_id in amendment.files:
                yield _again(files[file_id], amendment.parameters, intake, folder)
        elif amendment.kind is RemedyKind.REMAP and _is_part(amendment, intake):
            yield from (files[file_id] for file_id in amendment.files)


def _is_part(amendment: Amendment, intake: Intake) -> bool:
    """Return whether an amendment is about some files of a header variant, and not about others."""
    mine = set(amendment.files)
    return any(mine & set(v.file_ids) and set(v.file_ids) - mine for v in intake.inventory.variants)


def _again(file: SourceFile, how: Mapping[str, str], intake: Intake, folder: Path) -> SourceFile:
    if changed_files(intake.inventory, intake.stamps, [file.file_id]):
        raise SourceError("changed since it was scanned", where=file.name, hint="start another run")
    found = describe_again(file, how, folder / LANDING_FOLDER)
    if found is None:
        raise SourceError("cannot be read as was diagnosed any more", where=file.name, hint="start another run")
    return found


_Fit = tuple[str, float, str]
"""How a file is written, how certain that is, and why."""


def _uncut(subject: Subject, file: SourceFile, diagnosis: Diagnosis, folder: Path) -> _Fit | None:
    """Return how a file is cut into more columns of the table; None where it is cut rightly, or by nothing known."""
    sign = uncut_by(subject, file)
    found = describe_again(file, {DELIMITER: sign}, folder / LANDING_FOLDER) if sign else None
    if found is None or changed_files(subject.intake.inventory, subject.intake.stamps, [file.file_id]):
        return None
    fit = fit_of(found)
    told = f"{sign!r} cuts {fit.records} of {fit.records + fit.refused} lines into the {len(found.header)} fields due"
    return sign, min(diagnosis.confidence, round(fit.share, 4)), told


def _garbled(subject: Subject, file: SourceFile, diagnosis: Diagnosis, folder: Path) -> _Fit | None:
    """Return that all of a file was written in the encoding that was diagnosed; None where some of it was not."""
    how = diagnosis.remedy.parameters
    concerned = file.name[:_SHOWN] in diagnosis.rows.files and file.kind is Kind.TEXT
    if not concerned or changed_files(subject.intake.inventory, subject.intake.stamps, [file.file_id]):
        return None
    if not (how.get(ENCODING) and how.get(READ_AS)) or describe_again(file, how, folder / LANDING_FOLDER) is None:
        return None
    others = rival_encodings(file, how[READ_AS], how[ENCODING])
    told = f"all of the file is {how[ENCODING]} that was read as {how[READ_AS]}"
    if others:
        return how[ENCODING], _DOUBTFUL, f"{told}, or {', '.join(others)}: each makes other words of it"
    return how[ENCODING], diagnosis.confidence, told


_SHOWN = 120  # characters of a name in a diagnosis


def _parameters(diagnosis: Diagnosis, how: str) -> dict[str, str]:
    if diagnosis.cause is Cause.WRONG_DELIMITER:
        return {DELIMITER: how}
    return {ENCODING: how, READ_AS: diagnosis.remedy.parameters[READ_AS]}
