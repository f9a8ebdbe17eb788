"""Reports of steps and rulings on failures, keyed by id in the state."""

from enum import StrEnum

from state.approval import AskedRef
from state.values import Value


class StepStatus(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"  # a person must answer first
    OUTDATED = "outdated"  # what it was done on was changed since: it is done again


class FailureKind(StrEnum):
    """What class of failure a step met; decides the strategy."""

    TRANSIENT = "transient"
    RESOURCE = "resource"
    CONTRACT_SQL = "contract_sql"
    ACCOUNTING = "accounting"
    DATA = "data"


class StepReport(Value):
    """What one step of the plan did."""

    step_id: str
    status: StepStatus
    attempt: int  # from 1
    seconds: float
    rows: int = 0  # rows the step's table has, or rows the step set aside
    detail: str = ""  # one line for people
    failure: FailureKind | None = None
    error: str = ""  # one line


class Progress(Value):
    """How far a plan has been performed; the reports of all steps lie in the run's ledger."""

    done: int  # steps of the plan that are done
    waiting: bool  # a step that prepares a table is left
    last: str = ""  # the step performed last, with what it did
    failed: StepReport | None = None  # the step that failed last and is not done yet
    asked: AskedRef | None = None  # what a person must answer before the plan goes on


class Replan(Value):
    """What was decided after a failed step."""

    replan_id: str  # "conform:orders#1"
    step_id: str
    trigger: str
    action: str  # retry | stop
    alternatives: tuple[str, ...]
    reason: str
