"""Samples of the resources that this process uses, taken by a thread while a run is worked on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from state.metrics import Sample

_MOST = 512
"""Samples kept of one session: beyond it every second one is dropped, and they are taken half as often."""


class Sampler:
    """Takes samples at an interval, at least one at the end."""

    def __init__(self, folder: Path, interval: float) -> None:
        self._folder, self._interval = folder, interval
        self._process = psutil.Process()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)
        self._before = self._read()
        self._samples: list[Sample] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take the last sample and end."""
        self._stopped.set()
        self._thread.join()
        self._take()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What was taken so far."""
        return tuple(self._samples)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._take()
            if len(self._samples) >= _MOST:
                self._samples = self._samples[::2]
                self._interval *= 2

    def _take(self) -> None:
        """Take a sample of what was used since the one before."""
        at, cpu, disk, network = now = self._read()
        before, self._before = self._before, now
        passed = max(at - before[0], 1e-3)
        usage = psutil.disk_usage(str(self._folder))
        self._samples.append(
            Sample(
                at=time.time(),
                cpu_share=max(0.0, cpu - before[1]) / passed,
                memory_bytes=float(self._process.memory_info().rss),
                disk_bytes_per_second=max(0.0, disk - before[2]) / passed,
                network_bytes_per_second=max(0.0, network - before[3]) / passed,
                disk_free_share=usage.free / usage.total if usage.total else 0.0,
            )
        )

    def _read(self) -> tuple[float, float, float, float]:
        """Return the clock, seconds of the processor, bytes on disk, and bytes of the machine's network so far."""
        times = self._process.cpu_times()
        return time.monotonic(), times.user + times.system, self._disk_bytes(), _network_bytes()

    def _disk_bytes(self) -> float:
        try:
            counters = self._process.io_counters()
        except (psutil.Error, AttributeError, OSError):  # not on every machine, and not in every container
            return 0.0
        return float(counters.read_bytes + counters.write_bytes)


@contextmanager
def sampling(folder: Path, interval: float) -> Iterator[Sampler]:
    """Sample until the end of the block."""
    sampler = Sampler(folder, interval)
    sampler.start()
    try:
        yield sampler
    finally:
        sampler.stop()


def _network_bytes() -> float:
    try:
        counters = psutil.net_io_counters()
    except (psutil.Error, OSError):
        return 0.0
    return float(counters.bytes_sent + counters.bytes_recv) if counters else 0.0
