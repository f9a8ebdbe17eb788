"""Layers for drawing: nobody on anybody's place, everybody below what comes before, no edge that a longer path says."""

from hypothesis import given
from hypothesis import strategies as st

from algorithms.layering import connected, in_lanes, in_layers, reduced

GRAPHS = st.integers(0, 14).flatmap(
    lambda size: st.tuples(
        *(st.frozensets(st.integers(0, node - 1)) if node else st.just(frozenset()) for node in range(size))
    )
).map(lambda before: {node: tuple(sorted(others)) for node, others in enumerate(before)})  # fmt: skip


def reachable(edges: set[tuple[int, int]], start: int) -> set[int]:
    seen: set[int] = set()
    todo = [start]
    while todo:
        here = todo.pop()
        for before, behind in edges:
            if before == here and behind not in seen:
                seen.add(behind)
                todo.append(behind)
    return seen


@given(GRAPHS, st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_in_lanes_every_node_has_its_lane_and_a_row_of_its_own_below_its_predecessors(
    after: dict[int, tuple[int, ...]], lanes: list[int]
) -> None:
    places = in_lanes(after, dict(enumerate(lanes)))
    assert set(places) == set(after)
    assert len(set(places.values())) == len(places)
    assert all(places[node].column == lanes[node] for node in after)
    assert all(places[other].row < places[node].row for node in after for other in after[node])


@given(GRAPHS, st.integers(1, 5))
def test_in_layers_no_row_is_wider_than_asked_and_predecessors_are_above(
    after: dict[int, tuple[int, ...]], width: int
) -> None:
    places = in_layers(after, width)
    assert set(places) == set(after)
    assert len(set(places.values())) == len(places)
    assert all(place.column < width for place in places.values())
    assert all(places[other].row < places[node].row for node in after for other in after[node])


@given(GRAPHS)
def test_reduced_keeps_what_can_be_reached_with_no_edge_to_spare(after: dict[int, tuple[int, ...]]) -> None:
    whole = {(other, node) for node in after for other in after[node]}
    kept = set(reduced(after))
    assert kept <= whole
    assert all(reachable(kept, node) == reachable(whole, node) for node in after)
    assert all(reachable(kept - {edge}, edge[0]) != reachable(kept, edge[0]) for edge in kept)


def test_predecessors_that_are_not_there_are_ignored() -> None:
    assert in_lanes({"a": ["x"]}, {"a": 0})["a"] == (0, 0)
    assert in_layers({"a": ["x"]}, 2)["a"] == (0, 0)
    assert reduced({"a": ["x"], "b": ["a", "x"]}) == (("a", "b"),)


@given(GRAPHS)
def test_connected_groups_hold_every_node_once_and_no_edge_leaves_one(after: dict[int, tuple[int, ...]]) -> None:
    groups = connected(after)
    assert sorted(node for group in groups for node in group) == list(after)
    where = {node: index for index, group in enumerate(groups) for node in group}
    both = {(other, node) for node in after for other in after[node]}
    assert all(where[one] == where[other] for one, other in both)
    both |= {(other, one) for one, other in both}
    assert all(reachable(both, group[0]) | {group[0]} == set(group) for group in groups)
