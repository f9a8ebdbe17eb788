"""Reports of steps and rulings on failures, keyed by id in the state."""

from enum import StrEnum

from state.approval import AskedRef
from state.auctions import Award
from state.repair_council import CouncilTask
from state.values import Value


class StepStatus(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"  # a person must answer first, or the repair council look at the table
    OUTDATED = "outdated"  # what it was done on was changed since: it is done again


class FailureKind(StrEnum):
    """What class of failure a step met; decides the strategy."""

    TRANSIENT = "transient"  # may pass by itself
    MEMORY = "memory"  # the engine, or the process with SQL of the contract, needs more than it may use
    TIME = "time"  # SQL of the contract ran over its time
    DISK = "disk"  # no room
    RESOURCE = "resource"  # another bound was reached
    ACCESS = "access"  # something may not be read or written
    DEPENDENCY = "dependency"  # something the step works on is not there any more
    SCHEMA = "schema"  # something the step works on has other columns than expected
    CONTRACT_SQL = "contract_sql"  # SQL of the contract was refused, or is wrong
    ACCOUNTING = "accounting"  # rows do not add up
    DATA = "data"  # anything else about the data


class Strategy(StrEnum):
    """What is done about a failed step."""

    RETRY = "retry"  # the same again, after a wait
    SCALE_DOWN = "scale_down"  # the same with fewer threads
    EXTEND = "extend"  # the same with more time
    CLEAN_UP = "clean_up"  # the same after spill files were removed
    REDO = "redo"  # the steps that made what is missing, then this one
    FALL_BACK = "fall_back"  # a plan that does without the step
    RECOVER = "recover"  # after a verification that is not met: a table is made otherwise
    TAKE_BACK = "take_back"  # a recovery that did not help: what was there before is made again
    STOP = "stop"


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


class TraceEntry(Value):
    """One attempt of one step, and how far the plan was after it."""

    step_id: str
    attempt: int
    status: StepStatus
    failure: FailureKind | None
    error: str
    seconds: float
    started: float  # seconds after the run was recorded
    revision: int  # of the plan
    completed: int  # steps of the plan
    remaining: int
    award: Award | None = None  # the contract under which it was performed; None without auctions


class Progress(Value):
    """How far a plan has been performed; the reports of all steps lie in the run's ledger."""

    done: int  # steps of the plan that are done
    waiting: bool  # a step that prepares a table is left
    last: str = ""  # the step performed last, with what it did
    failed: StepReport | None = None  # the first step that failed and was not ruled on yet
    asked: tuple[AskedRef, ...] = ()  # what a person must answer before the plan goes on, the next one first
    convened: tuple[CouncilTask, ...] = ()  # tables the repair council must look at before their steps go on


class Adjustment(Value):
    """How a step is performed otherwise than the run's context says; None: as it says."""

    threads: int | None = None
    sql_seconds: float | None = None


class Replan(Value):
    """What was decided after a failed step."""

    replan_id: str  # "conform:orders#1"
    step_id: str
    trigger: str  # "memory: it needs more memory than 4GB"
    action: Strategy
    alternatives: tuple[str, ...]  # "retry: the same step would meet the same failure"
    reason: str
    wait_seconds: float = 0.0  # before the next attempt
    adjustment: Adjustment | None = None
    again: tuple[str, ...] = ()  # steps that were taken back with all they did
    revision: int | None = None  # of the new plan, where there is one
    completed: int = 0  # steps done when it was decided
    remaining: tuple[str, ...] = ()  # the first steps that were left, the failed one among them
