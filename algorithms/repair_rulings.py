"""What becomes of the council's findings: by verdict, by what the contract lets be changed, by what a person said.

The council says how sure it is. Whether a cell may be changed is not its matter: a cell that breaks no rule is changed
only in a column whose scope is `all`, and else put forward as a proposal.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from algorithms.approval import change_id
from state.approval import Change, ChangeKind, Reply, Settled
from state.contract import RepairScope
from state.repair import CellFinding, RepairFindings, RepairVerdict
from state.repair_council import CellOutcome
from state.resolution import Ballot

MOST_ALTERNATIVES = 8
NEVER = "the contract lets no cell of the column be changed"
NOTHING = "nothing is known to put in its place"
BREAKS_NONE = "it breaks no rule, and only cells that do may be changed"
UNSURE = "the council is not sure enough"

_CELL = "cell"  # the voter that speaks for what stands in the cell

Replacement = tuple[str, str | None, str]
"""Column, text before and text after: what a person is asked about as one change."""


class Ruling(NamedTuple):
    """What becomes of one finding."""

    finding: CellFinding
    row_id: int
    outcome: CellOutcome
    after: str | None  # what is to stand in the cell, where it is changed or proposed
    reason: str  # of the outcome
    change_id: str = ""  # of the person's answer it rests on


def by_majority(findings: RepairFindings) -> RepairFindings:
    """Return the findings as one voice for each specialist settles them, whatever each is worth.

    The cell has a voice of its own: the text that stands there. A text that is to replace it needs more than half of
    the voices, so at least two specialists; else it is a proposal.
    """
    return replace(findings, cells=tuple(_by_majority(cell) for cell in findings.cells))


def _by_majority(cell: CellFinding) -> CellFinding:
    if cell.verdict is RepairVerdict.FLAG:
        return cell
    voices: dict[str, Ballot] = {}
    for vote in cell.votes:
        specialist = vote.voter.partition(":")[0]
        if specialist != _CELL and (specialist not in voices or vote.confidence > voices[specialist].confidence):
            voices[specialist] = vote
    spoken = [vote.choice for vote in voices.values() if vote.choice is not None]
    agreed = 2 * sum(choice == cell.after for choice in spoken) > len(spoken) + 1
    return replace(cell, verdict=RepairVerdict.REPAIR if agreed else RepairVerdict.PROPOSE)


def rule_on(
    findings: Iterable[CellFinding],
    row_ids: Sequence[int],
    scopes: Mapping[str, RepairScope],
    broken: Collection[tuple[int, str]],
) -> list[Ruling]:
    """Return what becomes of each finding without asking anybody.

    `row_ids` gives the id of each row that the council was shown, `scopes` the columns of which cells may be changed,
    `broken` the cells (row id, column) that break a rule.
    """
    return [_ruling(finding, row_ids[finding.row], scopes, broken) for finding in findings]


def _ruling(
    finding: CellFinding, row_id: int, scopes: Mapping[str, RepairScope], broken: Collection[tuple[int, str]]
) -> Ruling:
    scope = scopes.get(finding.column, RepairScope.NEVER)
    if scope is RepairScope.NEVER:
        return Ruling(finding, row_id, CellOutcome.LEFT, None, NEVER)
    if finding.after is None or finding.verdict is RepairVerdict.FLAG:
        return Ruling(finding, row_id, CellOutcome.LEFT, None, NOTHING)
    if finding.verdict is RepairVerdict.PROPOSE:
        return Ruling(finding, row_id, CellOutcome.PROPOSED, finding.after, UNSURE)
    if scope is RepairScope.ALL or (row_id, finding.column) in broken:
        return Ruling(finding, row_id, CellOutcome.APPLIED, finding.after, "")
    return Ruling(finding, row_id, CellOutcome.PROPOSED, finding.after, BREAKS_NONE)


def settled(rulings: Iterable[Ruling], table: str, said: Mapping[str, Settled]) -> list[Ruling]:
    """Return the rulings as a person settled them; `said` is by the id of a change."""
    return [_settled(ruling, table, said) for ruling in rulings]


def _settled(ruling: Ruling, table: str, said: Mapping[str, Settled]) -> Ruling:
    if ruling.after is None:
        return ruling
    identity = repair_id(table, replacement(ruling))
    answer = said.get(identity)
    if answer is None:
        return ruling
    outcome = CellOutcome.LEFT if answer.value is None else CellOutcome.APPLIED
    told = {
        Reply.ACCEPT: "a person accepted it",
        Reply.REJECT: "a person rejected it",
        Reply.EDIT: "a person edited it",
    }
    return ruling._replace(outcome=outcome, after=answer.value, reason=told[answer.reply], change_id=identity)


def replacement(ruling: Ruling) -> Replacement:
    """Return what a ruling is about, for a person: the same texts in the same column are one change."""
    return ruling.finding.column, ruling.finding.before, str(ruling.finding.after)


def repair_id(table: str, what: Replacement) -> str:
    """Return the id of a change that replaces one text of a column by another."""
    return change_id(ChangeKind.REPAIR, table, *what)


def repair_changes(rulings: Iterable[Ruling], table: str) -> tuple[Change, ...]:
    """Return the repairs and proposals as changes that a person can accept, reject or edit, the most doubtful first."""
    groups: dict[Replacement, list[Ruling]] = {}
    for ruling in rulings:
        if ruling.after is not None:
            groups.setdefault(replacement(ruling), []).append(ruling)
    found = [_change(table, what, members) for what, members in groups.items()]
    return tuple(sorted(found, key=lambda change: (change.confidence, -change.rows, change.change_id)))


def _change(table: str, what: Replacement, members: Sequence[Ruling]) -> Change:
    column, before, after = what
    least = min(members, key=lambda ruling: ruling.finding.confidence)
    finding, left = least.finding, "" if least.outcome is CellOutcome.APPLIED else f"; unasked it stays: {least.reason}"
    others = dict.fromkeys(vote.choice for vote in finding.votes if vote.choice not in (None, after))
    return Change(
        change_id=repair_id(table, what),
        kind=ChangeKind.REPAIR,
        table=table,
        column=column,
        where=f"{finding.fault.value}, by {', '.join(sorted({each.finding.operator for each in members}))}",
        value=before,
        proposal=after,
        rejected=None,
        alternatives=tuple(other for other in others if other is not None)[:MOST_ALTERNATIVES],
        edit="another text, or null: the cells stay as they are",
        confidence=finding.confidence,
        rows=len(members),
        evidence=f"{finding.evidence}{left}",
        votes=finding.votes,
    )


class Tally(NamedTuple):
    """What one specialist found in one column, for the record."""

    column: str
    operator: str
    counts: dict[CellOutcome, int]
    confidence: float  # the lowest of the cells that are changed, else of all
    example: Ruling
    voters: dict[str, int]  # specialist -> cells it spoke of


def tallies(rulings: Iterable[Ruling]) -> Iterator[Tally]:
    """Yield one tally for each column and deciding specialist, in the order of their names."""
    groups: dict[tuple[str, str], list[Ruling]] = {}
    for ruling in rulings:
        groups.setdefault((ruling.finding.column, ruling.finding.operator), []).append(ruling)
    for (column, operator), members in sorted(groups.items()):
        voters: dict[str, int] = {}
        for member in members:
            for voter in {vote.voter for vote in member.finding.votes if _speaks(vote)}:
                voters[voter] = voters.get(voter, 0) + 1
        changed = [member for member in members if member.outcome is CellOutcome.APPLIED] or members
        yield Tally(
            column=column,
            operator=operator,
            counts={outcome: sum(member.outcome is outcome for member in members) for outcome in CellOutcome},
            confidence=min(member.finding.confidence for member in changed),
            example=changed[0],
            voters=dict(sorted(voters.items())),
        )


def _speaks(vote: Ballot) -> bool:
    return vote.choice is not None
