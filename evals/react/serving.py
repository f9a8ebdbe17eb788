"""The simulated model in a process of its own, so that a loop under measurement does not share its interpreter.

Started as a module with the latency in seconds; it writes its address and ends when its standard input does.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from evals.model_server import ModelServer
from evals.react.chain import next_act


@contextmanager
def served_apart(latency: float) -> Iterator[str]:
    """Serve the model in another process and yield its address."""
    command = [sys.executable, "-m", "evals.react.serving", str(latency)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  ours
    with process:
        yield process.stdout.readline().strip() if process.stdout else ""
        if process.stdin:
            process.stdin.close()


def main() -> None:
    """Serve until standard input ends."""
    with ModelServer(next_act, latency=float(sys.argv[1]), keep_requests=False) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
