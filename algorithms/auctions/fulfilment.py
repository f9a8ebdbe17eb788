"""How execution contracts ended, from the trace of a run."""

from collections.abc import Iterable, Iterator
from typing import Final

from state.auctions import Award, Ended, Engine, Fulfilment
from state.reports import FailureKind, StepStatus, TraceEntry

MARGIN: Final = 0.05
"""Seconds by which a deadline may be missed: the clock of a busy machine."""

_NOT_ITS_OWN: Final = frozenset(
    {
        FailureKind.ACCESS,
        FailureKind.DEPENDENCY,
        FailureKind.SCHEMA,
        FailureKind.CONTRACT_SQL,
        FailureKind.ACCOUNTING,
        FailureKind.DATA,
    }
)
"""Failures of the task, which another agent would meet as well."""


def fulfilments(run_id: str, trace: Iterable[TraceEntry]) -> tuple[Fulfilment, ...]:
    """Return what became of each contract of a run; a step that waits, or is done again, has fulfilled none."""
    return tuple(each for entry in trace for each in _of(run_id, entry))


def _of(run_id: str, entry: TraceEntry) -> Iterator[Fulfilment]:
    award = entry.award
    if award is None:
        return
    if award.instead_of:
        yield _one(run_id, entry, award, Ended.FAILED).model_copy(
            update={"agent_id": award.instead_of, "engine": Engine.OWN_PROCESS.value}
        )
    if entry.status is StepStatus.DONE:
        late = entry.seconds > award.deadline + MARGIN
        yield _one(run_id, entry, award, Ended.OVERRUN if late else Ended.KEPT)
    elif entry.status is StepStatus.FAILED and entry.failure not in _NOT_ITS_OWN:
        yield _one(run_id, entry, award, Ended.FAILED)


def _one(run_id: str, entry: TraceEntry, award: Award, ended: Ended) -> Fulfilment:
    return Fulfilment(
        run_id=run_id,
        task_id=entry.step_id,
        attempt=entry.attempt,
        skill=award.skill,
        agent_id=award.agent_id,
        engine=award.engine,
        rows=award.rows,
        size=award.size,
        estimate=award.estimate,
        predicted=award.seconds,
        deadline=award.deadline,
        price=award.price,
        seconds=entry.seconds,
        ended=ended,
        mechanism=award.mechanism,
    )
