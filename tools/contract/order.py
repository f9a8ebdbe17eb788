"""What a table is made from or refers to, and circles among tables."""

from collections.abc import Mapping

from state.contract import Contract

Edges = Mapping[str, frozenset[str]]


def references(contract: Contract) -> Edges:
    """Return, for every table, its sources and the tables it refers to, circles of references included.

    A table outside the contract is there already, so nothing waits for it; a reference to itself is no edge. Nor is one
    to a table that is made from this one: what is made comes after what it is made from, and verification judges it.
    """
    hard = source_edges(contract)
    return {
        table.name: hard[table.name]
        | {
            each.to_table
            for each in table.relationships
            if each.to_table in hard
            and each.to_table != table.name
            and table.name not in _made_from(each.to_table, hard)
        }
        for table in contract.tables
    }


def source_edges(contract: Contract) -> dict[str, frozenset[str]]:
    """Return, for every table, the tables its SQL is made from, itself included when it names itself."""
    names = frozenset(table.name for table in contract.tables)
    return {table.name: names & set(table.transform_sources if table.derived else ()) for table in contract.tables}


def find_cycle(edges: Edges) -> tuple[str, ...] | None:
    """Return the nodes of one shortest cycle through the first node that lies on one, that node first and last."""
    return next((path for path in (_path_back(start, edges) for start in edges) if path), None)


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


def _made_from(name: str, hard: Edges) -> set[str]:
    """Return all tables whose rows flow into the table, directly or through others."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        found = hard[waiting.pop()] - seen
        seen |= found
        waiting.extend(found)
    return seen
