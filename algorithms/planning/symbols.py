"""Numbers for names: objects, types, predicates, tasks. The search knows numbers only."""

from collections.abc import Iterable, Mapping
from typing import Final

from algorithms.planning.model import AVAILABLE, Predicate, Problem
from state.errors import SetupError

ANY: Final = "object"


class Symbols:
    """The names of a problem, numbered in the order declared, so that equal problems get equal numbers."""

    def __init__(self, problem: Problem) -> None:
        domain = problem.domain
        declared = {**domain.constants}
        for name, types in problem.objects.items():
            kinds = (types,) if isinstance(types, str) else types
            declared[name] = tuple(dict.fromkeys((*declared.get(name, ()), *kinds)))
        self.objects = list(declared)
        self.object_ids = {name: number for number, name in enumerate(self.objects)}
        self._members = _members(domain.types, declared, self.object_ids)
        self.predicates = dict(domain.predicates)
        if any(action.reads or action.writes for action in domain.actions.values()):
            self.predicates.setdefault(AVAILABLE, Predicate(AVAILABLE, (ANY,)))
        self.predicate_ids = {name: number for number, name in enumerate(self.predicates)}
        self.predicate_names = list(self.predicates)
        self.task_names = [*domain.actions, *domain.compounds]
        self.task_ids = {name: number for number, name in enumerate(self.task_names)}
        self.parameters = [action.parameters for action in domain.actions.values()]
        self.parameters += [compound.parameters for compound in domain.compounds.values()]
        self._sets: dict[tuple[str, ...], int] = {}
        self.type_sets: list[tuple[int, ...]] = []  # the objects of each combination of types that is used

    def object(self, name: str) -> int:
        """Return the number of an object; SetupError when there is none."""
        if name not in self.object_ids:
            raise SetupError(f"there is no object {name!r}", hint="declare it with its type")
        return self.object_ids[name]

    def type_set(self, types: tuple[str, ...]) -> int:
        """Return the number of the set of objects that are of any of the types; SetupError for an unknown type."""
        if types not in self._sets:
            unknown = [name for name in types if name not in self._members]
            if unknown:
                raise SetupError(f"there is no type {unknown[0]!r}", hint="declare it")
            found = set[int]().union(*(self._members[name] for name in types))
            self._sets[types] = len(self.type_sets)
            self.type_sets.append(tuple(sorted(found)))
        return self._sets[types]

    def everything(self, type_set: int) -> bool:
        """Return whether the set holds every object, so that membership needs no test."""
        return len(self.type_sets[type_set]) == len(self.objects)


def _members(
    types: Mapping[str, tuple[str, ...]], declared: Mapping[str, tuple[str, ...]], ids: Mapping[str, int]
) -> dict[str, set[int]]:
    """Return the objects of each type, those of its subtypes among them."""
    members: dict[str, set[int]] = {name: set() for name in (ANY, *types, *_parents(types))}
    for name, kinds in declared.items():
        for kind in _ancestors(kinds, types):
            if kind not in members:
                raise SetupError(f"there is no type {kind!r}", where=f"object {name}", hint="declare it")
            members[kind].add(ids[name])
    return members


def _parents(types: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    return (parent for parents in types.values() for parent in parents)


def _ancestors(kinds: tuple[str, ...], types: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the types, all that are above them, and the type of everything."""
    found, todo = {ANY}, list(kinds)
    while todo:
        kind = todo.pop()
        if kind not in found:
            found.add(kind)
            todo += types.get(kind, ())
    return found
