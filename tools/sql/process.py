"""A conversation with a process that can be killed: one message in, all it writes out, limits watched meanwhile."""

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_TICK = 0.2  # seconds between two looks at the limits
_PIECE = 1 << 16
_KEPT_ERRORS = 4096


class Ended(NamedTuple):
    """What is left of a process that ended by itself."""

    output: bytes
    errors: bytes  # the end of what it wrote to standard error
    returncode: int


def converse(
    command: Sequence[str],
    message: bytes,
    *,
    folder: Path,
    environment: Mapping[str, str],
    look: Callable[[bytes | bytearray], None],
) -> Ended:
    """Start `command` in `folder`, send `message`, and return what it wrote until it ended.

    Standard input stays open until then. `look` is called with the output so far every now and then and stops the
    process by raising; whatever happens, the process and all it started are gone when this returns or raises.
    """
    process = subprocess.Popen(  # noqa: S603  the caller's own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    with process:
        try:
            _send(process, message)
            output, errors = _listen(process, look)
            process.wait()
        finally:
            _kill_group(process)
    return Ended(output, errors, process.returncode)


def _send(process: subprocess.Popen[bytes], message: bytes) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(message)
        process.stdin.flush()
    except BrokenPipeError:
        return  # it died at once; its return code tells why


def _listen(process: subprocess.Popen[bytes], look: Callable[[bytes | bytearray], None]) -> tuple[bytes, bytes]:
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, heard in ((process.stdout, output), (process.stderr, errors)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, heard)
        while selector.get_map():
            for key, _ in selector.select(_TICK):
                piece = os.read(key.fd, _PIECE)
                key.data.extend(piece)
                if not piece:
                    selector.unregister(key.fileobj)
            del errors[:-_KEPT_ERRORS]
            look(output)
    return bytes(output), bytes(errors)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
