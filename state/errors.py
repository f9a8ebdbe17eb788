"""The one tree of errors. Who can act on it decides the class.

MillwrightError
├── SetupError               the operator can act: one line, exit code 2, no traceback
│   ├── ContractError        the contract cannot be used
│   ├── SourceError          a source cannot be read
│   ├── RunError             a run is missing, exists already, or is in use
│   │   └── RunBusy          another process works on it
│   ├── AnswerError          a person's answer is refused; what was asked still stands
│   └── StateVersionError    the saved state was written by another schema version
├── UntrustedSqlError        SQL of a contract or model was refused or stopped
├── StepError                a step of the plan failed; the replanner can act
│   ├── TransientError       the same step may succeed when tried again
│   ├── DependencyMissing    something the step works on is not there any more
│   ├── SchemaMismatch       what the step works on has other columns than were planned for
│   └── ResourceError        something ran out
│       ├── MemoryExhausted
│       ├── DiskFull
│       └── TimeExceeded
├── ModelError               a chat model gave no usable answer; whoever asked goes on without it
│   ├── ModelUnavailable     it did not answer: down, slow, busy, or its body was cut; it may answer later
│   │   └── CircuitOpen      it failed so often that it is left alone for a while
│   ├── ModelRejected        the endpoint refuses the request: key, model name or request are wrong
│   └── ModelAnswerUnusable  it answered, and the answer cannot be used
├── ClaimLost                a worker lost its run to another one, and may do nothing more for it
├── RunDrained               a run was stopped at a checkpoint, as its process was told to; somebody goes on with it
├── AccountingError          the books do not balance; the run must stop before publishing
└── BudgetExhausted          the run's budget is spent; resumable
"""


class MillwrightError(RuntimeError):
    """An error that says where, what and what to do next.

    A RuntimeError, because the server of the graphs tells a client the message of built-in kinds only.

    Attributes:
        what: what went wrong, one sentence.
        where: the file, line, table, column or setting it concerns; empty when there is none.
        hint: the next thing to do; empty when nothing can be advised.

    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(self.line())

    def line(self) -> str:
        """Return the error as one line: where, what, hint."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text} ({self.hint})" if self.hint else text
        return " ".join(text.split())


class SetupError(MillwrightError):
    """Wrong use or setup; the operator can act."""


class ContractError(SetupError):
    """The contract cannot be read or is not valid."""


class SourceError(SetupError):
    """A source is missing, unreadable or not of a kind that can be landed."""


class RunError(SetupError):
    """A run is missing, exists already, or is in use by another process."""


class RunBusy(RunError):  # noqa: N818  the state of a run, not a fault
    """A run is being worked on by another process."""


class AnswerError(SetupError):
    """A person's answer cannot be used, or nothing is asked; the run stays as it is."""


class StateVersionError(SetupError):
    """The saved state was written by another version of the state schema."""


class UntrustedSqlError(MillwrightError):
    """SQL written by a contract or a model was refused, failed, or ran over its limits."""


class StepError(MillwrightError):
    """A step of the plan failed."""


class TransientError(StepError):
    """A step failed in a way that may pass: the same step may succeed when tried again."""


class DependencyMissing(StepError):  # noqa: N818  the state of the world, not a fault
    """A table, file or decision that a step works on is not there any more."""


class SchemaMismatch(StepError):  # noqa: N818  the state of the world, not a fault
    """What a step works on has other columns than the ones it was planned for."""


class ResourceError(StepError):
    """Memory, disk, time, or a bound on a result ran out in a step."""


class MemoryExhausted(ResourceError):  # noqa: N818  the state of a resource, not a fault
    """A step needs more memory than it may use."""


class DiskFull(ResourceError):  # noqa: N818  the state of a resource, not a fault
    """There is no room on the disk, or not as much as a step may use."""


class TimeExceeded(ResourceError):  # noqa: N818  the state of a resource, not a fault
    """A step ran longer than it may."""


class ModelError(MillwrightError):
    """A chat model gave no usable answer."""


class ModelUnavailable(ModelError):  # noqa: N818  the state of the model, not a fault
    """A chat model did not answer, and may do so later.

    Attributes:
        retry_after: seconds that the endpoint asks to wait; None where it does not say.

    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after


class CircuitOpen(ModelUnavailable):
    """A chat model is not asked for a while, as it failed several times in a row."""


class ModelRejected(ModelError):  # noqa: N818  the endpoint's word, not a fault of ours
    """The endpoint of a chat model refuses the request; the same request would be refused again.

    Attributes:
        every: whether any other request would be refused too, e.g. because the key is wrong.

    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", every: bool = False) -> None:
        super().__init__(what, where=where, hint=hint)
        self.every = every


class ModelAnswerUnusable(ModelError):  # noqa: N818  what is wrong with an answer, not a fault of ours
    """A chat model answered, and the answer cannot be used: no JSON, another shape, refused, cut off.

    Attributes:
        answer: what it answered, bounded; empty where it said nothing.

    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", answer: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.answer = answer


class ClaimLost(MillwrightError):  # noqa: N818  the state of a claim, not a fault
    """A worker's claim on a run is over: its lease ended and another worker claimed the run."""


class RunDrained(MillwrightError):  # noqa: N818  the state of a run, not a fault
    """A run was stopped between two supersteps, as its process was told to end; nothing of it is lost."""


class AccountingError(MillwrightError):
    """Rows or lines do not add up; nothing may be published."""


class BudgetExhausted(MillwrightError):  # noqa: N818  the state of a budget, not a fault
    """The run's budget is spent; resuming grants it once more."""
