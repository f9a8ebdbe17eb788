"""The plan and how it went: steps with what they did, failures and what was done about them."""

from collections.abc import Mapping
from typing import Any

from state.explanation import Fact, Grid, Mark, Passage, Section
from state.plans import Contingency, Optimisation
from state.reports import StepReport, StepStatus
from tools.checks.rule import counted
from tools.explain.anchors import step_anchors
from tools.explain.material import Material
from tools.explain.plan_text import optimisation_line
from tools.explain.timeline import timeline_facts, timeline_grid

_KNOWN = frozenset(
    {"plan_id", "goal", "steps", "choices", "seconds", "probability", "revision", "contingencies", "optimisations"}
)
_MOST_STEPS = 250
_MOST_ENTRIES = 50

WORDS = {
    "map": "decide which column is which",
    "format": "decide how values are read",
    "resolve": "decide what values outside their list become",
    "conform": "read every row as typed columns",
    "repair": "repair cells by the council's votes",
    "dedupe": "merge or reject rows that share a key",
    "derive": "make the table by its SQL",
    "quarantine": "set aside rows that break a rule",
    "verify": "check every rule of the contract",
    "publish": "put all tables in place together",
}


def step_state(material: Material, step_id: str, kind: str, reports: Mapping[str, StepReport]) -> tuple[str, Mark]:
    """Return how a step of the plan ended, in a word, and how that is meant."""
    if kind == "verify":
        return ("done", Mark.GOOD) if material.run["checks"] else ("not reached", Mark.NONE)
    if kind == "publish":
        if not material.run["receipt"]:
            return ("nothing published", Mark.BAD) if material.run["checks"] else ("not reached", Mark.NONE)
        return ("done", Mark.GOOD) if material.run["status"] == "published" else ("in part", Mark.WARN)
    report = reports.get(step_id)
    if report is None:
        return "not reached", Mark.NONE
    if report.status is StepStatus.FAILED:
        return "failed", Mark.BAD
    return (f"done at attempt {report.attempt}", Mark.WARN) if report.attempt > 1 else ("done", Mark.GOOD)


def plan_section(material: Material, tables: tuple[str, ...] | None = None) -> Section:
    """Tell the steps of the plan (of some tables only), what each did, and how long it took."""
    plan = material.run["plan"]
    if not plan:
        return Section(key="plan", title="The plan", lead=("The run ended before there was a plan.",))
    reports = {report.step_id: report for report in material.steps}
    rows, marks, anchors = [], [], step_anchors(material)
    steps = [step for step in plan["steps"] if tables is None or step["table"] in tables]
    for step in steps[:_MOST_STEPS]:
        word, mark = step_state(material, step["step_id"], step["kind"], reports)
        report = reports.get(step["step_id"])
        told = (report.error or report.detail) if report else ""
        rows.append((word, step["step_id"], WORDS.get(step["kind"], step["kind"]), told, ", ".join(step["after"])))
        marks.append(mark)
    grid = Grid(
        caption=counted(len(steps), "step") + ", each with what it waited for",
        head=("state", "step", "what for", "what it did", "after"),
        rows=tuple(rows),
        marks=tuple(marks),
        targets=tuple(anchors.get(step["step_id"], "") for step in steps[:_MOST_STEPS]) if tables is None else (),
        more=f"and {len(steps) - _MOST_STEPS} more: see plan in run.json" if len(steps) > _MOST_STEPS else "",
        folded=tables is None,
    )
    lead = (f"Goal: {plan['goal']}.",) if tables is None else ()
    return Section(
        key="plan",
        title="The plan",
        lead=lead,
        facts=(*_others(plan), *timeline_facts(material)) if tables is None else (),
        grids=(grid, *timeline_grid(material), *_choices(plan), *_ahead(plan), *_plans(material.run), *_lists(plan))
        if tables is None
        else (grid,),
    )


def _choices(plan: Mapping[str, Any]) -> tuple[Grid, ...]:
    """Return which methods of the planner were passed over, and why."""
    rows = [(choice["task"], choice["method"], "; ".join(choice["passed_over"])) for choice in plan["choices"]]
    over = tuple(row for row in rows if row[2])[:_MOST_ENTRIES]
    head = ("task", "done by", "passed over, and why")
    return (Grid(caption="Ways that were passed over", head=head, rows=over, folded=True),) if over else ()


def _ahead(plan: Mapping[str, Any]) -> tuple[Grid, ...]:
    """Return what was optimised, and what was prepared for failures."""
    made = [Optimisation.model_validate(one) for one in plan.get("optimisations", ())]
    prepared = [Contingency.model_validate(one) for one in plan.get("contingencies", ())]
    rows = tuple(
        (one.step_id, one.instead, f"{one.seconds:.2f}", f"{100 * one.gain:+.1f} %") for one in prepared[:_MOST_ENTRIES]
    )
    head = ("if it fails", "instead", "seconds it costs", "chance it gains")
    grids = (
        Grid(caption="Optimisations", head=("what",), rows=tuple((optimisation_line(one),) for one in made)),
        Grid(caption="Prepared for failures", head=head, rows=rows),
    )
    return tuple(grid for grid in grids if grid.rows)


def _plans(run: Mapping[str, Any]) -> tuple[Grid, ...]:
    """Return the plans of the run in their order, where there was more than one."""
    plans = run.get("plans", ())
    rows = tuple(
        (
            str(plan["revision"]),
            plan["plan_id"][:12],
            plan["trigger"],
            ", ".join(plan["added"]),
            ", ".join(plan["removed"]),
            str(plan["kept"]),
            f"{100 * plan['confidence']:.0f} %",
        )
        for plan in plans[:_MOST_ENTRIES]
    )
    head = ("revision", "plan", "because of", "added", "removed", "kept", "chance to reach its end")
    return (Grid(caption="Plans of this run", head=head, rows=rows),) if len(rows) > 1 else ()


def _others(plan: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return estimates, and figures a later planner may add."""
    facts = [
        Fact(label="estimated seconds", value=f"{plan['seconds']:.1f}"),
        Fact(label="estimated chance that no step fails", value=f"{100 * plan['probability']:.0f} %"),
        Fact(label="revision", value=str(plan["revision"])),
    ]
    known = plan.get("metadata") or {}
    if known:
        facts += [
            Fact(label="estimated chance to reach its end", value=f"{100 * known['confidence']:.0f} %"),
            Fact(label="estimated seconds by its schedule", value=f"{known['seconds']:.1f}"),
            Fact(label="tasks and levels of the network", value=f"{known['tasks']} in {known['depth']}"),
            Fact(label="seconds of planning", value=f"{known['planning_seconds']:.2f}"),
        ]
    plain = {name: value for name, value in plan.items() if name not in _KNOWN and isinstance(value, str | int | float)}
    return (*facts, *(Fact(label=name.replace("_", " "), value=str(value)) for name, value in plain.items()))


def _lists(plan: Mapping[str, Any]) -> tuple[Grid, ...]:
    """Return lists of records that a later planner may add (risks, contingencies) as tables."""
    return tuple(
        generic_grid(name.replace("_", " "), value)
        for name, value in plan.items()
        if name not in _KNOWN and isinstance(value, list) and value
    )


def generic_grid(caption: str, entries: list[Any]) -> Grid:
    """Return records of any shape as a table: one column for each of their keys."""
    records = [entry if isinstance(entry, dict) else {"": entry} for entry in entries]
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = tuple(tuple(_text(record.get(name)) for name in names) for record in records[:_MOST_ENTRIES])
    left = len(records) - _MOST_ENTRIES
    return Grid(
        caption=caption,
        head=tuple(name.replace("_", " ") for name in names),
        rows=rows,
        more=f"and {left} more: see run.json" if left > 0 else "",
    )


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    return "" if value is None else str(value)


def failures_section(material: Material) -> Section:
    """Tell what failed, what was decided about it, and how it ended."""
    entries = material.run["replanning"]
    grids = (generic_grid("What was done after each failure", entries),) if entries else ()
    passages = tuple(
        Passage(title=f"{report.step_id}, attempt {report.attempt}", text=report.error, mark=Mark.BAD)
        for report in material.steps
        if report.status is StepStatus.FAILED
    )
    return Section(key="failures", title="Failures and replanning", passages=passages, grids=grids)
