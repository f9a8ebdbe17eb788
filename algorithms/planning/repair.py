"""Repairs a plan whose step failed: the smallest part around it is planned anew, the rest is kept.

The task that the failed step is a part of is decomposed anew in the state as it is now; where that leads nowhere, or
what comes after it cannot be done any more, the task above it, and so on up to the whole problem (IPyHOPPER: Zaidins et
al. 2023; compared with replanning by Zaidins et al. 2025, arXiv 2504.16209). What was done stays done.
"""

from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from algorithms.planning.anytime import Limits
from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import AsDeclared, Choosing
from algorithms.planning.compilation import Machine
from algorithms.planning.conditions import Atom
from algorithms.planning.model import Task
from algorithms.planning.search import Decision, Outcome, Search
from algorithms.planning.solution import Solution
from state.errors import SetupError
from state.plans import NoPlan


class Repair(NamedTuple):
    """What is to be done from here on."""

    steps: tuple[Task, ...]
    kept: int  # steps at the end that are those of the old plan
    replanned: Task  # the task that was decomposed anew
    nodes: int  # methods and actions tried


def repair(
    solution: Solution,
    facts: Collection[Atom],
    failed: int,
    *,
    choosing: Choosing = AsDeclared,
    limits: Limits | None = None,
) -> Repair | NoPlan:
    """Return how to go on from `facts` when the step at place `failed` could not be done, those before it being done.

    NoPlan where no task around the step can be done anew. SetupError where a fact changed that no action changes: plan
    anew then.
    """
    program = solution.program
    machine, bounds, limit = program.machine(), Bounds(program), limits or Limits()
    _bring_about(machine, facts)
    decisions = solution.decisions
    acting = [place for place, decision in enumerate(decisions) if decision.method < 0]
    schemas = program.schemas
    place, nodes, tried = decisions[acting[failed]].parent, 0, []
    started = limit.clock()
    while place >= 0:
        rest = _after(decisions, place, acting[failed])
        chooser = choosing(program, bounds)
        goal = partial(_can_follow, machine, rest)
        search = Search(machine, bounds, decisions[place].task, chooser=chooser, goal=goal)
        left = (limit.nodes or 1 << 60) - nodes
        outcome = search.run(left, lambda: limit.seconds is not None and limit.clock() - started >= limit.seconds)
        nodes += search.nodes
        task = schemas.task(decisions[place].task)
        if outcome is Outcome.FOUND:
            new = [decision.task for decision in search.decisions() if decision.method < 0]
            old = [decision.task for decision in rest if decision.method < 0]
            return Repair(tuple(map(schemas.task, (*new, *old))), len(old), task, nodes)
        search.leave()
        tried.append(f"{task}: {'no way to do it lets the rest follow' if outcome is Outcome.EXHAUSTED else 'cut'}")
        if outcome is Outcome.CUT:
            break
        place = decisions[place].parent
    return NoPlan(goal=program.problem.name, reason=tried[-1], tried=tuple(tried), exhausted=place < 0)


def _bring_about(machine: Machine, facts: Collection[Atom]) -> None:
    """Change the machine's state to the facts."""
    schemas = machine.program.schemas
    wanted: list[set[tuple[int, ...]]] = [set() for _ in schemas.facts]
    for fact in facts:
        row = tuple(schemas.symbols.object(str(term)) for term in fact.args)
        wanted[schemas.symbols.predicate_ids[fact.predicate]].add(row)
    for predicate, rows in enumerate(schemas.facts):
        for row in set(rows) ^ wanted[predicate]:
            if not schemas.fluent[predicate]:
                name = schemas.symbols.predicate_names[predicate]
                raise SetupError(f"a fact about {name} changed, which no action changes", hint="plan anew")
            machine.set(predicate, row, present=row in wanted[predicate])


def _after(decisions: tuple[Decision, ...], place: int, failed: int) -> list[Decision]:
    """Return the decisions after the failed one that are no part of the task decided at a place."""
    inside = {place}
    for number in range(place + 1, len(decisions)):
        if decisions[number].parent in inside:
            inside.add(number)
    return [decision for number, decision in enumerate(decisions) if number > failed and number not in inside]


def _can_follow(machine: Machine, rest: list[Decision]) -> bool:
    """Return whether decisions can be made one after the other from the present state, and the goal holds then."""
    mark = len(machine.trail)
    fine = True
    for decision in rest:
        if decision.method < 0:
            fine = machine.act[decision.task[0]](decision.task) is not None
        else:
            fine = machine.check[decision.method](decision.binding)
        if not fine:
            break
    fine = fine and machine.goal()
    machine.undo(mark)
    return fine
