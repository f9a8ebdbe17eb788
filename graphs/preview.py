"""Planning without a run: intake and planner work in a temporary home that is gone afterwards."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from langchain_core.runnables import RunnableConfig

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
from tools.tracing.delivery import Delivery, delivered

_RUN_ID = "preview"


def preview(contract: str | Path, sources: Sequence[str], context: RunContext | None = None) -> PlanPreview:
    """Return the plan of a run with this contract and these sources; nothing is left behind.

    The files are scanned and landed, as the plan depends on what they hold. Raises SetupError for wrong use or
    unusable input.
    """
    undelivered: list[str] = []
    with tempfile.TemporaryDirectory(prefix="millwright-plan-") as folder:
        request = RunRequest(
            contract=str(contract), sources=tuple(sources), out=str(Path(folder) / "out"), run_id=_RUN_ID
        )
        known = context or RunContext()
        own = known.model_copy(update={"home": str(Path(folder) / "home"), "knowing": str(known.knowledge)})
        with delivered(own.trace, undelivered.append) as trace:
            told = _planned(request, own, trace)
    return told.model_copy(update={"warnings": (*told.warnings, *undelivered)})


def _planned(request: RunRequest, context: RunContext, trace: Delivery) -> PlanPreview:
    config: RunnableConfig = {"run_name": f"plan {Path(request.contract).name}"}
    found = intake.invoke({"request": request}, trace.listening(config), context=context)
    if found["status"] is not RunStatus.RUNNING:
        hint = f"millwright check {request.contract}"
        raise ContractError(found["problem"], where=request.contract, hint=hint)
    described, stock = found["contract"], found["sources"]
    start: PlannerState = {
        "request": found["request"],
        "status": found["status"],
        "contract": described,
        "sources": stock,
    }
    planned = planner.invoke(start, trace.listening(config), context=context)
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
        lessons=uses_of(context.run_folder(_RUN_ID)),
        ipc=plan_as_found(found["request"], context) if reference is not None else "",
        source_bytes=sum(file.size for file in read_intake(context.run_folder(_RUN_ID)).inventory.files),
    )
