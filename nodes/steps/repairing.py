"""Step `repair`: a staged table is put before the repair council, and what comes is changed, proposed or left.

The council itself is a graph (`graphs.repair_council`): the step writes what it is shown, ends, and is done when it
finds the findings. Where a person agrees to changes it asks about all of them first.
"""

from collections.abc import Mapping, Sequence

import duckdb

from algorithms.repair.number_forms import reads_two_ways
from algorithms.repair_rulings import Ruling, repair_changes, rule_on, settled
from nodes.answers import judgement_id
from nodes.steps.formatting import read_formats
from nodes.steps.repairs_in_place import Ruled, put_in_place
from nodes.steps.work import Outcome, Work
from state.approval import Answered, AskedRef, Change, Proposals
from state.contract import RepairScope
from state.errors import StepError
from state.repair import CellFinding
from state.repair_council import CellOutcome, CouncilFound, CouncilTask
from tools.approval import read_answers, write_question
from tools.conform.doubtful import (
    any_broken,
    broken_cells,
    broken_rows,
    changeable,
    fingerprint,
    protected_columns,
    rows_of,
    shown_columns,
    text_query,
)
from tools.conform.trial import Candidate, Place, same_values, tried
from tools.ledger import Receipt, find_receipt, once
from tools.repair_council import council_task, forget, read_findings, read_found, write_dirty

ASKING = "by_council_and_person"
"""The way to repair in which a person agrees first."""


def repair_table(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Put the table before the council, then apply what it found; done where nothing is to be looked at."""
    done = find_receipt(connection, work.step.step_id)
    if done is not None:
        return _told(done)
    table, scopes = work.table, changeable(work.contract, work.table)
    some = RepairScope.ALL not in scopes.values()
    with broken_rows(connection, work.contract, table):
        if not scopes or (some and not any_broken(connection, work.contract, table, scopes)):
            return _told(
                once(connection, work.step.step_id, lambda: {"nothing": "no cell that may be changed is wrong"})
            )
        query = text_query(table, shown_columns(table), some=some)
        task = _task(connection, work, query)
        found = read_found(task)
        if found is None:
            write_dirty(connection, task, table, query)
            return Outcome(rows=0, detail="the table is put before the repair council", convened=task)
        if found.reference.failed:
            forget(task)
            raise StepError(f"the repair council failed: {found.reference.failed}", where=table.name)
        return _go_on(connection, work, task, found)


def _task(connection: duckdb.DuckDBPyConnection, work: Work, query: str) -> CouncilTask:
    table = work.table
    mark = fingerprint(connection, query, table.model_dump_json(), work.context.patterns.council)
    return council_task(work.folder, table.name, protected_columns(work.contract, table), mark)


def _go_on(connection: duckdb.DuckDBPyConnection, work: Work, task: CouncilTask, found: CouncilFound) -> Outcome:
    """Rule on the findings; ask about them where a person agrees first, else apply them."""
    row_ids, formats = rows_of(connection, task.path), read_formats(connection, work.table.name)
    findings = _findings(connection, work, found, row_ids)
    broken = broken_cells(connection, work.contract, work.table, {row_ids[finding.row] for finding in findings})
    rulings = rule_on(findings, row_ids, changeable(work.contract, work.table), broken)
    questions: dict[str, str] = {}
    if work.step.how == ASKING:
        answers = read_answers(connection, work.step.step_id)
        said = {change_id: one for answered in answers for change_id, one in answered.settled.items()}
        changes = {change.change_id: change for change in repair_changes(rulings, work.table.name)}
        waiting = [change for change in changes.values() if change.change_id not in said]
        if waiting:
            return _asked(work, waiting, len(answers) + 1)
        rulings, questions = settled(rulings, work.table.name, said), _judgements(answers, changes)
    candidates = [
        Candidate(one.row_id, one.finding.column, one.finding.before, one.after or "")
        for one in rulings
        if _changes(one)
    ]
    with tried(connection, work.contract, work.table, formats, candidates) as trial:
        ruled = Ruled(task, found, tuple(_refused(ruling, trial.refused) for ruling in rulings), questions)
        receipt = once(connection, work.step.step_id, lambda: put_in_place(connection, work, ruled, trial))
    return _told(receipt)


def _told(receipt: Receipt) -> Outcome:
    if "nothing" in receipt:
        return Outcome(rows=0, detail=str(receipt["nothing"]))
    detail = "{applied} cells repaired, {proposed} proposed, {left} left as they are".format(**receipt)
    return Outcome(rows=int(receipt["applied"]), detail=detail)


def _findings(
    connection: duckdb.DuckDBPyConnection, work: Work, found: CouncilFound, row_ids: Sequence[int]
) -> list[CellFinding]:
    """Return the findings, without those that say otherwise in text and not in value, such as 1.50 for 1.5.

    What a comma means in a column of which the decimal sign is undecided is not the council's to say, either: it sees
    the column as it was read, and not by which sign.
    """
    formats = read_formats(connection, work.table.name)
    undecided = {column for column, one in formats.items() if not one.decimal}
    findings = [
        one
        for one in read_findings(found)
        if one.column not in undecided or one.before is None or not reads_two_ways(one.before)
    ]
    spoken = [
        Candidate(row_ids[one.row], one.column, one.before, one.after) for one in findings if one.after is not None
    ]
    same = same_values(connection, work.table, formats, spoken)
    return [one for one in findings if (row_ids[one.row], one.column) not in same]


def _changes(ruling: Ruling) -> bool:
    return ruling.outcome is CellOutcome.APPLIED


def _asked(work: Work, waiting: Sequence[Change], number: int) -> Outcome:
    question_id, table = f"{work.step.step_id}#{number}", work.table.name
    nothing_else = Proposals(table=table, mappings=(), formats=(), resolutions=(), files={}, variants={})
    write_question(work.folder, question_id, nothing_else, waiting)
    asked = AskedRef(question_id=question_id, step_id=work.step.step_id, table=table, changes=len(waiting))
    return Outcome(rows=0, detail=f"{len(waiting)} repairs wait for a person", asked=asked)


def _judgements(answers: Sequence[Answered], changes: Mapping[str, Change]) -> dict[str, str]:
    """Return the decision a person made about each change, by the id of the change.

    Only a change that an answer names is a decision of its own; the others rest on the council's, and on the answer.
    """
    asked = {change_id: answered.question_id for answered in answers for change_id in answered.settled}
    return {change_id: judgement_id(asked[change_id], change) for change_id, change in changes.items()}


def _refused(ruling: Ruling, refused: Mapping[Place, str]) -> Ruling:
    why = refused.get((ruling.row_id, ruling.finding.column)) if _changes(ruling) else None
    return ruling if why is None else ruling._replace(outcome=CellOutcome.LEFT, reason=why)
