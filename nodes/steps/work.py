"""What a step works on and what it gives back."""

from dataclasses import dataclass
from pathlib import Path

from state.approval import AskedRef
from state.contract import Contract, Table
from state.plans import Step
from state.run import RunContext
from tools.intake import Intake


@dataclass(frozen=True, slots=True)
class Work:
    """One step of a plan with all it needs; `folder` is the run's."""

    step: Step
    contract: Contract
    intake: Intake
    folder: Path
    context: RunContext

    @property
    def table(self) -> Table:
        """The contract's table the step is about."""
        return self.contract.table(self.step.table or "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did: rows concerned, and one line for people.

    A step that is not done yet says what a person is `asked`, or that it is done `again` after steps it made outdated.
    """

    rows: int
    detail: str
    asked: AskedRef | None = None
    again: bool = False
