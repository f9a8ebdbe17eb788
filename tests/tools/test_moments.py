"""Copies of a run's folder, and which run a state belongs to."""

from pathlib import Path

import pytest

from state.errors import RunError
from state.run import RunContext, RunRequest
from tools import moments
from tools.admission import admit
from tools.moments import begin_moment, older_folders, read_course, run_at
from tools.records import read_record


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    return RunContext(home=str(tmp_path / "home"))


@pytest.fixture
def request_(tmp_path: Path, context: RunContext) -> RunRequest:
    (tmp_path / "contract.yaml").write_text("kind: DataContract\n")
    (tmp_path / "in").mkdir()
    request = RunRequest(
        contract=str(tmp_path / "contract.yaml"),
        sources=(str(tmp_path / "in"),),
        out=str(tmp_path / "out"),
        run_id="r1",
    )
    return admit(request, context, "ann").request


def work(folder: Path, moment: int) -> None:
    begin_moment(folder, moment, f"checkpoint {moment}")
    (folder / "work").write_text(f"{moment} was done")


def test_a_state_at_the_end_of_its_run_and_one_that_repeats_after_a_kill_stay_in_it(
    context: RunContext, request_: RunRequest
) -> None:
    folder = context.run_folder("r1")
    for moment in range(3):
        assert run_at(request_, context, moment, f"checkpoint {moment}") == request_
        work(folder, moment)
    assert run_at(request_, context, 2, "checkpoint 2") == request_
    assert run_at(request_, context, 3, "checkpoint 3") == request_
    begin_moment(folder, 2, "checkpoint 2")
    assert len(read_course(folder).checkpoints) == 3


def test_a_state_that_is_behind_gets_a_run_of_its_own_as_it_was_then(context: RunContext, request_: RunRequest) -> None:
    folder = context.run_folder("r1")
    for moment in range(3):
        work(folder, moment)
    fork = run_at(request_, context, 1, "checkpoint 1")
    assert (fork.run_id, fork.out) == ("r1-fork1", f"{request_.out}/_forks/r1-fork1")
    own = context.run_folder(fork.run_id)
    assert read_record(Path(context.home), fork.run_id).owner == "ann"
    assert (own / "work").read_text() == "0 was done"
    assert (folder / "work").read_text() == "2 was done"
    assert not (own / "status.json").exists()
    assert older_folders(context, fork.run_id) == (folder,)
    assert run_at(request_, context, 1, "checkpoint 1") == fork  # it has not begun: it waits, or was killed
    work(own, 1)
    assert run_at(request_, context, 1, "checkpoint 1") == fork
    work(own, 2)
    assert run_at(request_, context, 1, "checkpoint 1").run_id == "r1-fork2"
    assert run_at(request_, context, 1, "another").run_id == "r1-fork3"


def test_a_run_too_large_to_be_copied_says_that_it_cannot_be_forked(
    context: RunContext, request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "MOST_BYTES", 0)
    for moment in range(2):
        work(context.run_folder("r1"), moment)
    with pytest.raises(RunError, match="cannot be forked here"):
        run_at(request_, context, 0, "checkpoint 0")
