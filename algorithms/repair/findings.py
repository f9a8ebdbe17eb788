"""From votes to findings: what each verdict says of a cell, in words and with its ballots."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.electorate import Tally
from algorithms.repair.factors import BLANK, NOTHING, Factor, Flags
from algorithms.repair.normal_forms import SPECIALIST as FORMAT
from algorithms.repair.normal_forms import Formed
from algorithms.repair.opinions import Opinions
from algorithms.repair.rewriting import Rewriting
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.suspicion import Suspicion
from algorithms.repair.witnesses import SPECIALIST as CELL
from state.contract import Column, LogicalType, RepairScope
from state.repair import CellFault, CellFinding, RepairVerdict
from state.resolution import Ballot

_LONGEST: Final = 500
_DETECTORS: Final = {CellFault.RULE: "rule", CellFault.FORMAT: "type", CellFault.OUTLIER: "outlier"}

Votes = list[tuple[Opinions, int, float]]
"""Who voted for what (a code), and the voter's learned reliability."""


@dataclass(frozen=True, slots=True)
class Case:
    """One column before judgement."""

    factor: Factor  # as it came
    formed: Formed
    suspicion: Suspicion  # of the normal form
    tally: Tally | None  # the vote on the normal form
    spec: Column | None


def find_in_column(case: Case, settings: CouncilSettings) -> list[CellFinding]:
    """Return the findings of a column: what the vote puts in place, else what its form asks for, else what is strange.

    A vote below the upper bar does not undo what the form asks for.
    """
    factor, formed, tally = case.factor, case.formed, case.tally
    winner = formed.codes
    if tally is not None:
        rewritten = (formed.codes != factor.codes) & (factor.codes >= 0)
        bar = np.where(rewritten, settings.repair_bar, settings.propose_bar)
        winner = np.where(tally.chance >= bar, tally.winner, formed.codes)
    voted = np.flatnonzero((winner != factor.codes) & (winner != formed.codes))
    found = []
    if tally is not None and voted.size:
        ballots = _ballots(tally, voted)
        found += [_voted(case, int(row), tally, ballots[int(row)], settings) for row in voted]
    for row in np.flatnonzero((winner == formed.codes) & ((winner != factor.codes) | _unknown(case))):
        rewriting = formed.rewriting(int(factor.codes[row]))
        if rewriting is not None:
            found.append(_rewritten(case, int(row), rewriting, settings))
    known = {one.row for one in found}
    levels = case.suspicion.of(formed.codes)
    strange = np.flatnonzero((winner == formed.codes) & (levels >= settings.flag_bar))
    return found + [_flagged(case, int(row)) for row in strange if int(row) not in known]


def may_change(spec: Column | None, rule: bool, form: bool) -> bool:  # noqa: FBT001
    """Whether the contract lets a value be changed: that breaks a `rule`, or whose `form` alone changes by its type.

    Without a contract every column may be.
    """
    scope = spec.repair if spec else RepairScope.ALL
    typed = form and spec is not None and spec.logical_type is not LogicalType.STRING
    return scope is RepairScope.ALL or typed or (scope is RepairScope.VIOLATIONS and rule)


def _unknown(case: Case) -> Flags:
    """Whether a cell's form is wrong and nothing is known to put in its place, row by row."""
    size = len(case.formed.changed_by)
    none = [(one is not None and one.texts[code] is None) for code, one in enumerate(case.formed.changed_by)]
    codes = case.factor.codes
    return np.append(np.array(none, dtype=bool), False)[np.where((codes >= 0) & (codes < size), codes, size)]


def _ballots(tally: Tally, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Mapping[int, Votes]:
    found: dict[int, Votes] = {int(row): [] for row in rows}
    for spoken, accuracy in zip(tally.opinions, tally.accuracy, strict=True):
        for place in np.flatnonzero(np.isin(spoken.rows, rows)):
            found[int(spoken.rows[place])].append((spoken, int(spoken.choices[place]), accuracy))
    return found


def _voted(case: Case, row: int, tally: Tally, ballots: Votes, settings: CouncilSettings) -> CellFinding:
    factor, formed = case.factor, case.formed
    winner, chance, before = int(tally.winner[row]), float(tally.chance[row]), int(formed.codes[row])
    leading = max((one for one in ballots if one[1] == winner), key=lambda one: one[2])[0]
    votes = [_ballot(factor, row, *one) for one in ballots]
    rewriting = formed.rewriting(int(factor.codes[row]))
    if rewriting is not None:
        votes.append(_format_ballot(factor.text(before), rewriting))
    fault = case.suspicion.faults[before] or leading.fault
    allowed = may_change(case.spec, case.suspicion.faults[before] is CellFault.RULE, form=False)
    return CellFinding(
        row=row,
        column=factor.name,
        before=_before(factor, row),
        after=factor.text(winner),
        fault=CellFault.MISSING if before == BLANK else fault,
        verdict=_verdict(winner, chance, settings, allowed=allowed),
        confidence=chance,
        operator=leading.specialist,
        evidence=leading.reason(row)[:_LONGEST],
        votes=tuple(votes),
    )


def _rewritten(case: Case, row: int, rewriting: Rewriting, settings: CouncilSettings) -> CellFinding:
    factor, code = case.factor, int(case.formed.codes[row])
    known = rewriting.texts[int(factor.codes[row])] is not None
    after = factor.text(code) if known else None
    return CellFinding(
        row=row,
        column=factor.name,
        before=_before(factor, row),
        after=after,
        fault=rewriting.fault,
        verdict=_verdict(
            code if known else NOTHING,
            rewriting.reliability,
            settings,
            allowed=may_change(case.spec, rewriting.fault is CellFault.RULE, form=True),
        ),
        confidence=rewriting.reliability,
        operator=FORMAT,
        evidence=rewriting.reason[:_LONGEST],
        votes=(_format_ballot(after, rewriting),),
    )


def _flagged(case: Case, row: int) -> CellFinding:
    code = int(case.formed.codes[row])
    fault = case.suspicion.faults[code]
    level, reason = float(case.suspicion.levels[code]), case.suspicion.reasons[code]
    return CellFinding(
        row=row,
        column=case.factor.name,
        before=_before(case.factor, row),
        after=None,
        fault=fault or CellFault.OUTLIER,
        verdict=RepairVerdict.FLAG,
        confidence=level,
        operator=_DETECTORS[fault or CellFault.OUTLIER],
        evidence=reason[:_LONGEST],
        votes=(Ballot(voter=_DETECTORS[fault or CellFault.OUTLIER], choice=None, confidence=level, reason=reason),),
    )


def _verdict(code: int, chance: float, settings: CouncilSettings, *, allowed: bool) -> RepairVerdict:
    if code == NOTHING:
        return RepairVerdict.FLAG
    return RepairVerdict.REPAIR if allowed and chance >= settings.repair_bar else RepairVerdict.PROPOSE


def _before(factor: Factor, row: int) -> str | None:
    code = int(factor.codes[row])
    return factor.values[code] if code >= 0 else None


def _format_ballot(after: str | None, rewriting: Rewriting) -> Ballot:
    voter = f"{FORMAT}: {rewriting.operator}"
    return Ballot(voter=voter, choice=after, confidence=rewriting.reliability, reason=rewriting.reason)


def _ballot(factor: Factor, row: int, spoken: Opinions, choice: int, accuracy: float) -> Ballot:
    reason = "" if spoken.specialist == CELL else spoken.reason(row)[:_LONGEST]
    return Ballot(voter=spoken.voter, choice=factor.text(choice), confidence=accuracy, reason=reason)
