"""Candidates of column mapping: which pairs are worth scoring.

Owns the cheap look that keeps wide tables quick. Small tables are scored whole. Of large ones the pairs with the most
similar letters, with and without vowels, and those with values in common are taken.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel, Prefix

from algorithms.mapping_aspects import Prepared, TargetFacts

Pair = tuple[int, int]

ALL_PAIRS = 20_000
"""Up to so many pairs all are candidates, above it about as many of the best."""

_FEWEST = 3  # candidates of a contract column, however many there are
_MOST = 50
_ROWS = 200  # names compared with all others at a time: bounds the memory
_COMMON_VALUE = 50  # a value in more columns than this finds no candidates
_LEAST = 0.4  # similarity of letters below which two names have nothing in common
_VOWELS = re.compile(r"(?<!^)[aeiou]")


def candidate_pairs(prepared: Prepared, sources: Sequence[int], targets: Sequence[int]) -> list[Pair]:
    """Return pairs (index of source, index of target) among the given ones, sorted, without duplicates."""
    if len(sources) * len(targets) <= ALL_PAIRS:
        return [(source, target) for source in sources for target in targets]
    each = min(_MOST, max(_FEWEST, ALL_PAIRS // len(targets)))
    return sorted(
        {*_similar_names(prepared, sources, targets, each), *_common_values(prepared, sources, targets, each)}
    )


def _similar_names(prepared: Prepared, sources: Sequence[int], targets: Sequence[int], each: int) -> set[Pair]:
    """Return for each target the `each` sources whose names have most letters in common."""
    names = [prepared.sources[source].normal for source in sources]
    known = [(target, name) for target in targets for name in _names(prepared.targets[target])]
    found: set[Pair] = set()
    for start in range(0, len(known), _ROWS):
        part = known[start : start + _ROWS]
        alike = _similarity([name for _, name in part], names)
        for (target, _), row in zip(part, alike, strict=True):
            least = max(_LEAST, np.partition(row, -each)[-each] if each < len(row) else 0.0)
            best = np.flatnonzero(row >= least)
            best = best[np.argsort(-row[best], kind="stable")][:each]
            found.update((sources[int(place)], target) for place in best)
    return found


def _names(target: TargetFacts) -> list[str]:
    return [target.normal, *sorted(target.normal_aliases - {target.normal})]


def _similarity(left: Sequence[str], right: Sequence[str]) -> NDArray[np.float32]:
    """Return the greatest of three cheap similarities: letters, consonants, common beginning."""
    bare = [_VOWELS.sub("", name) for name in left], [_VOWELS.sub("", name) for name in right]
    whole = process.cdist(left, right, scorer=Indel.normalized_similarity, dtype=np.float32)
    consonants = process.cdist(*bare, scorer=Indel.normalized_similarity, dtype=np.float32)
    begins = process.cdist(left, right, scorer=Prefix.similarity, dtype=np.float32)
    shorter = np.minimum.outer([len(name) or 1 for name in left], [len(name) or 1 for name in right])
    best: NDArray[np.float32] = np.maximum(np.maximum(whole, consonants), begins / shorter, dtype=np.float32)
    return best


def _common_values(prepared: Prepared, sources: Sequence[int], targets: Sequence[int], each: int) -> set[Pair]:
    """Return for each target the `each` sources with most of its values."""
    holders = defaultdict(list)
    for source in sources:
        for value in prepared.sources[source].values:
            holders[value].append(source)
    found: set[Pair] = set()
    for target in targets:
        facts = prepared.targets[target]
        wanted = facts.valid or facts.values
        counts = Counter(
            source for value in wanted if len(held := holders.get(value, ())) <= _COMMON_VALUE for source in held
        )
        best = sorted(counts, key=lambda source: (-counts[source], source))[:each]
        found.update((source, target) for source in best)
    return found
