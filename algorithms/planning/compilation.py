"""Compiles a problem to Python: each action a function that acts, each method a generator of its instances.

The compiled code works on one mutable state. Every change goes on a trail with the function that takes it back, so that
nothing is ever copied; a state's key is kept up to date by exclusive-or (Zobrist 1970). `Program.machine` makes a fresh
state, so that several searches over one program do not meet.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

from algorithms.planning.code import Writer, key, name
from algorithms.planning.joins import Loop, Range, Step
from algorithms.planning.model import Problem
from algorithms.planning.normal import Part
from algorithms.planning.schemas import ActionSchema, EffectSchema, MethodSchema, Schemas, lower
from algorithms.planning.strengthening import strengthen

Ground = tuple[int, ...]  # a ground task: its number and its objects
Row = Any  # 0, an object, or a tuple of objects
Instance = tuple[tuple[int, ...], tuple[Ground, ...]]  # values of a method's kept registers, its subtasks
Expand = Callable[[Ground], Iterator[Instance]]
Act = Callable[[Ground], int | None]  # the change of the state's key; None where the precondition does not hold
Undo = tuple[Callable[[Row], int], Row]

_BITS: Final = 62


class _Prints(dict[Row, int]):
    """Random bits for each row of a predicate, drawn when first asked for."""

    def __init__(self, source: random.Random) -> None:
        super().__init__()
        self._source = source

    def __missing__(self, row: Row) -> int:
        bits = self[row] = self._source.getrandbits(_BITS) | 1
        return bits


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled problem. `kept` are, for each method, the registers that its instances give: those of its tasks."""

    problem: Problem
    schemas: Schemas
    code: CodeType
    source: str
    kept: tuple[tuple[int, ...], ...]
    indexes: tuple[tuple[int, int], ...]
    complete: bool  # no plan is hidden from the search

    def machine(self) -> "Machine":
        """Return a fresh state with the compiled functions over it."""
        return Machine(self)


class Machine:
    """One mutable state and the compiled functions that read and change it."""

    def __init__(self, program: Program) -> None:
        schemas = program.schemas
        self.program = program
        self.trail: list[Undo] = []
        self.rows: list[dict[Row, None]] = [{} for _ in schemas.facts]
        source = random.Random(0)  # noqa: S311  bits for hashing, the same in every process
        space: dict[str, Any] = {"trail": self.trail.append}
        for predicate, rows in enumerate(schemas.facts):
            space[f"R{predicate}"] = self.rows[predicate]
            space[f"Z{predicate}"] = _Prints(source)
            self.rows[predicate].update(dict.fromkeys(map(as_row, rows)))
        for predicate, mask in program.indexes:
            space[f"I{predicate}_{mask}"] = _index(schemas, predicate, mask)
        for number, members in enumerate(schemas.symbols.type_sets):
            space[f"T{number}"] = frozenset(members)
            space[f"M{number}"] = members
        for method in filter(_fixed, schemas.methods):
            ground = ((subtask[0], *[~term for term in subtask[1:]]) for subtask in method.subtasks)
            space[f"S{method.number}"] = tuple(ground)
        exec(program.code, space)  # noqa: S102  our own text: it holds numbers, no name from a domain
        self._space = space
        self.act: list[Act] = [space[f"a{action.number}"] for action in schemas.actions]
        self.expand: list[Expand] = [space[f"m{method.number}"] for method in schemas.methods]
        self.check: list[Callable[[tuple[int, ...]], bool]] = [space[f"c{one.number}"] for one in schemas.methods]
        self.goal: Callable[[], bool] = space["goal"]

    def undo(self, mark: int) -> None:
        """Take back every change since the trail had the length `mark`."""
        trail = self.trail
        while len(trail) > mark:
            take_back, row = trail.pop()
            take_back(row)

    def set(self, predicate: int, args: tuple[int, ...], *, present: bool) -> int:
        """Make a fact of a changing predicate true or false; return the change of the state's key."""
        change: Callable[[Row], int] = self._space[f"{'put' if present else 'drop'}{predicate}"]
        return change(as_row(args))


def as_row(args: tuple[int, ...]) -> Row:
    """Return the row of a fact: 0, an object, or a tuple of objects."""
    if len(args) == 1:
        return args[0]
    return args or 0


def compile_problem(problem: Problem, *, eager: bool = False) -> Program:
    """Compile a problem; SetupError where its parts do not fit together.

    An `eager` program decomposes a task only when the first action below it can be done at once. Where the order of
    tasks is partial this hides plans in which another task makes that possible in between.
    """
    schemas = lower(problem)
    strengthen(schemas, eager=eager or schemas.total)
    writer = Writer(schemas)
    for action in schemas.actions:
        _write_action(writer, action)
    kept = tuple(_write_method(writer, method) for method in schemas.methods)
    writer.blocks.append(f"def goal(): return {writer.test(schemas.goal, schemas.goal_ranges)}")
    for predicate, changes in enumerate(schemas.fluent):
        if changes:
            _write_predicate(writer, predicate)
    source = "\n".join(writer.blocks)
    code = compile(source, "<plan>", "exec")
    return Program(problem, schemas, code, source, kept, tuple(sorted(writer.indexes)), schemas.total or not eager)


def _index(schemas: Schemas, predicate: int, mask: int) -> dict[Row, Any]:
    found: dict[Row, dict[Row, None]] = {}
    for row in schemas.facts[predicate]:
        bound = tuple(term for place, term in enumerate(row) if mask >> place & 1)
        free = tuple(term for place, term in enumerate(row) if not mask >> place & 1)
        found.setdefault(as_row(bound), {})[as_row(free)] = None
    if schemas.fluent[predicate]:
        return found
    return {bound: tuple(rows) for bound, rows in found.items()}


def _unpacked(terms: Iterable[str], source: str) -> list[str]:
    names = ", ".join(terms)
    return [f"    {names}, = {source}"] if names else []


def _write_predicate(writer: Writer, predicate: int) -> None:
    """Write the functions that make a fact true or false in the rows and every index."""
    arity = len(list(writer.schemas.symbols.predicates.values())[predicate].types)
    unpack = _unpacked([name(place) for place in range(arity)], "k") if arity > 1 else ["    r0 = k"]
    put = [f"def put{predicate}(k):", f"    if k in R{predicate}: return 0", f"    R{predicate}[k] = None"]
    drop = [f"def drop{predicate}(k):", f"    if k not in R{predicate}: return 0", f"    del R{predicate}[k]"]
    masks = [mask for other, mask in sorted(writer.indexes) if other == predicate]
    if masks:
        put += unpack
        drop += unpack
    for mask in masks:
        bound = key([place for place in range(arity) if mask >> place & 1])
        free = key([place for place in range(arity) if not mask >> place & 1])
        index = f"I{predicate}_{mask}"
        put += [f"    rows = {index}.get({bound})", f"    if rows is None: {index}[{bound}] = {{{free}: None}}"]
        put += [f"    else: rows[{free}] = None"]
        drop += [f"    del {index}[{bound}][{free}]"]
    for lines in (put, drop):
        writer.blocks.append("\n".join([*lines, f"    return Z{predicate}[k]"]))


def _write_action(writer: Writer, action: ActionSchema) -> None:
    """Write `a{number}(task)`: tests, then changes; deletes come first, conditions are tested before any change."""
    lines = [f"def a{action.number}(t):", *_unpacked(["_", *map(name, range(action.arity))], "t")]
    condition = writer.test(action.parts, action.ranges)
    if action.parts:
        lines.append(f"    if not ({condition}): return None")
    changes: list[str] = []
    for count, effect in enumerate(sorted(action.effects, key=lambda one: one.literal.positive)):
        verb, inverse = ("put", "drop") if effect.literal.positive else ("drop", "put")
        verb, inverse = f"{verb}{effect.literal.predicate}", f"{inverse}{effect.literal.predicate}"
        change = [f"d = {verb}(k)", f"if d: h ^= d; trail(({inverse}, k))"]
        if effect.over or effect.when:
            lines.append(f"    e{count} = list({_write_effect(writer, action, effect)})")
            changes += [f"    for k in e{count}:", *(f"        {line}" for line in change)]
        else:
            changes += [f"    k = {key(effect.literal.args)}", *(f"    {line}" for line in change)]
    writer.blocks.append("\n".join([*lines, "    h = 0", *changes, "    return h"]))


def _write_effect(writer: Writer, action: ActionSchema, effect: EffectSchema) -> str:
    """Write a generator of the rows that a universal or conditional effect changes; return the call of it."""
    function = writer.fresh()
    bound = list(range(action.arity))
    parts: tuple[Part, ...] = effect.when
    if not effect.literal.positive:
        parts = (*parts, effect.literal._replace(positive=True))
    steps = writer.planner.steps(parts, bound, dict(effect.over))
    arguments = ", ".join(map(name, bound))
    yields = [f"yield {key(effect.literal.args)}"]
    writer.join(f"def {function}({arguments}):", bound, steps, action.ranges, lambda _: yields)
    return f"{function}({arguments})"


def _write_method(writer: Writer, method: MethodSchema) -> tuple[int, ...]:
    """Write `m{number}(task)`, which yields instances, and `c{number}(instance)`; return the registers kept."""
    head = method.task[1:]
    bound = sorted({term for term in head if term >= 0})
    ranges = dict(enumerate(method.ranges[: method.variables]))
    equal = _head_tests(head)
    parts = (*method.parts, *method.strengthened)
    steps = writer.planner.steps(parts, bound, ranges)
    needed = {term for subtask in method.subtasks for term in subtask[1:] if term >= 0} - set(bound)
    last = max((place for place, step in enumerate(steps) if needed & set(_binds(step))), default=-1)
    while last + 1 < len(steps) and not _binds(steps[last + 1]):
        last += 1
    main, trailing = steps[: last + 1], steps[last + 1 :]
    kept = sorted({*bound, *needed})  # whatever the facts, so that programs of one domain and its objects agree
    guard = ""
    if trailing:
        function = writer.fresh()
        known = sorted({*bound, *(register for step in main for register in _binds(step))})
        arguments = ", ".join(map(name, known))
        writer.join(f"def {function}({arguments}):", known, trailing, method.ranges, lambda _: ["return True"])
        guard = f"if {function}({arguments}): "
    subtasks = f"S{method.number}"
    if not _fixed(method):
        subtasks = _tuple(_tuple((str(subtask[0]), *map(name, subtask[1:]))) for subtask in method.subtasks)
    instance = f"{guard}yield {_tuple(map(name, kept))}, {subtasks}"
    unpack = "\n".join([f"def m{method.number}(t):", *_unpacked(["_", *equal[0]], "t"), *equal[1]])
    writer.join(unpack, bound, main, method.ranges, lambda _: [instance])
    rest = {register: kind for register, kind in ranges.items() if register not in kept}
    test = writer.exists(method.parts, rest, kept, method.ranges) if rest else writer.test(method.parts, method.ranges)
    writer.blocks.append(
        "\n".join([f"def c{method.number}(b):", *_unpacked(map(name, kept), "b"), f"    return {test}"])
    )
    return tuple(kept)


def _fixed(method: MethodSchema) -> bool:
    """Return whether the subtasks name objects only, so that they need not be written out as text."""
    return all(term < 0 for subtask in method.subtasks for term in subtask[1:])


def _tuple(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return f"({text},)" if text else "()"


def _head_tests(head: tuple[int, ...]) -> tuple[list[str], list[str]]:
    """Return the names to unpack a task into, and the tests that its constants and repeated variables make."""
    names: list[str] = []
    tests: list[str] = []
    for place, term in enumerate(head):
        if term < 0 or name(term) in names:
            names.append(f"h{place}")
            tests.append(f"    if h{place} != {name(term)}: return")
        else:
            names.append(name(term))
    return names, tests


def _binds(step: Step) -> list[int]:
    match step:
        case Loop(literal, free):
            return [literal.args[place] for place in free]
        case Range(register, _):
            return [register]
        case _:
            return []
