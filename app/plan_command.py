"""`millwright plan`: what a run would do: network, schedule, risks, contingencies. Writes nothing but a picture."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from algorithms.dag import critical_path
from algorithms.plan_risk import step_risks
from algorithms.plan_times import list_schedule, step_times
from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from state.errors import SetupError
from state.planning import GoalAnalysis, RiskAnalysis
from state.plans import NoPlan, Plan
from state.previews import PlanPreview
from tools.explain.plan_text import contingency_line, network_lines, optimisation_line, schedule_lines, use_line

_RISKS = 5
_SWINGS = 5


class PlanOptions(NamedTuple):
    """How the plan is shown."""

    picture: Path | None = None
    form: str = "text"
    as_json: bool = False


def show_plan(contract: Path, sources: Sequence[str], options: PlanOptions) -> int:
    """Print the plan of a run; return 0 when there is one, else 1."""
    from graphs.preview import preview

    _check(options)
    found = preview(contract, sources, load_settings().context())
    if options.picture is not None and found.plan is not None:
        _draw(found.plan, options.picture)
    if options.as_json:
        print_json(_as_json(found))
    elif options.form == "ipc" and found.plan:
        sys.stdout.write("".join(printable(line) + "\n" for line in found.ipc.splitlines()))
    else:
        sys.stdout.write("\n".join(printable(line) for line in _lines(found)) + "\n")
    return 0 if found.plan else 1


def _check(options: PlanOptions) -> None:
    if options.form not in ("text", "ipc"):
        raise SetupError(f"there is no format {options.form!r}", where="--format", hint="text or ipc")
    if options.as_json and options.form == "ipc":
        raise SetupError("--json and --format ipc exclude each other", where="--format", hint="leave one of them out")
    picture = options.picture
    if picture is not None and picture.suffix != ".svg":
        raise SetupError("a picture is an SVG file", where="--picture", hint=f"{picture.with_suffix('.svg')}")
    if picture is not None and not picture.absolute().parent.is_dir():  # said before planning, not after it
        raise SetupError("cannot be written: there is no such folder", where=str(picture), hint="choose another file")


def _draw(plan: Plan, path: Path) -> None:
    from tools.explain.plan_picture import picture_of_plan
    from tools.pages.render import render_picture

    try:
        path.write_text(render_picture(picture_of_plan(plan)), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SetupError(f"cannot be written: {reason}", where=str(path), hint="choose another file") from error


def _as_json(found: PlanPreview) -> dict[str, object]:
    content: dict[str, object] = found.model_dump(mode="json")
    plan = found.plan
    if plan:
        content["times"] = [times._asdict() for times in step_times(plan.steps)]
        content["schedule"] = [slot._asdict() for slot in list_schedule(plan.steps, _workers(plan))]
        content["critical_path"] = list(critical_path(plan.steps))
        content["step_risks"] = [risk.model_dump() for risk in step_risks(plan.steps)]
    return content


def _workers(plan: Plan) -> int:
    return plan.metadata.workers if plan.metadata else 1


def _lines(found: PlanPreview) -> Iterator[str]:
    yield f"{found.contract}: {found.files} files, {found.variants} header variants, {found.lines} lines"
    yield from (f"  warning: {warning}" for warning in found.warnings)
    if found.analysis:
        yield from _goal(found.analysis)
    if found.plan is None:
        yield from _no_plan(found.no_plan)
        return
    yield from _plan(found.plan)
    if found.lessons:
        yield from _section("lessons of earlier runs that the plan goes by", map(use_line, found.lessons))
    if found.risks:
        yield from _risks(found.risks)
    yield from _section(
        "contingencies", map(contingency_line, found.plan.contingencies), "nothing can be done otherwise"
    )


def _goal(analysis: GoalAnalysis) -> Iterator[str]:
    yield f"goal: {analysis.tables_from_files} tables from files, {analysis.tables_by_sql} by SQL, {analysis.rows} rows"
    yield from (f"  bound by: {text}" for text in analysis.constraints)
    yield from (f"  hard: {one.subject}: {one.why} ({one.kind})" for one in analysis.difficulties)
    yield from (f"  not feasible: {obstacle}" for obstacle in analysis.obstacles)


def _no_plan(no_plan: NoPlan | None) -> Iterator[str]:
    if no_plan is None:
        yield "no plan"
        return
    searched = "every way was tried" if no_plan.exhausted else "the search was cut short"
    yield f"no plan: {no_plan.reason} ({searched})"
    yield from (f"  tried: {line}" for line in no_plan.tried)


def _plan(plan: Plan) -> Iterator[str]:
    yield f"{len(plan.steps)} steps, about {plan.seconds:.2f} s along the critical path, {_estimates(plan)}"
    yield from _section("task network", network_lines(plan))
    title = f"schedule with {_workers(plan)} steps at once (seconds from the start; * on the critical path)"
    yield from _section(title, schedule_lines(plan.steps, _workers(plan)))
    yield from _section("optimisations", map(optimisation_line, plan.optimisations), "none gains anything")


def _estimates(plan: Plan) -> str:
    told = f"{plan.probability:.0%} chance that no step fails at its first try"
    if plan.metadata is None:
        return told
    known = plan.metadata
    return (
        f"{told}, {known.confidence:.0%} to reach the end; {known.tasks} tasks in {known.depth} levels, "
        f"about {known.seconds:.2f} s with {known.workers} steps at once; planned in {known.planning_seconds:.2f} s"
    )


def _risks(risks: RiskAnalysis) -> Iterator[str]:
    if not risks.confident:
        yield f"not likely enough: {risks.confidence:.1%}, where {risks.least_confidence:.1%} is asked for"
    if not risks.in_time:
        yield f"longer than the budget: about {risks.seconds:.2f} s, where {risks.budget_seconds} are allowed"
    riskiest = risks.riskiest[:_RISKS]
    yield from _section(
        f"risks: the {len(riskiest)} steps most likely to stop the plan",
        (
            f"{risk.step_id}: {1 - risk.probability:.1%} chance to fail, importance {risk.importance:.2f}, "
            f"{risk.share:.0%} of the risk; without it {risk.gain:+.1%}"
            for risk in riskiest
        ),
    )
    yield from _section(
        "sensitivity: a step half and twice as likely to fail, half and twice as long",
        (
            f"{swing.step_id}: chance {swing.best_probability:.1%} to {swing.worst_probability:.1%}, "
            f"{swing.least_seconds:.2f} to {swing.most_seconds:.2f} s"
            for swing in risks.swings[:_SWINGS]
        ),
    )


def _section(title: str, lines: Iterator[str], empty: str = "") -> Iterator[str]:
    found = list(lines)
    yield from ("", title)
    yield from (f"  {line}" for line in found or ([empty] if empty else []))
