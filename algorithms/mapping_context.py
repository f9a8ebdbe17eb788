"""Context of a column: what it hangs together with, told by columns whose names are known on both sides.

A column is recognised by its relations to others, not by itself: of two towns in a table the one that the region
depends on here is the one that it depends on there. The order of columns tells nothing: a file whose columns were moved
is mapped as before.

Source: matching by the dependencies among columns after J. Kang and J. Naughton, On schema matching with opaque column
names and data values (SIGMOD 2003); strength of a dependency after I. Ilyas and others, CORDS (SIGMOD 2004).
"""

from collections.abc import Sequence

from algorithms.mapping_aspects import Prepared

Pair = tuple[int, int]

_LEAST_ANCHORS = 2  # columns known on both sides below which relations tell nothing


def anchors_of(prepared: Prepared, named: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return the pairs that are certain by their names and whose relations were counted on both sides."""
    return tuple(
        (source, target)
        for source, target in named
        if prepared.sources[source].column.depends
        and (profile := prepared.targets[target].column.profile) is not None
        and profile.depends
    )


def dependencies(prepared: Prepared, pair: Pair, anchors: Sequence[Pair]) -> float | None:
    """Judge how alike the relations of both columns to the anchors are; None where too few are known."""
    source, target = prepared.sources[pair[0]].column, prepared.targets[pair[1]].column.profile
    if target is None or not source.depends or not target.depends:
        return None
    apart = []
    for other_source, other_target in anchors:
        here, there = prepared.sources[other_source].column, prepared.targets[other_target].column
        if other_source == pair[0] or other_target == pair[1]:
            continue
        apart.append(abs(source.depends.get(here.name, 0.0) - target.depends.get(there.name, 0.0)))
    return 1.0 - sum(apart) / len(apart) if len(apart) >= _LEAST_ANCHORS else None
