"""Lineage: which fields a field is made of, and how. The words are those of OpenLineage's column lineage facet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Ref = tuple[str, str]
"""A field: the name of its dataset and its own."""


class Use(StrEnum):
    """How a field is used; the first four make a value (DIRECT), the others decide about it (INDIRECT)."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    MASKING = "MASKING"  # a transformation that hides the value, such as a hash
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    FILTER = "FILTER"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"

    @property
    def direct(self) -> bool:
        """Whether the value goes into the result."""
        return self in _DIRECT

    def after(self, inner: "Use") -> "Use":
        """Return the use of a field through two stages, `inner` first: what decides in either of them decides."""
        if self.direct and inner.direct:
            return max(self, inner, key=_DIRECT.index)
        return inner if self.direct else self


_DIRECT = (Use.IDENTITY, Use.TRANSFORMATION, Use.AGGREGATION, Use.MASKING)

Uses = dict[Ref, frozenset[Use]]
"""The fields that something is made of, with all ways each is used."""


@dataclass(frozen=True, slots=True)
class Relation:
    """The lineage of a table: of each column in order, and of its rows (filters, joins, groups, order)."""

    columns: Mapping[str, Uses]
    rows: Uses = field(default_factory=dict)


def merged(parts: Iterable[Mapping[Ref, frozenset[Use]]]) -> Uses:
    """Return all uses of all parts."""
    found: Uses = {}
    for part in parts:
        for ref, uses in part.items():
            found[ref] = found.get(ref, frozenset()) | uses
    return found


def through(outer: Use, inner: Mapping[Ref, frozenset[Use]]) -> Uses:
    """Return the uses of what something is made of, where that thing itself is used as `outer`."""
    return {ref: frozenset(outer.after(use) for use in uses) for ref, uses in inner.items()}
