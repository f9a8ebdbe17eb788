"""The repair council: specialists speak of cells, a vote decides, two bars say what becomes of it."""

import numpy as np

from algorithms.repair.dependencies import mine_dependencies, opinions_of
from algorithms.repair.factors import BLANK, Factor, factorise
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from state.contract import RepairScope
from state.repair import CellFault, CellFinding, DirtyTable, RepairFindings, RepairVerdict
from state.resolution import Ballot


def find_repairs(table: DirtyTable, settings: CouncilSettings) -> RepairFindings:
    """Return what is wrong with the table's cells and what belongs there; ValueError when its columns do not fit."""
    factors = factorise(table.columns)
    suspect = [np.zeros(factor.codes.size, dtype=bool) for factor in factors]
    opinions = [opinions_of(one, factors) for one in mine_dependencies(factors, suspect, settings)]
    findings = _decide(factors, opinions, table, settings)
    return RepairFindings(cells=tuple(findings))


def _decide(
    factors: list[Factor], opinions: list[Opinions], table: DirtyTable, settings: CouncilSettings
) -> list[CellFinding]:
    best: dict[tuple[int, int], tuple[float, Opinions, int]] = {}
    for spoken in opinions:
        if factors[spoken.column].name in table.keys:
            continue
        for place in np.flatnonzero(spoken.choices != factors[spoken.column].codes[spoken.rows]):
            cell = (int(spoken.rows[place]), spoken.column)
            if cell not in best or spoken.reliability[place] > best[cell][0]:
                best[cell] = (float(spoken.reliability[place]), spoken, int(place))
    return [
        _finding(cell, factors[cell[1]], *best[cell], table, settings)
        for cell in sorted(best)
        if best[cell][0] >= settings.propose_bar
    ]


def _finding(
    cell: tuple[int, int],
    factor: Factor,
    chance: float,
    spoken: Opinions,
    place: int,
    table: DirtyTable,
    settings: CouncilSettings,
) -> CellFinding:
    before = factor.codes[cell[0]]
    after = factor.text(int(spoken.choices[place]))
    reason = spoken.reason(place)
    sure = chance >= settings.repair_bar and _may_change(factor.name, table)
    return CellFinding(
        row=cell[0],
        column=factor.name,
        before=table.columns[factor.name][cell[0]],
        after=after,
        fault=CellFault.MISSING if before == BLANK else spoken.fault,
        verdict=RepairVerdict.REPAIR if sure else RepairVerdict.PROPOSE,
        confidence=chance,
        operator=spoken.voter,
        evidence=reason[:500],
        votes=(Ballot(voter=spoken.voter, choice=after, confidence=chance, reason=reason),),
    )


def _may_change(column: str, table: DirtyTable) -> bool:
    """Whether a value that breaks no rule may be changed: as the contract says, and always without one."""
    known = {one.name: one for one in table.contract.columns} if table.contract else {}
    return column not in known or known[column].repair is RepairScope.ALL
