"""Names that lost their end: which columns of a header are cut, told by the header as a whole.

One name that begins like a column of the contract may be another word (`plan` is not `plant`). A header whose names
are all cut alike is not chance: a program took the last letters off every name, or had room for so many letters only.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

_ENOUGH = 3  # names cut alike that are no chance
_LEAST_WIDTH = 8  # letters that a system which cuts names has room for
_LEAST_LETTERS = 2  # of a name that begins another
_MOST_LOST = 2  # letters that are taken off every name


class Cut(NamedTuple):
    """A source that begins a name of a contract column: both places, the letters that are missing."""

    source: int
    target: int
    lost: int


def cut_alike(names: Sequence[str], normal: Sequence[str], targets: Sequence[Sequence[str]]) -> Mapping[int, int]:
    """Return contract column by source column for the names that the whole header shows to be cut.

    `names` are those of the sources as they stand there, `normal` the same in normal form, `targets` the normal names
    of each contract column. A header with a whole name has not lost letters everywhere. A name that begins several
    columns says nothing, and neither do two names that begin one column.
    """
    known = {name for each in targets for name in each}
    cuts = list(_beginnings(normal, targets, known))
    told = [] if known.intersection(normal) else _all_lose(cuts, len(normal), len(targets))
    return {cut.source: cut.target for cut in told or _no_room(cuts, names)}


def _beginnings(normal: Sequence[str], targets: Sequence[Sequence[str]], known: set[str]) -> Iterator[Cut]:
    """Yield who begins whom; the targets' beginnings are looked up, as there may be thousands on both sides."""
    holders = defaultdict[str, list[int]](list)
    for source, name in enumerate(normal):
        if name not in known:
            holders[name].append(source)
    for target, each in enumerate(targets):
        for other in each:
            for length in range(_LEAST_LETTERS, len(other)):
                yield from (Cut(source, target, len(other) - length) for source in holders.get(other[:length], ()))


def _unique(cuts: Sequence[Cut]) -> list[Cut]:
    sources, targets = Counter(cut.source for cut in cuts), Counter(cut.target for cut in cuts)
    return [cut for cut in cuts if sources[cut.source] == targets[cut.target] == 1]


def _all_lose(cuts: Sequence[Cut], sources: int, targets: int) -> list[Cut]:
    """Return the cuts where the names lost equally many letters: enough of them, or all that both sides have."""
    for lost in range(1, _MOST_LOST + 1):
        alike = _unique([cut for cut in cuts if cut.lost == lost])
        if len(alike) >= _ENOUGH or len(alike) == sources == targets > 1:
            return alike
    return []


def _no_room(cuts: Sequence[Cut], names: Sequence[str]) -> list[Cut]:
    """Return the cuts where all names of the greatest length are cut: the header had room for no more."""
    width = max((len(name.strip()) for name in names), default=0)
    longest = {place for place, name in enumerate(names) if len(name.strip()) == width}
    alike = _unique([cut for cut in cuts if cut.source in longest])
    return alike if width >= _LEAST_WIDTH and len(alike) >= _ENOUGH and len(alike) == len(longest) else []
