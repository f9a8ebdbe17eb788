"""Processes of agents, and what they use."""

import os


def children() -> tuple[int, ...]:
    """Return the ids of the processes that this one has started and that still run."""
    import psutil  # noqa: PLC0415  only where there is something to measure

    return tuple(each.pid for each in psutil.Process(os.getpid()).children())
