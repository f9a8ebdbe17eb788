import tempfile
from pathlib import Path
from typing import Any

import pytest

from graphs.preview import preview
from graphs.session import run
from state.errors import SetupError
from state.plans import Plan
from state.run import RunContext


def files_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def untimed(plan: Plan) -> Plan:
    assert plan.metadata is not None
    return plan.model_copy(update={"metadata": plan.metadata.model_copy(update={"planning_seconds": 0.0})})


def test_a_preview_is_the_plan_of_the_run_and_leaves_nothing(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own_temporary = job.home.parent / "temporary"
    own_temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own_temporary))
    before = files_below(job.home.parent)
    found = preview(job.contract, [str(job.sources)])
    assert files_below(job.home.parent) == before

    run(job.contract, [str(job.sources)], job.out, run_id="r", context=RunContext(home=str(job.home)))
    planned = Plan.model_validate_json((job.home / "runs" / "r" / "plan-0.json").read_bytes())
    assert found.plan is not None
    assert untimed(found.plan) == untimed(planned)
    assert (found.files, found.variants) == (3, 3)


def test_every_step_is_a_part_of_a_task_of_the_network(job: Any) -> None:
    plan = preview(job.contract, [str(job.sources)]).plan
    assert plan is not None
    tasks = {choice.task for choice in plan.choices}
    assert {step.part_of for step in plan.steps} <= tasks


def test_a_missing_source_is_one_line(job: Any) -> None:
    with pytest.raises(SetupError, match="does not exist"):
        preview(job.contract, [str(job.sources / "nothing.csv")])


def test_a_contract_whose_sql_cannot_be_used_is_one_line(job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("sum(o.amount)", "sum(o.no_such_column)"))
    with pytest.raises(SetupError, match="no_such_column"):
        preview(job.contract, [str(job.sources)])
