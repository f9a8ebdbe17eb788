"""What runs of a home folder left on disk, read as experience."""

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from algorithms.reflection.experience import experience_of
from state.contract import Contract
from state.errors import MillwrightError, RunError
from state.experience import Experience
from state.plans import Plan
from state.run import RunStatus
from tools.intake import read_contract
from tools.records import RunRecord, list_records, read_status

_ENDED: Final = (RunStatus.PUBLISHED, RunStatus.NOT_MET, RunStatus.FAILED, RunStatus.BUDGET_SPENT)


def read_experience(record: RunRecord) -> Experience:
    """Return what a run left; RunError where it has no report, or one that cannot be read."""
    path = Path(record.request.out) / "_runs" / record.run_id / "run.json"
    hint = "reflect on a run that ended and whose report is still there (millwright runs)"
    try:
        return experience_of(json.loads(path.read_bytes()), _earlier_plans(record))
    except OSError as error:
        raise RunError(f"run {record.run_id!r} has no report: {error.strerror}", where=str(path), hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"the report of run {record.run_id!r} cannot be read", where=str(path), hint=hint) from error


def ended_runs(home: Path, known: frozenset[str]) -> tuple[RunRecord, ...]:
    """Return the records of runs that ended and are not known, oldest first."""
    records = (record for record in list_records(home) if record.run_id not in known)
    return tuple(record for record in records if _ended(home, record.run_id))


def contract_of(home: Path, run_id: str) -> Contract | None:
    """Return the contract as a run had it; None where the run's folder has none any more."""
    try:
        return read_contract(home / "runs" / run_id)
    except (MillwrightError, OSError, ValidationError):
        return None


def _ended(home: Path, run_id: str) -> bool:
    state = read_status(home, run_id)
    return state is not None and state.status in _ENDED


def _earlier_plans(record: RunRecord) -> tuple[Plan, ...]:
    """Return the plans of a run but the last, in order: they have steps that the last one lacks."""
    folder = record.context.run_folder(record.run_id)
    paths = sorted(folder.glob("plan-*.json"), key=lambda path: int(path.stem.removeprefix("plan-")))
    return tuple(Plan.model_validate_json(path.read_bytes()) for path in paths[:-1])
