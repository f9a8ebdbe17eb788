"""A PostgreSQL of one's own for a while, on a free port of the loopback; it can be stopped, killed and started."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from state.errors import SetupError

PASSWORD: Final = "known-to-all"  # noqa: S105  of a server that lives as long as a test

_PATIENCE = 30.0  # seconds until it answers
_SETTINGS = {
    "fsync": "off",  # the machine does not crash, only the server does
    "max_connections": "60",
    "shared_buffers": "64MB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "warning",
}


@dataclass(slots=True)
class PostgresServer:
    """A server with its data in a folder; `url` has user and password in it."""

    programs: Path
    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://millwright:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers; SetupError with the end of its log when it does not."""
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), *options]
        with (self.folder / "log").open("ab") as log:
            self.process = _begun([*map(str, command)], log)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            if self.answers():
                return
            time.sleep(0.02)
        told = (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-500:]
        raise SetupError(f"PostgreSQL does not start: {told}", where="postgresql")

    def answers(self) -> bool:
        """Whether it takes connections now."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT breaks connections off and shuts down, SIGQUIT leaves recovery for the next start."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(_PATIENCE)
            self.process = None

    def restart(self, *, away: float = 0.0) -> None:
        """Break it off, stay away for some seconds, and start it again."""
        self.stop(signal.SIGQUIT)
        time.sleep(away)
        self.start()

    def database(self, name: str) -> str:
        """Make a database of a name and return its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'create database "{name}"'.encode())
        return self.url.rpartition("/")[0] + f"/{name}"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a PostgreSQL and yield it; SetupError where none is installed, or it does not start."""
    programs = installed()
    with TemporaryDirectory(prefix="postgres-") as name:
        folder = Path(name)
        if (user := _user()) is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _make(programs, folder)
        server = PostgresServer(programs, folder, _free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)


def installed() -> Path:
    """Return the folder of the server's programs; SetupError where there are none."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(4))
    if found is None and not folders:
        raise SetupError("PostgreSQL is not installed", where="postgresql", hint="apt-get install postgresql")
    return Path(found or folders[-1]).resolve().parent


def _make(programs: Path, folder: Path) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    command = [programs / "initdb", "-D", folder / "data", "-U", "millwright", "--auth=password", f"--pwfile={secret}"]
    with (folder / "log").open("ab") as log:
        made = _begun([*map(str, command), "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"], log)
    if made.wait(_PATIENCE) != 0:
        told = (folder / "log").read_text(encoding="utf-8", errors="replace")[-500:]
        raise SetupError(f"PostgreSQL cannot be set up: {told}", where="postgresql")


def _begun(command: Sequence[str], log: object) -> "subprocess.Popen[bytes]":
    """Start a program of PostgreSQL, which refuses to run as root: then as another user."""
    user = _user()
    if user is None:
        return subprocess.Popen(command, stdout=log, stderr=log)  # type: ignore[call-overload,no-any-return]  # noqa: S603
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603
        command, stdout=log, stderr=log, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/"
    )


def _user() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SetupError("PostgreSQL does not run as root, and there is no other user", where="postgresql")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
