"""Judgement in one place: wrong answers are refused, records are bounded, the same question has the same id."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.decide import Account, DecisionPoint, decide
from nodes.decisions.column_mapping import COLUMN_MAPPING
from nodes.decisions.failure_response import FAILURE_RESPONSE, FailureEvidence, FailureResponse
from nodes.decisions.value_format import VALUE_FORMAT
from nodes.decisions.value_resolution import VALUE_RESOLUTION
from state.contract import LogicalType
from state.decisions import DecidedBy
from state.errors import StepError
from state.formats import DateOrder, FormatEvidence, FormatGroup
from state.mapping import ColumnMatch, MappingEvidence, SourceColumn, TargetColumn
from state.reports import FailureKind, Strategy
from state.resolution import ResolutionEvidence, UnknownValue, ValueResolution
from state.values import Value


def source(name: str) -> SourceColumn:
    return SourceColumn(name=name, rows=2, filled=2, distinct=2, samples=("1", "2"))


MAPPING = MappingEvidence(
    table="t",
    variant_id="v001",
    sources=(source("Order ID"), source("Channel")),
    targets=tuple(
        TargetColumn(name=name, names=(), logical_type=LogicalType.INTEGER) for name in ("order_id", "total")
    ),
)
DATES = FormatEvidence(
    table="t", column="c", logical_type=LogicalType.DATE, rows=9, filled=8,
    day_first_only={0: 3}, month_first_only={1: 2}, ambiguous={0: 1, 1: 1, 2: 1}, dotted_day_first_only=1,
)  # fmt: skip
NUMBERS = FormatEvidence(
    table="t",
    column="c",
    logical_type=LogicalType.NUMBER,
    rows=9,
    filled=8,
    decimal_comma=5,
    separator_ambiguous=1,
    expected_unit="lb",
)
VALUES = ResolutionEvidence(
    table="t", column="c", valid=("Germany", "France"),
    unknown=(UnknownValue(value="Germny", rows=3, files=2), UnknownValue(value="Atlantis", rows=1, files=1)),
)  # fmt: skip
FAILURE = FailureEvidence(
    step_id="map:t", attempt=1, attempts=3, failure=FailureKind.TRANSIENT, error="gone", replanning="retry"
)


def match(target: str, column: str) -> ColumnMatch:
    return ColumnMatch(target=target, source=column, score=1.0)


def group(order: DateOrder, *file_ids: int) -> FormatGroup:
    return FormatGroup(file_ids=file_ids, date_order=order)


def become(value: str, resolved: str | None) -> ValueResolution:
    return ValueResolution(value=value, resolved=resolved, operator="o", votes=(), confidence=1.0, reason="")


DAY, MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
BOTH = (become("Germny", "Germany"), become("Atlantis", None))
RETRY = FailureResponse(action=Strategy.RETRY, reason="r", alternatives=())
POINTS: dict[str, tuple[DecisionPoint[Any, Any], Value]] = {
    "mapping": (COLUMN_MAPPING, MAPPING),
    "dates": (VALUE_FORMAT, DATES),
    "numbers": (VALUE_FORMAT, NUMBERS),
    "values": (VALUE_RESOLUTION, VALUES),
    "failure": (FAILURE_RESPONSE, FAILURE),
}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("mapping", {"table": "other"}, "another table"),
    ("mapping", {"variant_id": "v002"}, "another table or header variant"),
    ("mapping", {"matches": (match("order_id", "Nowhere"),)}, "source column that does not exist"),
    ("mapping", {"matches": (match("nothing", "Order ID"),)}, "contract column that does not exist"),
    ("mapping", {"matches": (match("order_id", "Order ID"), match("total", "Order ID"))}, "source column is mapped tw"),
    ("mapping", {"matches": (match("total", "Channel"), match("total", "Order ID")), "unmapped_sources": ()},
     "contract column is mapped twice"),
    ("mapping", {"unmapped_sources": ()}, "source columns left over"),
    ("mapping", {"unmapped_targets": ("order_id", "total")}, "contract columns left over"),
    ("dates", {"column": "other"}, "another column"),
    ("dates", {"logical_type": LogicalType.NUMBER}, "another column"),
    ("dates", {"groups": (group(MONTH, 0), group(MONTH, 1))}, "file 0 .* day first"),
    ("dates", {"groups": (group(DAY, 0), group(DAY, 1))}, "file 1 .* month first"),
    ("dates", {"groups": (group(DAY, 0),)}, "file 1 .* month first"),  # it uses the first group
    ("dates", {"groups": (group(DAY, 0), group(MONTH, 1, 0))}, "two groups"),
    ("dates", {"dotted_order": MONTH}, "points"),
    ("numbers", {"unit": "kg"}, "states the unit 'lb'"),
    ("numbers", {"decimal": ".", "thousands": None}, "decimal comma"),
    ("numbers", {"decimal": ",", "thousands": ","}, "are the same"),
    ("values", {"column": "other"}, "another column"),
    ("values", {"values": (*BOTH, become("asked by nobody", None))}, "not asked about"),
    ("values", {"values": (become("Germny", "Germania"), BOTH[1])}, "not in the list"),
    ("values", {"values": (*BOTH, become("Germny", "France"))}, "answered twice"),
    ("values", {"values": BOTH[:1]}, "not answered"),
    ("failure", {"action": Strategy.EXTEND}, "extend is no strategy"),
]  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
def test_the_experts_own_answer_passes_its_check(name: str) -> None:
    point, evidence = POINTS[name]
    answer, decisions = decide(point, evidence)
    assert point.check(evidence, answer) is None
    assert decisions
    asked = DecidedBy.COUNCIL if name in ("mapping", "dates", "numbers") else DecidedBy.EXPERT
    assert {decision.decided_by for decision in decisions} == {asked}
    assert {decision.kind for decision in decisions} == {point.kind}
    assert point.card.skills == (point.kind,)


@pytest.mark.parametrize(("name", "change", "said"), WRONG)
def test_a_wrong_expert_is_refused(name: str, change: dict[str, Any], said: str) -> None:
    point, evidence = POINTS[name]
    planted = replace(point, expert=lambda given: point.expert(given).model_copy(update=change))
    with pytest.raises(StepError, match=said) as caught:
        decide(planted, evidence)
    assert caught.value.where == point.kind


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attempt": 3}, "attempts are allowed"),
        ({"replanning": "off"}, "patterns.replanning is off"),
        ({"failure": FailureKind.ACCOUNTING}, "no strategy"),
    ],
)
def test_a_retry_that_must_not_be_is_refused(change: dict[str, Any], said: str) -> None:
    planted = replace(FAILURE_RESPONSE, expert=lambda _: RETRY)
    assert decide(planted, FAILURE)[0] == RETRY
    with pytest.raises(StepError, match=said):
        decide(planted, FAILURE.model_copy(update=change))


@given(
    failure=st.sampled_from(list(FailureKind)),
    attempt=st.integers(1, 5),
    attempts=st.integers(1, 5),
    replanning=st.sampled_from(["retry", "off"]),
)
def test_only_what_may_pass_is_tried_again(failure: FailureKind, attempt: int, attempts: int, replanning: str) -> None:
    evidence = FailureEvidence(
        step_id="s", attempt=attempt, attempts=attempts, failure=failure, error="e", replanning=replanning
    )
    answer, (decision,) = decide(FAILURE_RESPONSE, evidence)
    may_pass = failure is FailureKind.TRANSIENT and attempt < attempts and replanning == "retry"
    assert answer.action == decision.answer == ("retry" if may_pass else "stop")
    assert answer.alternatives
    assert answer.reason


class Question(Value):
    text: str


def asked(evidence: Question, *, subject: str = "s") -> Any:
    def accounts(given: Question, _answer: Question) -> tuple[Account, ...]:
        told = {"answer": given.text, "reason": given.text, "evidence": given.text}
        return (
            Account(subject=subject + given.text, confidence=1.0, **told),
            Account(subject="second", confidence=1.0, answer=""),
        )

    point = DecisionPoint(kind="k", version="1", expert=lambda given: given, check=lambda *_: None, accounts=accounts)
    return decide(point, evidence)[1]


@given(st.text(min_size=1, max_size=60).map(lambda text: (text * 2_100)[:2_100]))
def test_texts_of_a_record_are_bounded(text: str) -> None:
    for decision in asked(Question(text=text)):
        assert all(
            len(told) <= 2_000 for told in (decision.subject, decision.answer, decision.reason, decision.evidence)
        )
    assert text.startswith(asked(Question(text=text))[0].answer.removesuffix("…"))


@given(st.text(max_size=5), st.text(max_size=5))
def test_the_same_question_has_the_same_id_and_another_has_another(one: str, other: str) -> None:
    first, second = asked(Question(text=one)), asked(Question(text=other))
    assert [decision.decision_id for decision in first] == [
        decision.decision_id for decision in asked(Question(text=one))
    ]
    assert first[0].decision_id != first[1].decision_id
    assert (first[1].decision_id == second[1].decision_id) is (one == other)


def test_long_subjects_that_differ_at_the_end_have_ids_of_their_own() -> None:
    long = Question(text="x" * 3_000)
    assert asked(long, subject="a")[0].decision_id != asked(long, subject="b")[0].decision_id
