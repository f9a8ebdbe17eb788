"""What a task costs at least, whatever the state: the bound of branch and bound, and a guide to short plans.

With actions of unit cost a plan's cost is its length. The least cost of a task is the least over its methods of the sum
over the subtasks (a fixpoint from infinity downward); a task that never ends in actions costs infinitely much.
"""

from algorithms.planning.compilation import Ground, Program
from algorithms.planning.model import unit_estimate


class Bounds:
    """Costs of ground actions, least costs of tasks, and what choosing a method adds to the least cost."""

    def __init__(self, program: Program) -> None:
        schemas = program.schemas
        self._objects = schemas.symbols.objects
        self._estimates = [action.source.estimate for action in schemas.actions]
        self._known: dict[Ground, float] = {}
        self.unit = [estimate is unit_estimate for estimate in self._estimates]
        self.least = [1.0 if unit else 0.0 for unit in self.unit]
        self.least += [float("inf")] * (len(schemas.by_task) - len(self.least))
        self._settle(program)
        self.added = [self._sum(method.subtasks) - self.least[method.task[0]] for method in schemas.methods]

    def beyond(self, task: Ground) -> float:
        """Return what a ground action costs beyond the least of its kind."""
        if self.unit[task[0]]:
            return 0.0
        cost = self._known.get(task)
        if cost is None:
            names = tuple(self._objects[number] for number in task[1:])
            cost = self._known[task] = self._estimates[task[0]](names).cost
        return cost

    def _sum(self, subtasks: tuple[Ground, ...]) -> float:
        return sum(self.least[subtask[0]] for subtask in subtasks)

    def _settle(self, program: Program) -> None:
        schemas = program.schemas
        users: list[list[int]] = [[] for _ in schemas.by_task]
        for numbers in schemas.by_task:
            for number in numbers:
                for subtask in schemas.methods[number].subtasks:
                    users[subtask[0]].append(schemas.methods[number].task[0])
        waiting = dict.fromkeys(task for task, numbers in enumerate(schemas.by_task) if numbers)
        while waiting:
            task = next(iter(waiting))
            del waiting[task]
            found = min(self._sum(schemas.methods[number].subtasks) for number in schemas.by_task[task])
            if found < self.least[task]:
                self.least[task] = found
                waiting |= dict.fromkeys(user for user in users[task] if schemas.by_task[user])
