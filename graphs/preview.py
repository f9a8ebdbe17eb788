"""Planning without a run: intake and planner work in a temporary home that is gone afterwards."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from graphs.intake import graph as intake
from graphs.planner import graph as planner
from nodes.learned import uses_of
from nodes.plan import plan_as_found
from state.errors import ContractError
from state.previews import PlanPreview
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import PlannerState
from tools.intake import read_intake
from tools.plans import read_plan

_RUN_ID = "preview"


def preview(contract: str | Path, sources: Sequence[str], context: RunContext | None = None) -> PlanPreview:
    """Return the plan of a run with this contract and these sources; nothing is left behind.

    The files are scanned and landed, as the plan depends on what they hold. Raises SetupError for wrong use or
    unusable input.
    """
    with tempfile.TemporaryDirectory(prefix="millwright-plan-") as folder:
        request = RunRequest(
            contract=str(contract), sources=tuple(sources), out=str(Path(folder) / "out"), run_id=_RUN_ID
        )
        known = context or RunContext()
        own = known.model_copy(update={"home": str(Path(folder) / "home"), "knowing": str(known.knowledge)})
        found = intake.invoke({"request": request}, context=own)
        if found["status"] is not RunStatus.RUNNING:
            raise ContractError(found["problem"], where=str(contract), hint=f"millwright check {contract}")
        described, stock = found["contract"], found["sources"]
        start: PlannerState = {
            "request": found["request"],
            "status": found["status"],
            "contract": described,
            "sources": stock,
        }
        planned = planner.invoke(start, context=own)
        reference = planned.get("plan")
        return PlanPreview(
            contract=f"{described.name} {described.version}",
            files=stock.files,
            lines=stock.lines,
            variants=stock.variants,
            warnings=found.get("warnings", ()),
            plan=read_plan(reference) if reference is not None else None,
            no_plan=planned.get("no_plan"),
            analysis=planned.get("analysis"),
            risks=planned.get("risks"),
            lessons=uses_of(own.run_folder(_RUN_ID)),
            ipc=plan_as_found(found["request"], own) if reference is not None else "",
            source_bytes=sum(file.size for file in read_intake(own.run_folder(_RUN_ID)).inventory.files),
        )
