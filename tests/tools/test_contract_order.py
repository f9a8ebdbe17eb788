"""What each table needs first, however they refer to each other."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from state.contract import Column, Contract, Relationship, Table
from tools.contract.order import find_cycle, references, source_edges


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


def test_a_table_needs_its_references_and_sources() -> None:
    shop = contract({"orders": ["customers"]}, {"daily": ["orders"]}, ["daily", "orders", "customers"])
    assert references(shop) == {"daily": {"orders"}, "orders": {"customers"}, "customers": set()}


def test_a_reference_to_itself_is_no_edge() -> None:
    assert references(contract({"employee": ["employee"]})) == {"employee": set()}


def test_circles_of_references_are_kept() -> None:
    looped = contract({"a": ["b"], "b": ["c"], "c": ["b"]})
    assert references(looped) == {"a": {"b"}, "b": {"c"}, "c": {"b"}}


def test_a_reference_gives_way_to_the_source_of_a_derived_table() -> None:
    mixed = contract({"raw": ["top"]}, {"made": ["raw"], "top": ["made"]})
    assert references(mixed) == {"made": {"raw"}, "raw": set(), "top": {"made"}}


NAMES = st.sampled_from("abcdef")
EDGES = st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=6)


@given(EDGES, EDGES)
def test_no_circle_of_edges_goes_through_what_is_made(
    relations: dict[str, list[str]], sources: dict[str, list[str]]
) -> None:
    tables = contract(relations, sources, list("fdbace"))
    hard = source_edges(tables)
    needed = references(tables)
    for name in needed:
        assert hard[name] <= needed[name]
        assert needed[name] - hard[name] <= set(relations.get(name, [])) - {name}
    if not find_cycle(hard):
        assert all(name not in hard[other] for name in needed for other in needed[name])


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
    assert references(contract({"a": ["elsewhere"], "b": ["a"]}, names=["a", "b"])) == {"a": set(), "b": {"a"}}
