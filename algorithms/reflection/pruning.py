"""Which experiences are kept when the buffer is full: the newest, and of the others those that teach something."""

from collections.abc import Collection, Sequence
from typing import Final

from state.experience import Contradiction, Experience

NEWEST: Final = 0.5
"""Share of the buffer that the newest runs have, whatever they show."""

SLACK: Final = 0.1
"""Share of the buffer that is freed at once, so that not every run has to prune."""


def to_prune(runs: Sequence[Experience], most: int, evidence: Collection[str]) -> tuple[str, ...]:
    """Return the ids of runs to be dropped so that the buffer holds `most`; none while it is not above that.

    `evidence` are the runs that lessons in force stand on: they go last. ValueError when `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"a buffer of {most} runs")
    if len(runs) <= most:
        return ()
    left = max(int(most * (1 - SLACK)), 1)
    ordered = sorted(runs, key=lambda run: (run.at, run.run_id))
    newest = ordered[len(ordered) - max(int(left * NEWEST), 1) :]
    older = ordered[: len(ordered) - len(newest)]
    older.sort(key=lambda run: (run.run_id in evidence, informative(run), run.at, run.run_id))
    return tuple(run.run_id for run in older[: len(ordered) - left])


def informative(run: Experience) -> int:
    """Return how much a run has to tell: failures, replans, recoveries, contradictions, questions."""
    against = sum(each.contradicted is not Contradiction.NONE for each in run.decisions)
    failures = sum(len(step.failures) for step in run.steps)
    return len(run.replans) + len(run.recoveries) + failures + against + run.questions + (not run.met)
