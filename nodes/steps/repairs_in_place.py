"""The council's rulings as an effect: cells changed, every finding kept, one decision a column and specialist.

All of it belongs to one transaction, the caller's, with the receipt of the step.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import duckdb

from algorithms.repair_rulings import Ruling, Tally, tallies
from nodes.decide import Account, record
from nodes.steps.marking import REPAIRING, repair_marks
from nodes.steps.work import Work
from state.decisions import DecidedBy, Decision
from state.repair_council import CellOutcome, CouncilFound, CouncilTask
from tools.conform.trial import Trial
from tools.ledger import Receipt, record_decisions
from tools.marks import leave_marks

KIND = "cell_repair"
OPERATOR = "repair:"
"""How the operator of a repaired cell begins; the specialist that decided its value follows, or a person."""

_PERSON = "person"
_DONE = {CellOutcome.APPLIED: "repaired", CellOutcome.PROPOSED: "proposed", CellOutcome.LEFT: "left as they are"}
_FIELDS = (
    *("column_name", "before", "after", "fault", "verdict", "operator", "evidence", "votes"),
    *("outcome", "reason", "decision_id"),
)


class Ruled(NamedTuple):
    """What is to be put in place."""

    task: CouncilTask
    found: CouncilFound
    rulings: tuple[Ruling, ...]
    judgements: Mapping[str, str]  # id of a change -> id of the decision a person made about it, where there is one


def put_in_place(connection: duckdb.DuckDBPyConnection, work: Work, ruled: Ruled, trial: Trial) -> Receipt:
    """Change the cells that are ruled to be, and put all findings on record; return the counts."""
    table, counts = work.table.name, dict.fromkeys(CellOutcome, 0)
    for ruling in ruled.rulings:
        counts[ruling.outcome] += 1
    trial.apply(
        {
            (one.row_id, one.finding.column): _operator(one)
            for one in ruled.rulings
            if one.outcome is CellOutcome.APPLIED
        }
    )
    decisions = {(tally.column, tally.operator): _decision(work, ruled, tally) for tally in tallies(ruled.rulings)}
    record_decisions(connection, decisions.values(), step_id=work.step.step_id)
    known = _recorded(connection, ruled.judgements.values())
    judged = {change_id: made for change_id, made in ruled.judgements.items() if made in known}
    _keep(connection, table, ruled.rulings, decisions, judged)
    leave_marks(connection, REPAIRING, table, repair_marks(table, ruled.rulings))
    return {outcome.value: count for outcome, count in counts.items()} | {"notes": list(ruled.found.notes)}


def _operator(ruling: Ruling) -> str:
    edited = ruling.after != ruling.finding.after
    return OPERATOR + (_PERSON if edited else ruling.finding.operator)


def _recorded(connection: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> set[str]:
    rows = connection.execute(
        "select decision_id from ops.decisions where decision_id in (select unnest(?::varchar[]))", [list(ids)]
    ).fetchall()
    return {str(row[0]) for row in rows}


def _decision(work: Work, ruled: Ruled, tally: Tally) -> Decision:
    """Return the record of what a specialist decided in a column, told by counts and one example."""
    shown = tally.example
    counts = ", ".join(f"{count} cells {_DONE[outcome]}" for outcome, count in tally.counts.items() if count)
    voters = "; ".join(
        f"{voter} spoke of {cells}, right with {ruled.found.reliability.get(voter, shown.finding.confidence):.2f}"
        for voter, cells in tally.voters.items()
    )
    account = Account(
        subject=f"{work.table.name}.{tally.column}: {tally.operator}",
        answer=counts,
        confidence=tally.confidence,
        reason=f"{voters}; {shown.reason}" if shown.reason else voters,
        evidence=f"e.g. {shown.finding.before!r} to {shown.after!r}: {shown.finding.evidence}",
        votes=shown.finding.votes,
    )
    method = f"{work.context.patterns.council} vote of the repair council"
    return record(KIND, account, ruled.task.path.rpartition("/")[2], method=method, decided_by=DecidedBy.COUNCIL)


def _keep(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rulings: Sequence[Ruling],
    decisions: Mapping[tuple[str, str], Decision],
    judged: Mapping[str, str],
) -> None:
    """Keep every finding with what became of it."""
    rows = [_row(one, decisions[one.finding.column, one.finding.operator].decision_id, judged) for one in rulings]
    lists = [list(part) for part in zip(*rows, strict=True)] or [[] for _ in range(len(_FIELDS) + 2)]
    selects = ", ".join(f"unnest(?::varchar[]) as {name}" for name in _FIELDS)
    connection.execute("delete from ops.repairs where table_name = ?", [table])
    connection.execute(
        "insert into ops.repairs by name select ? as table_name, * from "
        f"(select unnest(?::bigint[]) as _row, unnest(?::double[]) as confidence, {selects})",
        [table, *lists],
    )


def _row(ruling: Ruling, decision_id: str, judged: Mapping[str, str]) -> tuple[object, ...]:
    finding = ruling.finding
    votes = json.dumps([vote.model_dump() for vote in finding.votes], ensure_ascii=False)
    return (
        ruling.row_id,
        finding.confidence,
        finding.column,
        finding.before,
        ruling.after if ruling.after is not None else finding.after,
        finding.fault.value,
        finding.verdict.value,
        _operator(ruling) if ruling.outcome is CellOutcome.APPLIED else OPERATOR + finding.operator,
        finding.evidence,
        votes,
        ruling.outcome.value,
        ruling.reason,
        judged.get(ruling.change_id, decision_id),
    )
