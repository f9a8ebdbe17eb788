"""A worker that is killed at a named point of its work; started once for all tests, each life is a fork of it."""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import graphs.worker
import nodes.publish
from graphs.worker import Worker
from tools.database.shared import database_of
from tools.outputs.publish import Hooks


def kill(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_after(act: Callable[..., Any]) -> Callable[..., Any]:
    def acting(*arguments: Any, **options: Any) -> None:
        act(*arguments, **options)
        kill()

    return acting


def kill_at_event(number: int) -> None:
    """Kill in the middle of the run: when its n-th event is told."""
    proceed = graphs.worker.proceed
    heard = []

    def hear(event: Any) -> None:
        heard.append(event)
        if len(heard) == number:
            kill()

    graphs.worker.proceed = partial(proceed, listener=hear)


def kill_at_publishing(point: str) -> None:
    def hook(name: str) -> None:
        if name.startswith(point):
            kill()

    nodes.publish.Hooks = partial(Hooks, checkpoint=hook)  # type: ignore[attr-defined]


PLACES: dict[str, Callable[[], None]] = {
    "between claim and start": lambda: setattr(graphs.worker, "read_record", kill),
    "at its third event": partial(kill_at_event, 3),
    "at its ninth event": partial(kill_at_event, 9),
    "before the journal": partial(kill_at_publishing, "files synced"),
    "behind the journal": partial(kill_at_publishing, "journal written"),
    "amid the renames": partial(kill_at_publishing, "renamed"),
    "between publishing and finish": lambda: setattr(graphs.worker, "finish", kill),
    "behind finish": lambda: setattr(graphs.worker, "finish", killed_after(graphs.worker.finish)),
}


def work(home: str, url: str, place: str) -> None:
    os.environ["MILLWRIGHT_DATABASE_URL"] = url
    PLACES[place]()
    Worker(database_of(Path(home)), "killed", 3_600.0, lambda _: None, poll=0.01).work(once=True)


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            work(*json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
