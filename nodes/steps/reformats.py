"""Reading whole files of a column otherwise than was decided: what a diagnosis says, measured on the table's data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import duckdb

from algorithms.reading_alternatives import diagnosed_parameters
from nodes.steps.work import Work
from state.contract import Column
from state.diagnosis import Diagnosis, RemedyKind
from state.formats import FormatEvidence, ValueFormat
from state.recovery import Amendment
from state.symptoms import TestCall
from tools.conform.evidence import gather_format_evidence
from tools.conform.landed import LandedColumn
from tools.diagnosis.subject import Subject
from tools.diagnosis.validate import validate_data

_MOST: Final = 0.8  # share of a file's rows that must be concerned where single values of it may look sound by chance
_DOUBTFUL: Final = 0.6
_LEAST_ALONE: Final = 12.0  # log likelihood by which the shift of a clock must beat every other one
_MOST_FILES: Final = 200  # of a column whose files are looked at one by one


def evidence_by_file(
    connection: duckdb.DuckDBPyConnection, work: Work, column: Column, landed: Sequence[LandedColumn]
) -> dict[int, FormatEvidence]:
    """Return the evidence on a column in each file alone; nothing where there are too many files to look at."""
    single = {
        file_id: source.model_copy(update={"file_ids": (file_id,)})
        for source in landed
        for file_id in source.file_ids or ()
    }
    if len(single) > _MOST_FILES:
        return {}
    return {
        file_id: gather_format_evidence(connection, work.table, [(column, [source])])[0]
        for file_id, source in single.items()
    }


def whole_files(work: Work, file_rows: Mapping[int, int], diagnosis: Diagnosis, share: float) -> tuple[int, ...]:
    """Return the files that a diagnosis is about, nothing where it is about a part of one."""
    ids = {file.name[:120]: file.file_id for file in work.intake.inventory.files}
    affected = {ids[name]: rows for name, rows in diagnosis.rows.files.items() if name in ids}
    if any(rows < share * file_rows.get(file_id, 0) for file_id, rows in affected.items()):
        return ()
    return tuple(sorted(affected)) if sum(affected.values()) >= diagnosis.rows.count else ()


def reformats(
    connection: duckdb.DuckDBPyConnection,
    work: Work,
    file_rows: Mapping[int, int],
    diagnosis: Diagnosis,
    answer: ValueFormat | None,
    evidence: Callable[[], FormatEvidence | None],
) -> Iterator[Amendment]:
    """Yield another order of dates, a power of ten, or minutes to take away, in whole files.

    `answer` is the format that was decided for the column of the diagnosis, `evidence` gathers what it was decided on.
    """
    files = whole_files(work, file_rows, diagnosis, _MOST)
    orders = {file_id: group.date_order for group in (answer.groups if answer else ()) for file_id in group.file_ids}
    parameters = diagnosed_parameters(diagnosis, {orders.get(file_id) for file_id in files})
    certainty = diagnosis.confidence
    if "minutes" in parameters:
        certainty = min(certainty, _certain_clock(connection, work, diagnosis, evidence()))
    if parameters and files:
        yield Amendment(
            kind=RemedyKind.REFORMAT,
            diagnosed=True,
            table=work.table.name,
            columns=diagnosis.columns,
            files=files,
            parameters=parameters,
            gain=diagnosis.rows.count,
            certainty=certainty,
            evidence=f"diagnosed: {diagnosis.cause.value}: {diagnosis.remedy.reason or diagnosis.reason}",
        )


def _certain_clock(
    connection: duckdb.DuckDBPyConnection, work: Work, diagnosis: Diagnosis, evidence: FormatEvidence | None
) -> float:
    """Return how certain it is that times are to be moved by just that much; 0 where they say their offset from UTC.

    By how much is certain where another time of the same rows tells it, and no other shift explains it nearly as well;
    which of both times was moved must be told by the time of day.
    """
    column = work.table.column(diagnosis.columns[0])
    if column.options.timezone or evidence is None or evidence.with_offset:
        return 0.0
    subject = Subject(work.table, work.contract, work.intake)
    call = TestCall(table=work.table.name, cause=diagnosis.cause, columns=diagnosis.columns)
    figures = validate_data(connection, subject, call).figures
    return 1.0 if figures.get("own") and figures.get("alone", 0.0) >= _LEAST_ALONE else _DOUBTFUL
