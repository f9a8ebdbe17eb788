"""Decision: what is done about a table that failed its verification."""

from algorithms.quality_recovery import handle_quality_failure
from nodes.decide import Account, DecisionPoint
from state.diagnosis import Diagnosis
from state.recovery import QualityMetrics, RecoveryPlan, RecoveryTask
from state.values import Value


class QualityFailure(Value):
    """What is known about a table that failed its verification, and what is left to spend."""

    task: RecoveryTask
    metrics: QualityMetrics
    diagnosis: Diagnosis | None = None


def plan_recovery(evidence: QualityFailure) -> RecoveryPlan:
    """Return the expert's plan."""
    return handle_quality_failure(evidence.task, evidence.metrics, evidence.diagnosis)


def check(evidence: QualityFailure, answer: RecoveryPlan) -> str | None:
    """Return what is wrong: a plan for another table, one tried before, one of nothing measured, or not allowed."""
    if answer.table != evidence.task.table:
        return "the plan is for another table"
    return None if answer.stops else _forbidden(evidence, answer)


def _forbidden(evidence: QualityFailure, answer: RecoveryPlan) -> str | None:
    task, allowance = evidence.task, evidence.metrics.allowance
    if answer.plan_id in task.tried:
        return "the plan was tried before"
    if answer.confidence < task.least_confidence:
        return f"its confidence {answer.confidence:.2f} is below the bar of {task.least_confidence:.2f}"
    known = {_identity(amendment) for amendment in evidence.metrics.amendments}
    if not {_identity(amendment) for amendment in answer.amendments} <= known:
        return "it amends what was not measured"
    raised = answer.threshold
    if raised is not None and raised.after > max(allowance.max_quarantine, allowance.relaxed_quarantine or 0.0):
        return "it raises a threshold beyond what the contract allows"
    return None


def _identity(amendment: Value) -> str:
    return amendment.model_dump_json(include={"kind", "table", "columns", "files", "parameters", "rows"})


def accounts(evidence: QualityFailure, answer: RecoveryPlan) -> tuple[Account, ...]:
    """Tell the plan, or why there is none."""
    metrics = evidence.metrics
    failing = [f"{rule.rule} ({rule.rows})" for rule in metrics.failed if rule.blocking]
    aside = f"{metrics.rows_quarantined} of {metrics.rows_read} rows in quarantine"
    return (
        Account(
            subject=f"{answer.table}, recovery {evidence.task.attempt}",
            answer="stop" if answer.stops else answer.reason,
            confidence=1.0 if answer.stops else answer.confidence,
            reason="; ".join((answer.reason, *answer.alternatives)) if answer.stops else "; ".join(answer.alternatives),
            evidence=f"{answer.pattern.value}: {', '.join(failing[:10])}; {aside}",
        ),
    )


QUALITY_RECOVERY: DecisionPoint[QualityFailure, RecoveryPlan] = DecisionPoint(
    kind="quality_recovery", version="1", expert=plan_recovery, check=check, accounts=accounts
)
