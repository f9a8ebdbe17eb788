"""Runs that show nothing: every step fails by the same chance, times vary around their estimate."""

import random
from datetime import UTC, datetime, timedelta
from typing import Final

from algorithms.reflection.mining import mine
from algorithms.reflection.observations import observe
from state.experience import Experience, SourceFamily, StepExperience
from state.reports import FailureKind
from state.run import RunStatus

RUNS: Final = 40
_TABLES: Final = ("orders", "customers", "products", "visits")
_ACTIONS: Final = ("map_by_values", "format_counting_all", "conform_at_once", "dedupe", "quarantine")
_AGENTS: Final = ("worker-1", "worker-2", "worker-3")
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)


def noise(seed: int, runs: int = RUNS) -> tuple[Experience, ...]:
    """Return runs without any pattern in them."""
    chance = random.Random(f"noise {seed}")  # noqa: S311  made-up runs
    failing = chance.choice((0.05, 0.1, 0.3))
    return tuple(_run(number, failing, chance) for number in range(runs))


def candidates_and_lessons(seed: int) -> tuple[int, int]:
    """Return how many patterns were tested on noise, and how many of them hold by their own tests."""
    patterns = mine("noise", observe(noise(seed)))
    return len(patterns), sum(pattern.holds for pattern in patterns)


def _run(number: int, failing: float, chance: random.Random) -> Experience:
    return Experience(
        run_id=f"noise-{number:03d}",
        at=_BEGAN + timedelta(hours=number),
        contract="noise",
        version="1.0.0",
        sha256="",
        family=SourceFamily(names=("orders_#.csv",)),
        status=RunStatus.PUBLISHED,
        steps=tuple(_step(table, action, failing, chance) for table in _TABLES for action in _ACTIONS),
    )


def _step(table: str, action: str, failing: float, chance: random.Random) -> StepExperience:
    failed = chance.random() < failing
    return StepExperience(
        step_id=f"{action.partition('_')[0]}:{table}",
        action=action,
        table=table,
        predicted=0.1,
        seconds=0.1 * chance.lognormvariate(0.0, 0.4),
        attempts=1 + failed,
        failures=(FailureKind.TRANSIENT,) if failed else (),
        done=True,
        agent=chance.choice(_AGENTS),
        engine="in_process",
        promised=0.1,
        kept=chance.random() >= failing,
    )
