"""Repairing the plan of a delivery: one table's part is planned anew, all others stay as they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.dag import check, ready
from algorithms.delivery import plan_delivery, start_facts
from algorithms.delivery_repair import RepairedDelivery, repair_delivery
from algorithms.planning.repair import Stage
from state.plans import DeliveryFacts, NoPlan, Plan, TableFacts
from tests.algorithms.test_delivery import source


def without(facts: DeliveryFacts, name: str) -> DeliveryFacts:
    tables = (one.model_copy(update={"gives_up": one.gives_up or one.name == name}) for one in facts.tables)
    return facts.model_copy(update={"tables": tuple(tables)})


def first_plan(*tables: TableFacts) -> tuple[DeliveryFacts, Plan]:
    facts = DeliveryFacts(tables=tables)
    plan = plan_delivery(facts, "publish")
    assert isinstance(plan, Plan)
    return facts, plan


SHOP = (source("customers"), source("orders", "customers"), source("items", "orders"))


def test_only_the_task_of_the_step_that_was_given_up_is_planned_anew() -> None:
    facts, plan = first_plan(*SHOP)
    done = [step.step_id for step in plan.steps[: [s.step_id for s in plan.steps].index("resolve:orders")]]
    found = repair_delivery(facts, without(facts, "orders"), "publish", done)
    assert isinstance(found, RepairedDelivery), found
    assert (found.stage, found.told) == (Stage.PART, "resolve(orders) planned anew")
    assert {choice.task: choice.method for choice in found.plan.choices}["resolve(orders)"] == "left_as_it_is"
    assert [step.step_id for step in plan.steps if step.step_id != "resolve:orders"] == [
        step.step_id for step in found.plan.steps
    ]
    others = [choice for choice in plan.choices if "(orders)" not in choice.task]
    assert [choice for choice in found.plan.choices if "(orders)" not in choice.task] == others


def test_steps_that_were_done_out_of_the_listed_order_stay() -> None:
    facts, plan = first_plan(source("a"), source("b"))
    done = ["map:b", "format:b", "resolve:b", "conform:b"]  # b is ahead of a
    found = repair_delivery(facts, without(facts, "a"), "publish", done)
    assert isinstance(found, RepairedDelivery), found
    assert found.told == "resolve(a) planned anew"
    assert {step.step_id for step in plan.steps} - {step.step_id for step in found.plan.steps} == {"resolve:a"}


def test_in_a_circle_the_task_above_is_taken_where_its_method_needs_what_is_gone() -> None:
    facts, plan = first_plan(source("a", "b"), source("b", "a"))
    (apart,) = [choice.task for choice in plan.choices if choice.method == "from_files_apart"]
    name = apart[len("prepare(") : -1]
    done = [f"map:{name}", f"format:{name}"]
    found = repair_delivery(facts, without(facts, name), "publish", done)
    assert isinstance(found, RepairedDelivery), found
    assert found.told == f"{apart} planned anew"
    assert {choice.task: choice.method for choice in found.plan.choices}[apart] == "from_files"
    assert set(done) <= {step.step_id for step in found.plan.steps}


def test_where_no_fact_changes_there_is_nothing_to_repair() -> None:
    facts, _ = first_plan(*SHOP)
    found = repair_delivery(facts, facts, "publish", ())
    assert isinstance(found, NoPlan)
    assert found.reason == "planned anew: nothing"


@pytest.mark.parametrize("tables", [(), (source("a", landed=False),)])
def test_what_has_no_plan_is_not_repaired(tables: tuple[TableFacts, ...]) -> None:
    facts = DeliveryFacts(tables=tables)
    assert isinstance(repair_delivery(facts, facts, "publish", ()), NoPlan)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=3), min_size=4, max_size=4), st.data())
def test_a_repaired_plan_is_sound_from_any_moment_and_all_other_tables_are_as_before(
    needs: list[list[str]], data: st.DataObject
) -> None:
    facts, plan = first_plan(*(source(name, *of) for name, of in zip("abcd", needs, strict=True)))
    failed = data.draw(st.sampled_from("abcd"))
    done: list[str] = []
    for _ in range(data.draw(st.integers(0, len(plan.steps)))):
        front = [step.step_id for step in ready(plan, done) if step.step_id != f"resolve:{failed}"]
        if not front:
            break
        done.append(data.draw(st.sampled_from(front)))
    after = without(facts, failed)
    found = repair_delivery(facts, after, "publish", done)
    assert isinstance(found, RepairedDelivery), found
    assert check(found.plan, start_facts(after)) == ()
    assert f"resolve:{failed}" not in {step.step_id for step in found.plan.steps}
    how = {step.step_id: step.how for step in found.plan.steps}
    assert {step.step_id: step.how for step in plan.steps if step.step_id in done}.items() <= how.items()
    if found.stage is Stage.PART:
        others = {(s.step_id, s.how) for s in plan.steps if s.table != failed}
        assert others == {(s.step_id, s.how) for s in found.plan.steps if s.table != failed}
