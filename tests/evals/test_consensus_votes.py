"""Votes in the consensus suite: learned weights keep up with known ones, and what is told is what was found."""

from pathlib import Path

import numpy as np
import pytest

from evals.consensus.suite import Consensus
from evals.consensus.vote_accuracy import Condition, accuracies, behind_oracle, measure, simulate
from evals.consensus.vote_part import VOTES
from evals.protocol import Task, TaskResult

CONDITION = Condition(5, 3, abstain=0.2, pairs=1)


def test_simulated_voters_are_as_reliable_as_is_said() -> None:
    vote = simulate(CONDITION, 1, items=40_000)
    voted = vote.votes >= 0
    right = [np.mean(vote.votes[voted[:, v], v] == vote.truth[voted[:, v]]) for v in range(CONDITION.voters)]
    assert right == pytest.approx(vote.reliability.tolist(), abs=0.015)
    assert np.mean(~voted) == pytest.approx(0.2, abs=0.01)
    assert vote.confusion.sum(axis=2) == pytest.approx(np.ones((5, 3)))
    both = voted[:, 0] & voted[:, 1]
    assert np.mean(vote.votes[both, 0] == vote.votes[both, 1]) > 0.8


def test_learned_weights_keep_up_with_the_oracle_and_beat_the_majority() -> None:
    measured = measure(CONDITION, seeds=6)
    lost, low, high = behind_oracle(measured, "one coin")
    assert low <= lost <= high
    assert lost < 0.01
    assert sum(measured["one coin"]) > sum(measured["majority"])


def test_systematic_errors_are_for_the_full_model() -> None:
    found = [accuracies(Condition(5, 4, systematic=True), seed) for seed in range(3)]
    assert sum(each["Dawid-Skene"] for each in found) > sum(each["one coin"] for each in found)
    assert all(each["oracle"] >= each["Dawid-Skene"] - 0.01 for each in found)


@pytest.mark.parametrize("task_id", ["votes f+1: n=4", "votes counted: n=7", "vote bug: checks no signatures"])
def test_a_task_of_votes_is_solved_and_scored(task_id: str, tmp_path: Path) -> None:
    suite = Consensus(events=1)
    assert task_id in {task.task_id for task in suite.tasks(None, None)}
    suite.solve(Task(task_id=task_id, inputs={}), tmp_path)
    (share, *figures), details = suite.score(Task(task_id=task_id, inputs={}), tmp_path)
    assert (share.value, share.n) == (1.0, 1)
    assert details["told"]
    result = TaskResult(task_id=task_id, solved=True, seconds=0.1, scores=(share, *figures))
    summed, *measured = suite.summarise([result])
    assert (summed.value, summed.n) == (1.0, 1)
    assert measured == figures


def test_every_kind_of_task_is_summed_up() -> None:
    alone = {"votes timed"}
    assert all(any(name.startswith(kind) for kind in VOTES.groups) for name in set(VOTES.tasks()) - alone)
