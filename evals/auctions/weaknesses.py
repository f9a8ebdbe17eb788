"""Where auctions are weak, shown: shill bids, false names, collusion. None of it is mended by the mechanisms."""

import random
from collections.abc import Sequence

from algorithms.auctions.mechanisms import vickrey
from algorithms.auctions.several import divide_packages
from algorithms.intervals import bootstrap_mean
from evals.auctions.found import Found
from evals.protocol import Score


def shill(trials: int) -> Found:
    """Let the seller bid under a false name: it takes a part of what the bidders would have gained."""
    draw, gained = random.Random(6), []  # noqa: S311  drawn bidders, not secrets
    for _ in range(trials):
        values = {f"b{number}": draw.random() for number in range(3)}
        honest = vickrey(values, reserve=0.0).price
        with_shill = vickrey({**values, "shill": 0.5}, reserve=0.0)
        gained.append(0.0 - honest if with_shill.winner == "shill" else with_shill.price - honest)
    return Found(
        scores=(_mean("what a shill bid of 0.5 gains the seller of a Vickrey auction of three", gained),),
        told=(
            "the price is set by whoever bids second: a false second bid sets it; a reserve price does the same openly",
        ),
    )


def false_names(trials: int) -> Found:
    """Let a bidder for two goods bid under two names: under VCG it can pay nothing for both."""
    draw, shown, saved = random.Random(7), 0, []  # noqa: S311
    both = frozenset({"a", "b"})
    for _ in range(trials):
        rival, own = draw.uniform(0.5, 1.0), draw.uniform(0.0, 0.4)
        honest = divide_packages({"rival": {both: rival}, "own": {both: own}}, ("a", "b"))
        names = {"one": {frozenset({"a"}): 1.0}, "two": {frozenset({"b"}): 1.0}}
        split = divide_packages({"rival": {both: rival}, **names}, ("a", "b"))
        paid = split.payments.get("one", 0.0) + split.payments.get("two", 0.0)
        saved.append(own - paid if "one" in split.goods and "own" not in honest.goods else 0.0)
        shown += saved[-1] > 0
    return Found(
        scores=(_mean("what two false names gain a bidder that would win nothing under VCG", saved),),
        told=(f"{shown} of {trials}: the bidder of less value gets both goods for nothing",),
        right=shown > 0,
    )


def collusion(trials: int) -> Found:
    """Let three of five bidders agree that only their highest bids: the second price falls."""
    draw, lost = random.Random(8), []  # noqa: S311
    for _ in range(trials):
        values = {f"b{number}": draw.random() for number in range(5)}
        ring = sorted(list(values)[:3], key=values.__getitem__)
        kept = {name: value for name, value in values.items() if name not in ring[:2]}
        lost.append(vickrey(values, reserve=0.0).price - vickrey(kept, reserve=0.0).price)
    return Found(
        scores=(_mean("what a ring of three of five takes from the seller of a Vickrey auction", lost),),
        told=("second prices live on rivals that bid; a ring needs no trust among its members to be stable",),
        right=sum(lost) > 0,
    )


def _mean(name: str, values: Sequence[float]) -> Score:
    low, high = bootstrap_mean([[value] for value in values[:2_000]], draws=400)
    mean = sum(values) / len(values)
    return Score(name=name, value=mean, low=low, high=high, n=len(values), interval="bootstrap 95 %", unit="price")
