"""The part of a protocol with signed messages: safety, traitors, liveness, planted bugs, what a decision costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from evals.consensus.part import Figure, Found

_EVENTS_A_BUG = 1_000_000  # at most, until a planted bug is found
_ROUNDS = 300  # of a group whose safety is watched
_SHORT = 100  # of a group with one kind of traitor
_SIZES = (4, 7, 10, 31)
_BUG_SIZES = (4, 4, 7)
_FAULTY, _QUIET, _LIVE_GROUPS = 60, 400, 40
_LIVE_SIZES = (4, 7, 4, 10)


class Run(Protocol):
    """What one watched group did."""

    @property
    def events(self) -> int:
        """Messages delivered and ticks."""

    @property
    def violation(self) -> str:
        """The property that did not hold."""

    def told(self) -> Mapping[str, int]:
        """Return what there is to count."""


class Planted(Protocol):
    """A planted bug, and the kind of traitor that makes use of it."""

    @property
    def make(self) -> Any:  # noqa: ANN401  what starts a member
        """Start a member."""

    @property
    def traitor(self) -> str:
        """The kind, or nothing."""


@dataclass(frozen=True, slots=True)
class SignedPart:
    """What the suite asks of a protocol; the same questions for each."""

    name: str
    run: Callable[..., Run]  # seed, rounds; make, sizes, traitor
    left_waiting: Callable[..., list[str]]  # seed, faulty rounds, quiet rounds, sizes
    bugs: Mapping[str, Planted]
    scenes: Mapping[str, Callable[..., str]]  # return the property that does not hold
    traitors: tuple[str, ...]
    too_few: Callable[[], str]  # the most traitors that there may be, telling two stories
    enough: Callable[[], str]  # one more
    counts: Callable[[int], tuple[Mapping[str, int], Mapping[str, int]]]  # of n members: messages measured, and stated
    rates: Callable[[], tuple[Figure, ...]]

    @property
    def groups(self) -> Mapping[str, str]:
        """The scores over all tasks of a kind."""
        return {
            f"{self.name} safety": f"{self.name}: groups in which every safety property held",
            f"{self.name} traitors": f"{self.name}: groups that traitors did not break, and one that too many did",
            f"{self.name} liveness": f"{self.name}: groups that decided all after the faults ended",
            f"{self.name} messages": f"{self.name}: kinds of messages as many as stated",
            f"{self.name} bug": f"{self.name}: planted bugs found",
        }

    def tasks(self) -> tuple[str, ...]:
        """Return the ids of its tasks."""
        kinds = ("safety", "traitors", "liveness", "messages", "rates")
        return (*(f"{self.name} {kind}" for kind in kinds), *(f"{self.name} bug: {bug}" for bug in self.bugs))

    def solve(self, task_id: str, events: int) -> Found:
        """Do a task."""
        kind = task_id.removeprefix(f"{self.name} ")
        if kind.startswith("bug: "):
            return self._bug(kind.removeprefix("bug: "))
        if kind == "safety":
            return self._safety(events)
        work = {"traitors": self._traitors, "liveness": self._liveness, "messages": self._messages}
        return work[kind]() if kind in work else Found(asked=0, right=0, figures=self.rates())

    def _safety(self, least: int) -> Found:
        events, seed, totals = 0, 0, dict[str, int]()
        violations = [f"{scene}: {found}" for scene, play in self.scenes.items() if (found := play())]
        while events < least:
            run = self.run(seed, _ROUNDS)
            events += run.events
            totals = {name: totals.get(name, 0) + count for name, count in run.told().items()}
            violations += [f"seed {seed}: {run.violation}"] if run.violation else []
            seed += 1
        counted = ", ".join(f"{count} {name}" for name, count in totals.items())
        asked = seed + len(self.scenes)
        told = (f"{events} events in {seed} groups, {counted}", *violations)
        return Found(asked=asked, right=asked - len(violations), told=told)

    def _traitors(self) -> Found:
        """Let as many as there may be betray, of each kind and for each size; then one more than there may be."""
        runs = {
            (size, kind): self.run(size, _SHORT, sizes=(size,), traitor=kind)
            for size in _SIZES
            for kind in self.traitors
        }
        broken = [f"{size} members, {kind}: {run.violation}" for (size, kind), run in runs.items() if run.violation]
        few, enough = self.too_few(), self.enough()
        broken += [f"two stories by the most there may be: {few}"] if few else []
        broken += [] if enough == "agreement" else ["two stories by one more break nothing"]
        told = (
            f"{len(runs)} groups of {', '.join(map(str, _SIZES))}; one traitor too many: {enough or 'nothing'} broken"
        )
        return Found(asked=len(runs) + 2, right=len(runs) + 2 - len(broken), told=(told, *broken))

    def _liveness(self) -> Found:
        missing = {seed: self.left_waiting(seed, _FAULTY, _QUIET, _LIVE_SIZES) for seed in range(_LIVE_GROUPS)}
        told = tuple(f"seed {seed}: {'; '.join(each)}" for seed, each in missing.items() if each)
        return Found(asked=_LIVE_GROUPS, right=_LIVE_GROUPS - len(told), told=told)

    def _messages(self) -> Found:
        asked, right, told = 0, 0, list[str]()
        for size in _SIZES:
            measured, stated = self.counts(size)
            kinds = measured.keys() | stated.keys()
            wrong = [kind for kind in sorted(kinds) if measured.get(kind) != stated.get(kind)]
            asked, right = asked + len(kinds), right + len(kinds) - len(wrong)
            told.append(f"n = {size}: " + ", ".join(f"{kind} {count}" for kind, count in measured.items()))
            told += [f"n = {size}: {kind} should be {stated.get(kind)}" for kind in wrong]
        return Found(asked=asked, right=right, told=tuple(told))

    def _bug(self, name: str) -> Found:
        """Look for a planted bug in scenes, then in groups under drawn faults."""
        bug = self.bugs[name]
        for scene, play in self.scenes.items():
            if violation := play(bug.make):
                return Found(asked=1, right=1, told=(f"{violation} in the scene {scene!r}",))
        events, seed = 0, 0
        while events < _EVENTS_A_BUG:
            run = self.run(seed, _ROUNDS, bug.make, _BUG_SIZES, bug.traitor)
            events, seed = events + run.events, seed + 1
            if run.violation:
                return Found(asked=1, right=1, told=(f"{run.violation} after {events} events",))
        return Found(asked=1, right=0, told=(f"not found in {events} events",))
