"""`millwright plan` as a stranger meets it."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from state.plans import NoPlan
from state.previews import PlanPreview


def test_the_plan_is_shown_as_a_tree_a_schedule_and_risks(cli: Any, job: Any) -> None:
    code, out, err = cli("plan", job.contract, job.sources)
    assert (code, err) == (0, "")
    assert "prepare(customers) by from_files" in out
    assert "resolve(customers) by by_votes" in out
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
    assert [times["step_id"] for times in content["times"]] == steps
    assert {slot["step_id"] for slot in content["schedule"]} == set(steps)
    assert {slot["worker"] for slot in content["schedule"]} == {0, 1}
    assert {risk["step_id"] for risk in content["step_risks"]} == set(steps)
    assert set(content["critical_path"]) == {times["step_id"] for times in content["times"] if not times["slack"]}
    assert content["analysis"]["feasible"]
    assert content["risks"]["confidence"] == content["plan"]["metadata"]["confidence"] > content["plan"]["probability"]
    prepared = {one["step_id"] for one in content["plan"]["contingencies"]}
    assert prepared == {"resolve:customers", "repair:customers", "repair:orders"}
    assert content["plan"]["metadata"]["planning_seconds"] > 0


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


def test_the_plan_tells_goal_sensitivity_and_contingencies(cli: Any, job: Any) -> None:
    _, out, _ = cli("plan", job.contract, job.sources)
    assert "goal: 2 tables from files, 1 by SQL" in out
    assert "(drift)" in out
    assert "sensitivity" in out
    assert "if resolve:customers fails: resolve(customers) by left_as_it_is" in out
    assert "worker 2" in out


def test_a_plan_below_the_bar_is_said_so(cli: Any, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_LEAST_CONFIDENCE", "0.99")
    code, out, _ = cli("plan", job.contract, job.sources)
    assert code == 0
    assert "not likely enough: " in out
    assert "where 99.0% is asked for" in out


def test_the_picture_is_one_file_that_loads_nothing_and_can_be_read_aloud(cli: Any, job: Any) -> None:
    picture = job.home.parent / "plan.svg"
    before = set(job.home.parent.rglob("*"))
    code, _, _ = cli("plan", job.contract, job.sources, "--picture", picture)
    assert code == 0
    assert set(job.home.parent.rglob("*")) - before == {picture}
    text = picture.read_text()
    root = ET.fromstring(text)  # noqa: S314  our own file
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    named = {element.get("id"): element.text or "" for element in root if element.get("id")}
    assert sorted(root.get("aria-labelledby", "").split()) == sorted(named)
    assert "on the critical path" in named["picture-desc"]
    assert "prefers-color-scheme: dark" in text
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1
    assert text.count("url(") == text.count("url(#picture-arrow)")
    groups = [element.get("class", "") for element in root.iter(f"{space}g")]
    assert sum("dashed" in name for name in groups) == 3  # a contingency each
    assert sum("strong" in name for name in groups) > 5
    assert "<script" not in text


def test_the_competition_format_lists_actions_then_decompositions(cli: Any, job: Any) -> None:
    code, out, _ = cli("plan", job.contract, job.sources, "--format", "ipc")
    lines = out.splitlines()
    assert (code, lines[0], lines[-1]) == (0, "==>", "<==")
    root = next(place for place, line in enumerate(lines) if line.startswith("root"))
    actions = [line.split() for line in lines[1:root]]
    numbers = [int(line.split()[0]) for line in lines[1:root] + lines[root + 1 : -1]]
    assert numbers == list(range(len(numbers)))
    children = [int(child) for line in lines[root + 1 : -1] for child in line.split(" -> ")[1].split()[1:]]
    top = [int(child) for child in lines[root].split()[1:]]
    assert sorted(children + top) == numbers  # every task is a part of one other, or of the goal
    kinds = {action[1].split("_")[0] for action in actions}
    assert kinds >= {"map", "resolve", "conform", "verify", "publish"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "pdf"), "there is no format 'pdf'"),
        (("--format", "ipc", "--json"), "exclude each other"),
        (("--picture", "plan.png"), "a picture is an SVG file"),
        (("--picture", "/nowhere/at/all/plan.svg"), "cannot be written"),
    ],
)
def test_wrong_options_are_one_line(cli: Any, job: Any, options: tuple[str, ...], said: str) -> None:
    code, out, err = cli("plan", job.contract, job.sources, *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
