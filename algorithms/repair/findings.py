"""From votes to findings: what each verdict says of a cell, in words and with its ballots."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from algorithms.repair.electorate import Tally
from algorithms.repair.factors import BLANK, NOTHING, Factor
from algorithms.repair.normal_forms import SPECIALIST as FORMAT
from algorithms.repair.normal_forms import Formed
from algorithms.repair.opinions import Opinions
from algorithms.repair.rewriting import Rewriting
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.witnesses import SPECIALIST as CELL
from state.repair import CellFault, CellFinding, RepairVerdict
from state.resolution import Ballot

_LONGEST: Final = 500

Votes = list[tuple[Opinions, int, float]]
"""Who voted for what (a code), and the voter's learned reliability."""


def find_in_column(factor: Factor, formed: Formed, tally: Tally | None, settings: CouncilSettings) -> list[CellFinding]:
    """Return the findings of a column: `factor` as it came, `formed` in its normal form, `tally` the vote on that."""
    winner = (
        formed.codes if tally is None else np.where(tally.chance >= settings.propose_bar, tally.winner, formed.codes)
    )
    found = []
    voted = np.flatnonzero((winner != factor.codes) & (winner != formed.codes))
    if tally is not None and voted.size:
        ballots = _ballots(tally, voted)
        found += [_voted(factor, formed, int(row), tally, ballots[int(row)], settings) for row in voted]
    for row in np.flatnonzero((winner != factor.codes) & (winner == formed.codes)):
        rewriting = formed.rewriting(int(factor.codes[row]))
        if rewriting is not None:
            found.append(_rewritten(factor, int(row), int(winner[row]), rewriting, settings))
    return found


def _ballots(tally: Tally, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Mapping[int, Votes]:
    found: dict[int, Votes] = {int(row): [] for row in rows}
    for spoken, accuracy in zip(tally.opinions, tally.accuracy, strict=True):
        for place in np.flatnonzero(np.isin(spoken.rows, rows)):
            found[int(spoken.rows[place])].append((spoken, int(spoken.choices[place]), accuracy))
    return found


def _voted(
    factor: Factor, formed: Formed, row: int, tally: Tally, ballots: Votes, settings: CouncilSettings
) -> CellFinding:
    winner, chance = int(tally.winner[row]), float(tally.chance[row])
    leading = max((one for one in ballots if one[1] == winner), key=lambda one: one[2])[0]
    blank = formed.codes[row] == BLANK
    votes = [_ballot(factor, row, *one) for one in ballots]
    rewriting = formed.rewriting(int(factor.codes[row]))
    if rewriting is not None:
        votes.append(_format_ballot(factor.text(int(formed.codes[row])), rewriting))
    return CellFinding(
        row=row,
        column=factor.name,
        before=_before(factor, row),
        after=factor.text(winner),
        fault=CellFault.MISSING if blank else leading.fault,
        verdict=_verdict(winner, chance, settings),
        confidence=chance,
        operator=leading.specialist,
        evidence=leading.reason(row)[:_LONGEST],
        votes=tuple(votes),
    )


def _rewritten(factor: Factor, row: int, code: int, rewriting: Rewriting, settings: CouncilSettings) -> CellFinding:
    known = rewriting.texts[int(factor.codes[row])] is not None
    after = factor.text(code) if known else None
    return CellFinding(
        row=row,
        column=factor.name,
        before=_before(factor, row),
        after=after,
        fault=rewriting.fault,
        verdict=_verdict(code if known else NOTHING, rewriting.reliability, settings),
        confidence=rewriting.reliability,
        operator=FORMAT,
        evidence=rewriting.reason[:_LONGEST],
        votes=(_format_ballot(after, rewriting),),
    )


def _verdict(code: int, chance: float, settings: CouncilSettings) -> RepairVerdict:
    if code == NOTHING:
        return RepairVerdict.FLAG
    return RepairVerdict.REPAIR if chance >= settings.repair_bar else RepairVerdict.PROPOSE


def _before(factor: Factor, row: int) -> str | None:
    code = int(factor.codes[row])
    return factor.values[code] if code >= 0 else None


def _format_ballot(after: str | None, rewriting: Rewriting) -> Ballot:
    voter = f"{FORMAT}: {rewriting.operator}"
    return Ballot(voter=voter, choice=after, confidence=rewriting.reliability, reason=rewriting.reason)


def _ballot(factor: Factor, row: int, spoken: Opinions, choice: int, accuracy: float) -> Ballot:
    reason = "" if spoken.specialist == CELL else spoken.reason(row)[:_LONGEST]
    return Ballot(voter=spoken.voter, choice=factor.text(choice), confidence=accuracy, reason=reason)
