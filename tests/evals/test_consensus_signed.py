"""PBFT and stake in the consensus suite: planted bugs are found, costs are as stated, figures are told."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from algorithms.consensus.pbft import Replica
from evals.consensus import pbft_scenes, stake_scenes
from evals.consensus.pbft_bugs import BUGS
from evals.consensus.pbft_runs import run_pbft
from evals.consensus.signed_costs import pbft_counts, stake_counts
from evals.consensus.signed_part import SignedPart
from evals.consensus.signed_parts import PBFT, STAKE
from evals.consensus.stake_bugs import STAKE_BUGS
from evals.consensus.stake_runs import ChangingReplica, run_stake
from evals.consensus.suite import Consensus
from evals.protocol import Task

Counts = Callable[[int], tuple[Mapping[str, int], Mapping[str, int]]]
FIRST = range(12)  # seeds in which a quick bug is found


@pytest.mark.parametrize(
    ("bug", "violation"),
    [
        ("votes twice", "one vote for each place"),
        ("hears old views", "certificates of a quorum"),
        ("commits without prepares", "certificates of a quorum"),
        ("reuses sequence numbers", "one vote for each place"),
        ("decides with f + 1", "certificates of a quorum"),
        ("counts repeated votes", "proof of the stable checkpoint"),
        ("does not check digests", "agreement"),
        ("does not check clients", "validity"),
        ("forgets what it accepted", "one vote for each place"),
        ("stays in old views", "no votes in a view that was left"),
    ],
)
def test_a_bug_planted_in_pbft_is_found_under_drawn_faults(bug: str, violation: str) -> None:
    planted = BUGS[bug]
    runs = (run_pbft(seed, 200, planted.make, (4, 4, 7), planted.traitor).violation for seed in FIRST)
    assert next(filter(None, runs)) == violation


@pytest.mark.parametrize(
    ("bug", "violation"),
    [
        ("votes twice", "one vote for each round"),
        ("precommits without prevotes", "precommits follow two thirds"),
        ("decides with a third", "precommits follow two thirds"),
        ("counts heads", "decisions of two thirds"),
        ("changes stakes at once", "stakes change by decisions"),
        ("does not slash", "stakes change by decisions"),
        ("does not verify decisions", "decisions of two thirds"),
        ("does not verify evidence", "only traitors are slashed"),
        ("does not check who asks", "validity"),
        ("decides requests again", "decided once"),
    ],
)
def test_a_bug_planted_in_stake_is_found_under_drawn_faults(bug: str, violation: str) -> None:
    planted = STAKE_BUGS[bug]
    runs = (run_stake(seed, 200, planted.make, (4, 4, 7), planted.traitor).violation for seed in FIRST)
    assert next(filter(None, runs)) == violation


def test_scenes_find_what_chance_hardly_finds() -> None:
    decided = "what is decided is prepared ever after"
    assert [play(Replica) for play in pbft_scenes.SCENES.values()] == ["", ""]
    assert pbft_scenes.two_certificates(BUGS["takes the oldest certificate"].make) == decided
    assert pbft_scenes.restart_after_prepared(BUGS["forgets what was prepared"].make) == decided
    assert [play(ChangingReplica) for play in stake_scenes.STAKE_SCENES.values()] == ["", ""]
    assert stake_scenes.lock_after_restart(STAKE_BUGS["forgets its lock"].make) == "locks"
    assert stake_scenes.older_certificate(STAKE_BUGS["gives up locks for older certificates"].make) == "locks"


@pytest.mark.parametrize("counts", [pbft_counts, stake_counts])
@pytest.mark.parametrize("size", [4, 10])
def test_messages_and_rounds_of_a_decision_are_as_many_as_stated(counts: Counts, size: int) -> None:
    measured, stated = counts(size)
    assert measured == stated


@pytest.mark.parametrize("part", [PBFT, STAKE])
def test_a_slice_of_the_suite_is_right_and_told(part: SignedPart, tmp_path: Path) -> None:
    suite = Consensus(events=3_000)
    suite.solve(Task(task_id=f"{part.name} safety", inputs={}), tmp_path)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["asked"] == found["right"] > 0
    assert int(found["told"][0].split()[0]) >= 3_000
    names = [task.task_id for task in suite.tasks(None, None)]
    assert {f"{part.name} {kind}" for kind in ("safety", "traitors", "liveness", "messages", "rates")} <= set(names)
    assert sum(name.startswith(f"{part.name} bug: ") for name in names) == len(part.bugs) >= 10
