"""The report of a run stays bounded and says what it leaves out; its picture can be read with few steps and many."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from state.explanation import Explanation, Mark, Picture, PictureNode, Section
from tools.explain.material import Material, open_material
from tools.explain.picture import plan_picture
from tools.explain.run_story import explain_run
from tools.pages.render import render_page


@pytest.fixture(scope="module")
def material(finished: Any) -> Iterator[Material]:
    with open_material(finished.out / "_runs" / "r1", finished.home / "runs" / "r1") as opened:
        yield opened


def section(told: Explanation, key: str) -> Section:
    return next(each for each in told.sections if each.key == key)


def with_run(material: Material, **changes: Any) -> Material:
    return Material(run=copy.deepcopy(material.run) | changes, folder=material.folder, engine=material.engine)


def test_the_page_of_a_run_is_what_the_run_wrote(material: Material, finished: Any) -> None:
    assert (finished.out / "_runs" / "r1" / "report.html").read_text() == render_page(explain_run(material))


def test_a_huge_run_has_a_bounded_page_that_says_what_it_leaves_out(material: Material, tmp_path: Path) -> None:
    for kind in ("quarantine", "changes", "merged"):
        (tmp_path / kind).mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select i::varchar as order_id, 'expected 0 invalid values, found ' || i as _reason, "
            "'orders.status.quality[' || i % 500 || ']' as _rule, 'f' || i % 1000 || '.csv' as _file, i as _line, "
            "null::varchar as _raw, null::varchar as _extra from range(50000) t(i)) "
            f"to '{tmp_path}/quarantine/orders.parquet' (format parquet)"
        )
        connection.execute(
            "copy (select 'orders' as \"table\", 'order_id=' || i as row_id, 'f' as file, i as line, "
            "'c' || i % 300 as \"column\", repeat('x', 5000) || i as before, null::varchar as after, "
            "'trim' as operator, null::varchar as evidence, null::varchar as votes, 1.0 as confidence "
            f"from range(20000) t(i)) to '{tmp_path}/changes/orders.parquet' (format parquet)"
        )
    run = copy.deepcopy(material.run)
    run["sources"]["file_names"] = [f"file_{number}.csv" for number in range(1000)]
    run["sources"]["variants"] = {
        f"v{number:03}": {"files": 5, "file_ids": [number], "columns": ["c"] * 200, "header_forms": 1}
        for number in range(200)
    }
    mapping = run["mappings"][1]
    run["mappings"] = [mapping | {"variant_id": f"v{number:03}"} for number in range(200)]
    run["decisions"] = [run["decisions"][-1] | {"decision_id": f"d{number}"} for number in range(5000)]
    run["checks"] = run["checks"] * 50
    run["warnings"] = ["a warning"] * 500
    page = render_page(explain_run(Material(run=run, folder=tmp_path, engine=material.engine)))
    assert len(page) < 1_500_000
    for said in ("more reasons: see", "more kinds of change: see", "more header variants: see", "4850 decisions more",
                 "more: see checks in run.json", "440 more: see warnings", "xxx… → (nothing)"):  # fmt: skip
        assert said in page, said


def plan(tables: int) -> dict[str, Any]:
    """A plan of six steps a table, each table after the one before."""
    steps: list[dict[str, Any]] = []
    kinds = ("map", "format", "resolve", "conform", "dedupe", "quarantine")
    for table in range(tables):
        for at, kind in enumerate(kinds):
            after = [f"{kinds[at - 1]}:t{table}"] if at else []
            after += [f"quarantine:t{table - 1}"] if kind == "resolve" and table else []
            steps.append({"step_id": f"{kind}:t{table}", "kind": kind, "table": f"t{table}", "after": after})
    last = [f"quarantine:t{table}" for table in range(tables)]
    steps.append({"step_id": "verify", "kind": "verify", "table": None, "after": last})
    steps.append({"step_id": "publish", "kind": "publish", "table": None, "after": ["verify"]})
    return {
        "plan_id": "p",
        "goal": "g",
        "steps": steps,
        "choices": [],
        "seconds": 1.0,
        "probability": 1.0,
        "revision": 0,
    }


def reports(steps: list[dict[str, Any]], failed: str) -> list[dict[str, Any]]:
    """Reports of all steps up to the one that failed."""
    done = [step["step_id"] for step in steps]
    told = [{"step_id": step_id, "status": "done", "attempt": 1, "seconds": 0.1} for step_id in done]
    at = done.index(failed)
    return [*told[:at], {"step_id": failed, "status": "failed", "attempt": 3, "seconds": 0.1, "error": "planted"}]


def overlap(one: PictureNode, other: PictureNode) -> bool:
    return abs(one.x - other.x) < one.width and abs(one.y - other.y) < one.height


def assert_readable(picture: Picture) -> None:
    nodes = picture.nodes
    assert not any(overlap(one, other) for at, one in enumerate(nodes) for other in nodes[:at])
    assert all(node.x >= 0 and node.x + node.width <= picture.width for node in nodes)
    assert all(node.y >= 0 and node.y + node.height <= picture.height for node in nodes)


def test_a_short_plan_is_drawn_step_by_step_with_its_states(material: Material) -> None:
    made = plan(3)
    told = with_run(material, plan=made, step_reports=reports(made["steps"], "dedupe:t1"), checks=[], receipt=None)
    picture = plan_picture(told)
    assert picture is not None
    assert_readable(picture)
    assert len(picture.nodes) == 20
    assert {heading.text for heading in picture.headings} == {"t0", "t1", "t2"}
    states = {node.state: node.mark for node in picture.nodes}
    assert states == {"done": Mark.GOOD, "failed": Mark.BAD, "not reached": Mark.NONE}
    assert "1 failed" in picture.description


@pytest.mark.parametrize("tables", [34, 200])
def test_a_long_plan_is_drawn_by_tables(material: Material, tables: int) -> None:
    made = plan(tables)
    told = with_run(material, plan=made, step_reports=reports(made["steps"], "dedupe:t1"), checks=[], receipt=None)
    picture = plan_picture(told)
    assert picture is not None
    assert_readable(picture)
    assert len(picture.nodes) == min(tables, 120)
    assert picture.nodes[1].mark is Mark.BAD
    assert picture.nodes[1].note == "4 of 6 steps done: dedupe"
    assert picture.nodes[0].note == "6 of 6 steps done"
    assert picture.width < 900


def test_what_later_versions_add_to_a_plan_or_a_replan_is_shown_as_it_is(material: Material) -> None:
    made = plan(1) | {"risk": 0.25, "inspections": [{"step_id": "map:t0", "instead": ["ask", "stop"]}]}
    replan = {"replan_id": "x#1", "trigger": "t", "action": "retry", "chosen_by": {"kind": "auction"}}
    told = explain_run(with_run(material, plan=made, step_reports=[], replanning=[replan]))
    facts = {fact.label: fact.value for fact in section(told, "plan").facts}
    assert facts["risk"] == "0.25"
    grid = next(grid for grid in section(told, "plan").grids if grid.caption == "inspections")
    assert grid.rows == (("map:t0", "ask; stop"),)
    assert section(told, "failures").grids[0].rows == (("x#1", "t", "retry", "kind auction"),)


@pytest.mark.parametrize(
    ("status", "receipt", "said"),
    [
        ("published", {"tables": {"orders": 3}}, "Published: every table"),
        ("not_met", None, "Not published"),
        ("not_met", {"tables": {"orders": 3}}, "Published in part"),
        ("failed", None, "Nothing was published"),
        ("failed", {"tables": {"orders": 3}}, "after tables were published"),
        ("budget_spent", None, "can be resumed"),
        ("waiting", None, "Waiting for a person"),
        ("something new", None, "something new"),
    ],
)
def test_the_verdict_is_true(material: Material, status: str, receipt: Any, said: str) -> None:
    told = explain_run(with_run(material, status=status, receipt=receipt))
    assert said in told.verdict
    assert ("Not published" in told.verdict) is (said == "Not published")
    assert said.partition(":")[0] in render_page(told)


def test_a_decision_of_a_person_is_told_as_theirs_and_comes_first(material: Material) -> None:
    decisions = [
        *material.run["decisions"],
        material.run["decisions"][-1] | {"decision_id": "p", "decided_by": "person"},
    ]
    told = explain_run(with_run(material, decisions=decisions))
    kind = decisions[-1]["kind"].replace("_", "-")
    shown = section(told, f"decisions-{kind}")
    assert shown.judgements[0].decision_id == "p"
    assert "1 by a person" in shown.lead[0]


def test_a_run_that_stopped_early_is_told(material: Material, tmp_path: Path) -> None:
    empty: dict[str, Any] = {"plan": None, "tables": {}, "checks": [], "decisions": [], "step_reports": []}
    run = (
        copy.deepcopy(material.run)
        | empty
        | {"status": "failed", "problem": "no room", "receipt": None, "mappings": []}
    )
    told = explain_run(Material(run=run, folder=tmp_path, engine=material.engine))
    assert section(told, "reasons").points[0].title == "no room"
    assert section(told, "next").commands[-1].line == "millwright resume r1"
    render_page(told)


def test_broken_rules_come_first(material: Material) -> None:
    check = material.run["checks"][0]
    checks = [
        check | {"rule": f"orders.{result}", "result": result} for result in ("passed", "warning", "error", "failed")
    ]
    grids = section(explain_run(with_run(material, checks=checks)), "checks").grids
    assert [row[1] for row in grids[0].rows] == ["orders.failed", "orders.error", "orders.warning"]
    assert [row[0] for row in grids[0].rows] == ["failed", "not checked", "warning"]
    assert grids[1].folded


def test_what_was_prepared_and_the_plans_of_a_run_are_told(material: Material) -> None:
    way = {"step_id": "map:t0", "plan_id": "p", "instead": "prepare(t0) by hand", "steps": (), "order": (), "gain": 0.1}
    made = plan(1) | {"contingencies": [way | {"choices": (), "probability": 1.0, "seconds": 2.0}]}
    one = {"plan_id": "0123456789abcdef", "trigger": "first plan", "added": [], "removed": [], "kept": 3}
    plans = [{**one, "revision": number, "confidence": 0.5} for number in (0, 1)]
    grids = section(explain_run(with_run(material, plan=made, plans=plans)), "plan").grids
    told = {grid.caption: grid.rows for grid in grids}
    assert told["Prepared for failures"] == (("map:t0", "prepare(t0) by hand", "2.00", "+10.0 %"),)
    assert told["Plans of this run"][1] == ("1", "0123456789ab", "first plan", "", "", "3", "50 %")
    alone = section(explain_run(with_run(material, plan=made, plans=plans[:1])), "plan").grids
    assert "Plans of this run" not in {grid.caption for grid in alone}
