"""Changes that are put forward, and what stands after a person's answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.amending import amend, fault_of, settle
from algorithms.approval import changes_of
from algorithms.formats import decide_format
from algorithms.mapping import match_columns
from algorithms.resolution import resolve_values
from state.approval import (
    Change,
    ChangeKind,
    ChangesAnswer,
    FormatProposal,
    MappingProposal,
    Proposals,
    Reply,
    ResolutionProposal,
)
from state.contract import LogicalType
from state.formats import DateOrder, FormatEvidence
from state.mapping import MappingEvidence, SourceColumn, TargetColumn
from state.resolution import ResolutionEvidence, UnknownValue

COUNTS = st.integers(min_value=0, max_value=5)
FILES = st.dictionaries(st.integers(min_value=0, max_value=4), st.integers(min_value=1, max_value=9), max_size=4)
NAMES = ("id", "ident", "when", "date", "amount", "total", "country", "land")


def mapping(sources: list[str], targets: list[str]) -> MappingProposal:
    evidence = MappingEvidence(
        table="t",
        variant_id="v001",
        sources=tuple(SourceColumn(name=name, rows=9, filled=8, distinct=8, samples=("1", "2")) for name in sources),
        targets=tuple(TargetColumn(name=name, names=(), logical_type=LogicalType.STRING) for name in targets),
    )
    return MappingProposal(evidence=evidence, answer=match_columns(evidence))


def a_format(kind: LogicalType, **counts: Any) -> FormatProposal:
    evidence = FormatEvidence(table="t", column=f"a_{kind.value}", logical_type=kind, rows=50, filled=40, **counts)
    return FormatProposal(evidence=evidence, answer=decide_format(evidence), sources=("v001/x",))


def resolution(values: list[str]) -> ResolutionProposal:
    unknown = tuple(UnknownValue(value=value, rows=2, files=1) for value in values)
    evidence = ResolutionEvidence(table="t", column="land", valid=("France", "Germany"), unknown=unknown)
    return ResolutionProposal(evidence=evidence, answer=resolve_values(evidence), sources=("v001/land",))


def whole(*parts: MappingProposal | FormatProposal | ResolutionProposal) -> Proposals:
    return Proposals(
        table="t",
        mappings=tuple(part for part in parts if isinstance(part, MappingProposal)),
        formats=tuple(part for part in parts if isinstance(part, FormatProposal)),
        resolutions=tuple(part for part in parts if isinstance(part, ResolutionProposal)),
        files={0: "a.csv", 1: "b.csv"},
        variants={"v001": (0, 1)},
    )


@st.composite
def proposals(draw: st.DrawFn) -> Proposals:
    names = st.lists(st.sampled_from(NAMES), unique=True, max_size=5)
    numbers = {
        name: draw(COUNTS)
        for name in ("decimal_comma", "decimal_point", "separator_ambiguous", "point_ambiguous", "percent")
    }
    dates = {name: draw(FILES) for name in ("day_first_only", "month_first_only", "ambiguous")}
    return whole(
        mapping(draw(names), draw(names)),
        a_format(LogicalType.NUMBER, units=draw(st.sampled_from([{}, {"eur": 30}, {"kg": 3, "g": 9}])), **numbers),
        a_format(LogicalType.DATE, dotted_ambiguous=draw(COUNTS), **dates),
        resolution(draw(st.lists(st.sampled_from(["france", "Germny", "Atlantis"]), unique=True))),
    )


def by_id(found: Proposals) -> dict[str, Change]:
    changes = changes_of(found)
    assert len({change.change_id for change in changes}) == len(changes)
    return {change.change_id: change for change in changes}


def values(changes: dict[str, Change], **answer: Any) -> dict[str, str | None]:
    settled = settle(changes, ChangesAnswer.model_validate(answer))
    return {change_id: said.value for change_id, said in settled.items()}


@given(proposals())
def test_accepting_everything_changes_nothing(found: Proposals) -> None:
    changes = by_id(found)
    said = values(changes, rest="accept")
    assert set(said) == set(changes)
    assert amend(found, said) == found


@given(proposals())
def test_what_is_rejected_stands_rejected_under_its_id(found: Proposals) -> None:
    changes = by_id(found)
    after = amend(found, values(changes, rest="reject"))
    now = by_id(after)
    for change in changes.values():
        if change.change_id in now:
            assert now[change.change_id].proposal == change.rejected, change
        else:  # nothing stands beside the values any more
            assert change.kind in (ChangeKind.UNIT, ChangeKind.PERCENT), change
    assert amend(after, values(changes, rest="reject")) == after


@given(proposals(), st.data())
def test_one_edit_changes_its_own_judgement_only(found: Proposals, data: st.DataObject) -> None:
    changes = by_id(found)
    kinds = (ChangeKind.DATE_ORDER, ChangeKind.DOTTED_ORDER, ChangeKind.DECIMAL, ChangeKind.PERCENT, ChangeKind.VALUE)
    open_ = [change for change in changes.values() if change.kind in kinds and change.alternatives]
    if not open_:
        return
    change = data.draw(st.sampled_from(open_))
    value = data.draw(st.sampled_from(change.alternatives))
    now = by_id(amend(found, values(changes, edit={change.change_id: value})))
    assert now[change.change_id].proposal == value
    others = {key: each.proposal for key, each in now.items() if key != change.change_id}
    assert others == {key: each.proposal for key, each in changes.items() if key != change.change_id}


def test_the_doubtful_come_first_and_what_changes_nothing_last() -> None:
    found = whole(mapping(["id", "other"], ["id", "amount"]), resolution(["Germny", "france", "Atlantis"]))
    told = [(change.column, change.proposal) for change in changes_of(found)]
    assert told[0] == ("land", "Germany")
    assert set(told[-2:]) == {("amount", None), ("land", None)}


def test_files_whose_own_dates_tell_are_one_change_and_each_other_file_is_one() -> None:
    found = whole(a_format(LogicalType.DATE, day_first_only={0: 3, 1: 2}, ambiguous={0: 1, 2: 4, 3: 5}))
    told = sorted((change.where, change.rows) for change in changes_of(found))
    assert told == [("2", 4), ("3", 5), ("a.csv, b.csv", 6)]
    (edited,) = [change.change_id for change in changes_of(found) if change.where == "2"]
    (after,) = amend(found, {edited: "month_first"}).formats
    orders = {file_id: group.date_order for group in after.answer.groups for file_id in group.file_ids}
    assert orders == {
        0: DateOrder.DAY_FIRST, 1: DateOrder.DAY_FIRST, 2: DateOrder.MONTH_FIRST, 3: DateOrder.DAY_FIRST,
    }  # fmt: skip


def test_a_contracts_own_date_format_is_not_asked_about() -> None:
    assert changes_of(whole(a_format(LogicalType.DATE, ambiguous={0: 3}, pattern="dd/MM/yyyy"))) == ()


def test_an_edited_decimal_sign_takes_the_other_sign_for_grouping() -> None:
    found = whole(a_format(LogicalType.NUMBER, separator_ambiguous=3, point_ambiguous=3))
    (change,) = changes_of(found)
    assert change.proposal == ""
    (after,) = amend(found, {change.change_id: ","}).formats
    assert (after.answer.decimal, after.answer.thousands, after.answer.confidence) == (",", ".", 1.0)


@pytest.mark.parametrize(
    ("kind", "counts", "value"),
    [
        (LogicalType.NUMBER, {"separator_ambiguous": 3}, ";"),
        (LogicalType.NUMBER, {"separator_ambiguous": 3}, None),
        (LogicalType.NUMBER, {"percent": 3}, "double"),
        (LogicalType.NUMBER, {"units": {"eur": 30}}, "kg"),
        (LogicalType.DATE, {"ambiguous": {0: 3}}, "backwards"),
        (LogicalType.DATE, {"ambiguous": {0: 3}}, None),
        (LogicalType.DATE, {"dotted_ambiguous": 3}, ""),
    ],
)
def test_an_edit_that_no_format_knows_is_a_fault(kind: LogicalType, counts: dict[str, Any], value: str | None) -> None:
    changes = by_id(whole(a_format(kind, **counts)))
    (change_id,) = changes
    fault = fault_of(changes, ChangesAnswer(edit={change_id: value}))
    assert fault is not None
    assert fault[0] == f"edit.{change_id}"


def test_what_is_named_goes_before_the_rest() -> None:
    changes = by_id(whole(resolution(["Germny", "france"])))
    first, second = changes
    settled = settle(changes, ChangesAnswer.model_validate({"reject": [first], "rest": "accept"}))
    assert settled[first].reply is Reply.REJECT
    assert settled[first].value is None
    assert settled[second].reply is Reply.ACCEPT
    assert set(settle(changes, ChangesAnswer(accept=(first,)))) == {first}
