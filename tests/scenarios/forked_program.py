"""The product as processes: loads everything once, and is forked for each call, so that no test waits for imports.

An order is one line of JSON. `["start", arguments, environment, output, errors, file_bytes]` begins a call whose
standard output and errors go to these named pipes, with a limit on the size of every file it writes where one is given;
its process id is answered. `["wait", pid]` answers its exit code.
"""

import json
import os
import resource
import sys
from typing import Any

import graphs.session  # noqa: F401  what a run needs is loaded before anything is forked
from app import run_commands  # noqa: F401
from app.cli import main


def become(arguments: list[str], environment: dict[str, str], streams: list[int], file_bytes: int | None) -> None:
    """Make of this fork what a new process would be."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")  # what they are was looked up when they were opened
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    os.environ.update(environment)
    sys.argv = ["millwright", *arguments]
    if file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))


def answer(content: Any) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def serve() -> bool:
    """Answer orders; return in a fork that has become a call."""
    for line in sys.stdin:
        what, *given = json.loads(line)
        if what == "wait":
            answer(os.waitstatus_to_exitcode(os.waitpid(given[0], 0)[1]))
            continue
        arguments, environment, output, errors, file_bytes = given
        streams = [os.open(os.devnull, os.O_RDONLY), *(os.open(pipe, os.O_WRONLY) for pipe in (output, errors))]
        child = os.fork()
        if child == 0:
            become(arguments, environment, streams, file_bytes)
            return True
        for descriptor in streams:
            os.close(descriptor)
        answer(child)
    return False


if __name__ == "__main__" and serve():
    main()
