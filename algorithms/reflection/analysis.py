"""The analysis of one run: plan against reality, failures, decisions, time."""

from collections import Counter
from typing import Final

from state.experience import Contradiction, Experience
from state.reflection import Analysis, SlowStep

_MOST_SLOW: Final = 5
_MOST_CONTRADICTED: Final = 20


def analyse(run: Experience) -> Analysis:
    """Return what stands out about a run."""
    begun = [step for step in run.steps if step.attempts]
    over = sorted(begun, key=lambda step: step.estimate - step.seconds)
    failures = Counter(failure.value for step in begun for failure in step.failures)
    worst = max(run.quarantined, key=run.quarantined.__getitem__, default="")
    return Analysis(
        run_id=run.run_id,
        contract=run.contract,
        met=run.met,
        seconds=run.seconds,
        predicted=run.predicted,
        steps=len(begun),
        failed_attempts=dict(failures),
        replans=len(run.replans),
        recoveries=len(run.recoveries),
        lost_seconds=sum(replan.seconds for replan in run.replans),
        slowest=tuple(
            SlowStep(step_id=step.step_id, seconds=step.seconds, estimate=step.estimate)
            for step in over[:_MOST_SLOW]
            if step.seconds > step.estimate
        ),
        decisions=dict(Counter(decision.decided_by.value for decision in run.decisions)),
        contradicted=tuple(
            f"{decision.kind} of {decision.subject}: {decision.contradicted.value}"
            for decision in run.decisions
            if decision.contradicted is not Contradiction.NONE
        )[:_MOST_CONTRADICTED],
        questions=run.questions,
        most_quarantined=f"{worst} {run.quarantined[worst]:.1%}" if worst and run.quarantined[worst] else "",
    )
