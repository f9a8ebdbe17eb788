"""Tables are ordered so that each follows what it needs, however they refer to each other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.contract import Column, Contract, Relationship, Table
from state.errors import ContractError
from tools.contract.order import dependencies, find_cycle, source_edges, table_order


def contract(
    relations: dict[str, list[str]], sources: dict[str, list[str]] | None = None, names: list[str] | None = None
) -> Contract:
    made = sources or {}
    every = names or sorted(
        {*relations, *made, *(t for targets in (*relations.values(), *made.values()) for t in targets)}
    )
    tables = [
        Table(
            name=name,
            columns=(Column(name="id"),),
            relationships=tuple(
                Relationship(id=f"{name}{i}", columns=("id",), to_table=target, to_columns=("id",))
                for i, target in enumerate(relations.get(name, []))
            ),
            transform_logic="select 1 as id" if name in made else None,
            transform_sources=tuple(made.get(name, [])),
        )
        for name in every
    ]
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tuple(tables), path="c", sha256="0")


def test_a_table_follows_its_relationships_and_sources() -> None:
    shop = contract({"orders": ["customers"]}, {"daily": ["orders"]}, ["daily", "orders", "customers"])
    assert dependencies(shop) == {"daily": ("orders",), "orders": ("customers",), "customers": ()}
    assert table_order(shop) == ("customers", "orders", "daily")


def test_a_relationship_to_itself_is_no_dependency() -> None:
    assert dependencies(contract({"employee": ["employee"]})) == {"employee": ()}


def test_a_cycle_of_relationships_is_broken_at_its_first_table_and_nowhere_else() -> None:
    looped = contract({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["c"]})
    assert dependencies(looped) == {"a": ("b",), "b": (), "c": ("b",), "d": ("c",)}


def test_a_relationship_gives_way_to_the_source_of_a_derived_table() -> None:
    mixed = contract({"raw": ["made"]}, {"made": ["raw"]}, ["made", "raw"])
    assert dependencies(mixed) == {"made": ("raw",), "raw": ()}


@pytest.mark.parametrize("sources", [{"a": ["a"]}, {"a": ["b"], "b": ["c"], "c": ["a"]}])
def test_derived_tables_made_from_each_other_are_refused(sources: dict[str, list[str]]) -> None:
    with pytest.raises(ContractError, match=r"made from each other: a <- .*a"):
        dependencies(contract({}, sources))


NAMES = st.sampled_from("abcdef")
EDGES = st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=6)


@given(EDGES, EDGES)
def test_the_order_holds_for_any_tables(relations: dict[str, list[str]], sources: dict[str, list[str]]) -> None:
    tables = contract(relations, sources, list("fdbace"))
    hard = source_edges(tables)
    if find_cycle(hard):
        with pytest.raises(ContractError):
            table_order(tables)
        return
    order, needed = table_order(tables), dependencies(tables)
    assert sorted(order) == list("abcdef")
    assert all(order.index(other) < order.index(name) for name in needed for other in needed[name])
    assert all(set(hard[name]) <= set(needed[name]) for name in needed)
    soft = {name: set(relations.get(name, [])) - {name} for name in needed}
    if not find_cycle({name: hard[name] | frozenset(soft[name]) for name in needed}):
        assert all(soft[name] <= set(needed[name]) for name in needed)
    assert all(set(needed[name]) <= hard[name] | soft[name] for name in needed)


@given(EDGES)
def test_a_cycle_found_is_a_cycle_and_none_is_missed(edges: dict[str, list[str]]) -> None:
    graph = {name: frozenset(edges.get(name, [])) for name in "abcdef"}
    cycle = find_cycle(graph)
    if cycle:
        assert cycle[0] == cycle[-1]
        assert all(later in graph[earlier] for earlier, later in pairwise(cycle))
        return
    remaining = dict(graph)
    while remaining:  # without a cycle, leaves can be taken away until nothing is left
        leaves = [name for name, targets in remaining.items() if not targets & remaining.keys()]
        assert leaves
        for leaf in leaves:
            del remaining[leaf]


def test_a_table_outside_the_contract_is_waited_for_by_nobody() -> None:
    outside = contract({"a": ["elsewhere"], "b": ["a"]}, names=["a", "b"])
    assert table_order(outside) == ("a", "b")
    assert dependencies(outside) == {"a": (), "b": ("a",)}
