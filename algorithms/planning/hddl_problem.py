"""Reads a problem written in HDDL, the language of the International Planning Competition 2020, with its domain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from algorithms.planning.conditions import TRUE, Atom, Condition, Variable
from algorithms.planning.hddl_conditions import head_of, read_atom, read_condition, read_network
from algorithms.planning.hddl_domain import (
    NETWORK_KEYS,
    Draft,
    Increase,
    condition,
    keyed,
    number,
    parameters,
    read_domain,
    read_objects,
    read_sections,
)
from algorithms.planning.model import Action, Domain, Estimate, Network, Problem
from algorithms.planning.sexpr import Group

_SECTIONS: Final = (":domain", ":requirements", ":objects", ":htn", ":init", ":goal", ":metric")

Values = dict[tuple[str, ...], float]  # of functions: (name, object, ...) -> number


def read_problem(domain: str, problem: str, *, domain_name: str = "domain", problem_name: str = "problem") -> Problem:
    """Return the problem that two texts state; SetupError names the file and line of what is wrong in them."""
    draft = read_domain(domain, domain_name)
    names = draft.names
    names.where = problem_name
    head, *sections = read_sections(names, problem, "problem")
    found: dict[str, Group] = {}
    for section in sections:
        key = head_of(section)
        if key not in _SECTIONS:
            names.fail(section, f"a section {key or 'without a name'} is not read", f"read: {', '.join(_SECTIONS)}")
        if key in found:
            names.fail(section, f"there is another section {key}")
        found[key] = section
    if ":htn" not in found:
        names.fail(head, "the problem has no :htn section, so nothing is to be done")
    objects: dict[str, tuple[str, ...]] = {}
    read_objects(names, list(found[":objects"][1:]) if ":objects" in found else [], objects)
    facts, values = _initial(draft, found[":init"]) if ":init" in found else ([], {})
    goal = found[":goal"][1:] if ":goal" in found else []
    variables, network, tested = _network(draft, found[":htn"])
    return Problem(
        domain=_priced(draft, values),
        objects=objects,
        facts=tuple(facts),
        network=network,
        variables=variables,
        condition=tested,
        goal=read_condition(names, goal[0], {}) if goal else TRUE,
        name=str(head[1]),
    )


def _network(draft: Draft, section: Group) -> tuple[tuple[Variable, ...], Network, Condition]:
    names = draft.names
    found = keyed(names, section[1:], NETWORK_KEYS, section)
    variables, scope = parameters(names, found)
    network = read_network(names, found, scope, draft.uses)
    draft.check_uses()
    spelled = Network(tuple(map(draft.spelled, network.tasks)), network.order)
    return variables, spelled, condition(names, found, scope, ":constraints")


def _initial(draft: Draft, section: Group) -> tuple[list[Atom], Values]:
    names = draft.names
    facts: list[Atom] = []
    values: Values = {}
    todo = list(reversed(section[1:]))
    while todo:
        group = names.group(todo.pop(), "a fact")
        head = head_of(group)
        if head == "=" and len(group) == 3 and isinstance(group[1], Group):  # noqa: PLR2004  = FUNCTION NUMBER
            function = group[1]
            objects = [str(names.term(one, {})) for one in function[1:]]
            values[head_of(function), *objects] = number(names, group[2])
        elif head == "and":
            todo += reversed(group[1:])
        elif head != "not":  # what is not stated is false anyway
            facts.append(read_atom(names, group, {}))
    return facts, values


def _priced(draft: Draft, values: Values) -> Domain:
    """Return the domain, its actions with the costs that the functions have in this problem."""
    domain = draft.domain()
    if not draft.costs:
        return domain
    actions = {name: _with_cost(action, draft.costs.get(name, []), values) for name, action in domain.actions.items()}
    return replace(domain, actions=actions)


def _with_cost(action: Action, increases: list[Increase], values: Values) -> Action:
    return replace(action, estimate=_estimate(action.parameters, increases, values))


def _estimate(
    variables: tuple[Variable, ...], increases: list[Increase], values: Values
) -> Callable[[tuple[str, ...]], Estimate]:
    places = {one.name: place for place, one in enumerate(variables)}

    def estimate(args: tuple[str, ...]) -> Estimate:
        cost = 0.0
        for increase in increases:
            if isinstance(increase, tuple):
                function, terms = increase
                row = [args[places[term.name]] if isinstance(term, Variable) else term for term in terms]
                cost += values.get((function, *row), 0.0)
            else:
                cost += increase
        return Estimate(cost=cost)

    return estimate
