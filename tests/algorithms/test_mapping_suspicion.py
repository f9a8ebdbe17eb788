"""Control questions and whom they convict; seats with and without deputies."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.mapping import instances_evidence
from algorithms.mapping_council import ask, judge
from algorithms.mapping_suspicion import (
    LEAST_RELIABLE,
    Control,
    MemberSheets,
    control_of,
    examine,
    reliability,
)
from evals.mapping.liars import LIES
from state.mapping import MappingEvidence, SourceColumn

SEATED = ("names", "values", "shape", "context")
KINDS = ("integer", "number", "date", "string")


def table(seed: int, width: int = 8) -> MappingEvidence:
    rng = random.Random(seed)  # noqa: S311  test data
    words = rng.sample(["gross", "net", "order", "customer", "weight", "price", "arrival", "return", "phone"], 6)
    columns = []
    for place in range(width):
        kind = rng.choice(KINDS)
        samples = tuple(f"{kind[0]}{place}-{number}" for number in range(rng.randint(5, 50)))
        columns.append(
            SourceColumn(
                name=f"{rng.choice(words)}_{rng.choice(words)}_{place}",
                rows=200,
                filled=200,
                distinct=rng.choice((len(samples), 120, 200)),
                samples=samples,
                shapes=(rng.choice(("9", "9-9-9", "a 9", "a@a.a")),),
                type_share={"string": 1.0, kind: 1.0},
            )
        )
    return instances_evidence(columns, [each.model_copy(update={"name": each.name.upper()}) for each in columns])


def control(evidence: MappingEvidence) -> Control:
    found = control_of(evidence)
    assert found is not None
    return found


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_honest_members_pass_and_loud_liars_fail(seed: int) -> None:
    asked = control(table(seed))
    for seat in SEATED:
        honest = reliability(asked, judge(seat, asked.question))
        assert honest is None or honest >= LEAST_RELIABLE
        lied = reliability(asked, LIES["inverted"](seat, asked.question))
        assert lied is None or lied < 0.5


def test_no_control_column_has_the_name_of_its_original_and_few_columns_make_no_question() -> None:
    asked = control(table(1))
    assert len(asked.question.pairs) == len(asked.answer) ** 2
    assert sorted(asked.answer.values()) == list(range(8))
    assert control_of(table(1, width=2)) is None


@pytest.mark.parametrize("lie", ["inverted", "same story"])
def test_without_a_deputy_a_liar_is_set_aside(lie: str) -> None:
    evidence = table(3)
    question, asked = ask(evidence), control(evidence)
    liar = MemberSheets("names", LIES[lie]("names", question), LIES[lie]("names", asked.question))
    by_seat, suspects = examine({"names": (liar, None)}, asked)
    assert by_seat == {"names": {}}
    assert [suspect.member for suspect in suspects] == ["names"]
    honest = MemberSheets("names", judge("names", question), judge("names", asked.question))
    assert examine({"names": (honest, None)}, asked) == ({"names": honest.scores}, ())


def test_where_nothing_tells_two_apart_the_seat_says_only_what_both_say() -> None:
    one = MemberSheets("shape", {(0, 0): {"type": 1.0}, (0, 1): {"type": 0.5}}, {})
    other = MemberSheets("shape:deputy", {(0, 0): {"type": 1.0}, (0, 1): {"type": 0.9}}, {})
    by_seat, suspects = examine({"shape": (one, other)}, None)
    assert by_seat == {"shape": {(0, 0): {"type": 1.0}}}
    assert {suspect.member for suspect in suspects} == {"shape", "shape:deputy"}


def test_the_other_seats_tell_who_passes_control_questions_and_lies_elsewhere() -> None:
    truth = {(0, 0): {"words": 1.0}, (1, 0): {"words": 0.2}}
    lied = {(0, 0): {"words": 0.2}, (1, 0): {"words": 1.0}}
    agreed = {(0, 0): {"values": 0.9}, (1, 0): {"values": 0.0}}
    seats = {
        "names": (MemberSheets("names", lied, {}), MemberSheets("names:deputy", truth, {})),
        "values": (MemberSheets("values", agreed, {}), MemberSheets("values:deputy", agreed, {})),
    }
    by_seat, suspects = examine(seats, None)
    assert by_seat == {"names": truth, "values": agreed}
    assert [suspect.member for suspect in suspects] == ["names"]


def test_members_that_agree_are_never_suspected() -> None:
    scores = {(0, 0): {"words": 0.0}}
    seats = {"names": (MemberSheets("names", scores, {}), MemberSheets("names:deputy", scores, {}))}
    assert examine(seats, control(table(4))) == ({"names": scores}, ())


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(SEATED), st.sampled_from(sorted(LIES.keys() - {"once"})))
def test_one_liar_beside_its_deputy_changes_no_scores(seed: int, seat: str, lie: str) -> None:
    evidence = table(seed)
    question, asked = ask(evidence), control(evidence)
    honest = {each: MemberSheets(each, judge(each, question), judge(each, asked.question)) for each in SEATED}
    lying = MemberSheets(seat, LIES[lie](seat, question), LIES[lie](seat, asked.question))
    seats = {each: (lying if each == seat else honest[each], honest[each]) for each in SEATED}
    by_seat, suspects = examine(seats, asked)
    assert by_seat == {each: honest[each].scores for each in SEATED}
    assert {suspect.member for suspect in suspects} <= {seat}
