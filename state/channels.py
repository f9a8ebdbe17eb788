"""Named, idempotent reducers of the graphs' channels: applying the same update twice changes nothing."""

from collections.abc import Mapping
from typing import TypeVar

V = TypeVar("V")


def merge_by_id(left: Mapping[str, V] | None, right: Mapping[str, V] | None) -> dict[str, V]:
    """Return the entries of both sides keyed by id; an entry of `right` replaces the one with its id."""
    return {**(left or {}), **(right or {})}
