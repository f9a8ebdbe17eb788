"""Awards of a run under way: which steps go to whom, which are performed beside the others, and how it went.

With the switch `off` nothing is awarded: the most urgent step goes to whoever is free, SQL of the contract alone.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from algorithms.auctions.fulfilment import fulfilments
from nodes.allotment import Allotment, Around, shared
from nodes.auction import Auction, hold
from nodes.crew import agent_at, place_of
from state.auctions import Award, Engine
from state.plans import Plan, Step
from state.reports import TraceEntry
from state.run import RunContext
from tools.agents.roster import current

__all__ = ["Auction", "Awarding", "Now"]

OFF = "off"

LEAST_SECONDS = 1.0
"""Seconds, by the plan, below which no engine is asked: measured, copies and a process cost more than they save."""

Groups = Sequence[Sequence[Step]]
"""Steps, each with those that are performed together with it."""


class Now(NamedTuple):
    """How far a run is."""

    done: Collection[str]
    running: Collection[str]
    seconds: float  # of work, so far


class Awarding:
    """Keeps the award of every step that runs, and the place where it does."""

    def __init__(self, context: RunContext, folder: Path, plan: Plan, alone: Collection[str], auction: Auction) -> None:
        self._context, self._plan, self._alone = context, plan, alone
        self._most = min(context.parallel_steps, context.threads)
        self._awards: dict[str, Award] = {}  # by step
        self._places: dict[str, int] = {}  # of running steps, by the first of those performed together
        self._beside: set[str] = set()  # steps that are, or would be, performed beside the others
        self._failed: dict[str, str] = {}  # steps that a process of its own could not do -> that agent
        self._asked: dict[str, tuple[int, ...]] = {}  # when an engine was asked for last, by step
        self._hung: set[int] = set()  # places whose worker hung in this run
        self._allotment: Allotment | None = None
        if context.patterns.auction != OFF:
            self._allotment = Allotment(context, folder, partial(hold, auction, context=context))
        self._seconds = {step.step_id: self._predicted(step) for step in plan.steps}
        self._behind = _behind(plan)

    def foreseen(self) -> tuple[Step, ...]:
        """Return the plan's steps with the seconds that measured history makes of their estimates."""
        if self._allotment is None:
            return self._plan.steps
        return tuple(step.model_copy(update={"seconds": self._seconds[step.step_id]}) for step in self._plan.steps)

    def beside(self, groups: Groups, now: Now) -> set[str]:
        """Return the steps that are performed beside others though they run SQL of the contract.

        Those that are ready are put to auction between engines, anew where what waits has become much more or less.
        """
        free = self._free()
        if self._allotment is None or not free:
            return self._beside
        for steps in groups:
            first = steps[0].step_id
            if first in self._failed or first not in self._alone or not self._is_worth_asking(steps):
                continue
            around = self._around(steps, now)
            asked = (len(free), _magnitude(around.waiting), len(steps))
            if self._asked.get(first) != asked:
                self._asked[first] = asked
                award = self._allotment.engine_for(steps, around)
                self._keep(steps, award)
        return self._beside

    def award(self, groups: Groups, now: Now) -> None:
        """Award steps that begin now; those that an engine was found for keep it."""
        if self._allotment is None:
            return
        open_groups = []
        for steps in groups:
            if steps[0].step_id in self._awards:
                self._take(steps, self._next())
            else:
                open_groups.append(steps)
        free = self._free()
        if not open_groups or not free:
            return
        around = self._around(open_groups[0], now)
        for steps, found in zip(open_groups, self._allotment.workers_for(open_groups, around), strict=True):
            self._keep(steps, found)
            place = place_of(found.agent_id)
            self._take(steps, place if place in self._free() else self._next())

    def begin(self, steps: Sequence[Step]) -> str:
        """Return the agent that performs steps which begin now, together; its place is taken until they are told."""
        first = steps[0]
        if first.step_id not in self._places:
            self._take(steps, self._next())
        return agent_at(self._places[first.step_id], Engine.OWN_PROCESS if self.is_beside(first) else Engine.IN_PROCESS)

    def award_of(self, step: Step) -> Award | None:
        """Return what a step that runs was awarded as; None where nobody was asked."""
        return self._awards.get(step.step_id)

    @property
    def places(self) -> int:
        """How many steps may be performed at once: fewer than the settings say where workers are out."""
        return len(self._able())

    def deadline(self, steps: Sequence[Step]) -> float:
        """Return the seconds within which steps performed together are to be done; 0 where nothing was awarded."""
        awards = [self._awards[step.step_id] for step in steps if step.step_id in self._awards]
        return sum(award.deadline for award in awards)

    def hangs(self, steps: Sequence[Step]) -> None:
        """Note that whoever had steps hangs: its place is taken last from now on, and the steps have none."""
        place = self._places.pop(steps[0].step_id, None)
        if place is not None:
            self._hung.add(place)

    def is_beside(self, step: Step) -> bool:
        """Return whether a step is performed in a process with a database of its own."""
        return step.step_id in self._beside

    def terms(self, step: Step, context: RunContext) -> RunContext:
        """Return the context in which a step is performed: engines at work at once share the memory."""
        if self._allotment is None:
            return context
        if self.is_beside(step):
            return self._allotment.terms(self._awards[step.step_id], context)
        used = sum(first in self._beside for first in self._places)
        return self._allotment.less_memory(context, used) if used else context

    def given_up(self, steps: Sequence[Step]) -> bool:
        """Return whether a process of its own failed to do the steps; the run's engine does them now."""
        first = steps[0].step_id
        self._places.pop(first, None)
        if first not in self._beside:
            return False
        for step in steps:
            self._failed[step.step_id] = self._awards.pop(step.step_id).agent_id
            self._beside.discard(step.step_id)
        return True

    def told(self, step: Step, entry: TraceEntry) -> TraceEntry:
        """Return the line of the trace with the award, and learn from it; the place is free again."""
        self._places.pop(step.step_id, None)
        self._beside.discard(step.step_id)
        award = self._awards.pop(step.step_id, None)
        if self._allotment is None or award is None:
            return entry
        failed = self._failed.pop(step.step_id, "")
        told = entry.model_copy(update={"award": award.model_copy(update={"instead_of": failed})})
        for each in fulfilments("", (told,)):
            self._allotment.learn(each)
        return told

    def _is_worth_asking(self, steps: Sequence[Step]) -> bool:
        """Return whether steps have a choice of engines, and take long enough for it to matter."""
        if self._allotment is None or sum(step.seconds for step in steps) < LEAST_SECONDS:
            return False
        return all(map(self._allotment.movable, steps))

    def _keep(self, steps: Sequence[Step], award: Award) -> None:
        for step, own in zip(steps, shared(award, steps), strict=True):
            if award.engine == Engine.OWN_PROCESS:
                self._beside.add(step.step_id)
                self._awards[step.step_id] = own
            else:
                self._beside.discard(step.step_id)
                self._awards[step.step_id] = own

    def _take(self, steps: Sequence[Step], place: int) -> None:
        """Let steps be performed at a place; what an agent of another place was awarded, the one of this place does."""
        self._places[steps[0].step_id] = place
        for step in steps:
            award = self._awards.get(step.step_id)
            if award is not None:
                self._awards[step.step_id] = award.model_copy(update={"agent_id": agent_at(place, award.engine)})

    def _free(self) -> tuple[int, ...]:
        return tuple(place for place in self._able() if place not in self._places.values())

    def _able(self) -> tuple[int, ...]:
        """Return the places where work is done.

        Those whose worker hung, or whom the registry lets do nothing, are left out as long as there are others: with
        nobody else the work goes on with them, each with a new thread.
        """
        roster, every = current(), tuple(range(1, self._most + 1))
        let = tuple(place for place in every if roster.admits(agent_at(place, Engine.IN_PROCESS))) or every
        return tuple(place for place in let if place not in self._hung) or let

    def _next(self) -> int:
        """Return the place where somebody begins now; there are as many as steps may run at once."""
        used = set(self._places.values())
        every: tuple[int, ...] = (*self._able(), *range(1, self._most + 1))
        return next(place for place in every if place not in used)

    def _predicted(self, step: Step) -> float:
        return self._allotment.predicted(step) if self._allotment is not None else step.seconds

    def _around(self, steps: Sequence[Step], now: Now) -> Around:
        own = {step.step_id for step in steps}
        behind = set().union(*(self._behind[step_id] for step_id in own))
        left = {step_id: took for step_id, took in self._seconds.items() if step_id not in now.done}
        others = [step_id for step_id in left if step_id not in own | behind]
        waiting = sum(left[step_id] / (2 if step_id in now.running else 1) for step_id in others)
        limit = self._context.budget.seconds
        return Around(
            free=self._free(),
            waiting=waiting,
            budget=None if limit is None else limit - now.seconds,
            left=sum(left.values()),
        )


def _behind(plan: Plan) -> Mapping[str, set[str]]:
    """Return for each step all that wait for it, directly or not."""
    found: dict[str, set[str]] = {step.step_id: set() for step in plan.steps}
    for step in reversed(plan.steps):
        for before in step.after:
            found[before] |= {step.step_id} | found[step.step_id]
    return found


def _magnitude(seconds: float) -> int:
    """Return the seconds to a power of two."""
    return round(seconds * 8).bit_length()
