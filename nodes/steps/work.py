"""What a step works on and what it gives back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb

from nodes.conflict import ConflictGraph
from nodes.consulting import Judge, judge_of
from nodes.schema_council import Convened
from state.approval import AskedRef
from state.budget import Spent
from state.contract import Contract, Table
from state.plans import Step
from state.repair_council import CouncilTask
from state.run import RunContext
from tools.intake import Intake


class Composed(NamedTuple):
    """The graphs that a step may put a question to; without one it does without."""

    council: Convened | None = None  # maps columns where names leave something open; None: in this process, alone
    conflict: ConflictGraph | None = None  # settles what is done about bad rows; None: the defaults stand


ALONE = Composed()


@dataclass(frozen=True, slots=True)
class Work:
    """One step of a plan with all it needs; `folder` is the run's."""

    step: Step
    contract: Contract
    intake: Intake
    folder: Path
    context: RunContext
    spent: Spent = field(default_factory=Spent)  # by the run before, but for what models took
    composed: Composed = ALONE

    def judge(self, connection: duckdb.DuckDBPyConnection) -> Judge | None:
        """Return the chat model that is asked in doubt; None where none is configured."""
        return judge_of(self.context, connection, self.spent)

    @property
    def table(self) -> Table:
        """The contract's table the step is about."""
        return self.contract.table(self.step.table or "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did: rows concerned, and one line for people.

    A step that is not done yet says what a person is `asked`, what is put before the council (`convened`), or that it
    is done `again` after steps it made outdated.
    """

    rows: int
    detail: str
    asked: AskedRef | None = None
    convened: CouncilTask | None = None
    again: bool = False
