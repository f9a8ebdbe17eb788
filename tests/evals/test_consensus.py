"""The consensus suite: the scripts of others where they are, and planted bugs are found."""

import json
from pathlib import Path

import pytest

from algorithms.consensus.raft import Replica
from evals.consensus.interaction import interaction_mismatches
from evals.consensus.raft_bugs import BUGS
from evals.consensus.raft_runs import run_group
from evals.consensus.raft_scenes import SCENES
from evals.consensus.suite import Consensus
from evals.protocol import Task
from evals.runner import run_suite
from state.errors import SetupError

SCRIPT = """log-level debug
----
ok

add-nodes 1 voters=(1) index=3
----
ok

campaign 1
----
ok

stabilize
----
> 1 handling Ready
  Ready MustSync=true:
  Lead:0 State:StateCandidate
  HardState Term:1 Vote:1 Commit:3
> 1 handling Ready
  Lead:1 State:StateLeader
  Entries:
  1/4 EntryNormal ""
> 1 handling Ready
  HardState Term:1 Vote:1 Commit:4
  CommittedEntries:
  1/4 EntryNormal ""
"""

QUICK = ("votes twice", "votes for short logs", "commits with two of many", "keeps conflicting entries",
         "skips the log check", "forgets entries", "leads without a majority", "commits what it was not told of",
         "hears old terms", "forgets its term")  # fmt: skip
FIRST_SEED = {"hears old terms": 170}
"""Where the search begins for what one group in eighty finds, so that it is short."""


@pytest.mark.parametrize("bug", QUICK)
def test_a_planted_bug_is_found_under_drawn_faults(bug: str) -> None:
    first = FIRST_SEED.get(bug, 0)
    assert any(run_group(seed, 300, BUGS[bug]).violation for seed in range(first, first + 80))


def test_scenes_find_what_chance_hardly_finds() -> None:
    assert [play(Replica) for play in SCENES.values()] == ["", ""]
    assert SCENES["figure 8"](BUGS["commits old entries by counting"]) == "leader completeness"
    assert SCENES["a vote after a restart"](BUGS["forgets its vote"]) == "election safety"


def test_a_script_that_expects_something_else_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text(SCRIPT)
    assert interaction_mismatches(path) == []
    path.write_text(SCRIPT.replace("Commit:4", "Commit:5"))
    (mismatch,) = interaction_mismatches(path)
    assert "Commit:5" in mismatch.expected
    assert "Commit:4" in mismatch.found
    assert mismatch.line == SCRIPT.splitlines().index("stabilize") + 1


def test_the_suite_tells_verdicts_that_differ(tmp_path: Path) -> None:
    scripts = tmp_path / "data" / "quorum"
    scripts.mkdir(parents=True)
    (scripts / "own.txt").write_text(
        "vote cfg=(1,2,3) votes=(y,y,_)\n----\nVoteWon\n\nvote cfg=(1) votes=(n)\n----\nVoteWon\n"
    )
    suite = Consensus(events=1)
    (task, *_) = suite.tasks(tmp_path / "data", None)
    suite.solve(task, tmp_path)
    (score,), details = suite.score(task, tmp_path)
    assert (score.value, score.n) == (0.5, 2)
    assert "own.txt:5" in details["told"][0]


def test_safety_is_watched_over_as_many_events_as_told(tmp_path: Path) -> None:
    suite = Consensus(events=2_000)
    suite.solve(Task(task_id="raft safety", inputs={}), tmp_path)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["asked"] == found["right"] > 0
    assert int(found["told"][0].split()[0]) >= 2_000


def test_a_folder_without_scripts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no scripts"):
        run_suite(Consensus(), data=tmp_path, contract=None, out=tmp_path / "out")
