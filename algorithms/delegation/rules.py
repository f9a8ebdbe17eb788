"""Delegation rules: which rank may give which order to which rank, and what each may do itself."""

from collections.abc import Mapping

from state.delegation import OrderKind, Rank

_FILES = frozenset({OrderKind.SCAN, OrderKind.LAND})

GIVES: Mapping[tuple[Rank, Rank], frozenset[OrderKind]] = {
    (Rank.COORDINATOR, Rank.SUBCOORDINATOR): frozenset({OrderKind.LEAD}),
    (Rank.COORDINATOR, Rank.WORKER): _FILES,
    (Rank.SUBCOORDINATOR, Rank.WORKER): _FILES,
}
"""By giver and receiver; what is not listed is refused: a worker gives no orders, and nobody gives them upwards."""

DOES: Mapping[Rank, frozenset[OrderKind]] = {
    Rank.COORDINATOR: _FILES | {OrderKind.LEAD, OrderKind.JOIN},
    Rank.SUBCOORDINATOR: _FILES | {OrderKind.LEAD},
    Rank.WORKER: _FILES,
}
"""What each rank may do itself: a lead does what no worker could; results are put together by the coordinator alone."""


def refusal(kind: OrderKind, giver: Rank, receiver: Rank) -> str:
    """Return why an order is refused; empty where the giver may give it and the receiver may do it."""
    if kind not in DOES[receiver]:
        return f"a {receiver.value} does not {kind.value}"
    if giver is receiver:  # a lead's own work
        return "" if giver is not Rank.WORKER else "a worker gives no orders"
    if kind not in GIVES.get((giver, receiver), frozenset()):
        return f"a {giver.value} gives no order to {kind.value} to a {receiver.value}"
    return ""
