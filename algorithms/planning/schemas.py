"""Actions and methods over numbers: what is compiled, strengthened and explained."""

from dataclasses import dataclass, field
from typing import Final

from algorithms.dag import topological_order
from algorithms.planning.conditions import Effect
from algorithms.planning.model import Action, Method, Network, Problem, Task
from algorithms.planning.normal import Conjunction, Either, Literal, Part, Registers, Some
from algorithms.planning.symbols import Symbols
from state.errors import SetupError

TOP: Final = "the whole problem"  # the task above the network of the problem


@dataclass(slots=True)
class EffectSchema:
    """One effect: the literal to make true or false, for all objects of `over` (register, type set), where `when`."""

    literal: Literal
    over: tuple[tuple[int, int], ...]
    when: Conjunction


@dataclass(slots=True)
class ActionSchema:
    """An action; register i holds its argument i."""

    number: int  # of its task
    source: Action
    arity: int
    ranges: list[int]  # the type set of each register, those of quantified variables among them
    parts: Conjunction
    effects: list[EffectSchema]


@dataclass(slots=True)
class MethodSchema:
    """A method. `task` and `subtasks` are (task number, term, ...)."""

    number: int  # its place among the methods
    source: Method
    task: tuple[int, ...]
    ranges: list[int]
    variables: int  # registers of its own variables; those of quantifiers follow
    parts: Conjunction
    subtasks: tuple[tuple[int, ...], ...]
    after: tuple[tuple[int, ...], ...]  # for each subtask, those that come directly after it
    first: tuple[int, ...]  # subtasks that nothing comes before
    waits: tuple[int, ...]  # for each subtask, how many come directly before it
    ordered: bool  # totally
    backwards: tuple[int, ...]  # the subtasks from the last to the first
    strengthened: tuple[Part, ...] = field(default=())  # what its subtasks need, known when it is chosen

    def earlier(self, position: int) -> list[int]:
        """Return the subtasks that may come before one, those without order to it among them."""
        later, todo = {position}, [position]
        while todo:
            new = set(self.after[todo.pop()]) - later
            later |= new
            todo += new
        return [other for other in range(len(self.subtasks)) if other not in later]


@dataclass(slots=True)
class Schemas:
    """Everything of a problem over numbers. The last method is that of the problem's own network."""

    symbols: Symbols
    actions: list[ActionSchema]  # by task number
    methods: list[MethodSchema]
    by_task: list[list[int]]  # task number -> methods
    facts: list[list[tuple[int, ...]]]  # by predicate
    fluent: list[bool]  # by predicate: some action changes it
    goal: Conjunction
    goal_ranges: list[int]
    aloof: list[bool] = field(default_factory=list)  # by task: its conditions look at nothing that changes

    @property
    def top(self) -> int:
        """The number of the task above the problem's network."""
        return len(self.symbols.task_names)

    def looks(self, parts: Conjunction) -> bool:
        """Return whether a condition looks at facts that some action changes."""
        todo: list[Part] = list(parts)
        while todo:
            part = todo.pop()
            match part:
                case Literal(predicate, _, _):
                    if predicate >= 0 and self.fluent[predicate]:
                        return True
                case Either(options):
                    todo += (one for option in options for one in option)
                case Some(_, inner, _):
                    todo += inner
        return False

    def task(self, ground: tuple[int, ...]) -> Task:
        """Return a ground task with its names."""
        name = TOP if ground[0] == self.top else self.symbols.task_names[ground[0]]
        return Task(name, tuple([self.symbols.objects[number] for number in ground[1:]]))

    @property
    def total(self) -> bool:
        """Whether every network is totally ordered."""
        return all(method.ordered for method in self.methods)


def lower(problem: Problem) -> Schemas:
    """Return the problem over numbers; SetupError where a name is unknown, unbound or used with the wrong arity."""
    symbols = Symbols(problem)
    actions = [_action(symbols, number, action) for number, action in enumerate(problem.domain.actions.values())]
    top = Method(TOP, Task(TOP), problem.network, problem.condition, parameters=problem.variables)
    methods = [_method(symbols, number, one) for number, one in enumerate((*problem.domain.methods, top))]
    by_task: list[list[int]] = [[] for _ in range(len(symbols.task_names) + 1)]
    for method in methods:
        if method.task[0] < len(actions):
            raise SetupError(f"{method.source.task.name} is an action", where=f"method {method.source.name}")
        by_task[method.task[0]].append(method.number)
    fluent = [False] * len(symbols.predicates)
    for action in actions:
        for effect in action.effects:
            fluent[effect.literal.predicate] = True
    registers = Registers(symbols, (), "goal")
    goal = registers.conjunction(problem.goal)
    ranges = [symbols.type_set(one.types) for one in registers.variables]
    schemas = Schemas(symbols, actions, methods, by_task, _facts(symbols, problem), fluent, goal, ranges)
    schemas.aloof = [not action.effects and not schemas.looks(action.parts) for action in actions]
    schemas.aloof += [
        not any(schemas.looks(methods[number].parts) for number in numbers) for numbers in by_task[len(actions) :]
    ]
    return schemas


def _facts(symbols: Symbols, problem: Problem) -> list[list[tuple[int, ...]]]:
    facts: list[dict[tuple[int, ...], None]] = [{} for _ in symbols.predicates]
    registers = Registers(symbols, (), "facts")
    for atom in problem.facts:
        (literal,) = registers.conjunction(atom)
        if isinstance(literal, Literal):
            facts[literal.predicate][tuple(~term for term in literal.args)] = None
    return [list(rows) for rows in facts]


def _action(symbols: Symbols, number: int, action: Action) -> ActionSchema:
    registers = Registers(symbols, action.parameters, f"action {action.name}")
    parts = [part for one in range(len(action.parameters)) for part in registers.members(one)]
    condition = (*parts, *registers.conjunction(action.full_condition()))
    effects = [_effect(registers, effect) for effect in action.full_effects()]
    ranges = [symbols.type_set(one.types) for one in registers.variables]
    return ActionSchema(number, action, len(action.parameters), ranges, condition, effects)


def _effect(registers: Registers, effect: Effect) -> EffectSchema:
    shadowed = dict(registers.scope)
    over: list[tuple[int, int]] = []
    for one in effect.over:
        registers.scope[one.name] = len(registers.variables)
        over.append((len(registers.variables), registers.symbols.type_set(one.types)))
        registers.variables.append(one)
    (literal,) = registers.conjunction(effect.atom)
    when = registers.conjunction(effect.when)
    registers.scope = shadowed
    if not isinstance(literal, Literal) or literal.predicate < 0:
        raise SetupError(f"{effect.atom} is no effect", where=registers.where)
    return EffectSchema(literal._replace(positive=effect.present), tuple(over), when)


def _method(symbols: Symbols, number: int, method: Method) -> MethodSchema:
    where = f"method {method.name}"
    variables = method.variables()
    registers = Registers(symbols, variables, where)
    parts = [part for one in range(len(variables)) for part in registers.members(one)]
    condition = (*parts, *registers.conjunction(method.condition))
    after, waits = _order(method.network, where)
    backwards = tuple(reversed(topological_order(dict(enumerate(_before(after))))))
    size = len(method.network.tasks)
    return MethodSchema(
        number=number,
        source=method,
        task=_task(registers, method.task),
        ranges=[symbols.type_set(one.types) for one in registers.variables],
        variables=len(variables),
        parts=condition,
        subtasks=tuple(_task(registers, task) for task in method.network.tasks),
        after=after,
        first=tuple(one for one in range(size) if not waits[one]),
        waits=waits,
        ordered=all(backwards[step] in after[backwards[step + 1]] for step in range(size - 1)),
        backwards=backwards,
    )


def _task(registers: Registers, task: Task) -> tuple[int, ...]:
    symbols = registers.symbols
    if task.name == TOP:
        return (len(symbols.task_names),)
    if task.name not in symbols.task_ids:
        raise SetupError(f"nothing does the task {task.name!r}", where=registers.where, hint="declare it")
    number = symbols.task_ids[task.name]
    wanted = len(symbols.parameters[number])
    if len(task.args) != wanted:
        raise SetupError(f"{task.name} takes {wanted} arguments, not {len(task.args)}", where=registers.where)
    return (number, *map(registers.term, task.args))


def _order(network: Network, where: str) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Return for each task those directly after it, without edges that others imply, and how many are before it."""
    size = len(network.tasks)
    before: list[set[int]] = [set() for _ in range(size)]
    for first, second in (*network.order, *network.necessary):
        if not (0 <= first < size and 0 <= second < size):
            raise SetupError(f"the order ({first}, {second}) names no task", where=where)
        before[second].add(first)
    earlier = [0] * size  # bit masks
    after: list[list[int]] = [[] for _ in range(size)]
    waits = [0] * size
    for one in topological_order(dict(enumerate(before))):  # raises on a cycle
        implied = 0
        for other in before[one]:
            implied |= earlier[other]
        direct = [other for other in before[one] if not implied >> other & 1]
        waits[one] = len(direct)
        earlier[one] = implied
        for other in direct:
            after[other].append(one)
            earlier[one] |= 1 << other
    return tuple(tuple(sorted(later)) for later in after), tuple(waits)


def _before(after: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    before: list[list[int]] = [[] for _ in after]
    for other, later in enumerate(after):
        for one in later:
            before[one].append(other)
    return before
