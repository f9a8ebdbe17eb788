"""The experience of a run, from what its `run.json` says: plan against reality, failures, judgements, time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from algorithms.auctions.fulfilment import fulfilments
from algorithms.known_answers import ANSWERED
from algorithms.reflection.families import family_of
from algorithms.reflection.judgements import decisions_of, formats_of, mappings_of, recoveries_of
from state.auctions import Ended, Fulfilment
from state.experience import AnswerExperience, Experience, LessonUse, ReplanExperience, StepExperience
from state.lessons import LessonKind
from state.plans import Plan, Step
from state.reports import FailureKind, Replan, StepReport, StepStatus, Strategy, TraceEntry
from state.run import RunStatus

Json = Mapping[str, Any]

_UNKNOWN_TIME: Final = datetime.min.replace(tzinfo=UTC)


def experience_of(run: Json, earlier: Sequence[Plan] = ()) -> Experience:
    """Return what a run leaves. `earlier` are its plans before the last one, which had steps that it lacks.

    `run` is the content of `run.json`, of this version or an older one. KeyError or ValueError (pydantic's
    ValidationError is one) where it is no such content.
    """
    plans = [*earlier, *([Plan.model_validate(run["plan"])] if run["plan"] else [])]
    steps = {step.step_id: step for plan in plans for step in plan.steps}
    used = tuple(LessonUse.model_validate(use) for use in run.get("lessons", {}).get("used", ()))
    contract, sources = run["contract"], run["sources"]
    variants = {variant_id: variant.get("fingerprint", "") for variant_id, variant in sources["variants"].items()}
    recoveries = recoveries_of(run)
    return Experience(
        run_id=run["run_id"],
        at=datetime.fromisoformat(run["created_at"]) if run.get("created_at") else _UNKNOWN_TIME,
        contract=contract.get("id", contract["name"]),
        version=contract["version"],
        sha256=contract["sha256"],
        family=family_of(filter(None, variants.values()), sources["file_names"]),
        status=RunStatus(run["status"]),
        seconds=run["seconds"],
        spent_steps=run["steps"],
        plan_id=plans[-1].plan_id if plans else "",
        predicted=plans[0].seconds if plans else 0.0,
        probability=plans[0].probability if plans else 0.0,
        steps=tuple(_steps(run, steps, used)),
        decisions=tuple(decisions_of(run)),
        mappings=tuple(mappings_of(run, variants)),
        formats=tuple(formats_of(run)),
        recoveries=recoveries,
        replans=tuple(_replans(run, steps, kept=any(each.kept for each in recoveries))),
        questions=sum(not approval["note"].startswith(ANSWERED) for approval in run["approvals"]),
        answers=tuple(AnswerExperience.model_validate(answer) for answer in run.get("answers", ())),
        rows={name: table["rows_read"] for name, table in run["tables"].items()},
        quarantined={
            name: table["rows_quarantined"] / table["rows_read"] if table["rows_read"] else 0.0
            for name, table in run["tables"].items()
        },
        used=used,
    )


def action_of(step: Step) -> str:
    """Return kind and way of a step in one word, as the planner's estimates name it."""
    return f"{step.kind.value}_{step.how}" if step.how else step.kind.value


def _steps(run: Json, steps: Mapping[str, Step], used: Sequence[LessonUse]) -> Iterator[StepExperience]:
    trace = [TraceEntry.model_validate(entry) for entry in run["trace"]]
    reports = {each["step_id"]: StepReport.model_validate(each) for each in run["step_reports"]}
    contracts = {each.task_id: each for each in fulfilments(run["run_id"], trace)}
    strategies = [(each["step_id"], Strategy(each["action"])) for each in run["replanning"]]
    factors = {step: use.factor for use in used if use.kind == LessonKind.TASK_DURATION for step in use.steps}
    for step_id, step in steps.items():
        attempts = [entry for entry in trace if entry.step_id == step_id and entry.status in _ENDED]
        report = reports.get(step_id)
        yield StepExperience(
            step_id=step_id,
            action=action_of(step),
            table=step.table or "",
            predicted=step.seconds,
            factor=factors.get(step_id, 1.0),
            seconds=sum(entry.seconds for entry in attempts),
            attempts=len(attempts),
            failures=tuple(entry.failure for entry in attempts if entry.failure is not None),
            strategies=tuple(strategy for of, strategy in strategies if of == step_id),
            done=report is not None and report.status is StepStatus.DONE,
            rows=report.rows if report else 0,
            **_contract(contracts.get(step_id)),
        )


_ENDED: Final = (StepStatus.DONE, StepStatus.FAILED)


def _contract(held: Fulfilment | None) -> dict[str, Any]:
    if held is None:
        return {}
    kept = held.ended is Ended.KEPT
    return {"agent": held.agent_id, "engine": held.engine, "promised": held.predicted, "kept": kept}


def _replans(run: Json, steps: Mapping[str, Step], *, kept: bool) -> Iterator[ReplanExperience]:
    """Yield how failures were met. A recovery succeeded where one was `kept`, a way around where the run got there."""
    done = {each["step_id"] for each in run["step_reports"] if each["status"] == StepStatus.DONE}
    lost = {(entry["step_id"], entry["attempt"]): entry["seconds"] for entry in run["trace"]}
    met = run["status"] == RunStatus.PUBLISHED
    for content in run["replanning"]:
        replan = Replan.model_validate(content)
        step = steps.get(replan.step_id)
        succeeded = {Strategy.FALL_BACK: met, Strategy.RECOVER: kept, Strategy.STOP: False, Strategy.TAKE_BACK: False}
        adjustment, attempt = replan.adjustment, replan.replan_id.rpartition("#")[2]
        yield ReplanExperience(
            step_id=replan.step_id,
            action=action_of(step) if step else replan.step_id.partition(":")[0],
            table=step.table or "" if step else replan.step_id.partition(":")[2],
            failure=_failure(replan.trigger),
            strategy=replan.action,
            threads=adjustment.threads if adjustment else None,
            sql_seconds=adjustment.sql_seconds if adjustment else None,
            succeeded=succeeded.get(replan.action, replan.step_id in done),
            seconds=lost.get((replan.step_id, int(attempt)), 0.0) if attempt.isdigit() else 0.0,
        )


def _failure(trigger: str) -> FailureKind | None:
    said = trigger.partition(":")[0]
    return FailureKind(said) if said in list(FailureKind) else None
