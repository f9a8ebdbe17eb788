"""Remembers what stops a search, for the answer that there is no plan."""

from typing import Final

from algorithms.planning.explaining import Reader, why_not
from algorithms.planning.search import Cell, Search
from state.plans import NoPlan

_KEPT: Final = 200  # tasks that are told in a NoPlan


class Failures:
    """What stopped a search: for each task what was tried, as it was where the branch had come furthest."""

    def __init__(self, search: Search) -> None:
        self._schemas = search.machine.program.schemas
        self._reader = Reader(search.machine)
        self._told: dict[tuple[int, ...], tuple[int, list[str]]] = {}
        self._furthest = (-1, "")

    def note(self, cell: Cell, depth: int) -> None:
        """Remember why nothing could be done with a task in the present state; `depth`: after how many decisions."""
        known = self._told.get(cell.task)
        if depth <= self._furthest[0] and (known is not None or len(self._told) >= _KEPT):
            return
        if known is not None and known[0] >= depth:
            return
        reasons = list(self._reasons(cell.task))
        if known is not None or len(self._told) < _KEPT:
            self._told[cell.task] = (depth, reasons)
        if depth > self._furthest[0] and reasons:
            self._furthest = (depth, reasons[-1])

    def no_plan(self, goal: str, cut: str) -> NoPlan:
        """Return the answer; `cut` names the limit that was reached, empty where the search was exhausted."""
        furthest = self._furthest[1] or "what must hold at the end does not"
        return NoPlan(
            goal=goal,
            reason=f"{cut} was reached; furthest: {furthest}" if cut else furthest,
            tried=tuple(reason for _, reasons in self._told.values() for reason in reasons),
            exhausted=not cut,
        )

    def _reasons(self, task: tuple[int, ...]) -> list[str]:
        schemas = self._schemas
        named = schemas.task(task)
        if task[0] < len(schemas.actions):
            schema = schemas.actions[task[0]]
            unmet = self._reader.unmet(schema.parts, dict(enumerate(task[1:])), {})
            return [f"{named}: {unmet or 'it costs too much'}"]
        methods = [one.number for one in schemas.methods if one.task[0] == task[0]]
        if not methods:
            return [f"{named}: no method does it"]
        return [
            f"{named} by {schemas.methods[number].source.name}: {why_not(self._reader, schemas, number, task)}"
            for number in methods
        ]
