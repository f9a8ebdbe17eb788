"""Step `approve`: what was decided about a table is put forward to a person, and what the person said is put in place.

Answers lie in the ledger and are applied here, so that a run killed anywhere finds them. Where a mapping was changed,
formats and values are decided anew on the new columns, and asked about again where they differ from what was settled.
"""

from collections.abc import Mapping, Sequence

import duckdb

from algorithms.amending import amend
from algorithms.approval import changes_of
from algorithms.known_answers import as_answer, known_answers
from nodes.answers import fault_of_answer, fault_of_proposals, judgement_id, record_answer
from nodes.steps.formatting import format_evidence, landed_columns, read_formats
from nodes.steps.mapping import mapping_evidence, read_mappings
from nodes.steps.resolving import (
    keep_values,
    listed_columns,
    read_resolutions,
    resolution_evidence,
    resolve_receipt,
)
from nodes.steps.work import Outcome, Work
from state.approval import (
    Answered,
    AskedRef,
    Change,
    ChangeKind,
    FormatProposal,
    MappingProposal,
    Proposals,
    Reply,
    ResolutionProposal,
    Settled,
)
from state.contract import Column, LogicalType
from state.errors import StepError
from state.experience import LessonUse
from state.lessons import LessonKind
from state.plans import StepKind
from state.reports import StepStatus
from tools.approval import read_answers, write_question
from tools.ledger import Receipt, once, read_reports, record_report, revise
from tools.lessons_used import lessons_of, record_use

_KNOWN = LessonKind.KNOWN_ANSWERS.value


def put_forward(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Put the settled changes in place, then ask about the open ones; done when there are none."""
    table, answers = work.table.name, read_answers(connection, work.table.name)
    settled = {change_id: said for answered in answers for change_id, said in answered.settled.items()}
    before = gather_proposals(connection, work)
    proposed = {change.change_id: change for change in changes_of(before)}
    values = {
        change_id: said.value
        for change_id, said in settled.items()
        if change_id in proposed and proposed[change_id].proposal == said.proposal
    }
    after = amend(before, values)
    fault = fault_of_proposals(after)
    if fault is not None:
        raise StepError(f"what was settled fails its check: {fault[1]}", where=fault[0])
    key = f"{work.step.step_id}@{len(answers)}"
    if after.mappings != before.mappings:
        return _remap(connection, work, after, key)
    if after != before:
        once(connection, key, lambda: _put_in_place(connection, after, proposed, answers))
    waiting = [change for change in changes_of(after) if not _is_settled(change, settled)]
    if waiting and _answer_again(connection, work, after, waiting, f"{table}#{len(answers) + 1}"):
        return put_forward(connection, work)
    if waiting:
        question_id = f"{table}#{len(answers) + 1}"
        write_question(work.folder, question_id, after, waiting)
        asked = AskedRef(question_id=question_id, step_id=work.step.step_id, table=table, changes=len(waiting))
        return Outcome(rows=0, detail=f"{len(waiting)} changes wait for a person", asked=asked)
    counts = _counts(settled)
    receipt = once(connection, work.step.step_id, lambda: counts)
    return Outcome(rows=0, detail="{accept} changes accepted, {reject} rejected, {edit} edited".format(**receipt))


def _answer_again(
    connection: duckdb.DuckDBPyConnection,
    work: Work,
    proposals: Proposals,
    waiting: Sequence[Change],
    question_id: str,
) -> bool:
    """Put on record what a person answered to the same in an earlier run; return whether there was any such answer."""
    known = known_answers(waiting, proposals, lessons_of(work.folder))
    if not known:
        return False
    changes = {change.change_id: change for change in waiting if change.change_id in known}
    answer = as_answer(known, changes)
    write_question(work.folder, question_id, proposals, list(changes.values()))
    if fault_of_answer(work.folder, question_id, answer) is not None:
        return False  # what was agreed to before cannot stand here: it is asked about
    asked = AskedRef(question_id=question_id, step_id=work.step.step_id, table=work.table.name, changes=len(changes))
    record_answer(connection, work.folder, asked, answer)
    for lesson_id in sorted({each.lesson_id for each in known.values()}):
        count = sum(each.lesson_id == lesson_id for each in known.values())
        effect = f"answers {count} changes as {answer.by or 'a person'} did"
        use = LessonUse(lesson_id=lesson_id, kind=_KNOWN, steps=(work.step.step_id,), effect=effect, held=True)
        record_use(connection, use)
    return True


def gather_proposals(connection: duckdb.DuckDBPyConnection, work: Work) -> Proposals:
    """Return what was decided about the table, with the evidence as it is now."""
    mappings = {mapping.variant_id: mapping for mapping in read_mappings(connection, work.table.name)}
    variants = dict(work.intake.variants_of(work.table.name))
    return Proposals(
        table=work.table.name,
        mappings=tuple(
            MappingProposal(
                evidence=mapping_evidence(connection, work.table, work.intake, variant_id, variants[variant_id]),
                answer=mapping,
            )
            for variant_id, mapping in mappings.items()
        ),
        formats=tuple(_formats(connection, work)),
        resolutions=tuple(_resolutions(connection, work)),
        files={file.file_id: file.name for file in work.intake.inventory.files},
        variants=variants,
    )


def _formats(connection: duckdb.DuckDBPyConnection, work: Work) -> list[FormatProposal]:
    found, formats = [], read_formats(connection, work.table.name)
    for column in work.table.columns:
        evidence = None
        if column.name in formats and column.logical_type is not LogicalType.STRING:
            evidence = format_evidence(connection, work, column)
        if evidence is not None:
            sources = _sources(connection, work, column)
            found.append(FormatProposal(evidence=evidence, answer=formats[column.name], sources=sources))
    return found


def _resolutions(connection: duckdb.DuckDBPyConnection, work: Work) -> list[ResolutionProposal]:
    found, answers = [], read_resolutions(connection, work.table.name)
    for column, valid in listed_columns(work.contract, work.table) if answers else ():
        evidence = resolution_evidence(connection, work, column, valid) if column.name in answers else None
        if evidence is not None:
            sources = _sources(connection, work, column)
            found.append(ResolutionProposal(evidence=evidence, answer=answers[column.name], sources=sources))
    return found


def _sources(connection: duckdb.DuckDBPyConnection, work: Work, column: Column) -> tuple[str, ...]:
    """Return the source columns that feed a contract column, each with its header variant."""
    landed = landed_columns(connection, work, column)
    return tuple(f"{source.relation.removeprefix('land.')}/{source.header}" for source in landed)


def _remap(connection: duckdb.DuckDBPyConnection, work: Work, after: Proposals, key: str) -> Outcome:
    """Put changed mappings in place; what was decided on the old ones is done again."""
    steps = [f"{kind.value}:{work.table.name}" for kind in (StepKind.FORMAT, StepKind.RESOLVE)]
    reports = read_reports(connection)
    outdated = tuple(step for step in steps if step in reports)

    def effect() -> Receipt:
        mappings = [proposal.answer.model_dump(mode="json") for proposal in after.mappings]
        revise(connection, f"{StepKind.MAP.value}:{work.table.name}", {"mappings": mappings})
        for step in outdated:
            revise(connection, step, None)
            record_report(connection, reports[step].model_copy(update={"status": StepStatus.OUTDATED}))
        return {"outdated": list(outdated)}

    once(connection, f"{key}:map", effect)
    return Outcome(rows=0, detail="the mapping was changed: formats and values are decided again", again=True)


def _put_in_place(
    connection: duckdb.DuckDBPyConnection,
    after: Proposals,
    proposed: Mapping[str, Change],
    answers: Sequence[Answered],
) -> Receipt:
    """Write changed formats and values where conforming reads them."""
    named = {proposal.answer.column: proposal.answer for proposal in after.formats}
    formats = read_formats(connection, after.table) | named
    told = [value_format.model_dump(mode="json") for value_format in formats.values()]
    revise(connection, f"{StepKind.FORMAT.value}:{after.table}", {"formats": told})
    if after.resolutions:
        resolutions = [proposal.answer for proposal in after.resolutions]
        revise(connection, f"{StepKind.RESOLVE.value}:{after.table}", resolve_receipt(resolutions))
    questions = {change_id: answered.question_id for answered in answers for change_id in answered.settled}
    by_value = {
        (change.column, change.value or ""): judgement_id(questions[change.change_id], change)
        for change in proposed.values()
        if change.kind is ChangeKind.VALUE and change.change_id in questions
    }
    for proposal in after.resolutions:
        column = proposal.answer.column
        changed = {
            value.value: by_value[column, value.value]
            for value in proposal.answer.values
            if value.operator == "person" and (column, value.value) in by_value
        }
        for value in changed:
            connection.execute(
                "delete from ops.value_map where table_name = ? and column_name = ? and value = ?",
                [after.table, column, value],
            )
        keep_values(connection, proposal.answer, changed)
    return {"formats": len(named), "resolutions": len(after.resolutions)}


def _is_settled(change: Change, settled: Mapping[str, Settled]) -> bool:
    return change.change_id in settled and settled[change.change_id].value == change.proposal


def _counts(settled: Mapping[str, Settled]) -> dict[str, int]:
    return {reply.value: sum(1 for said in settled.values() if said.reply is reply) for reply in Reply}
