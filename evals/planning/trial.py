"""One disturbance met in three ways: going on with the old plan, repairing it, planning anew from scratch.

What each comes to is written in the competition's format with all that was done, and judged by the independent check,
which is told what happened. Actions done for a task that is begun again belong to no task.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from algorithms.planning.anytime import Limits, plan
from algorithms.planning.ipc_format import ipc_plan
from algorithms.planning.model import Task
from algorithms.planning.repair import Repair, repair
from algorithms.planning.solution import Solution
from evals.planning.flips import Flip
from evals.planning.generated import Texts
from evals.planning.verifier import verify
from state.plans import NoPlan
from state.values import Value

CONTINUING: Final = "continuing"
REPAIR: Final = "repair"
SCRATCH: Final = "scratch"

_DROPPED: Final = 1_000_000  # numbers of actions that belong to no task begin here


class Outcome(Value):
    """What one way to meet a disturbance came to."""

    solved: bool
    fault: str  # why not: the planner's reason, or the check's
    milliseconds: float  # CPU
    kept: float | None  # share of the steps left that are done after all; None where none was left
    steps: int  # to do from here on
    by: str = ""  # of a repair: what was planned anew


class Trial(Value):
    """One disturbance and what came of it."""

    kind: str
    done: int
    changes: tuple[str, ...]
    outcomes: dict[str, Outcome]


class _Answer(NamedTuple):
    """A plan of which the first steps are done, and the places of steps that were done and belong to nothing."""

    solution: Solution
    done: int
    dropped: tuple[int, ...]
    by: str = ""


def meet(texts: Texts, solution: Solution, flip: Flip, nodes: int, *, turn: int) -> Trial:
    """Meet a disturbance in all three ways; `turn` says which plans first, so that neither is always the one."""
    ways = [(REPAIR, _repair), (SCRATCH, _scratch)]
    outcomes = {CONTINUING: _judged(texts, solution, flip, _Answer(solution, flip.done, ()), 0.0)}
    for name, way in ways if turn % 2 else reversed(ways):
        answer, milliseconds = _timed(way, solution, flip, Limits(nodes=nodes))
        if isinstance(answer, NoPlan):
            outcomes[name] = Outcome(solved=False, fault=answer.reason, milliseconds=milliseconds, kept=0.0, steps=0)
        else:
            outcomes[name] = _judged(texts, solution, flip, answer, milliseconds)
    changes = tuple(f"{'' if present else 'not '}{fact}" for fact, present in flip.changes)
    return Trial(kind=flip.kind.value, done=flip.done, changes=changes, outcomes=outcomes)


Way = Callable[[Solution, Flip, Limits], _Answer | NoPlan]


def _timed(way: Way, solution: Solution, flip: Flip, limits: Limits) -> tuple[_Answer | NoPlan, float]:
    started = time.process_time()
    answer = way(solution, flip, limits)
    return answer, 1_000 * (time.process_time() - started)


def _repair(solution: Solution, flip: Flip, limits: Limits) -> _Answer | NoPlan:
    found = repair(solution, flip.facts, flip.done, limits=limits)
    if isinstance(found, Repair):
        return _Answer(found.solution, found.done, found.dropped, found.stage)
    return found


def _scratch(solution: Solution, flip: Flip, limits: Limits) -> _Answer | NoPlan:
    found = plan(replace(solution.program.problem, facts=tuple(flip.facts)), limits=limits)
    return _Answer(found, 0, tuple(range(flip.done))) if isinstance(found, Solution) else found


def _judged(texts: Texts, old: Solution, flip: Flip, answer: _Answer, milliseconds: float) -> Outcome:
    tasks = old.tasks()
    new = answer.solution.tasks()[answer.done :]
    fault = verify(
        texts.domain,
        texts.problem,
        _written(answer, tasks[: flip.done]),
        events={flip.done: [(_fact(str(fact.predicate), *map(str, fact.args)), on) for fact, on in flip.changes]},
        dropped=[_DROPPED + place for place in answer.dropped],
    )
    return Outcome(
        solved=not fault,
        fault=fault,
        milliseconds=milliseconds,
        kept=_share_kept(tasks[flip.done :], new),
        steps=len(new),
        by=answer.by,
    )


def _fact(*words: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)


def _share_kept(old: Sequence[Task], new: Sequence[Task]) -> float | None:
    """Return the share of the old steps that are among the new ones, each counted as often as it occurs."""
    common = Counter(old) & Counter(new)
    return common.total() / len(old) if old else None


def _written(answer: _Answer, done: Sequence[Task]) -> str:
    """Return the plan as text, with the actions that belong to nothing where they were done."""
    head, *lines = ipc_plan(answer.solution).splitlines()
    kept = iter(lines[: answer.done])
    dropped = set(answer.dropped)
    acted = [
        f"{_DROPPED + place} {task.name} {' '.join(map(str, task.args))}" if place in dropped else next(kept)
        for place, task in enumerate(done)
    ]
    return "\n".join([head, *acted, *lines[answer.done :]])
