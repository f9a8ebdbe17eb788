"""What theory promises of the mechanisms, tried on drawn bidders: no deviation pays, nobody loses, the best get it."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from math import sqrt

from algorithms.auctions.mechanisms import Sale, english, sealed, vickrey
from algorithms.auctions.several import Division, divide, divide_packages
from algorithms.intervals import wilson
from evals.auctions.found import Found
from evals.protocol import Score

_CLOSE = 1e-9
_Z95 = 1.959963984540054

SecondPrice = Callable[[Mapping[str, float]], Sale]


def second_price(amounts: Mapping[str, float]) -> Sale:
    """Sell by Vickrey without a reserve."""
    return vickrey(amounts, reserve=0.0)


def truthful(trials: int, sell: SecondPrice = second_price) -> Found:
    """Draw bidders and a deviation of one of them: the truth is never worse, nobody loses, the highest gets it."""
    draw, honest, rational, best, worst = random.Random(1), 0, 0, 0, 0.0  # noqa: S311  drawn bidders, not secrets
    for _ in range(trials):
        values = {f"b{number}": draw.choice((draw.random(), 0.5)) for number in range(draw.randint(1, 6))}
        who = draw.choice(list(values))
        lie = draw.choice(
            (draw.random() * 2, 0.0, values[who] * 0.9, values[who] * 1.1, draw.choice([*values.values()]))
        )
        told, lied = sell(values), sell({**values, who: lie})
        gained = _gain(lied, who, values[who]) - _gain(told, who, values[who])
        worst = max(worst, gained)
        honest += gained <= _CLOSE
        rational += all(_gain(told, name, values[name]) >= -_CLOSE for name in values)
        best += told.winner is not None and values[told.winner] >= max(values.values()) - _CLOSE
    return Found(
        scores=(
            _share("Vickrey: deviations that gain nothing", honest, trials),
            _share("Vickrey: auctions in which nobody who tells the truth loses", rational, trials),
            _share("Vickrey: auctions in which the highest value gets it", best, trials),
        ),
        told=(f"largest gain of a deviation {worst:.2g}",),
        right=honest == rational == best == trials,
    )


def several(trials: int) -> Found:
    """Draw bidders for several goods at once: the division is the best of all, no deviation pays, nobody loses."""
    draw, honest, rational, best = random.Random(2), 0, 0, 0  # noqa: S311
    for _ in range(trials):
        goods = [f"g{number}" for number in range(draw.randint(1, 4))]
        amounts = {f"b{n}": {good: draw.random() for good in goods} for n in range(draw.randint(1, 4))}
        who = draw.choice(list(amounts))
        lie = {good: max(0.0, worth + draw.gauss(0, 0.4)) for good, worth in amounts[who].items()}
        told, lied = divide(amounts), divide({**amounts, who: lie})
        honest += _surplus(lied, who, amounts[who]) <= _surplus(told, who, amounts[who]) + _CLOSE
        rational += all(_surplus(told, name, amounts[name]) >= -_CLOSE for name in amounts)
        best += abs(told.welfare - _best(amounts, goods)) < 1e-6  # noqa: PLR2004  rounding of sums
    return Found(
        scores=(
            _share("VCG: deviations that gain nothing", honest, trials),
            _share("VCG: auctions in which nobody who tells the truth loses", rational, trials),
            _share("VCG: divisions as good as the best of all", best, trials),
        ),
        right=honest == rational == best == trials,
    )


def packages(trials: int) -> Found:
    """Draw bidders for packages of goods: no deviation pays, nobody loses."""
    draw, honest, rational = random.Random(3), 0, 0  # noqa: S311
    goods = ("a", "b", "c")
    for _ in range(trials):
        bids = {f"b{number}": _packages(draw, goods) for number in range(draw.randint(1, 4))}
        who = draw.choice(list(bids))
        lie = {package: max(0.0, worth * draw.uniform(0.3, 2.0)) for package, worth in bids[who].items()}
        told, lied = divide_packages(bids, goods), divide_packages({**bids, who: lie}, goods)
        gain = {name: _package_gain(told, name, bids[name]) for name in bids}
        honest += _package_gain(lied, who, bids[who]) <= gain[who] + _CLOSE
        rational += min(gain.values()) >= -_CLOSE
    return Found(
        scores=(
            _share("VCG of packages: deviations that gain nothing", honest, trials),
            _share("VCG of packages: auctions in which nobody loses", rational, trials),
        ),
        right=honest == rational == trials,
    )


def clock(trials: int) -> Found:
    """Draw bidders: the English price lies within an increment of the second value."""
    draw, within, same = random.Random(4), 0, 0  # noqa: S311
    for _ in range(trials):
        values = {f"b{number}": draw.random() for number in range(draw.randint(2, 6))}
        increment = draw.choice((0.001, 0.01, 0.1))
        sale, sold = english(values, reserve=0.0, increment=increment), vickrey(values, reserve=0.0)
        within += abs(sale.price - sold.price) <= increment + _CLOSE
        same += sale.winner is not None and values[sale.winner] >= values[str(sold.winner)] - increment - _CLOSE
    return Found(
        scores=(
            _share("English: prices within an increment of the second value", within, trials),
            _share("English: winners within an increment of the highest value", same, trials),
        ),
        right=within == same == trials,
    )


def revenue(trials: int) -> Found:
    """Sell to n bidders with uniform values who bid (n-1)/n of them, as is best: the mean price is (n-1)/(n+1)."""
    draw, scores, told, right = random.Random(5), [], [], True  # noqa: S311
    for number in (2, 3, 5, 10):
        first, second = [], []
        for _ in range(trials):
            values = {f"b{n}": draw.random() for n in range(number)}
            bids = {name: value * (number - 1) / number for name, value in values.items()}
            first.append(sealed(bids, reserve=0.0).price)
            second.append(vickrey(values, reserve=0.0).price)
        theory = (number - 1) / (number + 1)
        for name, prices in (("first price", first), ("second price", second)):
            score = _mean(f"revenue of {name}, {number} bidders (theory {theory:.4f})", prices)
            scores.append(score)
            near = abs(score.value - theory) <= 2 * (score.high - score.low) / 2 + _CLOSE
            right &= near
            told.append(f"{name}, {number} bidders: {score.value:.4f}, theory {theory:.4f}")
    return Found(scores=tuple(scores), told=tuple(told), right=right)


def _gain(sale: Sale, name: str, value: float) -> float:
    return value - sale.price if sale.winner == name else 0.0


def _surplus(division: Division, name: str, worth: Mapping[str, float]) -> float:
    return sum(worth[good] for good in division.goods.get(name, ())) - division.payments.get(name, 0.0)


def _best(amounts: Mapping[str, Mapping[str, float]], goods: Sequence[str]) -> float:
    """Return the greatest welfare of any assignment, by trying all of them."""
    seats: list[str] = [*amounts, *([""] * len(goods))]
    orders = permutations(seats, len(goods))
    return max(sum(amounts[who][good] for who, good in zip(order, goods, strict=True) if who) for order in orders)


def _packages(draw: random.Random, goods: Sequence[str]) -> dict[frozenset[str], float]:
    return {
        frozenset(draw.sample(goods, draw.randint(1, len(goods)))): draw.random() for _ in range(draw.randint(1, 4))
    }


def _package_gain(division: Division, name: str, worth: Mapping[frozenset[str], float]) -> float:
    package = frozenset(division.goods.get(name, ()))
    return (worth[package] if package else 0.0) - division.payments.get(name, 0.0)


def _share(name: str, right: int, asked: int) -> Score:
    low, high = wilson(right, asked)
    return Score(name=name, value=right / asked, low=low, high=high, n=asked, interval="Wilson 95 %")


def _mean(name: str, values: Sequence[float]) -> Score:
    mean = sum(values) / len(values)
    half = _Z95 * sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))
    return Score(
        name=name, value=mean, low=mean - half, high=mean + half, n=len(values), interval="normal 95 %", unit="price"
    )
