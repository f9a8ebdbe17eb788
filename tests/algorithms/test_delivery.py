import os
import random
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import delivery
from algorithms.dag import check, critical_path, ready
from algorithms.delivery import plan_delivery, start_facts
from algorithms.delivery_ways import MOST_CELLS
from algorithms.planning.anytime import plan as search
from algorithms.planning.choosing import Choosing
from algorithms.planning.model import Problem
from algorithms.planning.solution import Solution
from state.contract import OnViolation
from state.errors import SetupError
from state.plans import DeliveryFacts, NoPlan, Plan, Step, StepKind, TableFacts

ROOT = Path(__file__).resolve().parents[2]


def source(
    name: str, *needs: str, key: bool = True, lists: bool = True, rows: int = 1000, **other: object
) -> TableFacts:
    known = {
        "on_violation": "repair",
        "landed": True,
        "derived": False,
        "files": 1,
        "variants": 1,
        "untrusted_sql": False,
    }
    return TableFacts.model_validate(
        {"name": name, "needs": needs, "has_key": key, "has_lists": lists, "rows": rows, **known, **other}
    )


def derived(name: str, *needs: str, **other: object) -> TableFacts:
    return source(
        name, *needs, **{"derived": True, "landed": False, "files": 0, "variants": 0, "untrusted_sql": True, **other}
    )


def planned(*tables: TableFacts) -> Plan:
    facts = DeliveryFacts(tables=tables)
    plan = plan_delivery(facts, "publish")
    assert isinstance(plan, Plan), plan
    assert check(plan, start_facts(facts)) == ()
    return plan


def steps_of(plan: Plan, table: str) -> list[str]:
    return [step.kind.value for step in plan.steps if step.table == table]


def ancestors(plan: Plan, step_id: str) -> set[str]:
    direct = set(plan.step(step_id).after)
    return direct.union(*(ancestors(plan, other) for other in direct))


def test_a_single_table_without_lists_is_planned_without_resolving() -> None:
    plan = planned(source("covid", lists=False, files=70, variants=9, rows=40_870))
    assert [step.step_id for step in plan.steps] == [
        "map:covid", "format:covid", "conform:covid", "dedupe:covid", "quarantine:covid", "verify", "publish",
    ]  # fmt: skip
    assert [step.table for step in plan.steps[-2:]] == [None, None]
    assert plan.step("conform:covid").effects == ("conformed(covid)",)
    assert plan.step("quarantine:covid").effects == ("quarantined(covid)", "ready(covid)")
    assert plan.step("publish").preconditions == ("verified",)
    assert plan.revision == 0


def test_a_person_agrees_after_what_is_decided_and_before_the_table_is_typed() -> None:
    plan = planned(source("t", asks=True), source("u", lists=False, asks=True), derived("d", "t", asks=True))
    assert steps_of(plan, "t")[:5] == ["map", "format", "resolve", "approve", "conform"]
    assert steps_of(plan, "u")[:4] == ["map", "format", "approve", "conform"]
    assert "approve" not in steps_of(plan, "d")
    assert ancestors(plan, "approve:t") == {"map:t", "format:t", "resolve:t"}
    assert "approve:t" in ancestors(plan, "conform:t")
    assert "approve:u" not in ancestors(plan, "conform:t")


def test_the_steps_follow_the_facts_of_the_table() -> None:
    full = ["map", "format", "resolve", "conform", "dedupe", "quarantine"]
    assert steps_of(planned(source("t")), "t") == full
    assert steps_of(planned(source("t", key=False)), "t") == [kind for kind in full if kind != "dedupe"]
    plain = [kind for kind in full if kind != "resolve"]
    assert steps_of(planned(source("t", on_violation="quarantine")), "t") == plain
    strict = planned(source("t", on_violation="fail"))
    assert steps_of(strict, "t") == plain[:-1]
    assert strict.step("dedupe:t").effects == ("deduped(t)", "ready(t)")
    bare = planned(source("t", key=False, on_violation="fail"))
    assert bare.step("conform:t").effects == ("conformed(t)", "ready(t)")


def test_shop_orders_wait_for_customers_only_where_they_look_at_them() -> None:
    plan = planned(source("orders", "customers"), source("customers"))
    assert "ready(customers)" in plan.step("resolve:orders").preconditions
    assert "quarantine:customers" in ancestors(plan, "resolve:orders")
    assert ancestors(plan, "format:orders") == {"map:orders"}
    assert not any("orders" in other for other in ancestors(plan, "quarantine:customers"))
    assert [step.step_id for step in ready(plan, ())] == ["map:customers", "map:orders"]
    assert [choice.method for choice in plan.choices if choice.task == "resolve(orders)"] == ["by_votes"]
    path = critical_path(plan.steps)
    assert path[-2:] == ("verify", "publish")
    assert plan.seconds == pytest.approx(sum(plan.step(name).seconds for name in path))


def test_an_unresolved_table_waits_for_its_references_only_to_set_rows_aside() -> None:
    plan = planned(source("customers"), source("orders", "customers", lists=False))
    assert ancestors(plan, "dedupe:orders") == {"map:orders", "format:orders", "conform:orders"}
    assert "quarantine:customers" in ancestors(plan, "quarantine:orders")


def test_jaffle_derived_tables_wait_for_what_they_are_made_of() -> None:
    plan = planned(
        derived("customers", "stg_customers", "stg_orders", "stg_payments"),
        derived("orders", "stg_orders", "stg_payments", "customers", on_violation="fail"),
        *(source(name, lists=False) for name in ("stg_customers", "stg_orders", "stg_payments")),
    )
    assert steps_of(plan, "customers") == ["derive", "quarantine"]
    assert steps_of(plan, "orders") == ["derive"]
    assert plan.step("derive:orders").effects == ("derived(orders)", "ready(orders)")
    assert set(plan.step("derive:customers").after) == {
        f"quarantine:stg_{n}" for n in ("customers", "orders", "payments")
    }
    assert plan.step("derive:orders").after == ("quarantine:customers",)
    for one, other in permutations(("stg_customers", "stg_orders", "stg_payments"), 2):
        assert not any(one in name for name in ancestors(plan, f"quarantine:{other}"))
    assert plan.step("verify").after == ("derive:orders",)


def test_two_tables_that_refer_to_each_other_are_planned() -> None:
    plan = planned(source("a", "b"), source("b", "a"))
    assert steps_of(plan, "a") == steps_of(plan, "b") == ["map", "format", "resolve", "conform", "dedupe", "quarantine"]
    assert (
        "conformed(a)" not in plan.step("resolve:b").preconditions
        or "conformed(b)" not in plan.step("resolve:a").preconditions
    )
    assert {choice.method for choice in plan.choices if choice.task.startswith("prepare")} == {
        "from_files", "from_files_apart",
    }  # fmt: skip
    for table, other in (("a", "b"), ("b", "a")):
        assert {f"conformed({other})", f"deduped({other})"} <= set(plan.step(f"quarantine:{table}").preconditions)
    (apart,) = [choice for choice in plan.choices if choice.method == "from_files_apart"]
    assert "from_files: resolves(a) holds and conformed(b) does not hold" in apart.passed_over


def test_a_cycle_is_opened_where_nothing_is_resolved() -> None:
    """No table has to be resolved apart when one of the cycle needs no resolving: it comes first."""
    plan = planned(source("a", "b"), source("b", "c"), source("c", "a", lists=False))
    methods = {choice.task: choice.method for choice in plan.choices}
    assert methods["resolve(c)"] == "nothing_listed"
    assert methods["resolve(a)"] == methods["resolve(b)"] == "by_votes"


def test_quarantine_inside_a_cycle_comes_last_and_one_at_a_time() -> None:
    names = ("a", "b", "c")
    plan = planned(source("a", "b"), source("b", "a", "c"), source("c", "b", on_violation="fail"), source("d", "a"))
    first, second = sorted(("quarantine:a", "quarantine:b"), key=lambda name: len(ancestors(plan, name)))
    assert first in ancestors(plan, second)
    own = {step.step_id for step in plan.steps if step.table in names and step.kind is not StepKind.QUARANTINE}
    assert own <= ancestors(plan, first)
    assert "quarantine:a" in ancestors(plan, "resolve:d")
    ring = planned(*(source(name, after, lists=False) for name, after in ("ab", "bc", "cd", "da")))
    alone = min(len(ancestors(ring, f"quarantine:{name}")) for name in "abcd")
    assert alone == 16  # map, format, conform and dedupe of all four


def test_a_table_that_refers_to_itself_does_not_wait_for_itself() -> None:
    plan = planned(source("staff", "staff"))
    assert steps_of(plan, "staff") == ["map", "format", "resolve", "conform", "dedupe", "quarantine"]
    assert plan.step("resolve:staff").preconditions == ("mapped(staff)", "formatted(staff)")


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ((source("a"), source("orders", landed=False)), "landed(orders) does not hold"),
        ((source("a", landed=False), source("b", landed=False)), "landed(a), landed(b) do not hold"),
        ((source("orders", "nowhere"),), "table(nowhere) does not hold"),
        ((derived("a", "b"), derived("b", "a"), source("c")), "acyclic(a), acyclic(b) do not hold"),
        ((source("a", "b"), derived("b", "a")), "acyclic(b) does not hold"),
    ],
)
def test_no_plan_names_what_is_missing(tables: tuple[TableFacts, ...], named: str) -> None:
    answer = plan_delivery(DeliveryFacts(tables=tables), "publish")
    assert isinstance(answer, NoPlan)
    assert named in answer.reason
    assert answer.exhausted
    assert answer.goal == "publish"
    assert any(named in line for line in answer.tried)


def test_no_tables_or_two_of_one_name_are_no_plan() -> None:
    for tables, reason in (((), "there is no table"), ((source("a"), source("a")), "two tables have the same name")):
        answer = plan_delivery(DeliveryFacts(tables=tables), "publish")
        assert isinstance(answer, NoPlan)
        assert reason in answer.reason


def test_names_that_look_like_variables_or_facts_are_only_names() -> None:
    plan = planned(source("table", "other"), source("other"), source("f(x), y", "table"))
    assert "quarantine:other" in ancestors(plan, "resolve:table")
    assert "quarantine:table" in ancestors(plan, "resolve:f(x), y")


def test_estimates_grow_with_rows_and_distrust() -> None:
    small, large = planned(source("t", rows=10)), planned(source("t", rows=10_000_000))
    assert large.seconds > 10 * small.seconds
    safe, untrusted = (
        planned(source("s"), derived("d", "s", untrusted_sql=False)),
        planned(source("s"), derived("d", "s")),
    )
    assert untrusted.probability < safe.probability <= 1
    assert untrusted.step("derive:d").probability < safe.step("derive:d").probability


def test_the_plan_id_depends_on_goal_and_facts_alone() -> None:
    tables = (source("customers"), source("orders", "customers"))
    first = planned(*tables)
    assert planned(*tables) == first
    assert planned(*tables[:1]).plan_id != first.plan_id
    other = plan_delivery(DeliveryFacts(tables=tables), "another goal")
    assert isinstance(other, Plan)
    assert other.plan_id != first.plan_id
    assert other.steps == first.steps


def test_the_plan_is_the_same_in_every_process() -> None:
    facts = DeliveryFacts(tables=tuple(source(f"t{n}", f"t{(n + 1) % 9}", f"t{n // 2}") for n in range(9)))
    code = (
        "import sys; from algorithms.delivery import plan_delivery; from state.plans import DeliveryFacts\n"
        "print(plan_delivery(DeliveryFacts.model_validate_json(sys.argv[1]), 'g').plan_id)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, facts.model_dump_json()],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }  # fmt: skip
    assert len(seen) == 1


@pytest.mark.parametrize(
    "tables",
    [
        tuple(source(f"t{n}", f"t{n // 2}", *([f"t{n - 1}"] if n % 3 else [])) for n in range(300)),
        tuple(source(f"t{n}", f"t{(n + 1) % 300}") for n in range(300)),
    ],
    ids=["tree", "ring"],
)
def test_three_hundred_tables_are_planned_with_few_nodes(
    tables: tuple[TableFacts, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Solution] = []

    def counted(problem: Problem, *, choosing: Choosing) -> Solution | NoPlan:
        answer = search(problem, choosing=choosing)
        assert isinstance(answer, Solution)
        found.append(answer)
        return answer

    monkeypatch.setattr(delivery, "plan", counted)
    plan = plan_delivery(DeliveryFacts(tables=tables), "publish")
    assert isinstance(plan, Plan)
    assert len(plan.steps) == 1802
    assert found[0].nodes <= 2 * len(found[0].decisions)


names = st.sampled_from("abcdef")


proofs = st.fixed_dictionaries(
    {
        "canonical": st.sampled_from(({}, {"a": 1}, {"a": 1, "b": 1})),
        **{name: st.booleans() for name in ("listed", "distinct", "sound")},
    }
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[TableFacts, ...]:
    """Source tables with any relationships, also circular; derived ones made of tables before them."""
    fed = [
        source(
            name,
            *draw(st.lists(st.sampled_from("abcd"), max_size=3)),
            key=draw(st.booleans()),
            lists=draw(st.booleans()),
            on_violation=draw(st.sampled_from(OnViolation)),
            named=draw(st.integers(0, 1)),
            columns=2,
            proof=draw(proofs),
        )
        for name in "abcd"
    ]
    made = [
        derived(
            name, *draw(st.lists(st.sampled_from(below), max_size=3)), on_violation=draw(st.sampled_from(OnViolation))
        )
        for name, below in (("x", "abcd"), ("y", "abcdx"))
    ]
    return tuple(draw(st.permutations([*fed, *made])))


def text_state(steps: list[Step], start: frozenset[str]) -> str | None:
    """The first step that does not find what it needs."""
    state = set(start)
    for step in steps:
        if not state.issuperset(step.preconditions):
            return step.step_id
        state.update(step.effects)
    return None


@settings(max_examples=120, deadline=None)
@given(deliveries(), st.randoms(use_true_random=False))
def test_every_delivery_executes_in_every_sampled_order(tables: tuple[TableFacts, ...], order: random.Random) -> None:
    plan = planned(*tables)
    start = start_facts(DeliveryFacts(tables=tables))
    done: list[str] = []
    while front := ready(plan, done):
        done.append(order.choice(front).step_id)
    assert len(done) == len(plan.steps)
    assert text_state([plan.step(name) for name in done], start) is None
    assert done[-2:] == ["verify", "publish"]


@settings(max_examples=60, deadline=None)
@given(deliveries())
def test_every_step_is_needed_by_another_but_publish(tables: tuple[TableFacts, ...]) -> None:
    plan = planned(*tables)
    start = start_facts(DeliveryFacts(tables=tables))
    for removed in plan.steps[:-1]:
        assert text_state([step for step in plan.steps if step != removed], start) is not None


def proven(name: str, *needs: str, **other: object) -> TableFacts:
    """A table of which everything was proved."""
    proof = {"looked": True, "rows": 9, "canonical": {"a": 9}, "listed": True, "distinct": True, "sound": True}
    return source(name, *needs, **{"columns": 1, "named": 1, "runs": 1, "proof": proof, **other})


def ways_of(plan: Plan, table: str) -> dict[str, str]:
    return {c.task.partition("(")[0]: c.method for c in plan.choices if c.task.endswith(f"({table})")}


def test_what_is_proved_needs_no_step() -> None:
    plan = planned(proven("t"), source("u", "t"), proven("v", "t"))
    assert steps_of(plan, "t") == steps_of(plan, "v") == ["map", "format", "conform"]
    assert plan.step("conform:t").effects == ("conformed(t)", "ready(t)")
    assert "conform:t" in ancestors(plan, "resolve:u")
    assert plan.step("map:t").how == "by_name"
    assert plan.step("format:t").how == "as_written"
    assert ways_of(plan, "t") == {
        "prepare": "from_files", "acquire": "copied_text", "unify": "by_name", "read": "as_written",
        "resolve": "nothing_outside", "agree": "unasked", "conform": "at_once",
        "repair": "nothing_to_change", "merge": "proven_distinct",
        "validate": "proven_sound",
    }  # fmt: skip


def test_why_a_way_was_not_taken_is_told_with_the_figures() -> None:
    proof = {"looked": True, "canonical": {"a": 9}, "listed": True, "against": {"distinct": "2 keys are there twice"}}
    plan = planned(proven("t", columns=2, proof=proof))
    told = {c.task: c.passed_over for c in plan.choices}
    assert "proven_distinct: distinct(t) does not hold, 2 keys are there twice" in told["merge(t)"]
    assert any(text.startswith("counting_all: ") and text.endswith(" s dearer") for text in told["read(t)"])
    assert ways_of(plan, "t")["read"] == "counting_the_rest"
    drifting = planned(source("t", variants=3, named=1, runs=3))
    (unify,) = [c for c in drifting.choices if c.task == "unify(t)"]
    assert unify.method == "by_name_or_values"
    assert "by_name: named(t) does not hold, names decide 1 of 3 header variants" in unify.passed_over


def test_a_preferred_way_is_taken_where_it_applies_and_its_steps_stay_in_order() -> None:
    facts = DeliveryFacts(tables=(proven("t"), source("u", "t", key=False)))
    full = {"unify": "by_values", "read": "counting_all", "resolve": "by_votes", "merge": "by_key"}
    plan = plan_delivery(facts, "publish", prefer={**full, "validate": "setting_aside"})
    assert isinstance(plan, Plan)
    assert check(plan, start_facts(facts)) == ()
    assert steps_of(plan, "t") == ["map", "format", "resolve", "conform", "dedupe", "quarantine"]
    assert "dedupe" not in steps_of(plan, "u")
    line = [f"{kind}:t" for kind in steps_of(plan, "t")]
    for before, after in zip(line, [*line[1:], "verify"], strict=True):
        assert before in ancestors(plan, after)
    with pytest.raises(SetupError, match="'quickly' is no way to do 'merge'"):
        plan_delivery(facts, "publish", prefer={"merge": "quickly"})


def test_rows_are_not_sorted_where_that_takes_more_memory_than_there_is() -> None:
    table = source("t", variants=2, runs=6, files=6, rows=1_000_000, size=100_000_000)
    for memory, way in ((None, "at_once"), (10**9, "at_once"), (10**8, "run_by_run")):
        plan = plan_delivery(DeliveryFacts(tables=(table,), memory=memory), "publish")
        assert isinstance(plan, Plan)
        assert ways_of(plan, "t")["conform"] == way
        assert plan.step("conform:t").how == way


@pytest.mark.parametrize(
    ("fields", "way"),
    [
        ({}, "nothing_to_change"),
        ({"mends": "all", "on_violation": "quarantine"}, "nothing_to_change"),
        ({"mends": "all", "on_violation": "fail"}, "nothing_to_change"),
        ({"mends": "all", "in_place": True}, "beyond_the_council"),
        ({"mends": "all", "cells": MOST_CELLS + 1}, "beyond_the_council"),
        ({"mends": "violations", "proof": {"looked": True, "sound": True}}, "nothing_broken"),
        ({"mends": "all", "proof": {"looked": True, "sound": True}}, "by_council"),
        ({"mends": "violations"}, "by_council"),
        ({"mends": "all", "asks": True}, "by_council_and_person"),
        ({"mends": "all", "leaves_cells": True}, "left_unrepaired"),
    ],
)
def test_the_repair_council_is_planned_where_it_may_change_or_propose_something(
    fields: dict[str, object], way: str
) -> None:
    plan = planned(source("t", lists=False, **fields))
    assert ways_of(plan, "t")["repair"] == way
    kinds = steps_of(plan, "t")
    assert ("repair" in kinds) == way.startswith("by_council")
    if "repair" in kinds:
        assert kinds.index("conform") < kinds.index("repair") < kinds.index("dedupe")
        assert plan.step("repair:t").how == way
        assert "repair:t" in ancestors(plan, "dedupe:t") & ancestors(plan, "verify")


def test_a_table_is_ready_only_once_it_is_repaired() -> None:
    proof = {"looked": True, "sound": True, "distinct": True}
    plan = planned(source("t", mends="all", proof=proof), source("u", "t"))
    assert steps_of(plan, "t")[-1] == "repair"
    assert "repair:t" in ancestors(plan, "resolve:u")


def test_in_a_circle_of_references_a_table_waits_for_the_repairs_of_the_others() -> None:
    plan = planned(source("a", "b", mends="all", lists=False), source("b", "a", mends="all", lists=False))
    assert {"repair:a", "repair:b"} <= ancestors(plan, "quarantine:a") & ancestors(plan, "quarantine:b")


def test_estimates_of_the_council_grow_with_the_cells_it_is_shown() -> None:
    few, many = (planned(source("t", mends="all", cells=cells)).step("repair:t") for cells in (1_000, 900_000))
    assert few.seconds < 1
    assert many.seconds > 10
