"""The planner for quality failures: within what the contract allows, never a plan twice, and in the end it stops."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.failure_patterns import pattern_of
from algorithms.quality_recovery import LEAST_CERTAINTY, handle_quality_failure
from algorithms.recovery_judging import judge_recovery
from state.contract import OnViolation
from state.diagnosis import Cause, Diagnosis, Remedy, RemedyKind
from state.recovery import (
    Allowance,
    Amendment,
    FailedRule,
    FailurePattern,
    QualityMetrics,
    RecoveryPlan,
    RecoveryTask,
    Safeguard,
    Standing,
)

KINDS = (RemedyKind.REREAD, RemedyKind.REMAP, RemedyKind.REFORMAT, RemedyKind.RESOLVE, RemedyKind.MERGE)
shares = st.floats(min_value=0, max_value=1)
amendments = st.builds(
    Amendment,
    kind=st.sampled_from((*KINDS, RemedyKind.SET_ASIDE)),
    table=st.just("t"),
    columns=st.sampled_from([(), ("a",), ("b",), ("a", "b")]),
    files=st.sampled_from([(), (0,), (1,), (0, 1)]),
    parameters=st.dictionaries(st.sampled_from(["order", "rule", "power"]), st.sampled_from(["1", "2"]), max_size=2),
    gain=st.integers(0, 60),
    certainty=shares,
    evidence=st.just("e"),
)
rules = st.builds(
    FailedRule,
    rule=st.sampled_from(["t.maxQuarantine", "t.a.quality[0]", "t.b.required"]),
    kind=st.sampled_from(["maxQuarantine", "nullValues", "required"]),
    column=st.sampled_from([None, "a", "b"]),
    rows=st.integers(0, 60),
    files=st.dictionaries(st.integers(0, 1), st.integers(0, 50), max_size=2),
    blocking=st.booleans(),
    settled_by_rows=st.booleans(),
)
allowances = st.builds(
    Allowance,
    on_violation=st.sampled_from(OnViolation),
    max_quarantine=shares,
    relaxed_quarantine=st.none() | shares,
    conforming=st.booleans(),
)
failures = st.builds(
    QualityMetrics,
    table=st.just("t"),
    rows_read=st.just(100),
    rows_quarantined=st.integers(0, 100),
    failed=st.lists(rules, min_size=1, max_size=4).map(tuple),
    file_rows=st.just({0: 50, 1: 50}),
    variants=st.just({"v001": (0,), "v002": (1,)}),
    amendments=st.lists(amendments, max_size=6).map(tuple),
    allowance=allowances,
)


@given(failures, shares)
def test_nothing_is_done_beyond_what_the_contract_allows(metrics: QualityMetrics, bar: float) -> None:
    plan = handle_quality_failure(RecoveryTask(table="t", least_confidence=bar), metrics)
    allowed = metrics.allowance
    if plan.threshold is not None:
        assert allowed.relaxed_quarantine is not None
        assert allowed.max_quarantine <= plan.threshold.after <= allowed.relaxed_quarantine
        assert Safeguard.WITHIN_ALLOWANCE in plan.safeguards
        assert allowed.on_violation is not OnViolation.FAIL
    kinds = {amendment.kind for amendment in plan.amendments}
    assert not (allowed.on_violation is OnViolation.FAIL and RemedyKind.SET_ASIDE in kinds)
    assert not (allowed.on_violation is not OnViolation.REPAIR and RemedyKind.RESOLVE in kinds)
    assert allowed.conforming or not kinds & {RemedyKind.REREAD, RemedyKind.REMAP, RemedyKind.REFORMAT}
    assert all(amendment.certainty >= max(bar, LEAST_CERTAINTY) for amendment in plan.amendments)
    assert plan.reason
    if not plan.stops:
        kept = Safeguard.NO_LINE_LOST if RemedyKind.REREAD in kinds else Safeguard.NO_ROW_LOST
        assert {kept, Safeguard.NO_NEW_FAILURE, Safeguard.FEWER_BAD} <= set(plan.safeguards)


@given(failures, shares)
def test_what_is_to_be_made_better_raises_no_threshold_and_must_leave_fewer_rows_aside(
    metrics: QualityMetrics, bar: float
) -> None:
    plan = handle_quality_failure(RecoveryTask(table="t", least_confidence=bar, improving=True), metrics)
    assert plan.threshold is None
    assert plan.stops or Safeguard.FEWER_ASIDE in plan.safeguards
    assert Safeguard.FEWER_BAD not in plan.safeguards


@given(failures)
def test_no_plan_comes_twice_and_in_the_end_it_stops(metrics: QualityMetrics) -> None:
    tried: list[str] = []
    for _ in range(2 + len(metrics.amendments) + 2):
        plan = handle_quality_failure(RecoveryTask(table="t", tried=tuple(tried)), metrics)
        if plan.stops:
            return
        assert plan.plan_id not in tried
        tried.append(plan.plan_id)
    pytest.fail("it did not stop")


@given(failures)
def test_what_is_done_at_once_touches_no_cell_twice(metrics: QualityMetrics) -> None:
    plan = handle_quality_failure(RecoveryTask(table="t"), metrics)
    for place, first in enumerate(plan.amendments):
        for second in plan.amendments[place + 1 :]:
            columns = set(first.columns or ("a", "b")) & set(second.columns or ("a", "b"))
            files = set(first.files or (0, 1)) & set(second.files or (0, 1))
            assert not (columns and files)


@given(failures)
def test_the_same_failure_gives_the_same_plan_whatever_the_order_of_alternatives(metrics: QualityMetrics) -> None:
    turned = metrics.model_copy(update={"amendments": metrics.amendments[::-1]})
    task = RecoveryTask(table="t")
    assert handle_quality_failure(task, metrics).plan_id == handle_quality_failure(task, turned).plan_id


standings = st.builds(
    Standing,
    failing=st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), max_size=3),
    rows_read=st.just({"t": 10}) | st.just({"t": 9}),
    rows_merged=st.just({"t": 0}) | st.just({"t": 5}),
    quarantined=st.just({"t": 0}) | st.just({"t": 9}),
    unreadable=st.dictionaries(st.just("t.a"), st.integers(0, 3), max_size=1),
)


@given(standings, standings)
def test_only_what_is_better_is_kept(before: Standing, after: Standing) -> None:
    plan = RecoveryPlan(
        plan_id="p", table="t", pattern=FailurePattern.SPREAD, safeguards=tuple(Safeguard), reason="r", gain=3
    )
    judgement = judge_recovery(plan, before, after)
    if judgement.kept:
        assert after.badness < before.badness
        assert after.rows_read == before.rows_read
        assert set(after.failing) <= set(before.failing)
        assert after.rows_merged["t"] <= before.rows_merged["t"] + plan.gain
    assert judgement.why
    assert not judge_recovery(plan, before, before).kept


@dataclass(frozen=True)
class Case:
    name: str
    files: dict[int, int]
    column: str | None
    expected: FailurePattern


CASES = (
    Case("nearly all rows", {0: 50, 1: 45}, "a", FailurePattern.ALL_ROWS),
    Case("one file", {0: 1, 1: 30}, "a", FailurePattern.ONE_FILE),
    Case("one column", {0: 20, 1: 20}, "a", FailurePattern.ONE_COLUMN),
    Case("no place", {0: 20, 1: 20}, None, FailurePattern.SPREAD),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_pattern_says_where_bad_rows_lie(case: Case) -> None:
    assert pattern_of(_metrics(case.files, case.column)) is case.expected


def _metrics(files: dict[int, int], column: str | None = "a", **update: object) -> QualityMetrics:
    rule = FailedRule(rule="t.a.type", kind="type", column=column, rows=sum(files.values()), files=files)
    made = QualityMetrics(
        table="t",
        rows_read=100,
        rows_quarantined=30,
        failed=(rule,),
        file_rows={0: 50, 1: 50},
        variants={"v001": (0, 1)},
        allowance=Allowance(on_violation=OnViolation.REPAIR, max_quarantine=0.05),
    )
    return made.model_copy(update=update)


def _amendment(certainty: float = 0.9, **update: object) -> Amendment:
    made = Amendment(
        kind=RemedyKind.REFORMAT, table="t", columns=("a",), files=(1,), gain=30, certainty=certainty, evidence="e"
    )
    return made.model_copy(update=update)


@pytest.mark.parametrize(
    ("task", "metrics", "why"),
    [
        (RecoveryTask(table="t"), _metrics({1: 30}, impossible=("t.a: no number",)), "the contract must be changed"),
        (RecoveryTask(table="t", attempt=4), _metrics({1: 30}), "3 recoveries of the table were tried"),
        (RecoveryTask(table="t", seconds_left=1, seconds_needed=2), _metrics({1: 30}), "1 s of the budget are left"),
        (RecoveryTask(table="t"), _metrics({1: 30}), "no other way"),
        (RecoveryTask(table="t"), _metrics({1: 30}, amendments=(_amendment(0.7),)), "below the bar of 0.80"),
        (RecoveryTask(table="t", least_confidence=0.95), _metrics({1: 30}, amendments=(_amendment(),)), "bar of 0.95"),
    ],
)
def test_a_stop_says_why(task: RecoveryTask, metrics: QualityMetrics, why: str) -> None:
    plan = handle_quality_failure(task, metrics)
    assert plan.stops
    assert why in plan.reason


def test_a_diagnosis_that_agrees_makes_an_alternative_sure_enough() -> None:
    metrics = _metrics({1: 30}, amendments=(_amendment(0.7),))
    remedy = Remedy(kind=RemedyKind.REFORMAT, columns=("a",))
    diagnosis = Diagnosis(table="t", cause=Cause.CHANGED_DATE_ORDER, confidence=0.8, remedy=remedy)
    assert handle_quality_failure(RecoveryTask(table="t"), metrics, diagnosis).confidence == pytest.approx(0.94)
    other = diagnosis.model_copy(update={"remedy": Remedy(kind=RemedyKind.MERGE)})
    assert handle_quality_failure(RecoveryTask(table="t"), metrics, other).stops


BAD = Standing(
    failing={"t.maxQuarantine": 10},
    rows_read={"t": 10, "sums": 2},
    rows_merged={},
    quarantined={},
    lines={"t": 11},
    refused={"t": 0},
    derived=("sums",),
)
BETTER = BAD.model_copy(update={"failing": {}, "rows_read": {"t": 10, "sums": 3}})


@pytest.mark.parametrize(
    ("guard", "after", "kept"),
    [
        (Safeguard.NO_ROW_LOST, BETTER, True),  # rows of a derived table follow from others
        (Safeguard.NO_ROW_LOST, BETTER.model_copy(update={"rows_read": {"t": 9, "sums": 3}}), False),
        (Safeguard.NO_LINE_LOST, BETTER.model_copy(update={"rows_read": {"t": 9, "sums": 3}}), True),
        (Safeguard.NO_LINE_LOST, BETTER.model_copy(update={"lines": {"t": 10}}), False),
        (Safeguard.NO_LINE_LOST, BETTER.model_copy(update={"refused": {"t": 1}}), False),
    ],
)
def test_what_must_not_be_lost_is_rows_or_lines(guard: Safeguard, after: Standing, *, kept: bool) -> None:
    plan = RecoveryPlan(plan_id="p", table="t", pattern=FailurePattern.SPREAD, safeguards=(guard,), reason="r")
    assert judge_recovery(plan, BAD, after).kept is kept


def test_a_diagnosis_does_not_bear_itself_out() -> None:
    doubtful = Amendment(
        kind=RemedyKind.REMAP, table="t", columns=("a", "b"), files=(1,), gain=30, certainty=0.6, evidence="e"
    )
    diagnosis = Diagnosis(
        table="t", cause=Cause.SWAPPED_COLUMNS, confidence=1.0, remedy=Remedy(kind=RemedyKind.REMAP, columns=("a", "b"))
    )
    metrics = QualityMetrics(
        table="t",
        rows_read=100,
        rows_quarantined=0,
        failed=(FailedRule(rule="t.quality[0]", kind="sql", column=None, rows=30),),
        allowance=Allowance(on_violation=OnViolation.REPAIR, max_quarantine=0.05),
        amendments=(doubtful,),
    )
    task = RecoveryTask(table="t")
    assert not handle_quality_failure(task, metrics, diagnosis).stops
    by_diagnosis = metrics.model_copy(update={"amendments": (doubtful.model_copy(update={"diagnosed": True}),)})
    assert handle_quality_failure(task, by_diagnosis, diagnosis).stops


def test_a_file_that_is_cut_off_is_asked_for_whatever_else_could_be_done() -> None:
    aside = Amendment(
        kind=RemedyKind.SET_ASIDE, table="t", parameters={"rule": "t.a.required"}, gain=1, certainty=1, evidence="e"
    )
    metrics = QualityMetrics(
        table="t",
        rows_read=100,
        rows_quarantined=0,
        failed=(FailedRule(rule="t.a.required", kind="required", column="a", rows=1, settled_by_rows=True),),
        allowance=Allowance(on_violation=OnViolation.REPAIR, max_quarantine=0.05),
        amendments=(aside,),
    )
    remedy = Remedy(kind=RemedyKind.ASK, reason="ask for it again")
    cut = Diagnosis(table="t", cause=Cause.TRUNCATED_FILE, confidence=1.0, remedy=remedy)
    plan = handle_quality_failure(RecoveryTask(table="t"), metrics, cut)
    assert plan.stops
    assert "ask for it again" in plan.reason
    new = cut.model_copy(update={"cause": Cause.NEW_CATEGORY})
    assert not handle_quality_failure(RecoveryTask(table="t"), metrics, new).stops
