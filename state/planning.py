"""Planning as it goes on: the state it is in, and what each of its phases found out. All of bounded size."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from state.errors import StepError
from state.values import Value


class PlanningState(StrEnum):
    """Where a run stands with its plan."""

    INITIAL = "initial"  # nothing is planned yet
    PLANNING = "planning"  # a first plan is made
    EXECUTING = "executing"  # steps are performed, verified, published
    REPLANNING = "replanning"  # a step failed: it is decided how to go on
    COMPLETED = "completed"  # every step is done, and all tables are published
    FAILED = "failed"  # the plan is not carried out to its end; `resume` may go on with it


TRANSITIONS: Final[Mapping[PlanningState, frozenset[PlanningState]]] = MappingProxyType(
    {
        PlanningState.INITIAL: frozenset({PlanningState.PLANNING, PlanningState.FAILED}),
        PlanningState.PLANNING: frozenset({PlanningState.EXECUTING, PlanningState.REPLANNING, PlanningState.FAILED}),
        PlanningState.EXECUTING: frozenset({PlanningState.REPLANNING, PlanningState.COMPLETED, PlanningState.FAILED}),
        PlanningState.REPLANNING: frozenset({PlanningState.EXECUTING, PlanningState.FAILED}),
        PlanningState.COMPLETED: frozenset(),
        PlanningState.FAILED: frozenset({PlanningState.PLANNING, PlanningState.EXECUTING, PlanningState.REPLANNING}),
    }
)
"""What may follow each state.

Besides, every state may be written again, and `initial` begins another run. A supervisor sees only where a subgraph
ended: of an execution that ended while it was decided how to go on, the move from `planning` to `replanning`. An
execution that failed while a recovery was tried is replanned: the recovery is taken back.
"""


def moved(before: PlanningState | None, after: PlanningState) -> PlanningState:
    """Return the state after a transition (the reducer of its channel); StepError where it is not allowed."""
    if before in (None, after) or after is PlanningState.INITIAL or after in TRANSITIONS[PlanningState(before)]:
        return after
    raise StepError(f"planning cannot go from {before} to {after}", where="planning")


class TableGoal(Value):
    """What is asked of one table, and what it is made of."""

    table: str
    kind: str  # "from files", "by SQL"
    needs: tuple[str, ...]  # other tables
    rows: int
    files: int
    variants: int  # header variants
    constraints: tuple[str, ...]  # "one row per key", "rows that break a rule are set aside"


class Difficulty(Value):
    """What makes a goal hard."""

    kind: str  # size | drift | cycle | depth | sql | budget
    subject: str  # a table, tables, or the run
    why: str


class GoalAnalysis(Value):
    """What is asked, what it depends on, what bounds it, what makes it hard, and whether it can be done at all."""

    goal: str
    tables: int
    tables_from_files: int
    tables_by_sql: int
    rows: int
    files: int
    depth: int  # tables on the longest chain of needs
    details: tuple[TableGoal, ...]  # of the first tables
    cycles: tuple[tuple[str, ...], ...]  # tables that need each other
    constraints: tuple[str, ...]  # of the whole: budget, approval, memory
    difficulties: tuple[Difficulty, ...]  # the first of each kind
    feasible: bool
    obstacles: tuple[str, ...]  # why it is not feasible


class StepRisk(Value):
    """What one step contributes to the risk of its plan."""

    step_id: str
    probability: float  # estimated chance to succeed at the first try
    importance: float  # Birnbaum: change of the plan's probability per change of the step's
    gain: float  # the plan's probability with a step that cannot fail, less that with the step as it is
    share: float  # of the plan's risk, measured as -log p: the shares of all steps add up to 1


class Swing(Value):
    """How far the plan's figures move when one step turns out better or worse than estimated."""

    step_id: str
    best_probability: float  # of the plan, when the step is half as likely to fail
    worst_probability: float  # when it is twice as likely to fail
    least_seconds: float  # of the plan, when the step takes half its time
    most_seconds: float  # when it takes twice its time


class RiskAnalysis(Value):
    """What may go wrong with a plan."""

    probability: float  # no step fails at its first try
    confidence: float  # the plan reaches its end, by its contingencies where steps fail
    least_confidence: float  # what the operator asks for
    seconds: float  # by the schedule
    budget_seconds: float | None  # that the run may take; None: unbounded
    riskiest: tuple[StepRisk, ...]
    swings: tuple[Swing, ...]  # the widest first

    @property
    def confident(self) -> bool:
        """Whether the plan clears the bar."""
        return self.confidence >= self.least_confidence

    @property
    def in_time(self) -> bool:
        """Whether the plan is expected to end within the budget."""
        return self.budget_seconds is None or self.seconds <= self.budget_seconds


class PlanOverview(Value):
    """A plan as lines for people, for whoever looks at the state of a graph."""

    network: tuple[str, ...]
    schedule: tuple[str, ...]
    optimisations: tuple[str, ...]
    contingencies: tuple[str, ...]


class PlanRevision(Value):
    """One plan of a run: what made it necessary, and what it does otherwise than the plan before it."""

    run_id: str
    revision: int  # 0: the first plan
    plan_id: str
    path: str
    trigger: str  # "first plan", or the failure
    steps: int
    added: tuple[str, ...] = ()  # the first step ids of each
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()  # done otherwise, or after others
    kept: int = 0
    confidence: float
    seconds: float


class FailedPlan(Value):
    """A plan that was given up in a run; it is not taken again there."""

    run_id: str
    plan_id: str
    why: str
