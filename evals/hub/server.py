"""A Redis of one's own for a while, on a free port of the loopback; it keeps nothing."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from state.errors import SetupError
from tools.hub.redis_streams import connect

_PATIENCE = 10.0  # seconds until it answers
_TRIES = 5  # somebody else may take the port that was free


@contextmanager
def redis_server() -> Iterator[str]:
    """Start a Redis and yield its URL; SetupError where none is installed, or it does not start."""
    program = shutil.which("redis-server")
    if program is None:
        raise SetupError("redis-server is not installed", where="redis", hint="apt-get install redis-server")
    with TemporaryDirectory(prefix="redis-") as folder:
        process, url = _started(program, Path(folder))
        try:
            yield url
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _started(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(_TRIES):
        port = _free_port()
        quiet = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen([program, "--port", str(port), *quiet], stdout=log, stderr=log)  # noqa: S603
        url = f"redis://127.0.0.1:{port}/0"
        if _answers(process, url):
            return process, url
        process.kill()
        process.wait()
    told = (folder / "log").read_text(encoding="utf-8", errors="replace")[-500:]
    raise SetupError(f"redis-server does not start: {told}", where="redis")


def _answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    until = time.monotonic() + _PATIENCE
    with connect(url) as client:
        while process.poll() is None and time.monotonic() < until:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                time.sleep(0.02)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
