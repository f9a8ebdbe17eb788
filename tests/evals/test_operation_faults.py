"""The suite of faults of agents: seen in time, met, over, and visible; and its checks fail where they must."""

from pathlib import Path
from unittest.mock import patch

import pytest

from evals.operation_faults.crowd import Ails
from evals.operation_faults.simulation import play, quiet
from state.alerts import DEFAULT_RULES


@pytest.mark.parametrize("ails", list(Ails), ids=lambda each: each.name.lower())
def test_a_fault_is_seen_within_two_checks_visible_and_over(ails: Ails, tmp_path: Path) -> None:
    seen = play(ails, tmp_path, seed=0)
    assert seen.detected is not None
    assert seen.detected <= 2
    assert seen.recovered is not None
    assert seen.on_record
    assert seen.others == 0
    assert seen.shown is not None
    assert seen.shown.everywhere
    assert seen.alert_ended


def test_a_fault_without_a_rule_is_found_to_be_shown_by_no_alert(tmp_path: Path) -> None:
    others = tuple(rule for rule in DEFAULT_RULES if rule.name != "faults")
    with patch("state.alerts.DEFAULT_RULES", others):
        seen = play(Ails.HANGS, tmp_path, seed=0)
    assert seen.shown is not None
    assert seen.shown.report
    assert not seen.shown.alert


def test_nobody_is_taken_out_in_quiet_checks(tmp_path: Path) -> None:
    assert quiet(tmp_path, seed=0, checks=20).taken_out == 0
