"""`millwright plan`: what a run would do, as a task network, a schedule and risks. Writes nothing."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from algorithms.dag import critical_path
from algorithms.plan_risk import step_risks
from algorithms.plan_times import step_times
from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from state.plans import MethodChoice, NoPlan, Plan
from state.previews import PlanPreview

_RISKS = 5


def show_plan(contract: Path, sources: Sequence[str], *, as_json: bool) -> int:
    """Print the plan of a run; return 0 when there is one, else 1."""
    from graphs.preview import preview

    found = preview(contract, sources, load_settings().context())
    if as_json:
        print_json(_as_json(found))
    else:
        lines = [_headline(found), *(f"  warning: {warning}" for warning in found.warnings)]
        lines += _plan_lines(found.plan) if found.plan else _no_plan_lines(found.no_plan)
        sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 0 if found.plan else 1


def _as_json(found: PlanPreview) -> dict[str, object]:
    content: dict[str, object] = found.model_dump(mode="json")
    if found.plan:
        content["schedule"] = [times._asdict() for times in step_times(found.plan.steps)]
        content["critical_path"] = list(critical_path(found.plan.steps))
        content["risks"] = [risk._asdict() for risk in step_risks(found.plan.steps)]
    return content


def _headline(found: PlanPreview) -> str:
    return f"{found.contract}: {found.files} files, {found.variants} header variants, {found.lines} lines"


def _no_plan_lines(no_plan: NoPlan | None) -> list[str]:
    if no_plan is None:
        return ["no plan"]
    searched = "every way was tried" if no_plan.exhausted else "the search was cut short"
    return [f"no plan: {no_plan.reason} ({searched})", *(f"  tried: {line}" for line in no_plan.tried)]


def _plan_lines(plan: Plan) -> list[str]:
    told = f"{len(plan.steps)} steps, about {plan.seconds:.2f} s along the critical path, "
    return [
        told + f"{plan.probability:.0%} chance that no step fails at its first try",
        "",
        "task network",
        *_tree(plan),
        "",
        "schedule (seconds from the start; * on the critical path)",
        *_schedule(plan),
        "",
        f"risks: the {min(_RISKS, len(plan.steps))} steps most likely to stop the plan",
        *_risks(plan),
    ]


def _tree(plan: Plan) -> list[str]:
    """Return the network as an indented tree: tasks with the chosen method, steps as leaves."""
    parts: dict[str | None, list[MethodChoice | str]] = {}
    for choice in plan.choices:
        parts.setdefault(choice.parent, []).append(choice)
    for step in plan.steps:
        parts.setdefault(step.part_of, []).append(step.step_id)
    return list(_branch(parts, _first_steps(plan), None, "  "))


def _first_steps(plan: Plan) -> dict[str, int]:
    """Return the position of the first step of every task, so that a task's parts are told in their order."""
    parent = {choice.task: choice.parent for choice in plan.choices}
    first: dict[str, int] = {}
    for position, step in enumerate(plan.steps):
        first[step.step_id] = position
        task = step.part_of
        while task is not None:
            first.setdefault(task, position)
            task = parent.get(task)
    return first


def _branch(
    parts: Mapping[str | None, Sequence[MethodChoice | str]], first: Mapping[str, int], task: str | None, indent: str
) -> Iterator[str]:
    def begins(entry: MethodChoice | str) -> int:
        return first.get(entry if isinstance(entry, str) else entry.task, len(first))

    entries = sorted(parts.get(task, ()), key=begins)
    for position, entry in enumerate(entries):
        last = position == len(entries) - 1
        twig, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(entry, str):
            yield f"{indent}{twig}{entry}"
            continue
        yield f"{indent}{twig}{entry.task} by {entry.method}"
        for passed in entry.passed_over:
            yield f"{indent}{below}   not {passed}"
        yield from _branch(parts, first, entry.task, indent + below)


def _schedule(plan: Plan) -> Iterator[str]:
    after = {step.step_id: ", ".join(step.after) for step in plan.steps}
    width = max(len(step.step_id) for step in plan.steps)
    for times in step_times(plan.steps):
        mark = "*" if times.slack == 0.0 else " "
        behind = f"after {after[times.step_id]}" if after[times.step_id] else ""
        yield f"  {mark} {times.start:8.2f} to {times.end:8.2f}  {times.step_id:<{width}}  {behind}".rstrip()


def _risks(plan: Plan) -> Iterator[str]:
    for risk in step_risks(plan.steps)[:_RISKS]:
        yield (
            f"  {risk.step_id}: {1 - risk.probability:.1%} chance to fail, {risk.share:.0%} of the risk; "
            f"without it {risk.gain:+.1%}"
        )
