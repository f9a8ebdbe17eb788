"""Claims of column mapping: source columns that carry the name of a contract column, or one of its aliases."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from algorithms.mapping_aspects import Prepared, SourceFacts, TargetFacts

Pair = tuple[int, int]

ADOPTED = "adopted"
"""Reason of a match that an earlier run brought into the decision log."""


class Tier(NamedTuple):
    """Claims of one strength: pairs (index of source, index of target), sorted, and what the match is called."""

    reason: str
    pairs: tuple[Pair, ...]


def claims(prepared: Prepared) -> tuple[Tier, ...]:
    """Return who claims what, the strongest first: same name, same alias, then both but for case and separators.

    What the decision log adopted comes last: it never overrides what the contract says.
    """
    return tuple(
        Tier(reason, tuple(_pairs(prepared, source_key, target_keys)))
        for reason, source_key, target_keys in (
            ("name", _text, lambda target: (target.column.name,)),
            ("alias", _text, lambda target: target.column.names),
            ("name", _normal, lambda target: (target.normal,)),
            ("alias", _normal, lambda target: target.normal_aliases),
            (ADOPTED, _text, lambda target: tuple(target.column.adopted)),
        )
    )


def _text(source: SourceFacts) -> str:
    return source.column.name.strip()


def _normal(source: SourceFacts) -> str:
    return source.normal


def _pairs(
    prepared: Prepared, source_key: Callable[[SourceFacts], str], target_keys: Callable[[TargetFacts], Iterable[str]]
) -> list[Pair]:
    called = defaultdict(set)
    for number, target in enumerate(prepared.targets):
        for key in target_keys(target):
            called[key].add(number)
    found = (
        (number, target)
        for number, source in enumerate(prepared.sources)
        for target in called.get(source_key(source), ())
    )
    return sorted(found)
