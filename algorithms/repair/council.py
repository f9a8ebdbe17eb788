"""The repair council: specialists speak of cells, a vote decides, two bars say what becomes of it."""

import numpy as np

from algorithms.repair.committee import ballots_of, contradiction, convene, error_rate
from algorithms.repair.dependencies import mine_dependencies
from algorithms.repair.electorate import Tally, contested, hold_vote
from algorithms.repair.factors import BLANK, NOTHING, Factor, factorise
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.witnesses import SPECIALIST as CELL
from algorithms.repair.witnesses import witnesses
from state.contract import RepairScope
from state.repair import CellFault, CellFinding, DirtyTable, RepairFindings, RepairVerdict
from state.resolution import Ballot

_LONGEST = 500


def find_repairs(table: DirtyTable, settings: CouncilSettings) -> RepairFindings:
    """Return what is wrong with the table's cells and what belongs there; ValueError when its columns do not fit."""
    factors = factorise(table.columns)
    trust = [np.ones(factor.codes.size) for factor in factors]
    dependencies = mine_dependencies(factors, trust, settings)
    committees = [
        convene(column, mine, factors, settings)
        for column in range(len(factors))
        if (mine := [one for one in dependencies if one.column == column])
    ]
    shares = [share for one in committees if (share := contradiction(one, factors[one.column])) is not None]
    rate = error_rate(shares, settings)
    opinions = [spoken for one in committees for spoken in ballots_of(one, factors[one.column], rate, settings)]
    findings: list[CellFinding] = []
    for column, factor in enumerate(factors):
        if factor.name in table.keys:
            continue
        mine = [spoken for spoken in opinions if spoken.column == column]
        if not contested(factor, mine).any():
            continue
        own = witnesses(column, factor, rate, settings)
        tally = hold_vote(factor, [*own, *mine], settings.correlation)
        findings += _findings(factor, tally, table, settings)
    return RepairFindings(
        cells=tuple(sorted(findings, key=lambda one: (one.row, one.column))), notes=(f"rate {rate:.4f}",)
    )


def _findings(factor: Factor, tally: Tally, table: DirtyTable, settings: CouncilSettings) -> list[CellFinding]:
    rows = np.flatnonzero((tally.winner != factor.codes) & (tally.chance >= settings.propose_bar))
    ballots = _ballots(factor, tally, rows)
    return [_finding(factor, int(row), tally, ballots[int(row)], table, settings) for row in rows]


def _ballots(factor: Factor, tally: Tally, rows: np.ndarray) -> dict[int, list[tuple[Opinions, int, float]]]:
    """Return for each of the rows who voted for what, with the voter's reliability."""
    found: dict[int, list[tuple[Opinions, int, float]]] = {int(row): [] for row in rows}
    for spoken, accuracy in zip(tally.opinions, tally.accuracy, strict=True):
        for place in np.flatnonzero(np.isin(spoken.rows, rows)):
            found[int(spoken.rows[place])].append((spoken, int(spoken.choices[place]), accuracy))
    return found


def _finding(
    factor: Factor,
    row: int,
    tally: Tally,
    ballots: list[tuple[Opinions, int, float]],
    table: DirtyTable,
    settings: CouncilSettings,
) -> CellFinding:
    winner, before, chance = int(tally.winner[row]), int(factor.codes[row]), float(tally.chance[row])
    leading = max((one for one in ballots if one[1] == winner), key=lambda one: one[2])[0]
    sure = chance >= settings.repair_bar and _may_change(factor.name, table)
    verdict = RepairVerdict.FLAG if winner == NOTHING else RepairVerdict.REPAIR if sure else RepairVerdict.PROPOSE
    return CellFinding(
        row=row,
        column=factor.name,
        before=table.columns[factor.name][row],
        after=factor.text(winner),
        fault=CellFault.MISSING if before == BLANK else leading.fault,
        verdict=verdict,
        confidence=chance,
        operator=leading.specialist,
        evidence=leading.reason(row)[:_LONGEST],
        votes=tuple(_ballot(factor, row, *one) for one in ballots),
    )


def _ballot(factor: Factor, row: int, spoken: Opinions, choice: int, accuracy: float) -> Ballot:
    reason = "" if spoken.specialist == CELL else spoken.reason(row)[:_LONGEST]
    return Ballot(voter=spoken.voter, choice=factor.text(choice), confidence=accuracy, reason=reason)


def _may_change(column: str, table: DirtyTable) -> bool:
    """Whether a value that breaks no rule may be changed: as the contract says, and always without one."""
    known = {one.name: one for one in table.contract.columns} if table.contract else {}
    return column not in known or known[column].repair is RepairScope.ALL
