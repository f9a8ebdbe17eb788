"""Layers of a directed acyclic graph for drawing: the place of every node in a grid, and the edges worth drawing.

The layering is by longest path (Sugiyama, Tagawa and Toda 1981, first phase), with lanes given by the caller or, where
there are none, with the order within a layer by the mean place of the predecessors (their barycentre heuristic).
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from algorithms.dag import topological_order

Key = TypeVar("Key", bound=Hashable)


class Place(NamedTuple):
    """Where a node stands: column and row, from 0."""

    column: int
    row: int


def in_lanes(after: Mapping[Key, Collection[Key]], lane: Mapping[Key, int]) -> dict[Key, Place]:
    """Return the place of each node: its lane is the column; below its predecessors and the lane's earlier nodes.

    No two nodes share a place. SetupError where the graph has a cycle; predecessors that are no nodes are ignored.
    """
    places: dict[Key, Place] = {}
    used: dict[int, int] = {}
    for node in topological_order(after):
        above = max((places[other].row for other in after[node] if other in places), default=-1)
        row = max(above, used.get(lane[node], -1)) + 1
        places[node] = Place(lane[node], row)
        used[lane[node]] = row
    return places


def in_layers(after: Mapping[Key, Collection[Key]], width: int) -> dict[Key, Place]:
    """Return the place of each node in layers, wide layers wrapped into rows of at most `width` nodes.

    Every node stands below all its predecessors and no two share a place. SetupError where the graph has a cycle.
    """
    depth: dict[Key, int] = {}
    for node in topological_order(after):
        depth[node] = max((depth[other] + 1 for other in after[node] if other in depth), default=0)
    places: dict[Key, Place] = {}
    row = 0
    for layer in range(max(depth.values(), default=-1) + 1):
        members = [node for node in after if depth[node] == layer]
        ordered = sorted(members, key=lambda node: _barycentre(after[node], places))
        for index, node in enumerate(ordered):
            places[node] = Place(index % width, row + index // width)
        row += -(-len(ordered) // width)
    return places


def connected(after: Mapping[Key, Collection[Key]]) -> tuple[tuple[Key, ...], ...]:
    """Return the nodes in groups that edges join in either direction, in the order of the mapping."""
    group: dict[Key, list[Key]] = {}
    for node in after:
        joined = [node]
        for other in {id(group[before]): group[before] for before in after[node] if before in group}.values():
            joined += other
        for member in joined:
            group[member] = joined
    order = {node: index for index, node in enumerate(after)}
    groups = {id(members): members for members in (group[node] for node in after)}
    return tuple(tuple(sorted(members, key=order.__getitem__)) for members in groups.values())


def reduced(after: Mapping[Key, Collection[Key]]) -> tuple[tuple[Key, Key], ...]:
    """Return the edges (before, after) of the transitive reduction: those that no longer path implies."""
    ancestors: dict[Key, set[Key]] = {}
    for node in topological_order(after):
        direct = [other for other in after[node] if other in ancestors]
        ancestors[node] = set(direct).union(*(ancestors[other] for other in direct))
    return tuple((other, node) for node in after for other in _direct(after[node], ancestors) if other in ancestors)


def _direct(before: Collection[Key], ancestors: Mapping[Key, Collection[Key]]) -> Sequence[Key]:
    """Return the predecessors that are not reached through another one."""
    known = [other for other in dict.fromkeys(before) if other in ancestors]
    return [other for other in known if not any(other in ancestors[third] for third in known)]


def _barycentre(before: Collection[Key], places: Mapping[Key, Place]) -> float:
    columns = [places[other].column for other in before if other in places]
    return sum(columns) / len(columns) if columns else 0.0
