"""How strongly the columns of landed rows hang together, two by two, counted on a sample.

The figure is 0 where the values of two columns meet by chance and 1 where one determines the other: the pairs of values
that are fewer than chance would make, as a share of what could be fewer. Chance is counted, not assumed: one of the
columns is shuffled from a fixed seed.

Source: I. Ilyas and others, CORDS: automatic discovery of correlations and soft functional dependencies (SIGMOD 2004),
where the strength of a dependency is told by the number of distinct pairs.
"""

from collections.abc import Sequence
from itertools import combinations

import duckdb
import numpy as np
from numpy.typing import NDArray

from state.mapping import SourceColumn
from tools.profile import sampled

ROWS = 2_000
"""Rows looked at, about."""

MOST_COLUMNS = 40
"""Of wider tables nothing is counted: the pairs would be too many."""

_LEAST = 0.05  # weaker is chance
_LEAST_PAIRS = 20  # fewer pairs that could be missing tell nothing
_SEED = 20_240_101

_Codes = NDArray[np.int64]


def with_dependence(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    profile: Sequence[SourceColumn],
    *,
    file_ids: Sequence[int] | None,
) -> tuple[SourceColumn, ...]:
    """Return the profiled fields `c0`, `c1`, ... of a landed relation with what each depends on."""
    if not 1 < len(profile) <= MOST_COLUMNS:
        return tuple(profile)
    codes = _codes(connection, relation, len(profile), file_ids)
    shuffled = [np.random.default_rng(_SEED).permutation(column) for column in codes]
    widths = [int(column.max(initial=0)) + 1 for column in codes]
    strengths: dict[int, dict[str, float]] = {place: {} for place in range(len(profile))}
    for here, there in combinations(range(len(profile)), 2):
        strength = _strength(codes[here], codes[there], shuffled[there], (widths[here], widths[there]))
        if strength >= _LEAST:
            strengths[here][profile[there].name] = strength
            strengths[there][profile[here].name] = strength
    return tuple(
        # A column that depends on nothing was counted, too: it is told by its own name.
        column.model_copy(update={"depends": strengths[place] or {column.name: 1.0}})
        for place, column in enumerate(profile)
    )


def _codes(
    connection: duckdb.DuckDBPyConnection, relation: str, width: int, file_ids: Sequence[int] | None
) -> list[_Codes]:
    """Return each field of the sampled rows as numbers, equal ones for equal texts."""
    condition = sampled(connection, relation, file_ids, ROWS)
    fields = ", ".join(f"coalesce(trim(c{place}), '') as c{place}" for place in range(width))
    rows = connection.execute(f"select {fields} from {relation} where {condition} order by _row").fetchnumpy()
    return [np.unique(rows[f"c{place}"].astype(str), return_inverse=True)[1].reshape(-1) for place in range(width)]


def _strength(here: _Codes, there: _Codes, by_chance: _Codes, widths: tuple[int, int]) -> float:
    """Return how strongly two columns of so many distinct values hang together."""
    if min(widths) == 1 or not len(here):
        return 0.0
    chance = len(np.unique(here * widths[1] + by_chance))
    most = chance - max(widths)
    if most < _LEAST_PAIRS:
        return 0.0
    missing = chance - len(np.unique(here * widths[1] + there))
    return round(max(0.0, min(1.0, missing / most)), 3)
