"""The plan of a run as an artefact in its folder; state holds a reference to it."""

from functools import lru_cache
from pathlib import Path

from state.errors import DependencyMissing
from state.plans import Plan, PlanRef
from tools.files import write_durably


def write_plan(folder: Path, plan: Plan, phase: str = "") -> PlanRef:
    """Write a plan durably, under its revision and the phase that left it so, and return the reference to it.

    Without a phase it is the plan that is carried out; those of earlier revisions stay beside it.
    """
    path = folder / (f"draft-{plan.revision}-{phase}.json" if phase else f"plan-{plan.revision}.json")
    write_durably(path, plan.model_dump_json().encode())
    return PlanRef(
        path=str(path),
        plan_id=plan.plan_id,
        goal=plan.goal,
        steps=len(plan.steps),
        seconds=plan.seconds,
        probability=plan.probability,
        revision=plan.revision,
        confidence=plan.metadata.confidence if plan.metadata else None,
        contingencies=len(plan.contingencies),
    )


def read_plan(reference: PlanRef) -> Plan:
    """Return the plan that is referred to."""
    return _plan(reference.path, reference.plan_id)


@lru_cache(maxsize=4)
def _plan(path: str, _plan_id: str) -> Plan:
    return Plan.model_validate_json(Path(path).read_bytes())


def last_plan(folder: Path) -> Plan:
    """Return the last plan that is carried out, of a run's folder; DependencyMissing where there is none."""
    paths = sorted(folder.glob("plan-*.json"), key=lambda path: int(path.stem.removeprefix("plan-")))
    if not paths:
        raise DependencyMissing("the run has no plan yet", where=str(folder))
    return Plan.model_validate_json(paths[-1].read_bytes())
