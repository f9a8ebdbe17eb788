"""The repair council: formats first, then specialists speak of cells, a vote decides, two bars say what becomes of it."""

from dataclasses import dataclass

import numpy as np

from algorithms.repair.committee import ballots_of, contradiction, convene, error_rates
from algorithms.repair.contract_forms import contract_forms
from algorithms.repair.dependencies import mine_dependencies
from algorithms.repair.electorate import Tally, contested, hold_vote
from algorithms.repair.factors import Factor, factorise
from algorithms.repair.findings import Case, find_in_column
from algorithms.repair.hearing import Hearing
from algorithms.repair.misplaced import misplaced_values
from algorithms.repair.normal_forms import Formed, normal_form
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.sources import hear_sources, own_reliability, testify
from algorithms.repair.suspicion import suspect
from algorithms.repair.typos import typing_errors
from algorithms.repair.witnesses import told_witnesses, witnesses
from state.contract import Column
from state.repair import CellFinding, DirtyTable, RepairFindings


@dataclass(frozen=True, slots=True)
class Heard:
    """A table and what was said of it; lists are column by column."""

    factors: list[Factor]  # as it came
    formed: list[Formed]
    specs: list[Column | None]
    hearing: Hearing
    opinions: list[Opinions]  # on the normal form


def find_repairs(table: DirtyTable, settings: CouncilSettings) -> RepairFindings:
    """Return what is wrong with the table's cells and what belongs there; ValueError when its columns do not fit."""
    heard = hear(table, settings)
    tallies = hold_votes(heard.hearing, heard.opinions)
    findings: list[CellFinding] = []
    for column, factor in enumerate(heard.factors):
        if factor.name not in table.keys:
            suspicion = heard.hearing.suspicions[column]
            case = Case(factor, heard.formed[column], suspicion, tallies.get(column), heard.specs[column])
            findings += find_in_column(case, settings)
    return RepairFindings(
        cells=tuple(sorted(findings, key=lambda one: (one.row, one.column))), reliability=_reliability(tallies)
    )


def hear(table: DirtyTable, settings: CouncilSettings) -> Heard:
    """Return the table in its normal form and what all specialists say of it."""
    factors = factorise(table.columns)
    specs = [_contracted(table, factor.name) for factor in factors]
    formed = [normal_form(factor, contract_forms(spec, factor)) for factor, spec in zip(factors, specs, strict=True)]
    normal = [factor.with_codes(form.codes) for factor, form in zip(factors, formed, strict=True)]
    suspicions = [suspect(factor, spec) for factor, spec in zip(normal, specs, strict=True)]
    hearing = Hearing(normal, [np.ones(form.codes.size) for form in formed], suspicions, settings)
    return Heard(factors, formed, specs, hearing, gather(hearing))


def hold_votes(hearing: Hearing, opinions: list[Opinions]) -> dict[int, Tally]:
    """Return the outcome of the vote on every column that anybody speaks about."""
    tallies = {}
    for column, factor in enumerate(hearing.factors):
        mine = [spoken for spoken in opinions if spoken.column == column]
        if contested(factor, mine).any():
            tallies[column] = hold_vote(factor, mine, hearing.settings.correlation)
    return tallies


def gather(hearing: Hearing) -> list[Opinions]:
    """Return what the cells and all specialists say."""
    factors, settings = hearing.factors, hearing.settings
    mined = mine_dependencies(factors, hearing.trust, settings)
    testimonies = {one.column: one for one in hear_sources(hearing, mined)}
    committees = {
        column: convene(column, mined.of(column), factors, settings)
        for column in range(len(factors))
        if column not in testimonies and mined.of(column)
    }
    rates = error_rates({column: contradiction(one, factors[column]) for column, one in committees.items()}, settings)
    opinions: list[Opinions] = []
    for column, factor in enumerate(factors):
        rate = rates[column]
        if column in testimonies:
            opinions += told_witnesses(column, factor, own_reliability(testimonies[column], hearing), settings)
            opinions += testify(testimonies[column], hearing)
        else:
            opinions += witnesses(column, factor, rate, hearing.suspicions[column], settings)
        if column in committees:
            opinions += ballots_of(committees[column], factor, rate, settings)
    return [*opinions, *misplaced_values(hearing), *typing_errors(hearing)]


def _contracted(table: DirtyTable, name: str) -> Column | None:
    known = table.contract.columns if table.contract else ()
    return next((one for one in known if one.name == name), None)


def _reliability(tallies: dict[int, Tally]) -> dict[str, float]:
    """Return each specialist's learned chance to be right, the mean over its votes."""
    sums: dict[str, tuple[float, int]] = {}
    for tally in tallies.values():
        for spoken, accuracy in zip(tally.opinions, tally.accuracy, strict=True):
            weight, votes = sums.get(spoken.specialist, (0.0, 0))
            sums[spoken.specialist] = (weight + accuracy * spoken.rows.size, votes + spoken.rows.size)
    return {name: weight / votes for name, (weight, votes) in sorted(sums.items())}
