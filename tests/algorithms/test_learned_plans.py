"""Lessons as planner and executor take them: estimates, chances, conditions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.delivery import plan_delivery
from algorithms.delivery_estimates import estimator, middle_of
from algorithms.learned_plans import (
    condition_changes,
    conditions_used,
    estimates_used,
    learned_conditions,
    learned_estimates,
)
from state.contract import OnViolation
from state.lessons import (
    Ground,
    Lesson,
    LessonStatus,
    LessonValue,
    Limit,
    MethodProbability,
    TaskDuration,
    Threshold,
)
from state.plans import DeliveryFacts, LearnedEstimate, Plan, TableFacts
from state.reports import FailureKind


def facts(*learned: LearnedEstimate) -> DeliveryFacts:
    table = TableFacts(
        name="orders", derived=False, needs=(), rows=1_000, files=2, variants=1, has_key=True, has_lists=True,
        on_violation=OnViolation.REPAIR, untrusted_sql=False, landed=True, columns=4, mends="violations", cells=4_000,
    )  # fmt: skip
    return DeliveryFacts(tables=(table,), learned=learned)


def lesson(value: LessonValue, lesson_id: str = "one") -> Lesson:
    return Lesson(
        lesson_id=lesson_id, kind=value.kind, subject="s", value=value, ground=Ground.STATISTICAL, runs=("r1",),
        trials=9, successes=9, bound=0.7, status=LessonStatus.IN_FORCE,
    )  # fmt: skip


def duration(action: str, ratio: float, table: str = "orders") -> TaskDuration:
    return TaskDuration(action=action, table=table, ratio=ratio, low=ratio / 2, high=ratio * 2, seconds=1.0)


def planned(*learned: LearnedEstimate) -> Plan:
    found = plan_delivery(facts(*learned), "deliver")
    assert isinstance(found, Plan)
    return found


def test_seconds_are_scaled_by_the_action_and_the_rest_by_the_middle() -> None:
    learned = learned_estimates([lesson(duration("dedupe", 4.0), "a"), lesson(duration("verify", 2.0, ""), "b")])
    plain, taught = facts(), facts(*learned)
    key = ("orders",)
    before, after = estimator("dedupe", plain)(key), estimator("dedupe", taught)(key)
    assert after.seconds == pytest.approx(4 * before.seconds)
    assert estimator("verify", taught)(()).seconds == pytest.approx(2 * estimator("verify", plain)(()).seconds)
    middle = middle_of(learned)
    assert middle is not None
    assert middle.ratio == 2.0
    other = estimator("map_by_values", taught)(key).seconds
    assert other == pytest.approx(2 * estimator("map_by_values", plain)(key).seconds)


def test_a_learned_chance_takes_the_place_of_the_fixed_one_and_rules_nothing_out() -> None:
    value = MethodProbability(action="resolve_by_votes", table="orders", probability=0.0)
    learned = learned_estimates([lesson(value)])
    found = estimator("resolve_by_votes", facts(*learned))(("orders",))
    assert 0.0 < found.probability <= 0.01
    assert found.cost == pytest.approx(found.seconds / found.probability)
    risks = {step.step_id: step.probability for step in planned(*learned).steps}
    assert risks["resolve:orders"] == found.probability


@given(st.floats(0.01, 100.0), st.floats(0.0, 1.0))
def test_the_id_of_a_plan_does_not_hang_on_what_it_is_expected_to_take(ratio: float, chance: float) -> None:
    learned = (
        LearnedEstimate(lesson_id="a", action="conform_at_once", table="orders", ratio=ratio),
        LearnedEstimate(lesson_id="b", action="resolve_by_votes", table="orders", probability=chance),
    )
    plain, taught = planned(), planned(*learned)
    assert [step.how for step in plain.steps] == [step.how for step in taught.steps]
    assert plain.plan_id == taught.plan_id


def test_the_uses_say_by_which_factor_every_step_was_scaled() -> None:
    lessons = [lesson(duration("dedupe", 4.0), "a"), lesson(duration("verify", 2.0, ""), "b")]
    plain, taught = planned(), planned(*learned_estimates(lessons))
    factors = {step: use.factor for use in estimates_used(taught, lessons) for step in use.steps}
    before = {step.step_id: step.seconds for step in plain.steps}
    for step in taught.steps:
        assert step.seconds / factors[step.step_id] == pytest.approx(before[step.step_id])


def test_conditions_only_get_narrower_in_threads_and_wider_in_time() -> None:
    value = Threshold(
        action="conform_at_once", table="orders", limit=Limit.THREADS, value=1, failure=FailureKind.MEMORY
    )
    more = Threshold(
        action="conform_at_once", table="orders", limit=Limit.SQL_SECONDS, value=60, failure=FailureKind.TIME
    )
    lessons, plan = [lesson(value, "a"), lesson(more, "b")], planned()
    known = learned_conditions(lessons, plan.steps)
    assert set(known) == {"conform:orders"}
    assert condition_changes(known["conform:orders"], threads=2, sql_seconds=30) == {"threads": 1, "sql_seconds": 60}
    assert condition_changes(known["conform:orders"], threads=1, sql_seconds=90) == {}
    assert {use.lesson_id for use in conditions_used(plan, lessons)} == {"a", "b"}
