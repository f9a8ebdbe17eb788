"""Strict serialisation of checkpoints: only the types that state declares are revived; nothing is pickled."""

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from state import (
    approval,
    budget,
    diagnosis,
    meta_reasoning,
    planning,
    plans,
    react,
    reasoning,
    recovery,
    reports,
    run,
    sources,
)

_TYPES = (
    approval.AskedRef,
    budget.Spent,
    budget.BudgetLimits,
    diagnosis.AffectedRows,
    diagnosis.Cause,
    diagnosis.Diagnosis,
    diagnosis.Hypothesis,
    diagnosis.Remedy,
    diagnosis.RemedyKind,
    plans.PlanRef,
    plans.NoPlan,
    recovery.RecoveryRef,
    recovery.RecoveryStatus,
    planning.PlanningState,
    planning.GoalAnalysis,
    planning.TableGoal,
    planning.Difficulty,
    planning.RiskAnalysis,
    planning.StepRisk,
    planning.Swing,
    planning.PlanOverview,
    planning.PlanRevision,
    planning.FailedPlan,
    meta_reasoning.Intervention,
    react.CaseRef,
    react.CaseProgress,
    react.Ending,
    react.End,
    react.ReactOutcome,
    reasoning.Thought,
    reasoning.ActionCall,
    reasoning.Proposal,
    reasoning.ReasoningTask,
    reports.Progress,
    reports.StepReport,
    reports.StepStatus,
    reports.FailureKind,
    reports.Replan,
    reports.Strategy,
    reports.Adjustment,
    run.Approve,
    run.RunRequest,
    run.RunStatus,
    run.ContractRef,
    run.CheckSummary,
    run.ReceiptRef,
    run.TableAccount,
    sources.SourcesRef,
)


def strict_serializer() -> JsonPlusSerializer:
    """Return the serialiser every saver of the project uses."""
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=_TYPES)
