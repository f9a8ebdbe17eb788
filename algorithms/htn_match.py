"""Matching conditions against a state: every binding under which they hold, or the first that does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from algorithms.htn_model import Absent, Binding, Condition, Different, Fact, ForAll, Holds, Variable, substitute
from algorithms.htn_state import State

_SHOWN = 5  # instances of one `ForAll` that are named when it does not hold


@dataclass(slots=True)
class Trace:
    """Remembers the furthest condition that did not hold, as text such as "landed(orders) does not hold"."""

    depth: int = -1
    unmet: str = ""


def unify(terms: tuple[str, ...], args: tuple[str, ...], binding: Binding) -> Binding | None:
    """Return `binding` extended so that `terms` become `args` (constants), or None where they cannot."""
    if len(terms) != len(args):
        return None
    found: dict[Variable, str] | None = None
    for term, arg in zip(terms, args, strict=True):
        if type(term) is Variable:
            known = (found if found is not None else binding).get(term)
            if known is None:
                found = dict(binding) if found is None else found
                found[term] = arg
                continue
            term = known  # noqa: PLW2901  from here on a constant like any other
        if term != arg:
            return None
    return binding if found is None else found


def bindings(
    conditions: tuple[Condition, ...], binding: Binding, state: State, trace: Trace, depth: int = 0
) -> Iterator[Binding]:
    """Yield every extension of `binding` under which all conditions hold, by joining them from left to right.

    The state may change between two answers as long as it is as before when the next one is asked for.
    """
    if depth == len(conditions):
        yield binding
        return
    condition = conditions[depth]
    held = False
    for extended in _extensions(condition, binding, state):
        held = True
        yield from bindings(conditions, extended, state, trace, depth + 1)
    if not held and depth > trace.depth:
        trace.depth, trace.unmet = depth, unmet(condition, binding, state)


def instances(condition: ForAll, binding: Binding, state: State) -> Iterator[Fact]:
    """Yield the ground facts that the condition asks for, each once, in the order of the state's facts."""
    seen: set[Fact] = set()
    joined = tuple(Holds(fact) for fact in condition.when)
    for extended in bindings(joined, binding, state, Trace()):
        fact = condition.then.bound(extended)
        if fact not in seen:
            seen.add(fact)
            yield fact


def unmet(condition: Condition, binding: Binding, state: State) -> str:
    """Return what stops the condition under `binding`, as text."""
    match condition:
        case Holds(fact):
            return f"{fact.bound(binding)} does not hold"
        case Absent(fact):
            return f"{fact.bound(binding)} holds"
        case Different():
            return "two arguments are the same"
        case ForAll():
            missing = [str(fact) for fact in instances(condition, binding, state) if fact not in state]
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            verb = "does not hold" if len(missing) == 1 else "do not hold"
            return f"{', '.join(missing[:_SHOWN])}{more} {verb}"


def _extensions(condition: Condition, binding: Binding, state: State) -> Iterator[Binding]:
    if isinstance(condition, Holds):
        for args in state.matches(condition.fact, binding):
            extended = unify(condition.fact.args, args, binding)
            if extended is not None:
                yield extended
    elif _stands(condition, binding, state):
        yield binding


def _stands(condition: Absent | Different | ForAll, binding: Binding, state: State) -> bool:
    match condition:
        case Absent(fact):
            return fact.bound(binding) not in state
        case Different(left, right):
            one, other = substitute((left, right), binding)
            return one != other
        case ForAll():
            return all(fact in state for fact in instances(condition, binding, state))
