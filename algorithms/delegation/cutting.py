"""Cuts work into the parts of teams and into orders, along the kinds of files where that leaves no part too small."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from algorithms.delegation.sizing import LEAST_ORDER, MOST_ORDERS, MOST_TEAMS

Group = tuple[int, ...]
"""Files of one kind, by their numbers, in order."""


def share_out(groups: Sequence[Group], most: int = MOST_TEAMS) -> list[list[Group]]:
    """Return at most `most` parts of about the same size or more, each of whole groups in their order."""
    total = sum(map(len, groups))
    enough = max(2 * LEAST_ORDER, ceil(total / most))
    parts: list[list[Group]] = [[]]
    for group in filter(None, groups):
        if sum(map(len, parts[-1])) >= enough:
            parts.append([])
        parts[-1].append(group)
    return [part for part in parts if part]


def cut(groups: Sequence[Group], most: int = MOST_ORDERS) -> list[Group]:
    """Return at most `most` orders over all files, in their order; few of them hold more than one kind."""
    size = max(LEAST_ORDER, ceil(2 * sum(map(len, groups)) / most))
    orders: list[list[int]] = [[]]
    for group in groups:
        parts = _evenly(group, size)
        for part in parts:
            if 2 * (len(orders[-1]) + len(part)) > 3 * size or 4 * len(orders[-1]) >= 3 * size:
                orders.append([])
            orders[-1] += part
    return [tuple(order) for order in orders if order]


def _evenly(group: Group, size: int) -> list[Group]:
    """Return the group in parts of about that size, none much smaller than another."""
    count = max(1, round(len(group) / size))
    edges = [len(group) * number // count for number in range(count + 1)]
    return [group[begin:end] for begin, end in pairwise(edges)]
