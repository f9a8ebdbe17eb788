"""The council on formats: who is heard, what counts, and a member that says something else."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.format_context import with_context
from algorithms.format_hearing import Said, heard_alone, members_of, weigh_seats
from algorithms.format_questions import Asked, Kind, Reading, Sheet, Vote, questions
from algorithms.format_seats import SEATS, judge
from algorithms.format_tally import BAR, Ruled, rule
from algorithms.formats import decide_format
from algorithms.mapping_tally import Counting
from state.contract import LogicalType
from state.formats import DateOrder, FormatContext, FormatEvidence

D, M, U = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.UNKNOWN


def dates(**counts: Any) -> FormatEvidence:
    return FormatEvidence(table="t", column="c", logical_type=LogicalType.DATE, rows=99, filled=99, **counts)


def numbers(**counts: Any) -> FormatEvidence:
    return FormatEvidence(table="t", column="n", logical_type=LogicalType.NUMBER, rows=99, filled=99, **counts)


def order(evidence: FormatEvidence, counting: Counting = Counting.WEIGHTED) -> DateOrder | None:
    return decide_format(evidence, counting).groups[0].date_order


CONTEXTS = {
    "a date beside it in the same file": ({"day_first_beside": {0: 9}}, D),
    "dates beside it that are of two minds": ({"day_first_beside": {0: 9}, "month_first_beside": {0: 1}}, U),
    "the name": ({"headers": ("Datum MDY",)}, M),
    "an earlier run": ({"adopted": {"date order": "day_first"}, "adopted_in": {"date order": "r1"}}, D),
    "the name against an earlier run": ({"headers": ("on_mdy",), "adopted": {"date order": "day_first"}}, U),
    "two against one": (
        {"headers": ("on_dmy",), "adopted": {"date order": "day_first"}, "month_first_beside": {0: 4}},
        D,
    ),
}


@pytest.mark.parametrize(("context", "expected"), CONTEXTS.values(), ids=CONTEXTS.keys())
def test_what_is_known_besides_the_texts_decides_where_they_do_not(context: Any, expected: DateOrder) -> None:
    assert order(dates(ambiguous={0: 5}, context=FormatContext(**context))) is expected


def test_nobody_overrules_the_texts_nor_the_contract() -> None:
    context = FormatContext(headers=("on_mdy",), adopted={"date order": "month_first"}, month_first_beside={0: 99})
    assert order(dates(day_first_only={0: 1}, ambiguous={0: 9}, context=context)) is D
    assert order(dates(pattern="dd/MM/yyyy", ambiguous={0: 9}, context=context)) is D


def test_other_files_against_what_stands_beside_leaves_the_order_open() -> None:
    context = FormatContext(month_first_beside={0: 4})
    assert order(dates(day_first_only={1: 9}, ambiguous={0: 5}, context=context)) is D  # of file 1
    assert decide_format(dates(day_first_only={1: 9}, ambiguous={0: 5}, context=context)).groups[-1].date_order is U


def test_numbers_beside_it_tell_the_decimal_sign() -> None:
    for context, sign, grouping in (
        (FormatContext(point_beside=9), ".", ","),
        (FormatContext(comma_beside=9), ",", None),
    ):
        answer = decide_format(numbers(separator_ambiguous=7, context=context))
        assert (answer.decimal, answer.thousands) == (sign, grouping)
    both = decide_format(numbers(separator_ambiguous=7, context=FormatContext(comma_beside=1, point_beside=9)))
    assert (both.thousands, both.confidence) == (None, 0.5)


def test_ways_of_counting() -> None:
    """Alone, texts and contract are heard; by heads two outvote one whatever their evidence is worth."""
    weak = FormatContext(headers=("on_mdy",), month_first_beside={0: 3})
    evidence = dates(ambiguous={0: 5}, day_first_plausible={0: 5}, month_first_plausible={0: 1}, context=weak)
    assert (order(evidence), order(evidence, Counting.MAJORITY), order(evidence, Counting.OFF)) == (M, M, U)
    assert order(dates(day_first_only={0: 1}), Counting.OFF) is D


def test_every_ballot_is_told() -> None:
    answer = decide_format(dates(day_first_only={0: 3}, ambiguous={0: 2, 1: 5}))
    told = {(vote.voter, vote.choice, vote.reason) for vote in answer.votes}
    assert ("shape", "day_first", "date order of file 0: the texts that read one way only") in told
    assert ("context", "day_first", "date order of files 0, 1: all other files agree") in told
    assert ("shape", None, "date order of file 1: nothing to say") in told
    assert answer.method == "weighted vote of contract, shape, names, values, context, history"
    assert decide_format(dates()).votes == ()  # nobody is asked where nothing is open


def test_columns_of_a_file_tell_about_each_other() -> None:
    first, second = dates(day_first_only={0: 3}), dates(ambiguous={0: 5, 1: 5}).model_copy(update={"column": "d"})
    both = with_context([first, second], {"d": ["Datum"]}, {})
    assert both[0].context.day_first_beside == {}
    assert both[1].context.day_first_beside == {0: 3}
    assert both[1].context.headers == ("Datum",)
    assert [group.date_order for group in decide_format(both[1]).groups] == [D, U]


# A member that lies


def inverted(sheet: Sheet) -> Sheet:
    return {asked: vote._replace(choice=_other(vote.choice)) for asked, vote in sheet.items()}


def silent(_: Sheet) -> Sheet:
    return {}


def loud(sheet: Sheet) -> Sheet:
    return dict.fromkeys(sheet, Vote("month_first", Kind.STATED, "trust me"))


def beyond(_: Sheet) -> Sheet:
    return {Asked(Reading.UNIT, 7): Vote("kg", Kind.STATED)}


def _other(choice: str | None) -> str | None:
    return {D: M, M: D, ".": ",", ",": "."}.get(choice or "", choice)  # type: ignore[call-overload, no-any-return]


LIES = (inverted, silent, loud, beyond)
COUNTS = st.dictionaries(st.integers(0, 2), st.integers(1, 9), max_size=3)


EVIDENCE = st.builds(
    lambda day, month, both, pattern, beside: dates(
        day_first_only=day,
        month_first_only=month,
        ambiguous=both,
        pattern=pattern,
        context=FormatContext(day_first_beside=beside),
    ),
    *(COUNTS, COUNTS, COUNTS, st.sampled_from([None, "MM/dd/yyyy"]), COUNTS),
)


@given(EVIDENCE, st.sampled_from(list(SEATS)), st.integers(0, 2), st.sampled_from(LIES))
def test_one_liar_in_a_seat_changes_nothing_and_only_liars_are_named(
    evidence: FormatEvidence, seat: str, place: int, lie: Callable[[Sheet], Sheet]
) -> None:
    said = {each: [Said(name, judge(each, evidence)) for name in members_of(each)] for each in SEATS}
    liar = said[seat][place]
    said[seat][place] = Said(liar.member, lie(liar.sheet))
    heard = weigh_seats(evidence, said)
    if questions(evidence):
        assert heard.sheets == heard_alone(evidence).sheets
    told = {suspect.member for suspect in heard.suspects}
    assert told == ({liar.member} if said[seat][place].sheet != liar.sheet else set())


def test_two_liars_in_a_seat_that_agree_are_believed_and_two_that_do_not_silence_it() -> None:
    evidence = dates(day_first_only={0: 5})
    honest = judge("shape", evidence)
    agreed = weigh_seats(
        evidence, {"shape": [Said("a", inverted(honest)), Said("b", inverted(honest)), Said("c", honest)]}
    )
    assert agreed.sheets["shape"] == inverted(honest)
    apart = weigh_seats(
        evidence, {"shape": [Said("a", inverted(honest)), Said("b", {}, "it failed"), Said("c", honest)]}
    )
    assert apart.sheets["shape"] == {}
    assert {suspect.member for suspect in apart.suspects} == {"a", "b", "c"}


SPEAKING = [kind for kind in Kind if kind is not Kind.SILENT]
VOTE = st.builds(Vote, st.sampled_from([D.value, M.value]), st.sampled_from(SPEAKING))


@given(st.dictionaries(st.sampled_from(list(SEATS)), VOTE, min_size=1))
def test_an_answer_is_somebodys_choice_and_likely(votes: dict[str, Vote]) -> None:
    votes = {
        seat: vote._replace(choice=None if vote.kind is Kind.CONFLICT else vote.choice) for seat, vote in votes.items()
    }
    for counting in Counting:
        ruled: Ruled = rule(votes, counting)
        assert ruled.choice is None or ruled.choice in {vote.choice for vote in votes.values()}
        assert ruled.confidence >= BAR if ruled.choice else ruled.confidence == 0.5


def test_a_column_of_months_holds_firsts_of_months() -> None:
    firsts: dict[str, Any] = {"ambiguous": {0: 5}, "ambiguous_dates": {0: 5}, "day_first_on_first": {0: 5}}
    months = dates(**firsts, month_first_on_first={0: 0}).model_copy(update={"column": "pay_month"})
    assert order(months) is D
    assert order(dates(**firsts, month_first_on_first={0: 0}, context=FormatContext(headers=("Month",)))) is D
    assert order(dates(**firsts, month_first_on_first={0: 0})) is U  # a column of something else
    assert order(months.model_copy(update={"day_first_on_first": {0: 4}})) is U
    assert order(months.model_copy(update={"ambiguous_dates": {0: 2}})) is U
    files = {"ambiguous": {0: 9, 1: 9, 2: 9}, "ambiguous_dates": dict.fromkeys(range(3), 1)}
    one_each = months.model_copy(update={**files, "day_first_on_first": {0: 9, 1: 9, 2: 9}})
    assert order(one_each) is D  # a file a month


def test_rhythm_and_range_that_contradict_each_other_leave_the_order_open() -> None:
    steps: dict[str, Any] = {"ambiguous": {0: 8}, "day_first_in_step": {0: 8}, "month_first_in_step": {0: 0}}
    later: dict[str, Any] = {"day_first_plausible": {0: 0}, "month_first_plausible": {0: 8}}
    assert order(dates(**steps)) is D
    assert order(dates(**steps, day_first_plausible={0: 8}, month_first_plausible={0: 0})) is D
    assert order(dates(**steps, **later)) is U
    assert order(dates(**steps, day_first_on_day={0: 0}, month_first_on_day={0: 8})) is U
    firsts: dict[str, Any] = {"ambiguous_dates": {0: 8}, "day_first_on_first": {0: 8}}
    newest = dates(**steps, **later, **firsts, context=FormatContext(headers=("month",)))
    assert order(newest) is D  # a newer file than all others, in a column of months
