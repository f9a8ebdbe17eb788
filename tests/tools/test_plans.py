"""The last plan of a run's folder is the one that is carried out, whatever drafts lie beside it."""

from pathlib import Path

import pytest

from algorithms.plan_building import build_plan
from state.errors import DependencyMissing
from tools.plans import last_plan, write_plan


def test_the_last_revision_counts_and_drafts_do_not(tmp_path: Path) -> None:
    plan = build_plan("deliver", (), ())
    with pytest.raises(DependencyMissing, match="no plan yet"):
        last_plan(tmp_path)
    write_plan(tmp_path, plan, "optimised")
    with pytest.raises(DependencyMissing, match="no plan yet"):
        last_plan(tmp_path)
    for revision in (9, 10):
        write_plan(tmp_path, plan.model_copy(update={"revision": revision}))
    assert last_plan(tmp_path).revision == 10
