"""Asking a model for a decomposition, where no method prepares a table without the step that failed."""

from algorithms.delivery_ways import ACTIONS
from nodes.consulting import judge_of
from nodes.decide import decide
from nodes.decisions.decomposition import DECOMPOSITION, UncoveredTask
from nodes.fallback import Failure
from nodes.plan import facts_of
from state.plans import Step, StepKind
from state.run import RunContext, RunRequest
from tools.ledger import record_decisions
from tools.proposals import keep_proposal, read_proposals
from tools.workspace import open_workspace


def propose(failure: Failure, error: str, request: RunRequest, context: RunContext) -> bool:
    """Ask for steps that prepare the table instead; return whether there are some that the planner accepts.

    They are kept, and known to the planner from then on wherever the failed step is given up. A step is asked about
    once: where what was proposed failed too, there is nothing more.
    """
    step = failure.plan.step(failure.step_id)
    if not context.model.configured or not _prepares(step):
        return False
    facts = facts_of(request, context, failure.given_up | {failure.step_id})
    own = [each for each in failure.plan.steps if each.table == step.table and _prepares(each)]
    evidence = UncoveredTask(
        step_id=failure.step_id,
        error=error,
        table=str(step.table),
        actions=tuple(_action(each) for each in own),
        failed=_action(step),
        facts=facts,
        prefer=dict(context.patterns.prefer),
    )
    with open_workspace(context.run_folder(request.run_id)) as connection:
        if read_proposals(connection, [failure.step_id]):
            return False
        answer, decisions = decide(DECOMPOSITION, evidence, judge_of(context, connection))
        record_decisions(connection, decisions, step_id=failure.step_id)
        if answer.proposal is not None:
            keep_proposal(connection, failure.step_id, answer.proposal, failure.given_up)
    return answer.proposal is not None


def _prepares(step: Step) -> bool:
    return step.kind not in (StepKind.QUARANTINE, StepKind.VERIFY, StepKind.PUBLISH)


def _action(step: Step) -> str:
    return next(name for name, (kind, how) in ACTIONS.items() if (kind, how) == (step.kind, step.how))
