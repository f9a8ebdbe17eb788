"""Moments of a run: its folder as it was before each node, so that an earlier checkpoint can become a run of its own.

What a run did lies in its workspace, not in its checkpoints. A run that is gone on with from an earlier checkpoint
would find there what it did afterwards, and do nothing again. So the state counts moments, the folder keeps a copy of
each, and a state that is behind its run's course gets a run of its own, made from the copy of its moment.

    <run>/moments/course.json     the course: the checkpoint that each moment began from; forks that were made of it
    <run>/moments/<n>/            the run's folder before moment n
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from state.errors import RunError
from state.run import RunContext, RunRequest
from state.values import Value
from tools.files import write_durably
from tools.outputs.destination import claim_run
from tools.outputs.event_log import prepare_destination
from tools.records import RunRecord, read_record
from tools.workspace import release_workspace

FOLDER = "moments"
FORKS = "_forks"
"""Folder within a destination in which forks publish: what the run they are made of published stays as it is."""

MOST_BYTES = 256 * 2**20
"""Of a run's folder; of a larger one no copies are kept, and it cannot be forked."""

_OWN = (FOLDER, "record.json", "lock", "status.json", "spill")
"""What of a folder is of the run itself, and in no copy."""


class Fork(Value):
    """A run that was made of a moment of this one."""

    run_id: str
    moment: int
    checkpoint: str


class Course(Value):
    """How far a run went."""

    checkpoints: tuple[str, ...] = ()  # that each moment began from
    forks: tuple[Fork, ...] = ()
    fork_of: str = ""  # the run it was made of

    def is_at(self, moment: int, checkpoint: str) -> bool:
        """Return whether a state is where the run is: at its end, or about to repeat its last moment."""
        last = len(self.checkpoints) - 1
        return moment > last or (moment == last and self.checkpoints[last] == checkpoint)


def run_at(request: RunRequest, context: RunContext, moment: int, checkpoint: str) -> RunRequest:
    """Return the request of the run that a state belongs to: its own, a fork that was made for it, or a new one."""
    course = read_course(context.run_folder(request.run_id))
    if course.is_at(moment, checkpoint):
        return request
    for fork in course.forks:
        folder = context.run_folder(fork.run_id)
        if (fork.moment, fork.checkpoint) == (moment, checkpoint) and read_course(folder).is_at(moment, checkpoint):
            return read_record(Path(context.home).absolute(), fork.run_id).request
    return _forked(request, context, course, moment, checkpoint)


def begin_moment(folder: Path, moment: int, checkpoint: str) -> None:
    """Keep the folder as it is now, and note that a moment begins; repeated after a kill it changes nothing."""
    course = read_course(folder)
    if moment < len(course.checkpoints):
        return
    copy = folder / FOLDER / str(len(course.checkpoints))
    shutil.rmtree(copy, ignore_errors=True)
    if _size(folder) <= MOST_BYTES:
        release_workspace(folder)
        shutil.copytree(folder, copy, ignore=_left_out(folder))
    _write_course(folder, course.model_copy(update={"checkpoints": (*course.checkpoints, checkpoint)}))


def read_course(folder: Path) -> Course:
    """Return how far a run went; nothing is known of one that no moments were kept of."""
    path = folder / FOLDER / "course.json"
    return Course.model_validate_json(path.read_bytes()) if path.is_file() else Course()


def older_folders(context: RunContext, run_id: str) -> tuple[Path, ...]:
    """Return the folders of the runs that a fork was made of, the nearest first: its state names files in them."""
    found: list[Path] = []
    while (run_id := read_course(context.run_folder(run_id)).fork_of) and len(found) < len(run_id):
        found.append(context.run_folder(run_id))
    return tuple(found)


def _forked(request: RunRequest, context: RunContext, course: Course, moment: int, checkpoint: str) -> RunRequest:
    """Make a run of the copy of a moment: another id, another destination, the same contract and sources."""
    folder = context.run_folder(request.run_id)
    copy = folder / FOLDER / str(moment)
    if not copy.is_dir():
        what = f"run {request.run_id!r} cannot be forked here: no copy of its workspace was kept"
        raise RunError(what, where=str(folder), hint="start a new run")
    forked = _request(request, len(course.forks) + 1)
    own = context.run_folder(forked.run_id)
    own.mkdir(parents=True)  # of two forks at once one gets the name; the other fails and can be tried again
    shutil.copytree(copy, own, dirs_exist_ok=True)
    known = Course(checkpoints=course.checkpoints[:moment], fork_of=request.run_id)
    _write_course(own, known)
    prepare_destination(Path(forked.out))
    home = str(Path(context.home).absolute())
    claim_run(Path(forked.out), forked.run_id, home)
    kept = context.model_copy(update={"home": home})
    owner = read_record(Path(home), request.run_id).owner
    record = RunRecord(run_id=forked.run_id, created_at=datetime.now(UTC), request=forked, context=kept, owner=owner)
    write_durably(own / "record.json", record.model_dump_json(indent=2).encode())
    fork = Fork(run_id=forked.run_id, moment=moment, checkpoint=checkpoint)
    _write_course(folder, course.model_copy(update={"forks": (*course.forks, fork)}))
    return forked


def _request(request: RunRequest, number: int) -> RunRequest:
    run_id = f"{request.run_id}-fork{number}"
    out = Path(request.out)
    out = out.parent if out.parent.name == FORKS else out / FORKS  # a fork of a fork publishes beside it
    return request.model_copy(update={"run_id": run_id, "out": str(out / run_id)})


def _left_out(folder: Path) -> Callable[[str, list[str]], set[str]]:
    def own(at: str, names: list[str]) -> set[str]:
        return set(_OWN) & set(names) if Path(at) == folder else set()

    return own


def _size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and FOLDER not in path.relative_to(folder).parts)
    return sum(path.stat().st_size for path in files)


def _write_course(folder: Path, course: Course) -> None:
    write_durably(folder / FOLDER / "course.json", course.model_dump_json().encode())
