"""Channels of the supervisor graph and of the subgraphs it composes. State holds references, never data."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.budget import Spent
from state.channels import merge_by_id
from state.critique import Critique
from state.delegation import Assignment, HierarchyRecord
from state.diagnosis import Diagnosis
from state.orders import ConversationRef
from state.planning import FailedPlan, GoalAnalysis, PlanningState, PlanOverview, PlanRevision, RiskAnalysis, moved
from state.plans import NoPlan, PlanRef
from state.recovery import RecoveryRef
from state.reflection import Reflected, ReflectionTask
from state.repair_council import CouncilRef
from state.reports import Progress, Replan, StepReport
from state.run import CheckSummary, ContractRef, ReceiptRef, RunRequest, RunStatus, TableAccount
from state.sources import SourcesRef

_EXAMPLE = {
    "contract": "examples/shop/contract.odcs.yaml",
    "sources": ["out/demo/input"],
    "out": "out/demo/served",
    "approve": "auto",
}
"""Runs as it is from the project's folder after `make demo`."""

GivenRequest = Annotated[
    RunRequest, Field(title="Request", description="What the run is asked to do", examples=[_EXAMPLE])
]


class SupervisorInput(TypedDict):
    """What starts a run."""

    request: GivenRequest
    """Written by the caller; read by every node."""


class ReplannerInput(TypedDict):
    """What a ruling on a failed step starts from."""

    request: GivenRequest
    failed: Annotated[
        StepReport,
        Field(
            title="Failed step",
            description="The report of the step that failed",
            examples=[
                {
                    "step_id": "conform:orders",
                    "status": "failed",
                    "attempt": 1,
                    "seconds": 0.4,
                    "failure": "transient",
                    "error": "the disk did not answer",
                }
            ],
        ),
    ]
    """Written by the caller; validated and put into `progress` by the first node."""


class RunChannels(TypedDict, total=False):
    """Channels every part of a run reads."""

    request: RunRequest
    """Written by the caller and completed by intake."""
    schema_version: int
    """Written by intake; a resumed run of another version is refused."""
    moment: int
    """Written by every node that works in the run's folder: how many did before; read to tell a fork."""
    status: RunStatus
    """Written by whoever ends the run; read by routing and by the caller."""
    problem: str
    """Written with a status that is a failure: one line for people."""
    spent: Annotated[dict[str, Spent], merge_by_id]
    """Written by every part of the run, keyed by its name; read by the budget check."""
    planning: Annotated[PlanningState, moved]
    """Written by intake, planner, executor, replanner and report; read by whoever watches. Only legal moves."""
    revisions: Annotated[dict[str, PlanRevision], merge_by_id]
    """Written by planner and replanner, keyed by run and revision; read by the report."""
    failed_plans: Annotated[dict[str, FailedPlan], merge_by_id]
    """Written by the replanner for each plan that is given up; read by planner and replanner."""


class IntakeOutput(TypedDict, total=False):
    """What intake hands to the supervisor."""

    request: RunRequest
    schema_version: int
    moment: int
    status: RunStatus
    problem: str
    spent: Annotated[dict[str, Spent], merge_by_id]
    planning: Annotated[PlanningState, moved]
    contract: ContractRef
    """Written by intake; read by planner, execution, verification."""
    sources: SourcesRef
    """Written by intake; read by planner and report."""
    warnings: tuple[str, ...]
    """Written by intake: faults of the contract outside its schema, unused files, empty files."""
    hierarchy: Annotated[dict[str, HierarchyRecord], merge_by_id]
    """Written by intake: how the files were shared out, where they were; read by the report."""


class PlannerOutput(TypedDict, total=False):
    """What the planner hands to the supervisor."""

    request: RunRequest
    """Written by a fork, which is another run."""
    moment: int
    contract: ContractRef
    """Written by the planner where a person accepted SQL that was drafted for the contract."""
    warnings: tuple[str, ...]
    """Written by the planner: intake's, and what became of a goal in plain language."""
    plan: PlanRef
    """Written by the planner; read by execution and publishing."""
    no_plan: NoPlan
    """Written by the planner when there is no plan; read by the report."""
    analysis: GoalAnalysis
    """Written by the goal analysis; read by whoever watches."""
    risks: RiskAnalysis
    """Written by the risk analysis and once more with the contingencies; read by whoever watches."""
    overview: PlanOverview
    """Written with the plan: the plan as lines for people."""
    planning: Annotated[PlanningState, moved]
    revisions: Annotated[dict[str, PlanRevision], merge_by_id]
    status: RunStatus
    problem: str
    spent: Annotated[dict[str, Spent], merge_by_id]


class ExecutorOutput(TypedDict, total=False):
    """What execution hands to the supervisor."""

    request: RunRequest
    """Written by a fork, which is another run."""
    moment: int
    progress: Progress
    """Written by every performed step; read by routing and the replanner."""
    messages: Annotated[dict[str, ConversationRef], merge_by_id]
    """By conversation; written by execution; read by the report. The messages themselves lie in the run's ledger."""
    replans: Annotated[dict[str, Replan], merge_by_id]
    """Written by the replanner; read by routing and report."""
    plan: PlanRef
    """Written by the replanner when the rest of the plan was changed."""
    planning: Annotated[PlanningState, moved]
    revisions: Annotated[dict[str, PlanRevision], merge_by_id]
    failed_plans: Annotated[dict[str, FailedPlan], merge_by_id]
    status: RunStatus
    problem: str
    spent: Annotated[dict[str, Spent], merge_by_id]


class SupervisorOutput(TypedDict, total=False):
    """What a run gives back."""

    request: RunRequest
    status: RunStatus
    planning: PlanningState
    problem: str
    accounts: dict[str, TableAccount]
    receipt: ReceiptRef
    checks: CheckSummary


class SupervisorState(RunChannels, total=False):
    """All channels of the supervisor."""

    contract: ContractRef
    sources: SourcesRef
    warnings: tuple[str, ...]
    plan: PlanRef
    no_plan: NoPlan
    analysis: GoalAnalysis
    risks: RiskAnalysis
    overview: PlanOverview
    progress: Progress
    messages: Annotated[dict[str, ConversationRef], merge_by_id]
    replans: Annotated[dict[str, Replan], merge_by_id]
    checks: CheckSummary
    """Written by verification; read by publishing and report."""
    accounts: dict[str, TableAccount]
    """Written by verification; read by publishing and report."""
    receipt: ReceiptRef
    """Written by publishing; read by report and caller."""
    hierarchy: Annotated[dict[str, HierarchyRecord], merge_by_id]
    recovery: RecoveryRef
    """Written by the quality planner: the last recovery; read by routing."""
    diagnoses: Annotated[dict[str, Diagnosis], merge_by_id]
    """By table; written by whoever diagnoses what failed; read by the quality planner and the report."""
    critiques: Annotated[dict[str, Critique], merge_by_id]
    """By table and attempt; written by the quality planner where a contract is met; read by the report."""
    reflecting: ReflectionTask
    """Written by the report; read by reflection."""
    reflected: Reflected
    """Written by reflection; read by the page."""


class IntakeState(RunChannels, total=False):
    """Channels of the intake graph."""

    contract: ContractRef
    sources: SourcesRef
    warnings: tuple[str, ...]
    stale: bool
    """Written by landing: a file is not as it was scanned any more; read by routing."""
    rescans: int
    """Written by landing: how often the sources were scanned again."""
    assignment: Assignment
    """Written by stocktaking and landing: work that is put before a hierarchy; read by routing and by the hierarchy."""
    hierarchy: Annotated[dict[str, HierarchyRecord], merge_by_id]
    """Written by the hierarchy, by key of the assignment; read by stocktaking and landing."""


class PlannerState(RunChannels, total=False):
    """Channels of the planner graph."""

    contract: ContractRef
    sources: SourcesRef
    warnings: tuple[str, ...]
    draft: PlanRef
    """Written by decomposition and optimisation: the plan as the phase left it; read by the next phase."""
    plan: PlanRef
    no_plan: NoPlan
    analysis: GoalAnalysis
    risks: RiskAnalysis
    overview: PlanOverview


class ExecutorState(RunChannels, total=False):
    """Channels of the execution graph."""

    found: Annotated[dict[str, CouncilRef], merge_by_id]
    """By table; written by the repair council; read by whoever watches. Steps read the findings from their files."""

    contract: ContractRef
    sources: SourcesRef
    plan: PlanRef
    progress: Progress
    messages: Annotated[dict[str, ConversationRef], merge_by_id]
    replans: Annotated[dict[str, Replan], merge_by_id]


class RulingState(SupervisorState, total=False):
    """Channels of the replanner served alone."""

    failed: StepReport
    """Written by the caller; read by the first node."""
