"""Made-up runs for the tests of reflection."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from state.experience import Experience, MappingExperience, SourceFamily, StepExperience
from state.reports import FailureKind, Strategy
from state.run import RunStatus

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FAMILY = SourceFamily(headers=("aa",), names=("orders_#.csv",))
OTHER = SourceFamily(headers=("zz",), names=("stock.csv",))


def past_run(number: int, **more: Any) -> Experience:
    """Return a published run, `number` hours after the first."""
    given = {
        "run_id": f"r{number:04d}",
        "at": BEGAN + timedelta(hours=number),
        "contract": "shop",
        "version": "1.0.0",
        "sha256": "ab",
        "family": FAMILY,
        "status": RunStatus.PUBLISHED,
        "rows": {"orders": 10},
    }
    return Experience.model_validate({**given, **more})


def past_step(
    action: str = "resolve_by_votes", table: str = "orders", *, ok: bool = True, **more: Any
) -> StepExperience:
    """Return a step that was done at the first try, or failed once before."""
    given: dict[str, Any] = {
        "step_id": f"{action.partition('_')[0]}:{table}",
        "action": action,
        "table": table,
        "predicted": 1.0,
        "seconds": 1.0,
        "attempts": 1 if ok else 2,
        "failures": () if ok else (FailureKind.DATA,),
        "strategies": () if ok else (Strategy.RETRY,),
        "done": True,
    }
    return StepExperience.model_validate({**given, **more})


def mapped(target: str = "order_id", source: str = "Ref No", header: str = "h1") -> MappingExperience:
    """Return a mapping by evidence of one column of orders."""
    return MappingExperience(table="orders", header=header, matches={source: target}, by_evidence=(source,))


def later(runs: Sequence[Experience], **more: Any) -> list[Experience]:
    """Return the runs and one more."""
    return [*runs, past_run(len(runs), **more)]
