"""What becomes of the council's findings: verdict, scope, rules and a person's word, whatever the findings are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.repair_rulings import by_majority, repair_changes, repair_id, replacement, rule_on, settled, tallies
from state.approval import Reply, Settled
from state.contract import RepairScope
from state.repair import CellFault, CellFinding, RepairFindings, RepairVerdict
from state.repair_council import CellOutcome
from state.resolution import Ballot

COLUMNS = ("a", "b", "c")
SCOPES = {"a": RepairScope.ALL, "b": RepairScope.VIOLATIONS}
ROW_IDS = [100 + row for row in range(5)]


def found(row: int, column: str, after: str | None, verdict: RepairVerdict = RepairVerdict.REPAIR) -> CellFinding:
    return CellFinding(
        row=row,
        column=column,
        before="x",
        after=after,
        fault=CellFault.TYPO,
        verdict=verdict,
        confidence=0.9,
        operator="typo",
        evidence="near a frequent value",
        votes=(Ballot(voter="typo: near", choice=after, confidence=0.9, reason="near"),),
    )


cells = st.builds(
    found,
    st.integers(0, 4),
    st.sampled_from(COLUMNS),
    st.none() | st.sampled_from(("y", "z")),
    st.sampled_from(RepairVerdict),
)
brokens = st.sets(st.tuples(st.sampled_from(ROW_IDS), st.sampled_from(COLUMNS)))


@given(st.lists(cells), brokens)
def test_a_cell_is_changed_only_where_the_council_is_sure_and_the_contract_lets_it(
    findings: list[CellFinding], broken: set[tuple[int, str]]
) -> None:
    rulings = rule_on(findings, ROW_IDS, SCOPES, broken)
    assert [ruling.finding for ruling in rulings] == findings
    for ruling in rulings:
        cell, scope = ruling.finding, SCOPES.get(ruling.finding.column)
        may = scope is RepairScope.ALL or (scope is not None and (ruling.row_id, cell.column) in broken)
        sure = cell.verdict is RepairVerdict.REPAIR and cell.after is not None
        assert (ruling.outcome is CellOutcome.APPLIED) == (sure and may)
        assert (ruling.after is None) == (ruling.outcome is CellOutcome.LEFT)
        assert (ruling.reason == "") == (ruling.outcome is CellOutcome.APPLIED)
        assert ruling.row_id == ROW_IDS[cell.row]


@given(st.lists(cells), st.data())
def test_what_a_person_says_stands_and_nothing_else_is_touched(
    findings: list[CellFinding], data: st.DataObject
) -> None:
    rulings = rule_on(findings, ROW_IDS, SCOPES, set())
    changes = {change.change_id: change for change in repair_changes(rulings, "t")}
    assert sum(change.rows for change in changes.values()) == sum(ruling.after is not None for ruling in rulings)
    said = {}
    for change_id, change in changes.items():
        reply = data.draw(st.sampled_from([None, *Reply]))
        value = {Reply.ACCEPT: change.proposal, Reply.REJECT: None, Reply.EDIT: "by hand"}
        if reply is not None:
            said[change_id] = Settled(reply=reply, proposal=change.proposal, value=value[reply])
    for before, after in zip(rulings, settled(rulings, "t", said), strict=True):
        answer = said.get(repair_id("t", replacement(before))) if before.after is not None else None
        if answer is None:
            assert after == before
        else:
            assert after.outcome is (CellOutcome.LEFT if answer.value is None else CellOutcome.APPLIED)
            assert after.after == answer.value


@given(st.lists(cells))
def test_every_finding_is_counted_in_one_tally(findings: list[CellFinding]) -> None:
    told = list(tallies(rule_on(findings, ROW_IDS, SCOPES, set())))
    assert sum(sum(tally.counts.values()) for tally in told) == len(findings)
    assert len({(tally.column, tally.operator) for tally in told}) == len(told) <= len(COLUMNS)


def votes(*pairs: tuple[str, str]) -> tuple[Ballot, ...]:
    return tuple(Ballot(voter=voter, choice=choice, confidence=0.9, reason="") for voter, choice in pairs)


@pytest.mark.parametrize(
    ("cast", "verdict"),
    [
        ((("typo: near", "y"),), RepairVerdict.PROPOSE),
        ((("typo: near", "y"), ("dependency: many", "y")), RepairVerdict.REPAIR),
        ((("typo: near", "y"), ("typo: sign", "y")), RepairVerdict.PROPOSE),
        ((("cell: rare", "x"), ("typo: near", "y"), ("dependency: many", "y")), RepairVerdict.REPAIR),
        ((("typo: near", "y"), ("dependency: many", "y"), ("misplaced", "z")), RepairVerdict.PROPOSE),
    ],
)
def test_with_one_voice_each_more_than_half_of_them_must_agree(
    cast: tuple[tuple[str, str], ...], verdict: RepairVerdict
) -> None:
    cell = replace(found(0, "a", "y"), votes=votes(*cast))
    assert [one.verdict for one in by_majority(RepairFindings(cells=(cell,))).cells] == [verdict]


def test_a_flag_stays_a_flag_by_majority() -> None:
    cell = found(0, "a", None, RepairVerdict.FLAG)
    assert by_majority(RepairFindings(cells=(cell,))).cells == (cell,)
