"""The order in which tables are made: what a table is made from, or refers to, comes before it."""

from collections.abc import Mapping, Sequence

from state.contract import Contract
from state.errors import ContractError

Edges = Mapping[str, frozenset[str]]


def dependencies(contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return, for every table, the tables that must be made before it, in the contract's order; never a cycle.

    These are the sources of its SQL and the targets of its relationships, itself excepted. Where relationships form
    a cycle, some are left out (always the same ones for the same contract): such a reference can be checked only when
    both tables stand. ContractError when derived tables are made from each other in a cycle.
    """
    names, placed = [table.name for table in contract.tables], set[str]()
    every = references(contract)
    needed: dict[str, tuple[str, ...]] = {}
    for name in table_order(contract):
        needed[name] = tuple(other for other in names if other in every[name] & placed)
        placed.add(name)
    return {name: needed[name] for name in names}


def table_order(contract: Contract) -> tuple[str, ...]:
    """Return all table names so that each follows what it needs; ties go by the contract's order.

    ContractError when derived tables are made from each other in a cycle.
    """
    every, hard = references(contract), source_edges(contract)
    remaining = [table.name for table in contract.tables]
    order: list[str] = []
    while remaining:
        placed = frozenset(order)
        chosen = next((name for name in remaining if every[name] <= placed), None)
        chosen = chosen or _break_cycle(remaining, placed, every, hard)
        if chosen is None:
            cycle = " <- ".join(find_cycle(hard) or ())
            raise ContractError(f"tables are made from each other: {cycle}", where=contract.path)
        order.append(chosen)
        remaining.remove(chosen)
    return tuple(order)


def references(contract: Contract) -> Edges:
    """Return, for every table, its sources and the tables it refers to, circles included.

    A table outside the contract is there already, so nothing waits for it; a reference to itself is no edge.
    """
    hard = source_edges(contract)
    return {
        table.name: hard[table.name]
        | {each.to_table for each in table.relationships if each.to_table in hard and each.to_table != table.name}
        for table in contract.tables
    }


def source_edges(contract: Contract) -> dict[str, frozenset[str]]:
    """Return, for every table, the tables its SQL is made from, itself included when it names itself."""
    names = frozenset(table.name for table in contract.tables)
    return {table.name: names & set(table.transform_sources if table.derived else ()) for table in contract.tables}


def find_cycle(edges: Edges) -> tuple[str, ...] | None:
    """Return the nodes of one shortest cycle through the first node that lies on one, that node first and last."""
    return next((path for path in (_path_back(start, edges) for start in edges) if path), None)


def _break_cycle(remaining: Sequence[str], placed: frozenset[str], every: Edges, hard: Edges) -> str | None:
    """Return the first table on a cycle that depends on nothing outside it and whose SQL has all its sources."""
    open_edges = {name: every[name] - placed for name in remaining}
    reach = {name: _reachable(name, open_edges) for name in remaining}
    candidates = (name for name in remaining if hard[name] <= placed)
    return next((name for name in candidates if all(name in reach[other] for other in reach[name])), None)


def _reachable(start: str, edges: Edges) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        found = edges[waiting.pop()] - seen
        seen |= found
        waiting.extend(found)
    return seen


def _path_back(start: str, edges: Edges) -> tuple[str, ...] | None:
    """Return the shortest way from `start` back to itself."""
    waiting: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        steps = edges[path[-1]]
        if start in steps:
            return (*path, start)
        waiting.extend((*path, step) for step in sorted(steps - seen))
        seen |= steps
    return None
