"""`millwright plan` as a stranger meets it."""

import json
from typing import Any

import pytest

from state.plans import NoPlan
from state.previews import PlanPreview


def test_the_plan_is_shown_as_a_tree_a_schedule_and_risks(cli: Any, job: Any) -> None:
    code, out, err = cli("plan", job.contract, job.sources)
    assert (code, err) == (0, "")
    assert "prepare(customers) by from_files" in out
    assert "repair(customers) by by_votes" in out
    tree, schedule = out.index("task network"), out.index("schedule")
    for step in ("map:orders", "conform:orders", "derive:totals", "publish"):
        assert tree < out.index(step) < schedule
        assert step in out[schedule:]
    assert out[: out.index("map:orders")].count("prepare(") == 2  # parts are told in the order of their steps
    assert "chance to fail" in out


def test_nothing_is_written(cli: Any, job: Any) -> None:
    before = set(job.home.parent.rglob("*"))
    cli("plan", job.contract, job.sources)
    assert set(job.home.parent.rglob("*")) == before


def test_json_holds_plan_schedule_and_risks(cli: Any, job: Any) -> None:
    _, out, _ = cli("plan", job.contract, job.sources, "--json")
    content = json.loads(out)
    steps = [step["step_id"] for step in content["plan"]["steps"]]
    assert [times["step_id"] for times in content["schedule"]] == steps
    assert {risk["step_id"] for risk in content["risks"]} == set(steps)
    assert set(content["critical_path"]) == {times["step_id"] for times in content["schedule"] if not times["slack"]}


def test_no_plan_ends_with_1_and_the_reason(cli: Any, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "refers(orders, customers): table(customers) does not hold"
    tried = ("deliver by group_by_group: table(customers) does not hold",)
    none = NoPlan(goal="deliver", reason=reason, tried=tried, exhausted=True)
    found = PlanPreview(contract="shop 1", files=1, lines=1, variants=1, warnings=(), plan=None, no_plan=none)
    monkeypatch.setattr("graphs.preview.preview", lambda *_: found)
    code, out, _ = cli("plan", job.contract, job.sources)
    assert code == 1
    assert f"no plan: {reason} (every way was tried)" in out
    assert tried[0] in out


def test_wrong_use_is_one_line(cli: Any, job: Any) -> None:
    code, out, err = cli("plan", job.contract, job.sources / "nothing.csv")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "does not exist" in err


def test_values_cannot_drive_the_terminal(cli: Any, job: Any) -> None:
    (job.sources / "orders_\x1b[31m.csv").write_text("order_id,customer_id,order_date,amount,updated_at\n")
    _, out, _ = cli("plan", job.contract, job.sources)
    assert "\x1b" not in out
