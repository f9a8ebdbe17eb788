"""Self-critique in a run: which tables are criticised, and the record of what was found and done."""

from algorithms.critique import findings, quality_bar
from nodes.events import emit
from nodes.recovering import QualityRun
from state.critique import Critique
from state.recovery import QualityMetrics, RecoveryPlan
from state.run import CheckSummary, RunContext


def criticised(checks: CheckSummary, context: RunContext) -> tuple[str, ...]:
    """Return the tables of a result that meets its contract and stays below its quality bar; none when switched off."""
    return checks.below_bar if context.patterns.self_critique == "on" and checks.met else ()


def critique_of(run: QualityRun, metrics: QualityMetrics, plan: RecoveryPlan) -> Critique:
    """Return the record of a critique: what keeps rows of the table from being published, and what is done about it."""
    tried = sum(recovery.plan.table == metrics.table for recovery in run.recoveries)
    names = {file.file_id: file.name for file in run.intake.inventory.files}
    critique = Critique(
        critique_id=f"{metrics.table}#{tried + 1}",
        table=metrics.table,
        bar=quality_bar(run.contract.table(metrics.table)),
        rows_read=metrics.rows_read,
        rows_quarantined=metrics.rows_quarantined,
        findings=findings(metrics, names),
        recovery=None if plan.stops else len(run.recoveries) + 1,
        answer=f"nothing better was found: {plan.reason}" if plan.stops else plan.reason,
    )
    share = f"{critique.share:.1%} of {critique.rows_read:,} rows in quarantine, the bar is {critique.bar:.1%}"
    detail = f"{critique.table}: {share}; {critique.answer}"
    emit("critique", f"critique:{critique.critique_id}", table=critique.table, detail=detail)
    return critique
