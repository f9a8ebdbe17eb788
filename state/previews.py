"""A preview: what a run would do, planned from the real files without delivering anything."""

from state.experience import LessonUse
from state.planning import GoalAnalysis, RiskAnalysis
from state.plans import NoPlan, Plan
from state.values import Value


class PlanPreview(Value):
    """The plan for a contract and its sources, or why there is none."""

    contract: str  # name and version
    files: int
    lines: int
    variants: int  # header variants
    warnings: tuple[str, ...]
    plan: Plan | None
    source_bytes: int = 0  # of all files, as they lie on the disk
    no_plan: NoPlan | None = None
    analysis: GoalAnalysis | None = None
    risks: RiskAnalysis | None = None
    lessons: tuple[LessonUse, ...] = ()  # of earlier runs, that the plan goes by
    ipc: str = ""  # the task network in the format of the planning competition; empty where there is no plan
