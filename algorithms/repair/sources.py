"""The specialist on sources: where many tell of the same things, the reliable ones decide what is true.

A table has sources where each thing (a flight, a patient) has many rows and another column (the web site, the
laboratory) names a different teller in each of them. Tellers are voters on every thing: their reliability is learned
without labels, and those that agree wherever others differ count as one (X. L. Dong, L. Berti-Equille and D. Srivastava,
Integrating conflicting data: the role of source dependence, PVLDB 2, 2009, name the problem; the test here is simpler).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.dependencies import Mined
from algorithms.repair.electorate import effective_size
from algorithms.repair.factors import Codes, Factor, Numbers
from algorithms.repair.groups import joint_codes
from algorithms.repair.hearing import Hearing
from algorithms.repair.opinions import Opinions
from algorithms.voting.reliability import ABSTAINS, OneCoin, one_coin
from state.repair import CellFault

SPECIALIST: Final = "source"
_DISTINCT: Final = 0.98  # share of the rows that are the only ones of their thing and teller
_TELLERS: Final = 4.0  # rows of a thing, and things of a teller, on average
_SIGMAS: Final = 4.0  # standard deviations of the chi-square statistic that the tellers must differ by
_LEAST_GAIN: Final = 0.3  # of the thing as a determinant
_START, _CELLS = 0.67, 6.0  # reliability that tellers begin with, and how many votes it counts for
_FEWEST_COMMON: Final = 10  # disputed things that two tellers must share before they can count as copies
_ALIKE: Final = 0.97  # share of them on which copies agree at least
_COPIED: Final = 0.95  # correlation of copies
_STRATA: Final = ((0.99, "nearly all weight"), (0.9, "most weight"), (0.0, "divided"))
_MOST_CELLS: Final = 5_000_000  # of the matrix of things and tellers


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the tellers say of one column: the choice for every thing, and each teller's reliability."""

    column: int
    thing: int
    teller: int
    told: OneCoin


def hear_sources(hearing: Hearing, mined: Mined) -> list[Testimony]:
    """Return the testimonies of the columns that the tellers of a table disagree about.

    There is one pair of thing and teller for the whole table, and there is none where the tellers are all alike.
    """
    factors = hearing.factors
    told = [one for one in mined.leaning if len(one.determinant) == 1 and one.gain >= _LEAST_GAIN]
    gains: dict[int, float] = {}
    for one in told:
        gains[one.determinant[0]] = gains.get(one.determinant[0], 0.0) + one.gain
    for thing in sorted(gains, key=lambda place: (-gains[place], factors[place].name)):
        teller = _teller(factors, thing)
        if teller is not None:
            columns = [one.column for one in told if one.determinant == (thing,) and one.column != teller]
            found = _testimonies(hearing, thing, teller, columns)
            return found if any(_differ(one, hearing) for one in found) else []
    return []


def _testimonies(hearing: Hearing, thing: int, teller: int, columns: list[int]) -> list[Testimony]:
    """Return what tellers say of each column: their reliability in all columns together is where each begins."""
    claims = [_claims(hearing.factors, thing, teller, column) for column in columns]
    labels = [max(2, round(effective_size(hearing.factors[column]))) for column in columns]
    start = np.full(hearing.factors[teller].size, _START)
    whole = np.concatenate(claims)
    every = np.repeat(labels, [len(part) for part in claims])
    pooled, groups = _decided(whole, every, start)
    found = []
    for column, part, many in zip(columns, claims, labels, strict=True):
        told, _ = _decided(part, np.full(len(part), many), np.asarray(pooled.accuracy), groups)
        found.append(Testimony(column, thing, teller, told))
    return found


def _teller(factors: list[Factor], thing: int) -> int | None:
    """Return the column that names a different teller in each row of a thing; None where there is none."""
    best: tuple[float, str, int] | None = None
    things = factors[thing]
    size = max(1, np.count_nonzero(things.counts()))
    for place, factor in enumerate(factors):
        tellers = max(1, np.count_nonzero(factor.counts()))
        rows = int(np.sum((factor.codes >= 0) & (things.codes >= 0)))
        if place == thing or min(rows / size, rows / tellers) < _TELLERS or size * tellers > _MOST_CELLS:
            continue
        _, pairs = joint_codes(things.codes, factor.codes)
        whole = min(pairs, rows) >= _DISTINCT * things.codes.size
        if whole and (best is None or (float(tellers), factor.name) < best[:2]):
            best = (float(tellers), factor.name, place)
    return best[2] if best else None


def _differ(testimony: Testimony, hearing: Hearing) -> bool:
    """Whether the tellers differ in how often they are right, by more than chance (a chi-square test)."""
    factors = hearing.factors
    things, tellers, cells = (factors[place].codes for place in (testimony.thing, testimony.teller, testimony.column))
    rows = np.flatnonzero((things >= 0) & (tellers >= 0) & (cells >= 0))
    right = testimony.told.decisions[things[rows]] == cells[rows]
    seen = np.bincount(tellers[rows], minlength=factors[testimony.teller].size).astype(float)
    hits = np.bincount(tellers[rows], right.astype(float), minlength=seen.size)
    share = float(right.mean()) if rows.size else 1.0
    spread = np.maximum(seen * share * (1.0 - share), 1e-9)
    statistic = float(np.sum(np.square(hits - seen * share)[seen > 0] / spread[seen > 0]))
    degrees = np.count_nonzero(seen) - 1
    return 0.0 < share < 1.0 and statistic > degrees + _SIGMAS * np.sqrt(2.0 * max(degrees, 1))


def _claims(factors: list[Factor], thing: int, teller: int, column: int) -> Codes:
    """Return the code that each teller (column) gives for each thing (row); ABSTAINS for none."""
    claims = np.full((factors[thing].size, factors[teller].size), ABSTAINS, dtype=np.int64)
    rows = np.flatnonzero((factors[thing].codes >= 0) & (factors[teller].codes >= 0) & (factors[column].codes >= 0))
    rows = rows[np.argsort(-factors[column].codes[rows], kind="stable")]
    claims[factors[thing].codes[rows], factors[teller].codes[rows]] = factors[column].codes[rows]
    return claims


def _decided(
    claims: Codes, labels: Codes, reliability: Numbers, groups: list[list[int]] | None = None
) -> tuple[OneCoin, list[list[int]]]:
    """Return the vote of tellers on things, `decisions` being codes, and the groups of copies (found where not given)."""
    votes = np.full_like(claims, ABSTAINS)
    names = [np.unique(told[told >= 0]) for told in claims]
    for row, told in enumerate(claims):
        votes[row, told >= 0] = np.searchsorted(names[row], told[told >= 0])
    right, wrong = _CELLS * reliability, _CELLS * (1.0 - reliability)
    groups = copies(votes) if groups is None else groups
    result = one_coin(votes, labels, right=right, wrong=wrong, groups=groups, correlation=_COPIED)
    chosen = [held[place] if place >= 0 else ABSTAINS for held, place in zip(names, result.decisions, strict=True)]
    return result._replace(decisions=np.array(chosen, dtype=np.int64)), groups


def copies(votes: Codes) -> list[list[int]]:
    """Return the groups of tellers that say the same of nearly everything that others disagree about.

    Disputed is a thing of which at least two values have two tellers each: on such things two reliable tellers differ
    now and then, and copies do not. Groups are complete: every two members are copies.
    """
    counts = np.stack([(votes == place).sum(axis=1) for place in range(int(votes.max(initial=0)) + 1)], axis=1)
    disputed = votes[np.sum(counts > 1, axis=1) > 1]
    given = (disputed >= 0).astype(float)
    both = given.T @ given
    agreed = np.zeros_like(both)
    for place in range(counts.shape[1]):
        held = (disputed == place).astype(float)
        agreed += held.T @ held
    copied = (both >= _FEWEST_COMMON) & (agreed >= _ALIKE * both)
    groups: list[list[int]] = []
    for teller in range(copied.shape[0]):
        home = next((group for group in groups if all(copied[teller, other] for other in group)), None)
        if home is None:
            groups.append([teller])
        else:
            home.append(teller)
    return [group for group in groups if len(group) > 1]


def testify(testimony: Testimony, hearing: Hearing) -> list[Opinions]:
    """Return the ballots of a testimony, one voter for each degree of agreement among the tellers."""
    factors, settings = hearing.factors, hearing.settings
    things = factors[testimony.thing].codes
    spoken = things >= 0
    of = np.where(spoken, things, 0)
    chosen = np.where(spoken, testimony.told.decisions[of], ABSTAINS)
    sure: Numbers = np.where(spoken, testimony.told.confidence[of], 0.0)
    found, left = [], chosen >= 0

    def reason(row: int) -> str:
        name, teller = factors[testimony.thing].name, factors[testimony.teller].name
        return f"the rows with the same {name!r}, each {teller!r} weighed by its reliability, speak for it ({sure[row]:.0%})"

    for bar, name in _STRATA:
        rows = np.flatnonzero(left & (sure >= bar))
        left &= sure < bar
        if rows.size:
            share = float(np.clip(np.mean(sure[rows]), 0.01, 0.99))
            cells = settings.prior_cells
            voter = f"{SPECIALIST}: {name}"
            ballots = (rows, chosen[rows], cells * share, cells * (1 - share))
            found.append(Opinions(SPECIALIST, voter, testimony.column, *ballots, CellFault.DEPENDENCY, reason))
    return found


def own_reliability(testimony: Testimony, hearing: Hearing) -> Numbers:
    """Return for every row how reliable its own teller is; the mean where it has none."""
    tellers = hearing.factors[testimony.teller].codes
    accuracy = np.asarray(testimony.told.accuracy)
    return np.where(tellers >= 0, accuracy[np.where(tellers >= 0, tellers, 0)], float(accuracy.mean()))
